package gateway_test

import (
	"bytes"
	"cdcpipeline/internal/gateway"
	"cdcpipeline/internal/opensearch"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/require"
)

const password = "hunter2hunter2"

var keys = aws.Config{Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", "")}

// scene is a gateway in front of a collection that records requests.
type scene struct {
	t          *testing.T
	g          *gateway.Gateway
	collection *httptest.Server
	mu         sync.Mutex
	got        []*http.Request
	bodies     []string
	log        strings.Builder
}

func open(t *testing.T, answer http.HandlerFunc, options gateway.Options) *scene {
	s := &scene{t: t}
	s.collection = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.got, s.bodies = append(s.got, r), append(s.bodies, string(body))
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.collection.Close)
	options.AWS, options.Address, options.Password = keys, "127.0.0.1:0", password
	options.Log = func(format string, args ...any) { fmt.Fprintf(&s.log, format+"\n", args...) }
	g, err := gateway.Listen(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, g.Close()) })
	s.g = g
	return s
}

// route leads to the collection under its certificate's name, with a transport that always dials the test server.
func (s *scene) route() gateway.Route {
	transport := opensearch.TunnelTransport(s.collection.Listener.Addr().String())
	transport.TLSClientConfig = s.collection.Client().Transport.(*http.Transport).TLSClientConfig
	return gateway.Route{URL: "https://example.com", Transport: transport}
}

func (s *scene) call(method, path, body string, change ...func(*http.Request)) (*http.Response, string) {
	r, err := http.NewRequestWithContext(s.t.Context(), method, fmt.Sprintf("http://%s%s", s.g.Addr(), path), strings.NewReader(body))
	require.NoError(s.t, err)
	r.SetBasicAuth(gateway.User, password)
	for _, c := range change {
		c(r)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(s.t, err)
	text, err := io.ReadAll(answer.Body)
	require.NoError(s.t, err)
	require.NoError(s.t, answer.Body.Close())
	return answer, string(text)
}

func TestABodyOfUnknownLengthIsSentWithItsLength(t *testing.T) {
	s := open(t, ok, gateway.Options{})
	s.g.Route("", s.route())
	answer, _ := s.call(http.MethodPost, "/_bulk", "", func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader("{}"), strings.NewReader("\n"))), -1
	})
	require.Equal(t, 200, answer.StatusCode)
	require.Equal(t, "{}\n", s.bodies[0])
	require.EqualValues(t, 3, s.got[0].ContentLength)
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"ok":true}`) }

func TestRequestsAreSignedAndForwardedUnderTheCollectionsName(t *testing.T) {
	s := open(t, ok, gateway.Options{})
	s.g.Route("/history", s.route())
	answer, text := s.call(http.MethodPost, "/history/current-a%2Fb/_search?size=1", `{"query":1}`,
		header("Origin", fmt.Sprintf("http://%s", s.g.Addr())), header("Sec-Fetch-Site", "same-origin"), header("Cookie", "a=b"))
	require.Equal(t, 200, answer.StatusCode)
	require.Equal(t, `{"ok":true}`, text)
	got := s.got[0]
	require.Equal(t, "example.com", got.Host)
	require.Equal(t, "/current-a%2Fb/_search?size=1", got.RequestURI)
	require.Equal(t, `{"query":1}`, s.bodies[0])
	require.Regexp(t, `^AWS4-HMAC-SHA256 Credential=AKID/\d+/eu-central-1/aoss/aws4_request, `, got.Header.Get("Authorization"))
	require.NotEmpty(t, got.Header.Get("X-Amz-Content-Sha256"))
	require.Equal(t, "a=b", got.Header.Get("Cookie"))
	for _, name := range []string{"Origin", "Referer", "Sec-Fetch-Site", "X-Forwarded-For"} {
		require.Empty(t, got.Header.Get(name), name)
	}
}

func TestOnlyThisMachinesProgramsWithThePasswordGetThrough(t *testing.T) {
	s := open(t, ok, gateway.Options{})
	s.g.Route("", s.route())
	port := s.g.Addr().Port
	host := func(value string) func(*http.Request) { return func(r *http.Request) { r.Host = value } }
	for name, c := range map[string]struct {
		change func(*http.Request)
		want   int
	}{
		"the password":                 {func(*http.Request) {}, 200},
		"localhost":                    {host(fmt.Sprintf("localhost:%d", port)), 200},
		"none":                         {func(r *http.Request) { r.Header.Del("Authorization") }, 401},
		"another password":             {func(r *http.Request) { r.SetBasicAuth(gateway.User, password+"x") }, 401},
		"another user":                 {func(r *http.Request) { r.SetBasicAuth("admin", password) }, 401},
		"a name that leads here":       {host(fmt.Sprintf("evil.example:%d", port)), 403},
		"a name that begins like ours": {host(fmt.Sprintf("localhost.evil.example:%d", port)), 403},
		"another port":                 {host("127.0.0.1:1"), 403},
		"no port":                      {host("127.0.0.1"), 403},
		"another site":                 {header("Sec-Fetch-Site", "cross-site"), 403},
		"another port's page":          {header("Sec-Fetch-Site", "same-site"), 403},
		"another origin":               {header("Origin", "http://127.0.0.1:1"), 403},
		"a page without an origin":     {header("Origin", "null"), 403},
		"a typed address":              {header("Sec-Fetch-Site", "none"), 200},
	} {
		before := len(s.got)
		answer, text := s.call(http.MethodGet, "/_cat/indices", "", c.change)
		require.Equal(t, c.want, answer.StatusCode, name)
		require.Equal(t, c.want == 200, len(s.got) > before, name)
		require.Equal(t, c.want == 401, answer.Header.Get("WWW-Authenticate") != "", name)
		require.NotContains(t, text+s.log.String(), password, name)
	}
}

func TestARequestWaitsForItsRoute(t *testing.T) {
	s := open(t, ok, gateway.Options{})
	s.g.Route("/history", s.route())
	time.AfterFunc(50*time.Millisecond, func() { s.g.Route("/current", s.route()) })
	answer, _ := s.call(http.MethodGet, "/current/a", "")
	require.Equal(t, 200, answer.StatusCode)
	require.Equal(t, "/a", s.got[0].RequestURI)
	answer, _ = s.call(http.MethodGet, "/current", "")
	require.Equal(t, 200, answer.StatusCode)
	require.Equal(t, "/", s.got[1].RequestURI)
}

func TestARequestWithoutARouteIsToldSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gateway.Unrouted(keys, password)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost:9200/currently/a", nil)
		r.SetBasicAuth(gateway.User, password)
		g.Route("/current", gateway.Route{URL: "https://example.com"})
		w, began := httptest.NewRecorder(), time.Now()
		g.Wait(w, r)
		require.Equal(t, time.Minute, time.Since(began))
		require.Equal(t, 503, w.Code)
		require.Contains(t, w.Body.String(), "no way to a collection for /currently/a")

		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		w, began = httptest.NewRecorder(), time.Now()
		g.Wait(w, r.WithContext(ctx))
		require.Equal(t, time.Second, time.Since(began))
		require.Equal(t, 503, w.Code)
	})
}

func TestRedirectsAndCookiesStayOnThisMachine(t *testing.T) {
	s := open(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "https://example.com/_dashboards/app?a=b#c")
		w.Header().Set("WWW-Authenticate", "Basic")
		w.Header().Add("Set-Cookie", "session=x; Domain=example.com; Path=/_dashboards; Secure; HttpOnly; SameSite=None")
		w.WriteHeader(http.StatusFound)
	}, gateway.Options{})
	s.g.Route("", s.route())
	answer, _ := s.call(http.MethodGet, "/_dashboards", "")
	require.Equal(t, 302, answer.StatusCode)
	require.Equal(t, "/_dashboards/app?a=b#c", answer.Header.Get("Location"))
	require.Empty(t, answer.Header.Get("WWW-Authenticate"))
	require.Equal(t, []string{"session=x; Path=/_dashboards; HttpOnly; SameSite=Lax"}, answer.Header.Values("Set-Cookie"))
}

func TestACollectionThatDoesNotAnswerIsTold(t *testing.T) {
	s := open(t, ok, gateway.Options{})
	s.g.Route("", gateway.Route{URL: "https://example.com", Transport: broken{}})
	s.g.Route("/wrong", gateway.Route{URL: "example.com", Transport: broken{}})
	answer, text := s.call(http.MethodPost, "/a/_search", "a body")
	require.Equal(t, 502, answer.StatusCode)
	require.Contains(t, text, "the collection does not answer: the tunnel broke")
	require.Equal(t, "POST /a/_search: the collection does not answer: the tunnel broke\n", s.log.String())
	answer, _ = s.call(http.MethodPost, "/wrong", "a body")
	require.Equal(t, 502, answer.StatusCode)
}

type broken struct{}

func (broken) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("the tunnel broke")
}

// refuses answers 403 for some time.
type refuses struct {
	until  time.Time
	bodies []string
}

func (f *refuses) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	f.bodies = append(f.bodies, string(body))
	status := 200
	if time.Now().Before(f.until) {
		status = 403
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(&bytes.Buffer{}), Header: http.Header{}}, nil
}

func TestARefusalIsTriedAgainUntilThePolicyMustBeInForce(t *testing.T) {
	for name, c := range map[string]struct {
		method          string
		patience, lasts time.Duration
		want, tries     int
	}{
		"comes into force": {method: http.MethodPut, patience: 2 * time.Minute, lasts: 10 * time.Second, want: 200, tries: 5},
		"never":            {method: http.MethodGet, patience: 2 * time.Minute, lasts: time.Hour, want: 403, tries: 41},
		"sent once":        {method: http.MethodPost, patience: 2 * time.Minute, lasts: time.Second, want: 403, tries: 1},
		"without patience": {method: http.MethodGet, lasts: time.Second, want: 403, tries: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &refuses{until: time.Now().Add(c.lasts)}
				send := gateway.Signing(keys, c.patience, f)
				r := httptest.NewRequestWithContext(t.Context(), c.method, "https://example.com/a", strings.NewReader("body"))
				answer, err := send.RoundTrip(r)
				require.NoError(t, err)
				require.NoError(t, answer.Body.Close())
				require.Equal(t, c.want, answer.StatusCode)
				require.Len(t, f.bodies, c.tries)
				for _, body := range f.bodies {
					require.Equal(t, "body", body)
				}
			})
		})
	}
}

func TestAGatewayIsOnLoopbackAndHasAPassword(t *testing.T) {
	for want, o := range map[string]gateway.Options{
		"has no password":         {Address: "127.0.0.1:0"},
		"is not on loopback":      {Address: "0.0.0.0:0", Password: password},
		"not of the form":         {Address: "9200", Password: password},
		"is not on loopback: use": {Address: ":0", Password: password},
	} {
		_, err := gateway.Listen(t.Context(), o)
		require.ErrorContains(t, err, want)
	}
}

func TestAGatewayEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	g, err := gateway.Listen(ctx, gateway.Options{AWS: keys, Address: "127.0.0.1:0", Password: password})
	require.NoError(t, err)
	cancel()
	require.NoError(t, g.Close())
	_, err = (&http.Client{}).Get(fmt.Sprintf("http://%s/", g.Addr()))
	require.Error(t, err)
}

package opensearch_test

import (
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/opensearch/opensearchtest"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/require"
)

func client(answer opensearchtest.Domain) opensearch.Client {
	return opensearch.Client{URL: "https://domain", Transport: answer}
}

func always(status int, answer any) opensearchtest.Domain {
	return func(opensearchtest.Request) (int, any) { return status, answer }
}

func TestRequestsHaveTheirBodiesAndAnswersAreRead(t *testing.T) {
	for _, compressed := range []bool{false, true} {
		var got []opensearchtest.Request
		c := client(func(r opensearchtest.Request) (int, any) {
			got = append(got, r)
			return 200, `{"took":3}`
		})
		c.Gzip = compressed
		var out struct{ Took int }
		require.NoError(t, c.Do(t.Context(), http.MethodPost, "/a/_search?size=1", map[string]any{"size": 1}, &out))
		require.Equal(t, 3, out.Took)
		require.NoError(t, c.Do(t.Context(), http.MethodPost, "/_bulk", []byte("{}\n"), nil))
		require.NoError(t, c.Do(t.Context(), http.MethodPost, "/a/_refresh", nil, nil))
		require.Len(t, got, 3)
		for i, want := range []string{`{"size":1}`, "{}\n", ""} {
			require.Equal(t, want, string(got[i].Content))
			require.Equal(t, compressed && want != "", got[i].Compressed)
			require.Equal(t, want != "", got[i].Header.Get("Content-Type") == "application/json")
		}
		require.Equal(t, "https://domain/a/_search?size=1", got[0].URL.String())
	}
}

func TestAnAnswerOtherThan2xxIsAnErrorWithItsReason(t *testing.T) {
	long := strings.Repeat("a reason 빠른 ", 100)
	for name, c := range map[string]struct {
		status     int
		answer     any
		kind, text string
	}{
		"refused password": {401, "Unauthorized\n", "", "the domain answered 401: Unauthorized"},
		"of AWS":           {403, `{"Message":"User: anonymous is not authorized to perform: es:ESHttpGet"}`, "", "the domain answered 403 (ask for the role): User: anonymous is not authorized to perform: es:ESHttpGet"},
		"no index": {
			404, `{"error":{"root_cause":[],"type":"index_not_found_exception","reason":"no such index [a]","index":"a"},"status":404}`,
			"index_not_found_exception", "the domain answered 404: index_not_found_exception: no such index [a]",
		},
		"no document":  {404, `{"_index":"a","found":false}`, "", `the domain answered 404: {"_index":"a","found":false}`},
		"with a cause": {400, `{"error":{"type":"mapper_parsing_exception","reason":"failed to parse","caused_by":{"type":"x","reason":"not a date"}}}`, "mapper_parsing_exception", "the domain answered 400: mapper_parsing_exception: failed to parse: not a date"},
		"busy":         {429, `{"error":"too many requests"}`, "", "the domain answered 429: too many requests"},
		"no JSON":      {502, "<html>Bad Gateway</html>", "", "the domain answered 502: <html>Bad Gateway</html>"},
		"nothing":      {503, nil, "", "the domain answered 503"},
		"elsewhere":    {302, "", "", "the domain answered 302"},
		"long":         {500, long, "", "the domain answered 500: " + strings.ToValidUTF8(long[:500], "") + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			call := client(always(c.status, c.answer))
			call.Hints = map[int]string{403: "ask for the role"}
			err := call.Do(t.Context(), http.MethodGet, "/a", nil, &struct{}{})
			require.EqualError(t, err, c.text)
			require.Equal(t, c.status, opensearch.Status(fmt.Errorf("counting: %w", err)))
			var e *opensearch.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, c.kind, e.Type)
		})
	}
	require.Zero(t, opensearch.Status(errors.New("no answer")))
}

func TestNoErrorHasASecret(t *testing.T) {
	const secret = "hunter2"
	keys := aws.Config{Region: "r", Credentials: credentials.NewStaticCredentialsProvider("AKID", secret, secret)}
	echo := opensearchtest.Domain(func(r opensearchtest.Request) (int, any) {
		return 403, map[string]any{"message": "The request signature we calculated does not match.\n\nThe Canonical String for this request should have been\n'x-amz-security-token:" + r.Header.Get("X-Amz-Security-Token")}
	})
	broken := always(0, errors.New("connection refused"))
	for name, c := range map[string]opensearch.Client{
		"signature": {URL: "https://domain", Transport: opensearch.Signed(keys, opensearch.Domain, echo)},
		"outage":    {URL: "https://domain", Transport: opensearch.BasicAuth("admin", secret, broken)},
		"refusal":   {URL: "https://domain", Transport: opensearch.BasicAuth("admin", secret, always(401, "no"))},
		"bad URL":   {URL: "https://admin:" + secret + "@do main", Transport: broken},
		"login URL": {URL: "https://admin:" + secret + "@127.0.0.1:1", Transport: &http.Transport{}},
	} {
		err := c.Do(t.Context(), http.MethodGet, "/", nil, nil)
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), secret, name)
	}
}

func TestNobodySignsInWhereARedirectLeads(t *testing.T) {
	other := httptest.NewServer(always(200, "{}"))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusFound))
	defer server.Close()
	c := opensearch.Client{URL: server.URL, Transport: opensearch.BasicAuth("admin", "p", http.DefaultTransport)}
	require.Equal(t, http.StatusFound, opensearch.Status(c.Do(t.Context(), http.MethodGet, "/", nil, nil)))
}

func TestAnswersAreLimited(t *testing.T) {
	c := client(always(200, `{"a":"`+strings.Repeat("x", 100)+`"}`))
	var out map[string]string
	require.NoError(t, c.Do(t.Context(), http.MethodGet, "/", nil, &out))
	c.MaxAnswer = 50
	require.ErrorContains(t, c.Do(t.Context(), http.MethodGet, "/", nil, &out), "reading the domain's answer: it is longer than 50 bytes")
	require.ErrorContains(t, client(always(200, "<html>")).Do(t.Context(), http.MethodGet, "/", nil, &out), "reading the domain's answer: invalid character")
}

// hangs never answers.
type hangs struct{}

func (hangs) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestARequestEndsWithItsContextOrItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := opensearch.Client{URL: "https://domain", Transport: hangs{}, Timeout: time.Minute}
		began := time.Now()
		require.ErrorIs(t, c.Do(t.Context(), http.MethodGet, "/", nil, nil), context.DeadlineExceeded)
		require.Equal(t, time.Minute, time.Since(began))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		require.ErrorIs(t, c.Do(ctx, http.MethodGet, "/", nil, nil), context.Canceled)
		require.Equal(t, time.Minute+time.Second, time.Since(began))
	})
}

// closing counts the open bodies.
type closing struct {
	http.RoundTripper
	open int
}

type body struct {
	io.ReadCloser
	of *closing
}

func (c *closing) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := c.RoundTripper.RoundTrip(r)
	if err == nil {
		c.open++
		response.Body = body{response.Body, c}
	}
	return response, err
}

func (b body) Close() error {
	b.of.open--
	return b.ReadCloser.Close()
}

func TestAConnectionIsUsedAgainWhateverWasAnswered(t *testing.T) {
	status, answer := 0, ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		for part := range strings.SplitSeq(answer, "|") { // so that no length is sent
			_, _ = io.WriteString(w, part)
			w.(http.Flusher).Flush()
		}
	}))
	defer server.Close()
	transport := &closing{RoundTripper: &http.Transport{}}
	c := opensearch.Client{URL: server.URL, Transport: opensearch.BasicAuth("u", "p", transport)}
	var reused bool
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused }})
	for i, out := range []any{nil, &struct{}{}, &struct{}{}, &struct{}{}} {
		status, answer = 200, "{}|\n| "
		if i == 2 {
			status, answer = 500, strings.Repeat("x|", 100_000)
		}
		require.Equal(t, i == 2, c.Do(ctx, http.MethodGet, "/", nil, out) != nil)
		require.Equal(t, i > 0, reused, "request %d", i)
		require.Zero(t, transport.open)
	}
	transport.RoundTripper.(*http.Transport).CloseIdleConnections()
	require.NoError(t, c.Do(ctx, http.MethodGet, "/", nil, nil))
	require.False(t, reused)
}

func TestIdleConnectionsAreClosedBehindWhatSignsIn(t *testing.T) {
	server := httptest.NewServer(always(200, "{}"))
	defer server.Close()
	keys := aws.Config{Region: "r", Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	c := opensearch.Client{URL: server.URL, Transport: opensearch.BasicAuth("u", "p", opensearch.Signed(keys, opensearch.Domain, &http.Transport{}))}
	var reused bool
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused }})
	for _, want := range []bool{false, true, false} {
		if !want {
			c.CloseIdleConnections()
		}
		require.NoError(t, c.Do(ctx, http.MethodGet, "/", nil, nil))
		require.Equal(t, want, reused)
	}
	client(always(200, nil)).CloseIdleConnections() // there are none
}

func TestTheServerIsVerifiedUnderItsOwnNameThroughATunnel(t *testing.T) {
	server := httptest.NewTLSServer(always(200, "{}"))
	defer server.Close()
	tunnel := opensearch.TunnelTransport(server.Listener.Addr().String())
	tunnel.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	call := func(url string) error {
		return opensearch.Client{URL: url, Transport: tunnel}.Do(t.Context(), http.MethodGet, "/", nil, nil)
	}
	require.NoError(t, call("https://example.com")) // a name from the server's certificate
	require.ErrorContains(t, call("https://other.example.org"), "certificate is valid for")
}

func TestACallIsRetriedAsTheClientSays(t *testing.T) {
	asked := 0
	c := client(func(r opensearchtest.Request) (int, any) {
		if asked++; asked < 3 {
			return 503, nil
		}
		return 200, map[string]any{"count": len(r.Content)}
	})
	_, err := c.Count(t.Context(), "a", nil)
	require.Error(t, err)
	c.Retry = func(_ context.Context, try func() error) error {
		for {
			if err := try(); opensearch.Status(err) != 503 {
				return err
			}
		}
	}
	count, err := c.Count(t.Context(), "a", nil)
	require.NoError(t, err)
	require.EqualValues(t, len(`{"query":null}`), count, "the body is sent each time")
	require.Equal(t, 3, asked)
	require.ErrorContains(t, c.Do(t.Context(), http.MethodPost, "/", func() {}, nil), "writing a request: json: unsupported type")
	require.Equal(t, 3, asked)
}

func TestDocumentsAndIndicesAreFound(t *testing.T) {
	var got []string
	status, answer := 200, any(nil)
	c := client(func(r opensearchtest.Request) (int, any) {
		got = append(got, r.Method+" "+r.URL.RequestURI()+" "+string(r.Content))
		return status, answer
	})
	answer = `{"hits":{"hits":[{"_id":"1","_source":{"a":1}},{"_id":"2"}]}}`
	type document struct {
		ID string `json:"_id"`
	}
	found, err := opensearch.Search[document](t.Context(), c, "a 주", map[string]any{"size": 2})
	require.NoError(t, err)
	require.Equal(t, []document{{"1"}, {"2"}}, found)
	answer = `{"b-2":{"aliases":{}},"b-1":{}}`
	behind, err := c.IndicesBehind(t.Context(), "b")
	require.NoError(t, err)
	require.Equal(t, []string{"b-1", "b-2"}, behind)
	require.Equal(t, []string{`POST /a%20%EC%A3%BC/_search?ignore_unavailable=true {"size":2}`, "GET /_alias/b "}, got)

	status = 404
	behind, err = c.IndicesBehind(t.Context(), "b")
	require.NoError(t, err)
	require.Empty(t, behind)
	status = 500
	_, err = c.IndicesBehind(t.Context(), "b")
	require.Error(t, err)
}

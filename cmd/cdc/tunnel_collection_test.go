package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// said collects what a command has printed.
type said struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// collectionsAt makes a stack with collections at URLs that need no tunnel.
func collectionsAt(t *testing.T, history, current string) {
	t.Helper()
	awsAnswers(t, map[string]string{"GetCallerIdentity": caller})
	stackOf(t, fmt.Sprintf(`{"searchKind":"serverless","historyEndpoint":%q,"currentEndpoint":%q,"historyCollection":"a-history","currentCollection":"a-current","historyIndex":"h",
"region":"us-east-1","accountId":"123456789012","reach":"direct","bastionInstanceId":"","streamName":"s","lakeBucket":"b","taskArn":"t"}`, history, current), region)
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func TestACollectionIsOpenedThroughAGatewayWithAPasswordOfItsOwn(t *testing.T) {
	collection := func(name string) *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.Header.Get("Authorization"), "/us-east-1/aoss/aws4_request") || r.URL.Path == "/_cat/indices" {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			_, _ = io.WriteString(w, name+r.URL.Path)
		}))
		t.Cleanup(s.Close)
		return s
	}
	history, current := collection("history"), collection("current")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"search"}, "current"}, {[]string{"dashboards"}, "history"}, {[]string{"search", "--collection", "history", "--show-secret"}, "history"},
	} {
		collectionsAt(t, history.URL, current.URL)
		ctx, cancel := context.WithCancel(t.Context())
		var out said
		root := newRoot()
		root.SetOut(&out)
		root.SetErr(&out)
		port := freePort(t)
		root.SetArgs(append(append([]string{"tunnel"}, c.args...), "--port", fmt.Sprint(port)))
		ended := make(chan error, 1)
		go func() { ended <- root.ExecuteContext(ctx) }()
		require.Eventually(t, func() bool { return strings.Contains(out.String(), "Ctrl-C ends it") || len(ended) > 0 }, 20*time.Second, 10*time.Millisecond)
		file := regexp.MustCompile(`\S*/cdc-gateway-\S*/login`).FindString(out.String())
		login, err := os.ReadFile(file)
		require.NoError(t, err, out.String())
		words := strings.Fields(string(login))
		require.Equal(t, []string{"machine", "127.0.0.1", "login", "cdc", "password"}, words[:5])
		require.Equal(t, len(c.args) > 2, strings.Contains(out.String(), words[5]), "only --show-secret prints it")
		require.Contains(t, out.String(), "Requests act as your own AWS identity")
		require.Contains(t, out.String(), "the collection a-"+c.want)
		require.Contains(t, out.String(), "answered 403 (your AWS identity has no permission for this: ask the deployer to add your role to search.operators", "it is told at once")
		get := func(password string) (int, string) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/x/_search", port), nil)
			require.NoError(t, err)
			r.SetBasicAuth("cdc", password)
			answer, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			defer answer.Body.Close()
			text, _ := io.ReadAll(answer.Body)
			return answer.StatusCode, string(text)
		}
		status, text := get(words[5])
		require.Equal(t, "200 "+c.want+"/x/_search", fmt.Sprint(status, " ", text))
		status, _ = get("guessed")
		require.Equal(t, http.StatusUnauthorized, status)
		cancel()
		require.NoError(t, <-ended)
		require.NoFileExists(t, file)
	}
}

func TestAGatewaysFlagsAndPortAreChecked(t *testing.T) {
	_, err := runs(t, "tunnel", "search", "--collection", "both")
	require.ErrorContains(t, err, `--collection "both": write current or history`)
	stackOf(t, deployed, region)
	_, err = runs(t, "tunnel", "search", "--collection", "history")
	require.ErrorContains(t, err, "--collection: leave it out; the stack has a domain")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	collectionsAt(t, "https://h", "https://c")
	_, err = runs(t, "tunnel", "search", "--port", fmt.Sprint(l.Addr().(*net.TCPAddr).Port))
	require.ErrorContains(t, err, "is in use, perhaps by another tunnel or a running `pulumi up`: choose another port with --port")
}

func TestAStackOfCollectionsNeedsNoDomain(t *testing.T) {
	collectionsAt(t, "", "")
	for _, command := range [][]string{{"verify", "--table", "a.b"}, {"epoch", "list"}, {"tunnel", "search"}} {
		_, err := runs(t, command...)
		require.ErrorContains(t, err, "historyEndpoint, currentEndpoint")
		require.NotContains(t, err.Error(), "searchMasterSecretArn")
	}
}

package tunnel

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/require"
)

// service answers SSM calls with an error code, or with its instance information.
func service(t *testing.T, code, instances string) (aws.Config, *atomic.Int64) {
	t.Helper()
	var starts atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".DescribeInstanceInformation") {
			_, _ = fmt.Fprintf(w, `{"InstanceInformationList": [%s]}`, instances)
			return
		}
		starts.Add(1)
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"__type": %q, "message": "as AWS says it"}`, code)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
		HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	}, &starts
}

func listening(t *testing.T, o Options) *Tunnel {
	t.Helper()
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	opened, err := Listen(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })
	return opened
}

func quick() limits {
	l := defaultLimits
	l.retry, l.retryMost, l.registration, l.target = time.Millisecond, 2*time.Millisecond, 50*time.Millisecond, 50*time.Millisecond
	return l
}

var target = Target{InstanceID: "i-0123456789abcdef0", Host: "search.internal", Port: 443}

func TestOnlyLoopbackIsListenedOn(t *testing.T) {
	for _, address := range []string{"0.0.0.0:9200", ":9200", "192.0.2.1:9200", "[::]:9200", "example.com:9200", "9200"} {
		_, err := Listen(t.Context(), Options{Address: address})
		require.ErrorContains(t, err, fmt.Sprintf("%q", address))
	}
}

func TestATakenPortIsNamed(t *testing.T) {
	other, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer other.Close()
	_, err = Listen(t.Context(), Options{Address: other.Addr().String()})
	require.ErrorContains(t, err, fmt.Sprintf("port %d", other.Addr().(*net.TCPAddr).Port))
	require.ErrorContains(t, err, "choose another port")
}

func TestAnAddressHasOneTunnelInAProcess(t *testing.T) {
	first := listening(t, Options{Account: "1"})
	second, err := Listen(t.Context(), Options{Address: first.Addr().String(), Account: "2"})
	require.NoError(t, err)
	require.Same(t, first, second)
	require.Equal(t, "2", first.options.Account, "with the newer options")
	require.NoError(t, second.Close())
	third, err := Listen(t.Context(), Options{Address: first.Addr().String()})
	require.NoError(t, err, "a closed one is forgotten")
	require.NotSame(t, first, third)
	require.NoError(t, third.Close())
}

func TestAnInstanceThatNeverRegistersIsGivenUp(t *testing.T) {
	for _, c := range []struct{ name, instances, want string }{
		{"unknown", "", "it never registered"},
		{"lost", `{"InstanceId": "i-0123456789abcdef0", "AgentVersion": "3.3.1.0", "PingStatus": "ConnectionLost", "LastPingDateTime": 1700000000}`, "ConnectionLost, last seen 2023-11-14T22:13:20Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var said []string
			var err error
			limit, tried := 25*time.Millisecond, int64(0)
			for tried < 3 && limit < time.Minute { // which a busy machine may need longer for
				limit *= 2
				cfg, starts := service(t, "TargetNotConnected", c.instances)
				l := quick()
				l.registration, said = limit, nil
				opened := listening(t, Options{AWS: cfg, limits: l, Log: func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }})
				opened.SetTarget(target)
				err = opened.Connect(t.Context())
				tried = starts.Load()
			}
			require.GreaterOrEqual(t, tried, int64(3))
			require.ErrorContains(t, err, fmt.Sprintf("instance i-0123456789abcdef0 is not connected to SSM after %s", limit))
			require.ErrorContains(t, err, c.want)
			require.Len(t, said, 2, "the wait and its end, once each: %v", said)
			require.Contains(t, said[0], "has not registered with SSM yet")
		})
	}
}

func TestWaitingForTheInstanceEndsWithTheContext(t *testing.T) {
	cfg, starts := service(t, "TargetNotConnected", "")
	l := quick()
	l.registration = time.Hour
	opened := listening(t, Options{AWS: cfg, limits: l})
	opened.SetTarget(target)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, opened.Connect(ctx), context.DeadlineExceeded)
	require.Eventually(t, func() bool {
		opened.mu.Lock()
		defer opened.mu.Unlock()
		return opened.opening == nil
	}, time.Second, time.Millisecond)
	time.Sleep(20 * time.Millisecond) // one call may be on its way
	before := starts.Load()
	time.Sleep(50 * time.Millisecond)
	require.Equal(t, before, starts.Load(), "nobody waits, so nothing is tried")
}

func TestRefusalsSayWhatToDo(t *testing.T) {
	for code, want := range map[string]string{
		"AccessDeniedException": "allow ssm:StartSession on the instance i-0123456789abcdef0 and on the document AWS-StartPortForwardingSessionToRemoteHost",
		"ExpiredTokenException": "the AWS credentials have expired: renew them",
		"InvalidDocument":       "does not exist in this region",
		"InvalidParameters":     "as AWS says it",
	} {
		t.Run(code, func(t *testing.T) {
			cfg, starts := service(t, code, "")
			opened := listening(t, Options{AWS: cfg, limits: quick()})
			opened.SetTarget(target)
			require.ErrorContains(t, opened.Connect(t.Context()), want)
			require.Equal(t, int64(1), starts.Load(), "repeating it would not help")
		})
	}
}

func TestConnectionsWaitForTheTarget(t *testing.T) {
	cfg, starts := service(t, "InvalidParameters", "")
	l := quick()
	l.target = 10 * time.Second
	opened := listening(t, Options{AWS: cfg, limits: l})
	var connecting sync.WaitGroup
	connecting.Go(func() {
		conn, err := net.DialTCP("tcp", nil, opened.Addr())
		if err == nil {
			_, _ = io.ReadAll(conn)
			_ = conn.Close()
		}
	})
	time.Sleep(20 * time.Millisecond)
	require.Zero(t, starts.Load())
	opened.SetTarget(target)
	connecting.Wait()
	require.Equal(t, int64(1), starts.Load())
}

func TestWithoutATargetConnectGivesUp(t *testing.T) {
	opened := listening(t, Options{limits: quick()})
	require.ErrorContains(t, opened.Connect(t.Context()), "which instance and host")
}

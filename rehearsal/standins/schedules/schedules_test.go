package schedules

import (
	"bytes"
	"cdcpipeline/rehearsal/standins/controlplane"
	"cdcpipeline/rehearsal/standins/lambda"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type counter struct{ calls atomic.Int64 }

func (c *counter) Invoke(_ context.Context, name string, payload []byte) (lambda.Result, error) {
	if name == "arn:aws:lambda:us-east-1:1:function:canary" && bytes.Contains(payload, []byte("{")) {
		c.calls.Add(1)
	}
	return lambda.Result{}, nil
}

// call makes a signed request to the control plane, which accepts everything.
func call(t *testing.T, at, service, method, path, target, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, at+path, bytes.NewReader([]byte(body)))
	require.NoError(t, err)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	res, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode)
}

func TestFunctionsAreCalledByRulesAndBySchedulesOnceTheyMayBe(t *testing.T) {
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) }))
	defer behind.Close()
	to, err := url.Parse(behind.URL)
	require.NoError(t, err)
	log := slog.New(slog.DiscardHandler)
	proxy := controlplane.New(to, log)
	front := httptest.NewServer(proxy)
	defer front.Close()
	called := &counter{}
	s := New(called, log, 600, 10*time.Millisecond)
	defer s.Close()
	s.Attach(proxy)
	call(t, front.URL, "events", "POST", "/", "AWSEvents.PutRule", `{"Name":"beat","ScheduleExpression":"rate(1 minute)","State":"ENABLED"}`)
	call(t, front.URL, "events", "POST", "/", "AWSEvents.PutTargets", `{"Rule":"beat","Targets":[{"Id":"1","Arn":"arn:aws:lambda:us-east-1:1:function:canary"},{"Id":"2","Arn":"arn:aws:sns:us-east-1:1:t"}]}`)
	time.Sleep(3 * tick)
	require.Zero(t, called.calls.Load(), "nobody has let them run")
	s.Run(true)
	require.Eventually(t, func() bool { return called.calls.Load() >= 2 }, 10*time.Second, 10*time.Millisecond)
	call(t, front.URL, "events", "POST", "/", "AWSEvents.RemoveTargets", `{"Rule":"beat","Ids":["1"]}`)
	call(t, front.URL, "events", "POST", "/", "AWSEvents.DeleteRule", `{"Name":"beat"}`)
	time.Sleep(3 * tick)
	before := called.calls.Load()
	time.Sleep(3 * tick)
	require.Equal(t, before, called.calls.Load(), "the rule is gone")
	call(t, front.URL, "scheduler", "POST", "/schedules/beat", "", `{"ScheduleExpression":"rate(1 minute)","Target":{"Arn":"arn:aws:lambda:us-east-1:1:function:canary","Input":"{}"}}`)
	require.Eventually(t, func() bool { return called.calls.Load() > before }, 10*time.Second, 10*time.Millisecond)
	call(t, front.URL, "scheduler", "DELETE", "/schedules/beat", "", "")
	require.Eventually(t, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.known) == 0 }, time.Second, 10*time.Millisecond)
}

func TestRatesAreRead(t *testing.T) {
	for expression, want := range map[string]time.Duration{
		"rate(1 minute)": time.Minute, "rate(5 minutes)": 5 * time.Minute, "rate(2 hours)": 2 * time.Hour, "rate(1 day)": 24 * time.Hour, "cron(0 * * * ? *)": 0, "": 0,
	} {
		require.Equal(t, want, rate(expression, "ENABLED"), expression)
	}
	require.Zero(t, rate("rate(1 minute)", "DISABLED"))
}

package lambda

import (
	"archive/zip"
	"bytes"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/controlplane"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/stretchr/testify/require"
)

// controlPlane is the part of moto that the runner needs: functions and AssumeRole.
type controlPlane struct {
	mu        sync.Mutex
	functions map[string]map[string]any
	assumed   int
}

func (m *controlPlane) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	if strings.Contains(string(body), "Action=AssumeRole") {
		form, _ := url.ParseQuery(string(body))
		m.assumed++
		fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
			<AccessKeyId>key-of-%s</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%s</Expiration>
			</Credentials></AssumeRoleResult></AssumeRoleResponse>`, filepath.Base(form.Get("RoleArn")), time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
		return
	}
	_, path, _ := strings.Cut(r.URL.Path, "/functions")
	name, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	var request map[string]any
	_ = json.Unmarshal(body, &request)
	switch {
	case r.Method == http.MethodPost && name == "":
		name = request["FunctionName"].(string)
		request["FunctionArn"] = "arn:aws:lambda:us-east-1:123456789012:function:" + name
		request["CodeSha256"] = sum(request["Code"].(map[string]any)["ZipFile"])
		delete(request, "Code")
		m.functions[name] = request
		_ = json.NewEncoder(w).Encode(request)
	case m.functions[name] == nil:
		w.Header().Set("X-Amzn-Errortype", "ResourceNotFoundException")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, `{"Message":"Function not found: %s"}`, name)
	case r.Method == http.MethodPut && rest == "code":
		m.functions[name]["CodeSha256"] = sum(request["ZipFile"])
		_ = json.NewEncoder(w).Encode(m.functions[name])
	case r.Method == http.MethodDelete && rest == "":
		delete(m.functions, name)
		w.WriteHeader(http.StatusNoContent)
	default:
		_ = json.NewEncoder(w).Encode(map[string]any{"Configuration": m.functions[name]})
	}
}

func sum(zip any) string {
	s := sha256.Sum256([]byte(zip.(string)))
	return base64.StdEncoding.EncodeToString(s[:])
}

type stage struct {
	runner *Runner
	lambda *lambda.Client
	moto   *controlPlane
}

func newStage(t *testing.T) *stage {
	t.Helper()
	moto := &controlPlane{functions: map[string]map[string]any{}}
	upstream := httptest.NewServer(moto)
	t.Cleanup(upstream.Close)
	target, err := url.Parse(upstream.URL)
	require.NoError(t, err)
	proxy := controlplane.New(target, slog.New(slog.DiscardHandler))
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	acct := account.New(front.URL)
	runner, err := New(acct, proxy, Options{Env: []string{"EXTRA=more"}, LogDir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, runner.Close()) })
	return &stage{runner: runner, moto: moto, lambda: lambda.NewFromConfig(acct.Config(), func(o *lambda.Options) { o.RetryMaxAttempts = 1 })}
}

func (s *stage) create(t *testing.T, name string, code []byte, timeout int32, greeting string) {
	t.Helper()
	_, err := s.lambda.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: &name, Role: aws.String("arn:aws:iam::123456789012:role/worker"), Handler: aws.String("bootstrap"),
		Runtime: types.RuntimeProvidedal2023, Timeout: &timeout, MemorySize: aws.Int32(256), Code: &types.FunctionCode{ZipFile: code},
		Environment: &types.Environment{Variables: map[string]string{"GREETING": greeting}},
	})
	require.NoError(t, err)
}

func (s *stage) invoke(t *testing.T, name, do string) (got reply, functionError string) {
	t.Helper()
	out, err := s.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &name, Payload: []byte(`{"Do":"` + do + `"}`)})
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(out.Payload, &got), string(out.Payload))
	return got, aws.ToString(out.FunctionError)
}

type reply struct {
	Version, Greeting, Key, Endpoint, Extra, Arn string
	PID, Child, Calls                            int
	Seconds                                      float64
	ErrorType, ErrorMessage                      string
}

// code is the zip of the function in bootstrap_test.go.
func code(t *testing.T, version string) []byte {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	program, err := os.ReadFile(self)
	require.NoError(t, err)
	return pack(t, map[string][]byte{"bootstrap": program, "version": []byte(version)})
}

func pack(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var buffer bytes.Buffer
	archive := zip.NewWriter(&buffer)
	for name, content := range files {
		header := &zip.FileHeader{Name: name, Method: zip.Store}
		header.SetMode(0o755)
		w, err := archive.CreateHeader(header)
		require.NoError(t, err)
		_, err = w.Write(content)
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
	return buffer.Bytes()
}

func gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

func TestFunctionRunsAsDeclared(t *testing.T) {
	s := newStage(t)
	s.create(t, "f", code(t, "1"), 30, "hello")
	got, functionError := s.invoke(t, "f", "")
	require.Empty(t, functionError)
	require.Equal(t, "hello", got.Greeting)
	require.Equal(t, "key-of-worker", got.Key, "it has the credentials of its role")
	require.Equal(t, s.runner.account.Endpoint(), got.Endpoint)
	require.Equal(t, "more", got.Extra)
	require.Equal(t, "arn:aws:lambda:us-east-1:123456789012:function:f", got.Arn)
	require.InDelta(t, 30, got.Seconds, 5)
}

func TestProcessIsKeptWarmUntilTheCodeChanges(t *testing.T) {
	s := newStage(t)
	s.create(t, "f", code(t, "1"), 30, "")
	first, _ := s.invoke(t, "f", "")
	second, _ := s.invoke(t, "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST", "")
	require.Equal(t, first.PID, second.PID)
	require.Equal(t, 2, second.Calls)
	require.Equal(t, 1, s.moto.assumed)

	_, err := s.lambda.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("f"), ZipFile: code(t, "2")})
	require.NoError(t, err)
	third, _ := s.invoke(t, "f", "")
	require.Equal(t, "2", third.Version)
	require.True(t, gone(first.PID))
}

func TestFailuresAreAnsweredAsLambdaDoes(t *testing.T) {
	for _, c := range []struct{ do, greeting, kind, message string }{
		{"fail", "", "errorString", "no such table"},
		{"sleep", "", "Sandbox.Timedout", "Task timed out after 1.00 seconds"},
		{"exit", "", "Runtime.ExitError", "exit status 3"},
		{"", "broken", "Runtime.ExitError", "exit status 1"},
	} {
		t.Run(c.do+c.greeting, func(t *testing.T) {
			s := newStage(t)
			s.create(t, "f", code(t, "1"), 1, c.greeting)
			s.runner.OnResult(func(string, []byte) { t.Error("a failure is no result") })
			got, functionError := s.invoke(t, "f", c.do)
			require.Equal(t, "Unhandled", functionError)
			require.Equal(t, c.kind, got.ErrorType)
			require.Contains(t, got.ErrorMessage, c.message)
		})
	}
}

func TestFunctionIsInvokedAgainAfterItTimedOut(t *testing.T) {
	s := newStage(t)
	s.create(t, "f", code(t, "1"), 1, "")
	first, _ := s.invoke(t, "f", "")
	_, functionError := s.invoke(t, "f", "sleep")
	require.NotEmpty(t, functionError)
	require.True(t, gone(first.PID))
	again, functionError := s.invoke(t, "f", "")
	require.Empty(t, functionError)
	require.Equal(t, 1, again.Calls)
}

func TestAFunctionWithoutConcurrencyIsNotCalled(t *testing.T) {
	s := newStage(t)
	s.create(t, "f", code(t, "1"), 30, "")
	var told []Invocation
	s.runner.OnInvocation(func(i Invocation) { told = append(told, i) })
	_, err := s.lambda.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: aws.String("f"), ReservedConcurrentExecutions: aws.Int32(0)})
	require.NoError(t, err)
	_, err = s.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("f"), Payload: []byte(`{}`)})
	var refused *types.TooManyRequestsException
	require.ErrorAs(t, err, &refused)
	require.Equal(t, []Invocation{{Function: "f", Throttled: true}}, told)
	_, err = s.lambda.DeleteFunctionConcurrency(t.Context(), &lambda.DeleteFunctionConcurrencyInput{FunctionName: aws.String("f")})
	require.NoError(t, err)
	_, functionError := s.invoke(t, "f", "")
	require.Empty(t, functionError)
}

func TestResultIsKnownBeforeTheAnswer(t *testing.T) {
	s := newStage(t)
	s.create(t, "f", code(t, "1"), 30, "hello")
	var seen string
	s.runner.OnResult(func(name string, payload []byte) { seen = name + " " + string(payload) })
	s.invoke(t, "f", "")
	require.Contains(t, seen, `f {"Version":"1","Greeting":"hello"`)
}

func TestNoProcessOutlivesTheRunner(t *testing.T) {
	s := newStage(t)
	s.create(t, "f", code(t, "1"), 30, "")
	got, _ := s.invoke(t, "f", "child")
	require.False(t, gone(got.PID))
	require.False(t, gone(got.Child))
	require.NoError(t, s.runner.Close())
	require.True(t, gone(got.PID))
	require.Eventually(t, func() bool { return gone(got.Child) || zombie(got.Child) }, 5*time.Second, 50*time.Millisecond)
	_, err := s.runner.Invoke(t.Context(), "f", nil)
	require.ErrorContains(t, err, "the runner is closed")
}

// zombie reports whether a process has ended but still waits for init to collect it.
func zombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(stat), ") Z ")
}

func TestDeletedFunctionEndsAndIsUnknown(t *testing.T) {
	s := newStage(t)
	s.create(t, "f", code(t, "1"), 30, "")
	got, _ := s.invoke(t, "f", "")
	_, err := s.lambda.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("f")})
	require.NoError(t, err)
	require.True(t, gone(got.PID))
	_, err = s.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("f")})
	var missing *types.ResourceNotFoundException
	require.ErrorAs(t, err, &missing)
}

func TestCodeThatCannotRunHereIsRefusedWithTheReason(t *testing.T) {
	elf := func(machine byte) []byte {
		header := make([]byte, 64)
		copy(header, "\x7fELF\x02\x01\x01")
		header[16], header[18], header[20], header[52] = 2, machine, 1, 64
		return header
	}
	foreign, name := byte(183), "EM_AARCH64"
	if runtime.GOARCH == "arm64" {
		foreign, name = 62, "EM_X86_64"
	}
	for _, c := range []struct {
		name  string
		files map[string][]byte
		want  string
	}{
		{"other architecture", map[string][]byte{"bootstrap": elf(foreign)}, "compiled for " + name},
		{"no bootstrap", map[string][]byte{"main": nil}, "no file named bootstrap"},
		{"outside", map[string][]byte{"../bootstrap": nil}, "lies outside"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			s.create(t, "f", pack(t, c.files), 30, "")
			_, err := s.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("f")})
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestBareName(t *testing.T) {
	for given, want := range map[string]string{
		"f": "f", "f:$LATEST": "f", "123456789012:function:f": "f",
		"arn:aws:lambda:us-east-1:123456789012:function:f":   "f",
		"arn:aws:lambda:us-east-1:123456789012:function:f:7": "f",
	} {
		require.Equal(t, want, bareName(given), given)
	}
}

func TestAFunctionThatIsKilledAtWorkHasFailedAndIsStartedAgain(t *testing.T) {
	s := newStage(t)
	s.create(t, "f", code(t, "1"), 30, "")
	first, _ := s.invoke(t, "f", "")
	require.Zero(t, s.runner.Kill("f"), "it is idle")
	killed := make(chan int)
	go func() {
		n := 0
		for n == 0 {
			n = s.runner.Kill("f")
			time.Sleep(time.Millisecond)
		}
		killed <- n
	}()
	got, functionError := s.invoke(t, "f", "sleep")
	require.Equal(t, 1, <-killed)
	require.Equal(t, "Unhandled", functionError)
	require.Equal(t, "Runtime.ExitError", got.ErrorType)
	require.True(t, gone(first.PID))
	again, functionError := s.invoke(t, "f", "")
	require.Empty(t, functionError)
	require.Equal(t, 1, again.Calls)
}

package preflight

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/awsconfig"
	"cdcpipeline/internal/port"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// request is a call that the fake receives.
type request struct {
	action string // service:Action
	form   url.Values
	body   string
	path   string
}

// answer is the fake's response. Status 0 means 200. A 4xx status comes with an error code instead of a body.
type answer struct {
	status int
	code   string
	body   string
}

// fakeAWS answers each action by its name. Tests set the answers.
type fakeAWS struct {
	mu      sync.Mutex
	answers map[string]func(request) answer
	asked   []string
}

func said(body string) func(request) answer {
	return func(request) answer { return answer{body: body} }
}

func refused(status int, code string) func(request) answer {
	return func(request) answer { return answer{status: status, code: code} }
}

// paths maps URL paths to actions, for services that name actions in the path.
var paths = map[string]string{
	"/2021-01-01/opensearch/versions": "es:ListVersions", "/2021-01-01/opensearch/instanceTypeDetails/": "es:ListInstanceTypeDetails",
	"/2021-01-01/opensearch/domain/": "es:DescribeDomain", "/2021-01-01/domain": "es:ListDomainNames",
	"/2016-08-19/account-settings": "lambda:GetAccountSettings",
}

func (f *fakeAWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	service := strings.Split(scope, "/")[3]
	target := r.Header.Get("X-Amz-Target")
	action := service + ":" + target[strings.LastIndex(target, ".")+1:]
	switch {
	case target != "":
	case form.Get("Action") != "":
		action = service + ":" + form.Get("Action")
	case service == "s3":
		action = "s3:HeadBucket"
	default:
		for path, name := range paths {
			if r.URL.Path == path || strings.HasSuffix(path, "/") && strings.HasPrefix(r.URL.Path, path) {
				action = name
			}
		}
	}
	f.mu.Lock()
	f.asked = append(f.asked, action)
	answers := f.answers[action]
	f.mu.Unlock()
	if answers == nil {
		answers = refused(http.StatusBadRequest, "Unexpected")
	}
	a := answers(request{action, form, string(body), r.URL.Path})
	if a.status == 0 {
		_, _ = io.WriteString(w, a.body)
		return
	}
	w.Header().Set("X-Amzn-Errortype", a.code)
	w.WriteHeader(a.status)
	switch {
	case r.Method == http.MethodHead:
	case target != "" || service == "es" || service == "lambda":
		_, _ = fmt.Fprintf(w, `{"__type":%q,"message":"no"}`, a.code)
	case service == "ec2":
		_, _ = fmt.Fprintf(w, `<Response><Errors><Error><Code>%s</Code><Message>no</Message></Error></Errors></Response>`, a.code)
	default:
		_, _ = fmt.Fprintf(w, `<ErrorResponse><Error><Code>%s</Code><Message>no</Message></Error></ErrorResponse>`, a.code)
	}
}

// scene is a stack in an account without problems. Each test breaks one thing.
type scene struct {
	*Stack
	aws  *fakeAWS
	tool map[string]string
}

// answer replaces the answer to an action.
func (s *scene) answer(action string, a func(request) answer) { s.aws.answers[action] = a }

func newScene(t *testing.T, values map[string]string) *scene {
	t.Helper()
	fake := &fakeAWS{answers: rightAnswers()}
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_CONFIG_FILE": os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_MAX_ATTEMPTS": "1",
	} {
		t.Setenv(name, value)
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte("name: cdc-pipeline\nrequiredPulumiVersion: '>=3.268.0'\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module x\n\ngo 1.26.6\n"), 0o600))
	cfg, problems := config.Parse(values, nil)
	require.NoError(t, problems)
	s := &scene{aws: fake, tool: map[string]string{"pulumi version": "v3.276.0\n", "go env GOVERSION": "go1.26.8\n"}}
	settings := awsconfig.Settings{"region": "us-east-1", "s3UsePathStyle": "true"}
	loaded, err := awsconfig.Load(t.Context(), settings)
	require.NoError(t, err)
	s.Stack = &Stack{
		Project: "cdc-pipeline", Name: "dev", Named: true, Dir: dir, Config: cfg, Settings: settings, AWS: loaded,
		Tool: func(_ context.Context, command ...string) (string, error) {
			printed, ok := s.tool[strings.Join(command, " ")]
			if !ok {
				return "", fmt.Errorf("%s is not in PATH: install it", command[0])
			}
			return printed, nil
		},
	}
	return s
}

// made returns a scene in which the stack makes every resource.
func made(t *testing.T) *scene {
	return newScene(t, map[string]string{
		"network": `{"egress":"nat"}`, "lake": `{"bucketName":"my-lake"}`,
		"search": fmt.Sprintf(`{"tunnelPort":%d,"dedicatedMasters":3,"availabilityZones":2,"instanceCount":2}`, free(t)),
	})
}

// collected returns a scene in which the stack makes collections.
func collected(t *testing.T) *scene {
	return newScene(t, map[string]string{"search": fmt.Sprintf(`{"kind":"serverless","reach":"direct","gatewayPort":%d}`, free(t))})
}

// takenOver returns a scene in which the stack adopts every resource that it can.
func takenOver(t *testing.T) *scene {
	return newScene(t, map[string]string{
		"network":    `{"vpcId":"vpc-01234567","privateSubnetIds":["subnet-0000000a","subnet-0000000b"]}`,
		"source":     `{"bootstrap":"check","existing":{"host":"db.internal","securityGroupId":"sg-0000000d"},"replicationSecretArn":"arn:aws:secretsmanager:us-east-1:123456789012:secret:cdc-AbCdEf"}`,
		"encryption": `{"kmsKeyArn":"arn:aws:kms:us-east-1:123456789012:key/mine"}`,
		"lake":       `{"logBucket":"logs"}`,
		"search":     fmt.Sprintf(`{"tunnelPort":%d}`, free(t)),
	})
}

// free returns a port on which nobody listens while the test runs.
func free(t *testing.T) int {
	t.Helper()
	held, err := port.Hold()
	require.NoError(t, err)
	t.Cleanup(held.Release)
	return held.Number
}

// run runs all checks and returns the results by name.
func (s *scene) run(t *testing.T, skip ...string) map[string]Result {
	t.Helper()
	report, err := Run(t.Context(), s.Stack, Options{Skip: skip})
	require.NoError(t, err)
	results := map[string]Result{}
	for _, r := range report.Checks {
		require.NotContains(t, results, r.Check, "two checks of a name")
		results[r.Check] = r
	}
	return results
}

// items writes a list of XML elements.
func items(outer, item string, values ...string) string {
	var b strings.Builder
	b.WriteString("<" + outer + ">")
	for _, v := range values {
		b.WriteString("<" + item + ">" + v + "</" + item + ">")
	}
	b.WriteString("</" + outer + ">")
	return b.String()
}

func tag(name, value string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(value))
	return "<" + name + ">" + b.String() + "</" + name + ">"
}

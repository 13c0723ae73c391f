package main

import (
	"cdcpipeline/internal/awsconfig"
	"cdcpipeline/internal/bucket/buckettest"
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/outputs"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pulumi puts a stand-in for the CLI into PATH.
func pulumi(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pulumi"), []byte("#!/bin/sh\n"+script+"\n"), 0o700))
	t.Setenv("PATH", dir+":/bin:/usr/bin")
}

// stackOf makes the CLI answer with these outputs and this configuration.
func stackOf(t *testing.T, outputs, config string) {
	t.Helper()
	pulumi(t, `case "$*" in
"stack output --json --non-interactive"*) echo '`+outputs+`' ;;
"config --json --non-interactive"*) echo '`+config+`' ;;
*) echo "error: what is $*?" >&2; exit 9 ;;
esac`)
}

// awsAnswers answers calls by their action, and refuses all others.
func awsAnswers(t *testing.T, answers map[string]string) {
	t.Helper()
	awsWithBucket(t, nil, answers)
}

// awsWithBucket does the same as awsAnswers, and adds the stack's bucket b.
func awsWithBucket(t *testing.T, objects *buckettest.S3, answers map[string]string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if objects != nil && (r.URL.Path == "/b" || strings.HasPrefix(r.URL.Path, "/b/")) {
			objects.ServeHTTP(w, r)
			return
		}
		target := r.Header.Get("X-Amz-Target")
		action := target[strings.LastIndex(target, ".")+1:]
		if err := r.ParseForm(); err == nil && action == "" {
			if action = r.Form.Get("Action"); action == "" { // Lambda names its actions in the path
				action = path.Base(r.URL.Path)
			}
		}
		if answer, ok := answers[action]; ok {
			_, _ = fmt.Fprint(w, answer)
			return
		}
		w.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, `{"__type":"AccessDeniedException","message":"%s is not allowed"}`, action)
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
}

const (
	secret = `{"SecretString":"{\"username\":\"admin\",\"password\":\"hunter2\"}"}`
	caller = `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account><Arn>arn:aws:iam::123456789012:user/x</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`
	region = `{"aws:region":{"value":"us-east-1","secret":false}}`
)

func quiet(string, ...any) {}

func TestDatabaseIsFoundByTheOutputsOfTheStack(t *testing.T) {
	awsAnswers(t, map[string]string{"GetSecretValue": secret, "GetCallerIdentity": caller})
	stackOf(t, `{"sourceHost":"db.local","sourcePort":3307,"sourceSecretArn":"`+secretArn+`","accountId":"123456789012","other":{"a":1}}`, region)
	f := connectionFlags{stack: &stackFlags{name: "dev", dir: t.TempDir()}}
	c, err := f.resolve(t.Context(), quiet)
	require.NoError(t, err)
	require.Equal(t, "db.local", c.TLS.ServerName)
	c.TLS = nil
	require.Equal(t, schema.Connection{Host: "db.local", Port: 3307, User: "admin", Password: "hunter2"}, c.Connection)
	require.NoError(t, c.Close())
}

func TestAPostgreSQLDatabaseIsFoundByTheOutputsOfTheStack(t *testing.T) {
	t.Setenv(passwordVariable, "p")
	pulumi(t, `echo '{"sourceHost":"db.local","sourceEngine":"postgresql","sourceDatabase":"shop"}'`)
	f := connectionFlags{user: "u", stack: &stackFlags{dir: "."}}
	c, err := f.resolve(t.Context(), quiet)
	require.NoError(t, err)
	c.TLS = nil
	require.Equal(t, schema.Connection{Engine: schema.PostgreSQL, Host: "db.local", Port: 5432, Database: "shop", User: "u", Password: "p"}, c.Connection)

	f = connectionFlags{user: "u", host: "h", engine: "postgresql", database: "shop"}
	require.NoError(t, f.validate())
	c, err = f.resolve(t.Context(), quiet)
	require.NoError(t, err)
	require.Equal(t, []any{schema.PostgreSQL, "shop"}, []any{c.Engine, c.Database})
}

func TestNobodyAsksAWSForAUserWithoutTunnel(t *testing.T) {
	t.Setenv(passwordVariable, "p")
	pulumi(t, `[ "$*" = "stack output --json --non-interactive" ] || exit 9
echo '{"sourceHost":"db.local","bastionInstanceId":"i-1","accountId":"1"}'`)
	f := connectionFlags{user: "u", direct: true, stack: &stackFlags{dir: "."}}
	c, err := f.resolve(t.Context(), quiet)
	require.NoError(t, err)
	require.Equal(t, "db.local:3306 u", fmt.Sprintf("%s:%d %s", c.Host, c.Port, c.User))
	f.direct = false
	_, err = f.resolve(t.Context(), quiet)
	require.ErrorContains(t, err, "reading the stack's configuration")
}

func TestMissingStackSaysWhatToDo(t *testing.T) {
	for script, message := range map[string]string{
		`echo "error: no stack named 'dev' found" >&2; exit 255`:                        "no stack named 'dev' found (check --stack and --dir)",
		`echo "error: no stack selected; please use ..." >&2; exit 255`:                 "no stack is selected: run `pulumi stack select NAME`, or give --stack NAME",
		`echo "error: no Pulumi.yaml project file found" >&2; exit 255`:                 ". contains no Pulumi project: give the directory of Pulumi.yaml with --dir",
		`echo "error: PULUMI_ACCESS_TOKEN must be set for login" >&2; exit 255`:         "the pulumi CLI is not logged in: run `pulumi login`",
		`echo "error: getting stack configuration: incorrect passphrase" >&2; exit 255`: "incorrect passphrase (set PULUMI_CONFIG_PASSPHRASE",
		`echo '{}'`:                 "the stack has no outputs: run `pulumi up` first",
		`echo garbage`:              "reading the stack's outputs",
		`echo '{"sourceHost":"h"}'`: "no output sourceSecretArn: run `pulumi up` first",
	} {
		pulumi(t, script)
		_, err := (&stackFlags{name: "dev", dir: "."}).outputs(t.Context(), func(o *outputs.Outputs) []any { return []any{&o.SourceHost, &o.SourceSecretArn} })
		require.ErrorContains(t, err, message)
	}
	_, err := (&stackFlags{dir: "no-such-directory"}).outputs(t.Context(), nil)
	require.ErrorContains(t, err, "--dir: the directory no-such-directory does not exist")
	t.Setenv("PATH", t.TempDir())
	_, err = (&stackFlags{}).outputs(t.Context(), nil)
	require.ErrorContains(t, err, "the pulumi CLI is not in PATH: install it")
}

func TestSecretsOfTheConfigurationAreOpenedOnlyForAWS(t *testing.T) {
	pulumi(t, `case "$*" in
*--show-secrets*) [ -e opened ] && echo '{"aws:region":{"value":"r"},"aws:secretKey":{"value":"k","secret":true},"cdc-pipeline:x":{"value":"y"}}' ;;
*) [ -e opened ] && echo '{"aws:region":{"value":"r"},"aws:secretKey":{"secret":true}}' || echo '{"aws:region":{"value":"r"},"cdc-pipeline:x":{"secret":true}}' ;;
esac`)
	f := &stackFlags{dir: t.TempDir()}
	s, err := f.settings(t.Context())
	require.NoError(t, err)
	require.Equal(t, awsconfig.Settings{"region": "r"}, s)
	require.NoError(t, os.WriteFile(filepath.Join(f.dir, "opened"), nil, 0o600))
	s, err = f.settings(t.Context())
	require.NoError(t, err)
	require.Equal(t, awsconfig.Settings{"region": "r", "secretKey": "k"}, s)
	pulumi(t, `echo '["hunter2"]'`)
	_, err = f.settings(t.Context())
	require.ErrorContains(t, err, "update the pulumi CLI")
	require.NotContains(t, err.Error(), "hunter2")
}

func TestAnotherAccountIsRefused(t *testing.T) {
	awsAnswers(t, map[string]string{"GetCallerIdentity": caller})
	stackOf(t, `{"taskArn":"arn","accountId":"999999999999"}`, region)
	for _, command := range [][]string{{"stop"}, {"start"}} {
		_, err := runs(t, command...)
		require.ErrorContains(t, err, "999999999999")
		require.ErrorContains(t, err, "123456789012")
	}
	awsAnswers(t, nil)
	_, err := runs(t, "stop")
	require.ErrorContains(t, err, "log in, for example with `aws sso login`, or set AWS_PROFILE or aws:profile")
}

func TestStacksAndTablesAreCompleted(t *testing.T) {
	pulumi(t, `case "$*" in "stack ls"*) echo '[{"name":"dev"},{"name":"prod"}]' ;; *) echo '{"tables":["a.b","c.d"]}' ;; esac`)
	for want, args := range map[string][]string{
		"dev\nprod\n":   {"status", "--stack", ""},
		"a.b\nc.d\n":    {"start", "--reload-table", ""},
		"table\njson\n": {"status", "--output", ""},
	} {
		out, err := runs(t, append([]string{"__complete"}, args...)...)
		require.NoError(t, err)
		require.Contains(t, out, want)
	}
}

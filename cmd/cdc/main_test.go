package main

import (
	"bytes"
	"cdcpipeline/generate"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const secretArn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:admin-x1"

// runs the command line and returns what it printed.
func runs(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	root := newRoot()
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(args)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

func TestBadFlagsAreRefusedTogether(t *testing.T) {
	t.Setenv(passwordVariable, "")
	_, err := runs(t, "generate", "--mix", "70/20/20", "--table", "retail", "--output", "xml", "--count", "0", "--table", "a.b", "--port", "70000")
	for _, message := range []string{"adds up to 110", "write database.table", "write text or json", "count: must be", "--port: must be"} {
		require.ErrorContains(t, err, message)
	}
	for message, args := range map[string][]string{
		"give --secret-arn or --user":  {"--host", "h"},
		"variable CDC_DB_PASSWORD":     {"--host", "h", "--user", "u"},
		"--user and --secret-arn":      {"--host", "h", "--user", "u", "--secret-arn", secretArn},
		"is not an ARN":                {"--host", "h", "--secret-arn", "secret"},
		"--host and --stack":           {"--host", "h", "--stack", "dev", "--secret-arn", secretArn},
		"unknown flag: --password":     {"--password", "p"},
		"max-transaction: must be 1":   {"--max-transaction", "0"},
		"holds no certificate":         {"--host", "h", "--secret-arn", secretArn, "--ca", "main_test.go"},
		"--ca: open no-such-file.pem:": {"--host", "h", "--secret-arn", secretArn, "--ca", "no-such-file.pem"},
	} {
		_, err := runs(t, append([]string{"generate"}, args...)...)
		require.ErrorContains(t, err, message)
	}
}

// pulumi puts a stand-in for the CLI into PATH.
func pulumi(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pulumi"), []byte("#!/bin/sh\n"+script+"\n"), 0o700))
	t.Setenv("PATH", dir+":/bin:/usr/bin")
}

func TestDatabaseIsFoundByTheOutputsOfTheStack(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "secretsmanager.GetSecretValue", r.Header.Get("X-Amz-Target"))
		_, _ = fmt.Fprint(w, `{"SecretString":"{\"username\":\"admin\",\"password\":\"p\"}"}`)
	}))
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	pulumi(t, `[ "$*" = "stack output --json --non-interactive --stack dev" ] || exit 9
echo '{"sourceHost":"db.local","sourcePort":3307,"sourceSecretArn":"`+secretArn+`","other":{"a":1}}'`)
	f := connectionFlags{stack: stackFlags{name: "dev", dir: t.TempDir()}}
	c, err := f.resolve(t.Context())
	require.NoError(t, err)
	require.Equal(t, "db.local", c.TLS.ServerName)
	c.TLS = nil
	require.Equal(t, generate.Connection{Host: "db.local", Port: 3307, User: "admin", Password: "p"}, c)
}

func TestMissingStackSaysWhatToDo(t *testing.T) {
	for script, message := range map[string]string{
		`echo "error: no stack named 'dev' found" >&2; exit 255`: "no stack named 'dev' found (give --stack",
		`echo '{}'`:                 "no output sourceHost, sourceSecretArn: run `pulumi up` first",
		`echo garbage`:              "reading the stack's outputs",
		`echo '{"sourceHost":"h"}'`: "no output sourceSecretArn",
	} {
		pulumi(t, script)
		_, err := stackFlags{name: "dev", dir: "."}.outputs(t.Context())
		require.ErrorContains(t, err, message)
	}
	t.Setenv("PATH", t.TempDir())
	_, err := stackFlags{}.outputs(t.Context())
	require.ErrorContains(t, err, "the pulumi CLI is not in PATH")
}

func TestSecretInAnotherShapeIsRefusedWithoutShowingIt(t *testing.T) {
	for _, s := range []string{"hunter2", `{"password":"hunter2"}`, `{"username":1,"password":"hunter2"}`} {
		_, _, err := parseSecret(s)
		require.ErrorContains(t, err, `"username" and "password"`)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func TestProgressIsALineWithoutTerminal(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&out, 1000)
	p.show(generate.Summary{Changes: 1, Rate: 100})
	require.Empty(t, out.String())
	p.told = time.Now().Add(-lineEvery)
	p.show(generate.Summary{Changes: 500, Rate: 100})
	p.finish()
	require.Equal(t, "500 of 1000 changes, 100/s, 5s left\n", out.String())
}

func TestSummaryIsJSONOnDemand(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, (&generateFlags{output: "json"}).report(&out, generate.Summary{Changes: 3, Counts: generate.Counts{Inserts: 3}, Seed: 1 << 63}))
	var s generate.Summary
	require.NoError(t, json.Unmarshal(out.Bytes(), &s))
	require.Equal(t, uint64(1<<63), s.Seed)
	require.Equal(t, int64(3), s.Inserts)
}

func TestInterruptedRunEndsAsSuch(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, ended(ctx, generate.Summary{Interrupted: true}, nil), errInterrupted)
	require.NoError(t, ended(t.Context(), generate.Summary{}, nil))
}

func TestVersionAndHelp(t *testing.T) {
	out, err := runs(t, "version")
	require.NoError(t, err)
	require.Contains(t, out, "cdc ")
	out, err = runs(t, "generate", "--help")
	require.NoError(t, err)
	require.Contains(t, out, "--mix")
	require.Contains(t, out, "Examples:")
}

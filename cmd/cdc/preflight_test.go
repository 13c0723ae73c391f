package main

import (
	"cdcpipeline/internal/operator/preflight"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// planning makes a project folder and a stand-in for the CLI that answers about it.
func planning(t *testing.T, config string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte("name: cdc-pipeline\nrequiredPulumiVersion: '>=3.268.0'\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module x\n\ngo 1.20\n"), 0o600))
	pulumi(t, `case "$*" in
"config --json --non-interactive"*) echo '`+config+`' ;;
"stack export --non-interactive"*) echo '{"deployment":{}}' ;;
"stack --show-name --non-interactive") echo dev ;;
version) echo v3.276.0 ;;
*) echo "error: what is $*?" >&2; exit 9 ;;
esac`)
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(firstInPath(t)), "go"), []byte("#!/bin/sh\necho go1.26.8\n"), 0o700))
	return dir
}

// firstInPath returns the path of the CLI's stand-in.
func firstInPath(t *testing.T) string {
	t.Helper()
	return filepath.Join(filepath.SplitList(os.Getenv("PATH"))[0], "pulumi")
}

func report(t *testing.T, args ...string) (preflight.Report, map[string]preflight.Result, error) {
	t.Helper()
	out, err := runs(t, append([]string{"preflight", "--output", "json"}, args...)...)
	var r preflight.Report
	require.NoError(t, json.Unmarshal([]byte(out), &r), out)
	results := map[string]preflight.Result{}
	for _, c := range r.Checks {
		results[c.Check] = c
	}
	return r, results, err
}

func TestPreflightWorksBeforeTheFirstUp(t *testing.T) {
	awsAnswers(t, map[string]string{"GetCallerIdentity": caller})
	dir := planning(t, `{"aws:region":{"value":"us-east-1"},"aws:defaultTags":{"value":"{\"tags\":{}}"},"cdc-pipeline:environment":{"value":"prod"},"cdc-pipeline:search":{"value":"{\"reach\":\"direct\"}"}}`)
	r, results, err := report(t, "--dir", dir)
	require.ErrorIs(t, err, errUnchecked, "AWS may not be asked")
	require.Equal(t, []any{"dev", "us-east-1", "123456789012", false}, []any{r.Stack, r.Region, r.Account, r.Deployed})
	require.Equal(t, preflight.Result{Check: "config/valid", Outcome: preflight.Passed, Found: "environment prod"}, results["config/valid"])
	require.Equal(t, preflight.Passed, results["machine/pulumi"].Outcome)
	require.Equal(t, "ec2:DescribeAvailabilityZones", results["offer/zones"].Needs)
	require.NotContains(t, results, "machine/port", "reached directly")
	require.Equal(t, exitUnchecked, execute(t.Context(), []string{"preflight", "--dir", dir}))
}

func TestPreflightSaysWhatIsWrongWithTheConfiguration(t *testing.T) {
	awsAnswers(t, map[string]string{"GetCallerIdentity": caller})
	dir := planning(t, `{"aws:region":{"value":"us-east-1"},"cdc-pipeline:stream":{"value":"{\"shards\":900}"},"cdc-pipeline:source":{"secret":true}}`)
	r, results, err := report(t, "--dir", dir, "--stack", "org/cdc-pipeline/dev")
	require.ErrorIs(t, err, errUnhealthy)
	require.Equal(t, "dev", r.Stack)
	require.Contains(t, results["config/valid"].Found, "stream.shards: 900 is out of range")
	require.Contains(t, results["config/valid"].Found, "source: has a secret value")
	require.Equal(t, 1, execute(t.Context(), []string{"preflight", "--dir", dir}))
}

func TestPreflightSaysWhenThereIsNothingToLookAt(t *testing.T) {
	awsAnswers(t, nil)
	pulumi(t, `echo "error: no stack selected; please use ..." >&2; exit 255`)
	_, results, err := report(t, "--dir", t.TempDir())
	require.ErrorIs(t, err, errUnhealthy)
	require.Contains(t, results["config/valid"].Found, "no stack is selected: run `pulumi stack select NAME`, or give --stack NAME")
	require.Contains(t, results["config/valid"].Found, "contains no Pulumi project: give the directory of Pulumi.yaml with --dir")
	t.Setenv("PATH", t.TempDir())
	_, results, err = report(t, "--dir", t.TempDir())
	require.ErrorIs(t, err, errUnhealthy)
	require.Contains(t, results["machine/pulumi"].Found, "pulumi is not in PATH: install it")
	require.Contains(t, results["machine/go"].Found, "go.mod")
}

func TestPreflightRefusesBadFlagsTogether(t *testing.T) {
	_, err := runs(t, "preflight", "--output", "xml", "--within", "0s")
	require.ErrorContains(t, err, "--output \"xml\": write table or json")
	require.ErrorContains(t, err, "--within: must be more than 0s")
	awsAnswers(t, map[string]string{"GetCallerIdentity": caller})
	dir := planning(t, region)
	_, err = runs(t, "preflight", "--dir", dir, "--skip", "no/such")
	require.ErrorContains(t, err, `--skip: there is no check "no/such"`)
}

func TestPreflightIsATableForPeople(t *testing.T) {
	awsAnswers(t, map[string]string{"GetCallerIdentity": caller})
	out, err := runs(t, "preflight", "--dir", planning(t, `{"aws:region":{"value":"us-east-1"},"cdc-pipeline:search":{"value":"{\"reach\":\"direct\"}"}}`))
	require.ErrorIs(t, err, errUnchecked)
	require.Contains(t, out, "stack dev, region us-east-1, account 123456789012: not deployed yet\n\nok       config/valid")
	require.Contains(t, out, "no permission to check: ")
	require.NotContains(t, out, "\x1b")
}

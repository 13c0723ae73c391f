package main

import (
	"bytes"
	"cdcpipeline/internal/operator/workload"
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

const secretArn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:admin-x1"

// runs executes the command line and returns the printed output.
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
		"count: must be":               {"--table", "retail", "--count", "0"},
		"give --secret-arn or --user":  {"--host", "h"},
		"variable CDC_DB_PASSWORD":     {"--host", "h", "--user", "u"},
		"--user and --secret-arn":      {"--host", "h", "--user", "u", "--secret-arn", secretArn},
		"is not an ARN":                {"--host", "h", "--secret-arn", "secret"},
		"--host and --stack":           {"--host", "h", "--stack", "dev", "--secret-arn", secretArn},
		"unknown flag: --password":     {"--password", "p"},
		"max-transaction: must be 1":   {"--max-transaction", "0"},
		"contains no PEM certificate":  {"--host", "h", "--secret-arn", secretArn, "--ca", "main_test.go"},
		"--ca: open no-such-file.pem:": {"--host", "h", "--secret-arn", secretArn, "--ca", "no-such-file.pem"},
	} {
		_, err := runs(t, append([]string{"generate"}, args...)...)
		require.ErrorContains(t, err, message)
	}
}

func TestProgressIsALineWithoutTerminal(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&out, 1000)
	p.show(workload.Summary{Changes: 1, Rate: 100})
	require.Empty(t, out.String())
	p.told = time.Now().Add(-lineEvery)
	p.show(workload.Summary{Changes: 500, Rate: 100})
	p.finish()
	require.Equal(t, "500 of 1000 changes, 100/s, 5s left\n", out.String())
}

func TestSummaryIsJSONOnDemand(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, (&generateFlags{output: "json"}).report(&out, workload.Summary{Changes: 3, Counts: workload.Counts{Inserts: 3}, Seed: 1 << 63}))
	var s workload.Summary
	require.NoError(t, json.Unmarshal(out.Bytes(), &s))
	require.Equal(t, uint64(1<<63), s.Seed)
	require.Equal(t, int64(3), s.Inserts)
}

func TestInterruptedRunEndsAsSuch(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, ended(ctx, workload.Summary{Interrupted: true}, nil), errInterrupted)
	require.NoError(t, ended(t.Context(), workload.Summary{}, nil))
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

func TestEveryCommandIsExplainedWithAnExample(t *testing.T) {
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		if c.Name() == "help" || c.Name() == "completion" {
			return
		}
		require.NotEmpty(t, c.Long, c.CommandPath())
		require.NotEmpty(t, c.Example, c.CommandPath())
		for _, child := range c.Commands() {
			visit(child)
		}
	}
	visit(newRoot())
}

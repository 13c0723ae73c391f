package main

import (
	"bytes"
	"cdcpipeline/internal/operator/status"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// The interval may follow =, be a separate argument, or be absent.
func TestAWatchTakesItsIntervalInEachForm(t *testing.T) {
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"--watch=10ms"}, "--watch: must be at least 1s, is 10ms"},
		{[]string{"--watch", "10ms"}, "--watch: must be at least 1s, is 10ms"},
		{[]string{"--watch", "soon"}, `--watch "soon": write an interval such as 10s or 1m`},
		{[]string{"--watch=soon"}, `invalid argument "soon"`},
		{[]string{"--watch", "10s", "20s"}, "unknown command"},
		{[]string{"10s"}, "unknown command"},
		{[]string{"--watch", "--output", "xml"}, `--output "xml"`},
	} {
		_, err := runs(t, append([]string{"status"}, c.args...)...)
		require.ErrorContains(t, err, c.says, c.args)
	}
	command := newStatus(&stackFlags{})
	require.NoError(t, command.ParseFlags([]string{"--watch"}))
	require.Equal(t, "10s", command.Flag("watch").Value.String())
}

// watched returns the status of a pipeline whose task has stopped.
func watched() status.Status {
	return status.Status{At: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Problems: []string{"the task is stopped: run `cdc start`"}, SourceStatus: &status.SourceStatus{}}
}

func TestAWatchWithoutATerminalIsLines(t *testing.T) {
	for output, looks := range map[string]func(string) int{
		"table": func(out string) int { return strings.Count(out, "Z 1-problem rows=-") },
		"json":  func(out string) int { return strings.Count(out, `"healthy": false`) },
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(25*time.Second, cancel)
			var out bytes.Buffer
			f := &statusFlags{output: output, watch: 10 * time.Second}
			require.ErrorIs(t, f.inLines(ctx, &out, func(context.Context) status.Status { return watched() }), errUnhealthy, "the last look's")
			require.Equal(t, 3, looks(out.String()), out.String())
			require.NotContains(t, out.String(), "\x1b")
			require.Contains(t, out.String(), "the task is stopped")
			if output == "json" {
				require.NoError(t, json.NewDecoder(&out).Decode(&status.Status{}))
			}
		})
	}
}

func TestAWatchThatIsInterruptedWithinALookSaysNothingOfIt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var out bytes.Buffer
	f := &statusFlags{output: "table", watch: time.Second}
	require.ErrorIs(t, f.inLines(ctx, &out, func(context.Context) status.Status { cancel(); return watched() }), errInterrupted)
	require.Empty(t, out.String())
}

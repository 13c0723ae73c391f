package tool

import (
	"cdcpipeline/rehearsal/report/progress"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// script is a Tool whose binary is a shell script.
func script(t *testing.T, text string) *Tool {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "cdc")
	require.NoError(t, os.WriteFile(binary, []byte("#!/bin/sh\n"+text+"\n"), 0o700))
	return &Tool{Binary: binary, Stacks: "/stacks", CA: "/ca.pem", Journals: dir, Sessions: filepath.Join(dir, "sessions"), Log: progress.New(os.Stderr, nil)}
}

func TestRunWantsAnExitCodeAndKeepsTheSession(t *testing.T) {
	tool := script(t, `echo "$@"; echo /tmp/a/cdc-rehearsal-123/x >&2; exit 3`)
	out, err := tool.Run(context.Background(), "status", 3, "status", "--all")
	require.NoError(t, err)
	require.Equal(t, "--stack rehearsal --dir /stacks status --all\n", out)
	kept, err := os.ReadFile(tool.Session("status"))
	require.NoError(t, err)
	require.ElementsMatch(t, strings.Split("$ cdc status --all\n"+out+"/tmp/rehearsal/x\n", "\n"), strings.Split(string(kept), "\n"))
	_, err = tool.Run(context.Background(), "status", 0, "status")
	require.ErrorContains(t, err, "cdc status ended with 3, not 0")
}

func TestWatchInterruptsWhenItHasSeenEnough(t *testing.T) {
	tool := script(t, `trap 'exit 0' INT; echo open; while :; do sleep 0.05; done`)
	open := func(output string) (bool, error) { return strings.Contains(output, "open"), nil }
	require.NoError(t, tool.Watch(context.Background(), "tunnel", open, "tunnel"))
	kept, err := os.ReadFile(tool.Session("tunnel"))
	require.NoError(t, err)
	require.Equal(t, "$ cdc tunnel\nopen\n^C\n", string(kept))
	require.ErrorContains(t, script(t, `echo no`).Watch(context.Background(), "x", open, "tunnel"), "ended by itself: no")
}

func TestGenerateFindsTheDatabaseByTheStackUnlessOtherFlagsAreGiven(t *testing.T) {
	tool := script(t, "")
	common := "generate --count 5 --mix 100/0/0 --seed 2 --ca /ca.pem --journal " + tool.Journal("a") + " --table s.t"
	load := Load{Journal: "a", Count: 5, Mix: "100/0/0", Seed: 2, Tables: []string{"s.t"}}
	require.Equal(t, common+" --stack rehearsal --dir /stacks", strings.Join(tool.generate(load), " "))
	load.Rate, load.Database = 9, []string{"--host", "h"}
	require.Equal(t, common+" --rate 9 --host h", strings.Join(tool.generate(load), " "))
	require.ErrorContains(t, script(t, `echo "no such table" >&2; exit 1`).Generate(context.Background(), load), "no such table")
}

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/stretchr/testify/require"
)

//go:generate go test . -run TestTheCommandPagesAreCurrent -update

// Cobra generates the pages of the command reference, one for each command. The folder holds no other file.
func TestTheCommandPagesAreCurrent(t *testing.T) {
	const pages = "../../docs/cdc"
	fresh := t.TempDir()
	root := newRoot()
	root.InitDefaultCompletionCmd()
	documented(root)
	require.NoError(t, doc.GenMarkdownTree(root, fresh))
	if *update {
		require.NoError(t, os.RemoveAll(pages))
		require.NoError(t, os.CopyFS(pages, os.DirFS(fresh)))
	}
	require.Equal(t, contents(t, fresh), contents(t, pages), "stale: go generate ./cmd/cdc")
}

// documented removes the date from the pages, so that they change only when the commands do.
func documented(command *cobra.Command) {
	command.DisableAutoGenTag = true
	for _, c := range command.Commands() {
		documented(c)
	}
}

// contents returns the contents of a directory's files by their names.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		require.NoError(t, err)
		all[e.Name()] = string(text)
	}
	return all
}

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

// The pages of the command reference are cobra's own, one for each command, and no other file is beside them.
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

// documented leaves the date out of the pages: they change with the commands only.
func documented(command *cobra.Command) {
	command.DisableAutoGenTag = true
	for _, c := range command.Commands() {
		documented(c)
	}
}

// contents of the files in a directory by their names.
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

package provider

import (
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write schema.json")

func TestSchemaIsCurrent(t *testing.T) {
	want, err := describe(t).text()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile("schema.json", want, 0o644))
	}
	have, err := os.ReadFile("schema.json")
	require.NoError(t, err)
	require.Equal(t, string(want), string(have), "stale: go generate ./provider")
}

// The plugin gives out what is committed, but for the version.
func TestSchemaIsServedWithTheVersion(t *testing.T) {
	s, err := newServer(nil, "1.2.3")
	require.NoError(t, err)
	answer, err := s.GetSchema(t.Context(), nil)
	require.NoError(t, err)
	var served, written map[string]any
	require.NoError(t, json.Unmarshal([]byte(answer.GetSchema()), &served))
	require.NoError(t, json.Unmarshal(committed, &written))
	written["version"] = "1.2.3"
	require.Equal(t, written, served)
}

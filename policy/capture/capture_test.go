package capture_test

import (
	"cdcpipeline/policy/capture"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/stretchr/testify/require"
)

func TestACaptureHoldsNoSecretAndKnowsWhatIsNotKnown(t *testing.T) {
	unknown := property.New(property.Computed)
	m := property.NewMap(map[string]property.Value{
		"password":   property.New("hunter2").WithSecret(true),
		"later":      unknown.WithSecret(true),
		"inside":     property.New(map[string]property.Value{"token": property.New("hunter2").WithSecret(true), "arn": unknown}),
		"list":       property.New([]property.Value{property.New(1.0), property.New(true)}),
		"__defaults": property.New("x"),
		"long":       property.New(strings.Repeat("x", 10_000)),
	})
	file := filepath.Join(t.TempDir(), "stack.json")
	require.NoError(t, capture.Stack{{URN: "urn:b", Inputs: capture.Mark(m)}, {URN: "urn:a"}}.Write(file))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NotContains(t, string(text), "hunter2")
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	s, err := capture.Read(file)
	require.NoError(t, err)
	require.Equal(t, "urn:a", s[0].URN, "sorted")
	back := s[1].View().Properties
	require.True(t, back.Get("password").Secret())
	require.True(t, back.Get("later").Secret() && back.Get("later").IsComputed())
	require.True(t, back.Get("inside").AsMap().Get("token").Secret())
	require.True(t, back.Get("inside").AsMap().Get("arn").IsComputed())
	require.Equal(t, 2, back.Get("list").AsArray().Len())
	require.True(t, back.Get("__defaults").IsNull())
	require.Less(t, len(back.Get("long").AsString()), 9_000)
}

func TestWhatIsNoCaptureIsRefused(t *testing.T) {
	_, err := capture.Read(filepath.Join(t.TempDir(), "none.json"))
	require.ErrorContains(t, err, "reading the capture")
	file := filepath.Join(t.TempDir(), "bad.json")
	require.NoError(t, os.WriteFile(file, []byte("{}"), 0o600))
	_, err = capture.Read(file)
	require.ErrorContains(t, err, "bad.json")
}

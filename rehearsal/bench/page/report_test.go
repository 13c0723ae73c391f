package page_test

import (
	"cdcpipeline/rehearsal/bench/page"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

type object = map[string]any

func TestMeasurementsShareAReport(t *testing.T) {
	project := t.TempDir()
	report := filepath.Join(project, ".cache", "bench", "report.json")
	require.NoError(t, page.Join(project, object{"bench": object{"a": 1, "b": []int{1, 2}}, "writing": []int{1}}))
	require.NoError(t, page.Join(project, object{"bench": object{"c": 3}}))
	require.NoError(t, page.Join(project, object{"bench": object{"b": []int{9}}, "writing": []int{2}}))
	text, err := os.ReadFile(report)
	require.NoError(t, err)
	require.JSONEq(t, `{"bench":{"a":1,"b":[9],"c":3},"writing":[2]}`, string(text))

	require.NoError(t, os.WriteFile(report, []byte("{"), 0o600))
	require.ErrorContains(t, page.Join(project, object{}), "reading the report")
}

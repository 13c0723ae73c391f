package main

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/size"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files and docs/cdc")

// golden compares output for people with a file.
func golden(t *testing.T, file, have string) {
	t.Helper()
	file = "testdata/" + file
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(have), 0o644)) //nolint:gosec // a golden file
	}
	want, err := os.ReadFile(file) //nolint:gosec // a golden file
	require.NoError(t, err)
	require.Equal(t, string(want), have, "another output: go test ./cmd/cdc -update")
}

func TestAPlanIsShownWithItsLimitsAndWhatToType(t *testing.T) {
	out, err := runs(t, "size", "--environment", "prod", "--rows-per-second", "2000", "--peak", "8000", "--row-bytes", "1000", "--tables", "40", "--retention", "90", "--rows", "5e8")
	require.NoError(t, err)
	golden(t, "size.golden.txt", out)
	page, err := os.ReadFile("../../docs/operations.md")
	require.NoError(t, err)
	require.Contains(t, string(page), strings.TrimSpace(out), "the page shows another output")
}

func TestAPlanAsJSONHasTheSameNumbers(t *testing.T) {
	for _, as := range [][]string{{"--json"}, {"--output", "json"}} {
		out, err := runs(t, append([]string{"size", "--rows-per-second", "10"}, as...)...)
		require.NoError(t, err)
		var plan size.Plan
		require.NoError(t, json.Unmarshal([]byte(out), &plan))
		require.Equal(t, size.Load{RowsPerSecond: 10, Peak: 10, RowBytes: 1000, Tables: 1, RetentionDays: 30, BinlogHours: 24}, plan.Load, "what was not given is dev's")
		require.Len(t, plan.Figures, len(size.NewPlan(plan.Load).Figures))
		require.Equal(t, size.NewPlan(plan.Load).Settings, plan.Settings)
	}
}

func TestALoadThatCannotBeIsRefusedTogether(t *testing.T) {
	_, err := runs(t, "size", "--rows-per-second", "-1", "--tables", "0", "--environment", "test", "--output", "xml")
	for _, message := range []string{"--rows-per-second: -1", "--tables: 0", `--environment "test": write dev or prod`, `--output "xml"`} {
		require.ErrorContains(t, err, message)
	}
	_, err = runs(t, "size")
	require.ErrorContains(t, err, `required flag(s) "rows-per-second" not set`)
}

// The program accepts every setting that the plan tells people to type. It warns of nothing that the model itself has
// chosen.
func TestWhatIsToldToBeTypedIsTaken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		environment := rapid.SampledFrom([]config.Environment{config.Dev, config.Prod}).Draw(t, "environment")
		l := size.Load{
			RowsPerSecond: rapid.Float64Range(0.01, 20_000).Draw(t, "rows"), RowBytes: rapid.IntRange(1, 50_000).Draw(t, "bytes"), Tables: rapid.IntRange(1, 200).Draw(t, "tables"),
			RetentionDays: rapid.IntRange(1, 400).Draw(t, "days"), BinlogHours: rapid.IntRange(24, 2160).Draw(t, "hours"), Prod: environment == config.Prod,
			BulkRowsPerSecond: rapid.SampledFrom([]float64{0, 100, 5000}).Draw(t, "bulk"),
		}
		l.Peak = l.RowsPerSecond * rapid.Float64Range(1, 5).Draw(t, "peak")
		sections := map[string]map[string]any{}
		for _, s := range size.NewPlan(l).Settings {
			put(sections, strings.Split(s.Key, "."), s.Value)
		}
		values := map[string]string{"environment": string(environment)}
		for section, of := range sections {
			text, err := json.Marshal(of)
			require.NoError(t, err)
			values[section] = string(text)
		}
		_, err := config.Parse(values, nil)
		require.NoError(t, err, fmt.Sprint(values))
	})
}

func put(sections map[string]map[string]any, path []string, value string) {
	if sections[path[0]] == nil {
		sections[path[0]] = map[string]any{}
	}
	at := sections[path[0]]
	for _, key := range path[1 : len(path)-1] {
		if at[key] == nil {
			at[key] = map[string]any{}
		}
		at = at[key].(map[string]any)
	}
	at[path[len(path)-1]] = value
}

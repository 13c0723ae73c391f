package main

import (
	"bytes"
	"cdcpipeline/internal/operator/conformance"
	"cdcpipeline/internal/outputs"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBadFlagsOfConformanceAreRefusedTogether(t *testing.T) {
	_, err := runs(t, "conformance", "--timeout", "0s", "--output", "result.json", "--table", "probe", "--only", "no-such", "--port", "70000")
	for _, message := range []string{"--timeout: must be", "write table or json (--file names the file of the result)", "write database.table", "--only no-such: no assumption has this ID; choose from table-followed, ", "--port: must be"} {
		require.ErrorContains(t, err, message)
	}
}

func TestAProbeNeedsAFollowedDatabase(t *testing.T) {
	for name, c := range map[string]struct {
		table   string
		outputs outputs.Outputs
		want    string
	}{
		"named tables alone":   {"", outputs.Outputs{Tables: []string{"testdb.retail_trans"}}, "the task follows no database in which the command may make its tables: run `pulumi config set --path cdc-pipeline:source.conformance true && pulumi up`, so that it follows one"},
		"a pattern":            {"", outputs.Outputs{Tables: []string{"shop.%"}}, "; or give --table shop.probe_1, which the pattern shop.% includes"},
		"a table of no one":    {"shop.probe", outputs.Outputs{Tables: []string{"testdb.retail_trans"}, ProbeTables: "cdc_conformance.%"}, "--table shop.probe: the task must follow this table and a second one, with $ at the end of its name, but it does not: "},
		"a pattern for one":    {"shop.probe", outputs.Outputs{Tables: []string{"shop.%e"}}, "with $ at the end of its name"},
		"a table that is one":  {"shop.orders", outputs.Outputs{Tables: []string{"shop.orders"}}, "with $ at the end of its name"},
		"a name without table": {"shop", outputs.Outputs{Tables: []string{"shop.%"}}, "write database.table"},
	} {
		_, err := (&conformanceFlags{table: c.table}).probe(c.outputs)
		require.ErrorContains(t, err, c.want, name)
	}
	prepared := outputs.Outputs{Tables: []string{"testdb.retail_trans"}, ProbeTables: "cdc_conformance.%"}
	one, err := (&conformanceFlags{}).probe(prepared)
	require.NoError(t, err)
	require.Regexp(t, `^cdc_conformance\.probe_[a-z0-9]{6}$`, one.String())
	other, err := (&conformanceFlags{}).probe(prepared)
	require.NoError(t, err)
	require.NotEqual(t, one, other, "DMS remembers a table that was dropped")
	given, err := (&conformanceFlags{table: "shop.probe"}).probe(outputs.Outputs{Tables: []string{"shop.%"}})
	require.NoError(t, err)
	require.Equal(t, "shop.probe", given.String())
}

func oneReport() *conformance.Report {
	return &conformance.Report{
		Versions: map[string]string{"database": "8.0.39"}, Held: 1, NotHeld: 1, NotSeen: 1, Left: []string{"objects in the lake"},
		Results: []conformance.Result{
			{ID: "names", Area: conformance.Records, Assumption: "A name is a name.", Mark: conformance.Loud, Verdict: conformance.Verdict{Outcome: conformance.Held, Where: "stream shard-0 1"}},
			{ID: "time-text", Area: conformance.Values, Assumption: "TIME is text.", Mark: conformance.Undetectable, IfWrong: "It is a number.", RestsOn: []string{"a.go#b"}, Verdict: conformance.Verdict{Outcome: conformance.NotHeld, Says: "elapsed is 5", Where: "stream shard-0 2", Record: `{"data":{"elapsed":5}}`}},
			{ID: "lake-hour", Area: conformance.Lake, Assumption: "An hour is an hour.", Mark: conformance.Undetectable, Verdict: conformance.Verdict{Outcome: conformance.NotSeen, Says: "no object came"}},
		},
	}
}

func TestTheReportIsPrintedWithWhatShowsIt(t *testing.T) {
	var out bytes.Buffer
	f := &conformanceFlags{output: "table"}
	require.NoError(t, f.print(&out, oneReport()))
	t.Log("\n" + out.String())
	for _, want := range []string{
		"names", "not held", "elapsed is 5", "stream shard-0 2", "not seen", "no object came", "It is a number.", "rests on it: a.go#b", `{"data":{"elapsed":5}}`,
		"1 held, 1 not held, 1 not seen", "left behind:\n  objects in the lake",
	} {
		require.Contains(t, out.String(), want)
	}
	require.NotContains(t, out.String(), "stream shard-0 1", "what held is a line")

	file := filepath.Join(t.TempDir(), "conformance.json")
	require.NoError(t, writeReport(file, oneReport()))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var back conformance.Report
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, *oneReport(), back)
	require.ErrorContains(t, writeReport(filepath.Join(file, "x"), oneReport()), "--file: ")
}

func TestTheExitCodeTellsNotHeldFromNotSeen(t *testing.T) {
	r := oneReport()
	require.ErrorIs(t, verdictOf(r), errUnhealthy)
	r.NotHeld = 0
	require.ErrorIs(t, verdictOf(r), errUnseen)
	r.NotSeen = 0
	require.NoError(t, verdictOf(r))
}

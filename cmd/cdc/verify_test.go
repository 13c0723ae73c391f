package main

import (
	"bytes"
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/operator/verify"
	"cdcpipeline/internal/outputs"
	"cdcpipeline/internal/table"
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBadFlagsOfVerifyAreRefusedTogether(t *testing.T) {
	_, err := runs(t, "verify", "--follow", "--deep", "--keep", "--timeout", "0s", "--output", "xml", "--table", "retail", "--port", "70000")
	for _, message := range []string{"--follow and --deep", "--keep and --journal", "--timeout: must be", "write table or json", "write database.table", "--port: must be"} {
		require.ErrorContains(t, err, message)
	}
	for message, args := range map[string][]string{
		"give only one table":                  {"--table", "a.b", "--table", "c.d"},
		"--since: give it only with --follow":  {"--since", "1m"},
		"give it only with --deep":             {"--ignore-column", "a.b.c"},
		"write database.table.column":          {"--deep", "--ignore-column", "a.b"},
		"--keep and --journal: leave them out": {"--deep", "--journal", "x"},
	} {
		_, err := runs(t, append([]string{"verify"}, args...)...)
		require.ErrorContains(t, err, message)
	}
}

// The sinks always come from a stack, even if the database is given by its address.
func TestVerifyTakesADatabaseByItsAddressBesideAStack(t *testing.T) {
	pulumi(t, `case "$*" in *"--stack dev") exit 7 ;; *) exit 8 ;; esac`)
	_, err := runs(t, "verify", "--stack", "dev", "--host", "h", "--secret-arn", secretArn)
	require.ErrorContains(t, err, "exit status 7")
}

func TestTablesAreThoseOfTheStackUnlessNamed(t *testing.T) {
	names := func(f verifyFlags, configured ...string) string {
		found, err := tablesOf(f.tables, configured, f.deep)
		if err != nil {
			return err.Error()
		}
		text := ""
		for _, n := range found {
			text += n.String() + " "
		}
		return text
	}
	require.Equal(t, "a.b c.d ", names(verifyFlags{deep: true}, "a.b", "c.d"))
	require.Equal(t, "c.d ", names(verifyFlags{}, "a.%", "c.d"))
	require.Equal(t, "x.y ", names(verifyFlags{deep: true, tables: []string{"x.y"}}, "a.%"))
	require.Contains(t, names(verifyFlags{deep: true}, "a.%", "c.d"), "choose with --table")
	require.Contains(t, names(verifyFlags{}, "a.%"), "the stack's tables are a.%: choose")
}

var committed = time.Date(2026, 11, 23, 17, 10, 0, 123e6, time.UTC)

func onePath() verify.Path {
	return verify.Path{
		Table: "testdb.retail_trans", Key: map[string]any{"trans_id": json.Number("42")}, Committed: committed,
		Sightings: []verify.Sighting{
			{Hop: verify.HopStream, Seen: committed.Add(789 * time.Millisecond), Where: "shardId-0 49", SinceCommit: 789},
			{Hop: verify.HopHistory, Seen: committed.Add(6 * time.Second), Where: "retail-trans-2026-11-23/x", SinceCommit: 6230, SinceStream: 5441},
			{Hop: verify.HopLake, Seen: committed.Add(62 * time.Second), Where: "raw/x.gz", SinceCommit: 62000, SinceStream: 61211},
		},
	}
}

func TestThePathOfARowIsPrinted(t *testing.T) {
	var out bytes.Buffer
	f := &verifyFlags{output: "table"}
	require.NoError(t, f.printPath(&out, marked{Path: onePath(), Passed: true, Deleted: true}))
	t.Log("\n" + out.String())
	for _, want := range []string{"testdb.retail_trans with trans_id=42, committed 2026-11-23T17:10:00.123Z", "789ms", "6.2s", "5.4s", "1m2s", "1m1.2s", "raw/x.gz", "deleted the row"} {
		require.Contains(t, out.String(), want)
	}
	out.Reset()
	f.output = "json"
	require.NoError(t, f.printPath(&out, marked{Path: onePath(), Passed: true}))
	var back map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &back))
	require.Equal(t, []any{true, false, "testdb.retail_trans"}, []any{back["passed"], back["deleted"], back["table"]})
	require.Len(t, back["sightings"], 3)
}

func TestTheVerdictNamesTheHopAndWhatToDo(t *testing.T) {
	p := onePath()
	require.NoError(t, judged(t.Context(), p))
	p.Sightings[1].Differences = []verify.ColumnDifference{{Column: "amount", Source: "5", Sink: "6"}}
	p.Sightings[2] = verify.Sighting{Hop: verify.HopLake, Problem: "not seen within 7m0s"}
	err := judged(t.Context(), p)
	require.ErrorContains(t, err, "did not arrive in: lake. `cdc status`")
	require.ErrorContains(t, err, "other values in: history")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, judged(ctx, p), errInterrupted)
	require.Equal(t, "history  seen 6.2s after the commit, with other values: amount is 6, but 5 was committed", sighted(p.Sightings[1]))
	require.Equal(t, "lake     not seen within 7m0s", sighted(p.Sightings[2]))
}

func TestDifferencesArePrintedWithKeyAndValues(t *testing.T) {
	var out bytes.Buffer
	c := compared{
		Uncompared: []verify.Uncompared{},
		Counts:     []verify.Count{{Table: "testdb.retail_trans", Sink: verify.HopLake, Rows: 10, Records: 12, Same: 7, Missing: 3, Changes: 12, Lost: 1}},
		Differences: []verify.Difference{{
			Sink: verify.HopLake, Table: "testdb.retail_trans", Key: "trans_id=7", Kind: verify.Differs, Record: "bin.000001:4#1",
			Columns: []verify.ColumnDifference{{Column: "amount", Source: "70", Sink: "7"}},
		}, {Sink: verify.HopHistory, Table: "testdb.retail_trans", Key: "trans_id=8", Kind: verify.Lost, Record: "bin.000001:9#1"}},
	}
	require.NoError(t, printComparison(&out, "table", c))
	t.Log("\n" + out.String())
	require.Contains(t, out.String(), "history lost testdb.retail_trans trans_id=8\n    record at bin.000001:9#1\n")
	require.Contains(t, out.String(), "lake differs testdb.retail_trans trans_id=7\n    amount: source 70, lake 7\n    latest record at bin.000001:4#1\n")
	require.Contains(t, out.String(), "... and 2 more\n")
	out.Reset()
	require.NoError(t, printComparison(&out, "json", c))
	require.JSONEq(t, `{"equal":false,"counts":[{"table":"testdb.retail_trans","sink":"lake","rows":10,"records":12,"same":7,"missing":3,"extra":0,"differs":0,"expired":0,"changes":12,"lost":1}],"uncompared":[],
		"differences":[{"sink":"lake","table":"testdb.retail_trans","key":"trans_id=7","kind":"differs","record":"bin.000001:4#1","columns":[{"column":"amount","source":"70","sink":"7"}]},
			{"sink":"history","table":"testdb.retail_trans","key":"trans_id=8","kind":"lost","record":"bin.000001:9#1"}]}`, out.String())
}

func TestATableThatCannotBeComparedIsNamedBesideTheOthers(t *testing.T) {
	var c compared
	c.of(verify.Result{
		Counts:     []verify.Count{{Table: "shop.orders", Sink: verify.HopLake, Rows: 10, Same: 10, NotCompared: []string{"embedding"}}},
		Uncompared: []verify.Uncompared{{Table: "shop.log", Problem: "no key", Err: errors.New("comparing shop.log: no key")}},
	})
	require.False(t, c.Equal)
	require.EqualError(t, c.problem(), "comparing shop.log: no key")
	var out bytes.Buffer
	require.NoError(t, printComparison(&out, "table", c))
	require.Regexp(t, `(?s)shop\.orders.*not compared, because their types are unknown: shop\.orders\.embedding\n\nnot compared: shop\.log\n$`, out.String())
	out.Reset()
	require.NoError(t, printComparison(&out, "json", c))
	require.Contains(t, out.String(), `"problem": "no key"`)
	c = compared{}
	c.of(verify.Result{})
	require.True(t, c.Equal)
	require.NoError(t, c.problem())
}

func TestWhatIsNotKnownOfALakesTableIsSaid(t *testing.T) {
	var c compared
	c.of(verify.Result{
		Counts:     []verify.Count{{Table: "shop.orders", Sink: verify.HopTables, Rows: 10, Same: 8, Behind: 2, ToTheMillisecond: []string{"placed"}}},
		Uncompared: []verify.Uncompared{{Table: "shop.log", Sink: verify.HopTables, Problem: "stopped", Err: errors.New("comparing shop.log with the lake's table: stopped")}},
	})
	c.add(verify.Difference{Sink: verify.HopTables, Table: "shop.orders", Key: "id=1", Kind: verify.Behind})
	require.False(t, c.Equal)
	require.ErrorContains(t, c.problem(), "comparing shop.log with the lake's table: stopped\n2 rows of the lake's tables differ, because the tables lack delivered records: run `cdc tables run`")
	var out bytes.Buffer
	require.NoError(t, printComparison(&out, "table", c))
	for _, want := range []string{
		"tables behind shop.orders id=1\n... and 1 more\n", "behind in tables, because they lack delivered records: shop.orders in 2 rows\n",
		"compared to the millisecond in tables, as Athena shows them: shop.orders.placed\n", "not compared in tables: shop.log\n",
	} {
		require.Contains(t, out.String(), want)
	}
}

func TestOnlyAComparisonMayLookAtNothingAgain(t *testing.T) {
	pulumi(t, "exit 8")
	_, err := runs(t, "verify", "--deep", "--timeout", "0s")
	require.ErrorContains(t, err, "exit status 8")
	for _, args := range [][]string{{"--timeout", "0s"}, {"--follow", "--timeout", "0s"}, {"--deep", "--timeout", "-1s"}} {
		_, err := runs(t, append([]string{"verify"}, args...)...)
		require.ErrorContains(t, err, "--timeout: must be")
	}
}

func TestProgressOfAComparisonIsALineWithoutTerminal(t *testing.T) {
	var out bytes.Buffer
	s := newWaiting(&out, &stackFlags{})
	name := table.Name{Database: "a", Table: "b"}
	s.progress(name, "rows", 1000, 5000)
	s.progress(name, "rows", 2000, 5000) // too soon for another line
	s.progress(name, "rows", 5000, 5000)
	s.finish()
	require.Regexp(t, `^\d\d:\d\d:\d\d  a\.b: rows 1000 of 5000\n\d\d:\d\d:\d\d  a\.b: rows 5000 of 5000\n$`, out.String())
}

func TestOnATerminalLinesComeAboveTheBar(t *testing.T) {
	var out bytes.Buffer
	s := newWaiting(&out, &stackFlags{})
	s.terminal = true
	s.wait(7*time.Minute, "waiting for stream, history and lake")
	time.Sleep(1500 * time.Millisecond)
	s.tell("stream   seen")
	s.finish()
	name := table.Name{Database: "a", Table: "b"}
	for _, phase := range []string{"history", "lake", "rows"} {
		s.progress(name, phase, 0, 0)
		s.progress(name, phase, 50, 100)
		time.Sleep(110 * time.Millisecond) // the bar is drawn ten times a second
		s.progress(name, phase, 100, 100)
	}
	s.finish()
	s.finish()
	t.Logf("%q", out.String())
	for _, want := range []string{"waiting for stream, history and lake", "  stream   seen\n", "a.b: reading the sinks", "a.b: rows"} {
		require.Contains(t, out.String(), want)
	}
}

func TestRecordsAreReadByTheEngineOfTheirSource(t *testing.T) {
	of := func(engine string) change.Kind {
		return (&deployment{Outputs: outputs.Outputs{SourceEngine: engine}}).kind()
	}
	require.True(t, of("postgresql").Postgres())
	require.False(t, of("mysql").Postgres())
	require.False(t, of("").Postgres(), "of an older stack")
}

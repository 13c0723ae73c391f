package stages

import (
	"cdcpipeline/rehearsal/report"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryPartAndStageHasANameOfItsOwn(t *testing.T) {
	parts := map[string]bool{}
	for _, p := range append(slices.Clone(Full), Basic, Look, AllFaults, Dashboard) {
		require.NotEmpty(t, p.Name)
		require.Falsef(t, parts[p.Name], "two parts are named %s", p.Name)
		parts[p.Name] = true
		require.Truef(t, strings.HasSuffix(p.Shows, ".") && strings.Count(p.Shows, ".") == 1, "%s says in one sentence what it shows: %s", p.Name, p.Shows)
		require.NotEmpty(t, p.Stages)
		seen := map[string]bool{}
		for _, s := range append(slices.Clone(begin), p.Stages...) {
			require.NotEmpty(t, s.Name, p.Name)
			require.NotNil(t, s.Run, s.Name)
			require.Falsef(t, seen[s.Name], "%s has two stages %s", p.Name, s.Name)
			seen[s.Name] = true
		}
	}
}

func TestEveryCheckIsMadeByExactlyOnePart(t *testing.T) {
	by := map[string][]string{}
	for _, p := range Full {
		for _, s := range p.Stages {
			for _, path := range s.Reports {
				if name, found := strings.CutPrefix(path, "checks."); found {
					by[name] = append(by[name], p.Name)
				}
			}
		}
	}
	require.Equal(t, map[string][]string{
		"policy_in_engine": {"lifecycle"}, "grant_removed": {"lifecycle"}, "permission_taken_away": {"lifecycle"}, "operator": {"lifecycle"}, "task_change": {"lifecycle"}, "table_added": {"lifecycle"},
		"rotation": {"lifecycle"}, "registry_taken_over": {"lifecycle"}, "domain_replaced": {"lifecycle"}, "names_pinned": {"lifecycle"}, "turned_into_prod": {"lifecycle"}, "half_destroyed": {"lifecycle"}, "adopted": {"lifecycle"}, "preflight": {"account"}, "account_roles": {"account"}, "first_deployment": {"account"}, "conformance": {"account"},
		"replay": {"rows"}, "closed_index": {"rows"}, "epochs": {"rows"}, "column_added": {"rows"}, "ddl": {"rows"}, "lake_in_trino": {"rows"}, "any_table": {"rows"}, "foreign_keys": {"rows"}, "lake_tables": {"tables"}, "row_erased": {"tables"}, "serverless_task": {"serverless"}, "serverless_change": {"serverless"}, "switch_dms": {"serverless"}, "switch_search": {"serverless"}, "faults": {"faults"}, "faults_in_turn": {"faults"}, "another_source": {"sources"},
		"source_killed": {"sources"}, "up_while_down": {"sources"}, "source_removed": {"sources"}, "wrong_in_yaml": {"languages"},
	}, by)
}

// A stage that needs a deployed stack needs an up before it; one that compares with the journals needs rows.
func TestWhatAStageReliesOnIsInThePartBeforeIt(t *testing.T) {
	rowless := []string{rows.Name, schedulesRun.Name, alarmsWatched.Name, "what is assumed of AWS, held and broken"}
	alone := []string{"tables for faults", previewMinimal.Name, "preview of each combination of kinds", previewProd.Name, preview.Name, "policies in the engine", "names of the baseline", "preflight: each check broken once", "account roles: absent, present, again", "everything adopted", "plugin and language host", "wrong inputs in YAML", "a stream and a lake in YAML", "the whole pipeline in YAML", "the whole pipeline in TypeScript", "what is searched in Python"}
	for _, p := range append(slices.Clone(Full), Basic, Look, AllFaults, Dashboard) {
		position := func(name string) int {
			return slices.IndexFunc(p.Stages, func(s Stage) bool { return s.Name == name || name == firstUp.Name && strings.HasPrefix(s.Name, "up ") })
		}
		for i, s := range p.Stages {
			if strings.HasPrefix(s.Name, "up") || slices.Contains(alone, s.Name) {
				continue
			}
			require.Truef(t, position(firstUp.Name) >= 0 && position(firstUp.Name) < i, "%s: %s comes before any up", p.Name, s.Name)
			if !slices.Contains(rowless, s.Name) && (s.Name != destroy.Name || position(rows.Name) >= 0) {
				require.Truef(t, position(rows.Name) >= 0 && position(rows.Name) < i, "%s: %s comes before any rows", p.Name, s.Name)
			}
			if d := position(destroy.Name); d >= 0 {
				require.LessOrEqualf(t, i, d, "%s: %s comes when all is destroyed", p.Name, s.Name)
			}
		}
		if position(firstUp.Name) >= 0 && p.Name != Look.Name {
			require.GreaterOrEqualf(t, position(destroy.Name), 0, "%s leaves its stack", p.Name)
		}
	}
}

func TestAllPartsTogetherReportWhatTheBasicOneDoes(t *testing.T) {
	reported := map[string]bool{}
	for _, p := range Full {
		for _, s := range p.Stages {
			for _, path := range s.Reports {
				reported[path] = true
			}
		}
	}
	for _, s := range Basic.Stages {
		for _, path := range s.Reports {
			require.Truef(t, reported[path], "no part of the full rehearsal reports %s", path)
		}
	}
}

func TestAnUnknownPartIsRefusedWithTheNames(t *testing.T) {
	_, err := Named("fault")
	require.EqualError(t, err, `there is no part "fault": choose one of lifecycle, account, rows, tables, serverless, faults, sources, languages`)
	p, err := Named("faults")
	require.NoError(t, err)
	require.Equal(t, "faults", p.Name)
}

func TestOnlyTakesStagesByAPieceOfTheirNames(t *testing.T) {
	names := func(p Part) (found []string) {
		for _, s := range p.Stages {
			found = append(found, s.Name)
		}
		return found
	}
	whole := len(Full[0].Stages)
	require.Equal(t, []string{"up of the baseline", "up over the baseline", "rows", "second up", "passwords rotated", "a destroy that fails half-way", "destroy"}, names(Full[0].Only([]string{"up", "rows", "rotated", "destroy"})))
	require.Empty(t, Full[0].Only([]string{"no such"}).Stages)
	require.Len(t, Full[0].Stages, whole, "the table stays as it is")
	require.ErrorContains(t, Each(context.Background(), Full, Options{Only: []string{"no such"}}), "no part has a stage whose name contains no such")
	require.Equal(t, []string{"full", "rows", "--count", "5", "--only", "up,rows"}, arguments(Full[2], Options{Count: 5, Only: []string{"up", "rows"}}))
}

func TestAPartSaysFirstWhatItDoesAndHowLongThatTook(t *testing.T) {
	p := Part{Name: "rows", Shows: "Rows are written."}
	for want, past := range map[string]map[string]report.Part{
		"rows: Rows are written. (not run here yet)":                nil,
		"rows: Rows are written. (it took 12 min last time)":        {"rows": {OK: true, Seconds: 700}},
		"rows: Rows are written. (it took 1 min last time)":         {"rows": {OK: true, Seconds: 4}},
		"rows: Rows are written. (it failed after 5 min last time)": {"rows": {Seconds: 300}},
	} {
		require.Equal(t, want, announce(p, past))
	}
}

func TestAPartThatFailsWritesItsResultAllTheSame(t *testing.T) {
	r, err := newRun(Options{Project: t.TempDir()})
	require.NoError(t, err)
	reached := false
	failure := r.perform(context.Background(), []Stage{
		{"first", func(context.Context, *Run) error { r.Report.Up.Seconds = 3; return nil }, []string{"up"}},
		check("a check", "one", func(context.Context, *Run) error { return errors.New("it is not so") }),
		{"second", func(context.Context, *Run) error { return errors.New("it broke") }, []string{"second_up"}},
		{"third", func(context.Context, *Run) error { reached = true; return nil }, []string{"destroy"}},
	})
	require.EqualError(t, failure, "second: it broke")
	require.False(t, reached)
	require.ErrorContains(t, r.conclude("rows", "abc", failure), "rows: second: it broke")
	path := filepath.Join(r.Cache, "rehearsal", "report.json")
	parts, err := report.Parts(path)
	require.NoError(t, err)
	part := parts["rows"]
	require.Equal(t, []any{"abc", r.Report.Date, false}, []any{part.Commit, part.Date, part.OK})
	require.Equal(t, []string{"second: it broke", "one: it is not so"}, []string{part.Problems[0], part.Problems[len(part.Problems)-1]})
	require.Len(t, part.Timeline.Stages, 3)
	page, err := os.ReadFile(filepath.Join(r.Cache, "rehearsal", "report.html"))
	require.NoError(t, err)
	require.Contains(t, string(page), "rows: second: it broke")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), `"detail": "it is not so"`)
	require.Contains(t, string(text), `"second_up"`)
	require.NotContains(t, string(text), `"destroy"`, "a stage that was not reached reports nothing")
}

func TestAnInterruptedCheckStopsThePart(t *testing.T) {
	s := check("a check", "one", func(context.Context, *Run) error { return context.Canceled })
	r, err := newRun(Options{Project: t.TempDir()})
	require.NoError(t, err)
	require.ErrorIs(t, s.Run(context.Background(), r), context.Canceled)
}

package conformance_test

import (
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/operator/conformance"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/stretchr/testify/require"
)

// made runs a probe in a world with virtual time.
func made(t *testing.T, w *world, change func(*conformance.Probe), ids ...string) (report *conformance.Report, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		db := w.open()
		p := w.probe(db)
		if change != nil {
			change(&p)
		}
		some, unknown := conformance.Named(ids...)
		require.Empty(t, unknown)
		report, err = conformance.Run(t.Context(), p, some)
		require.NoError(t, db.Close())
	})
	return report, err
}

// dropped checks that both tables are gone and that no statement followed.
func dropped(t *testing.T, w *world) {
	t.Helper()
	require.GreaterOrEqual(t, len(w.statements), 2)
	last := w.statements[len(w.statements)-2:]
	require.Equal(t, []string{"DROP TABLE IF EXISTS `cdc_conformance`.`probe_a`", "DROP TABLE IF EXISTS `cdc_conformance`.`probe_a$`"}, last)
}

func outcomes(r *conformance.Report) map[string]conformance.Outcome {
	found := map[string]conformance.Outcome{}
	for _, one := range r.Results {
		found[one.ID] = one.Outcome
	}
	return found
}

func TestAProbeIsSeenEverywhereAndLeavesNothing(t *testing.T) {
	w := newWorld(t)
	report, err := made(t, w, nil, "table-followed", "time-text", "alter-record", "load-record", "history-document", "history-ids", "lake-lines")
	require.NoError(t, err)
	for id, outcome := range outcomes(report) {
		require.Equal(t, conformance.Held, outcome, id)
	}
	require.Equal(t, 7, report.Held)
	require.Equal(t, "8.0.39 (Source distribution)", report.Versions["database"])
	require.Len(t, w.of("CREATE TABLE"), 2)
	require.Len(t, w.of("ALTER TABLE"), 1)
	dropped(t, w)
	loads := strings.Fields(w.forgotten[0])[1]
	require.Equal(t, []string{"cdc_conformance.probe_a " + loads, "cdc_conformance.probe_a$ 1"}, w.forgotten)
	require.Empty(t, w.documents)
	last := w.calls[len(w.calls)-1]
	require.Contains(t, last, "_search")
	require.Contains(t, last, report.Evidence.Run)
	require.Contains(t, last, `"metadata.table-name":["probe_a","probe_a$"]`)
	require.Contains(t, strings.Join(report.Left, "\n"), "aws s3 rm --recursive 's3://lake/raw/schema=cdc_conformance/table=probe_a%24/'")
}

func TestAProbeOfACollectionIsOfItsOneIndex(t *testing.T) {
	inCollection := func(p *conformance.Probe) {
		p.History.FoundAfter, p.History.Index = opensearch.FoundInCollection, "retail-trans"
	}
	w := newWorld(t)
	for i := range w.recorded.History {
		w.recorded.History[i].Index = "retail-trans"
	}
	report, err := made(t, w, inCollection, "time-text", "alter-record", "load-record", "history-index", "history-ids", "history-document")
	require.NoError(t, err)
	require.Equal(t, map[string]conformance.Outcome{"time-text": conformance.Held, "alter-record": conformance.Held, "load-record": conformance.Held, "history-index": conformance.Held, "history-document": conformance.Held}, outcomes(report), "nobody but the collection gives ids")
	calls := strings.Join(w.calls, "\n")
	require.NotContains(t, calls, "_bulk")
	require.Contains(t, calls, "DELETE /retail-trans/_doc/")
	report, err = made(t, newWorld(t), inCollection, "history-index")
	require.NoError(t, err)
	require.Equal(t, conformance.NotHeld, outcomes(report)["history-index"], "a dated one is none of a collection")
	_, err = made(t, newWorld(t), inCollection, "history-ids")
	require.ErrorContains(t, err, "--only history-ids: leave it out")
}

func TestAProbeDoesNoMoreThanIsAskedFor(t *testing.T) {
	w := newWorld(t)
	w.refuse = func(what string) error {
		if what == "load" {
			t.Error("nobody asks for loaded rows")
		}
		return nil
	}
	report, err := made(t, w, nil, "time-text")
	require.NoError(t, err)
	require.Equal(t, 1, report.Held)
	require.Empty(t, w.of("ALTER TABLE"))
	require.Empty(t, report.Evidence.History)
	require.Empty(t, report.Evidence.Lake)
}

// A shard may be read later than the shard with the last row.
func TestARowThatIsLateIsWaitedFor(t *testing.T) {
	w := newWorld(t)
	w.late = "values"
	report, err := made(t, w, nil, "time-text", "alter-record")
	require.NoError(t, err)
	require.Equal(t, 2, report.Held)
	for _, a := range report.Evidence.Stream {
		require.Equal(t, strings.Contains(a.Data, `"later"`), a.Step == "alter", a.Data)
	}
}

// DMS and Firehose deliver at least once. A copy must not count as a missing record.
func TestWhatComesTwiceIsNotTakenForTheRest(t *testing.T) {
	w := newWorld(t)
	w.again = true
	report, err := made(t, w, nil, "history-document", "lake-lines")
	require.NoError(t, err)
	var texts []string
	for _, l := range report.Evidence.Lake {
		texts = append(texts, l.Text)
	}
	for _, l := range w.recorded.Lake {
		require.True(t, slices.Contains(texts, w.mine(l.Text)), l.Text)
	}
	require.Len(t, report.Evidence.History, len(w.recorded.History)*3/2)
}

// A row that is loaded again must not count as a missing row.
func TestWhatIsLoadedAgainIsNotTakenForTheRest(t *testing.T) {
	w := newWorld(t)
	w.behind = "named"
	report, err := made(t, w, nil, "alter-record", "load-key", "lake-folder")
	require.NoError(t, err)
	require.NotEqual(t, conformance.NotSeen, outcomes(report)["lake-folder"], "the world has one folder")
}

func TestWhatDoesNotComeIsNotSeen(t *testing.T) {
	w := newWorld(t)
	w.silent = true
	report, err := made(t, w, nil)
	require.NoError(t, err)
	require.Equal(t, len(conformance.Assumptions()), report.NotSeen)
	dropped(t, w)
	require.Empty(t, w.forgotten, "what still comes would make it again")
	require.Contains(t, strings.Join(report.Left, "\n"), "documents that still arrive in the history")
	require.Contains(t, strings.Join(report.Left, "\n"), "the current index of cdc_conformance.probe_a$: records of the table may still come and would make the index again")
}

func TestARefusedLoadLeavesTheRestToBeJudged(t *testing.T) {
	w := newWorld(t)
	w.refuse = func(what string) error {
		if what == "load" {
			return errors.New("the task loads nothing")
		}
		return nil
	}
	report, err := made(t, w, nil, "time-text", "load-key")
	require.NoError(t, err)
	require.Equal(t, map[string]conformance.Outcome{"time-text": conformance.Held, "load-key": conformance.NotSeen}, outcomes(report))
}

func TestTablesAreDroppedWhateverEndsTheProbe(t *testing.T) {
	w := newWorld(t)
	w.refuse = func(string) error { return &types.ResourceNotFoundException{} }
	_, err := made(t, w, nil)
	var missing *types.ResourceNotFoundException
	require.ErrorAs(t, err, &missing)
	dropped(t, w)

	w = newWorld(t)
	w.silent = true
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Second, cancel)
		db := w.open()
		began := time.Now()
		_, err = conformance.Run(ctx, w.probe(db), conformance.Assumptions())
		require.ErrorIs(t, err, context.Canceled)
		require.Less(t, time.Since(began), time.Minute)
		require.NoError(t, db.Close())
	})
	dropped(t, w)
}

func TestTablesAreKeptOnDemand(t *testing.T) {
	w := newWorld(t)
	report, err := made(t, w, func(p *conformance.Probe) { p.Keep = true }, "time-text")
	require.NoError(t, err)
	require.NotContains(t, w.statements[len(w.statements)-1], "DROP")
	require.NotContains(t, strings.Join(w.calls, "\n"), "_bulk")
	require.Contains(t, strings.Join(report.Left, "\n"), "the tables cdc_conformance.probe_a and cdc_conformance.probe_a$")
}

func TestATableOfSomebodyElsesIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	w.comments["probe_a$"] = "orders"
	report, err := made(t, w, nil)
	require.Nil(t, report)
	require.ErrorContains(t, err, "there is already a table cdc_conformance.probe_a$, which this command did not make: give another name with --table")
	require.Empty(t, w.statements)
}

func TestTablesThatAnEarlierProbeLeftAreMadeAnew(t *testing.T) {
	w := newWorld(t)
	w.comments["probe_a"] = "made by cdc conformance, which drops it"
	_, err := made(t, w, nil, "time-text")
	require.NoError(t, err)
	require.Contains(t, w.statements[0], "DROP TABLE IF EXISTS `cdc_conformance`.`probe_a`")
	require.Contains(t, w.statements[2], "CREATE TABLE")
}

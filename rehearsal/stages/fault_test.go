package stages

import (
	"cdcpipeline/rehearsal/report"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestThereAreFaultsOfEachKindAndEachSaysWhatItDoes(t *testing.T) {
	all := faults()
	require.GreaterOrEqual(t, len(all), 25)
	require.Len(t, shortFaults(), 8)
	names := map[string]bool{}
	for i, f := range all {
		require.NotContains(t, names, f.name)
		names[f.name] = true
		require.Regexp(t, `^[a-z0-9]+(-[a-z0-9]+)*$`, f.name)
		require.Regexp(t, `\.$`, f.what, f.name)
		require.True(t, (f.inject == nil) != (f.last == nil), "%s is broken in one way", f.name)
		require.Less(t, f.lasts, faultLimit, f.name)
		require.True(t, f.last == nil || i == len(all)-1, "%s ends the stack: nothing comes after it", f.name)
	}
}

func TestARoundOfFaultsGoesOnWhereItWasInterrupted(t *testing.T) {
	r := &Run{Cache: t.TempDir(), commit: "abc"}
	kept, err := readFaultRuns(r)
	require.NoError(t, err)
	all := faults()
	require.Equal(t, len(all), len(kept.left(all)))
	well := func(f fault) report.FaultRun { return report.FaultRun{Name: f.name, Written: 1} }
	require.NoError(t, kept.keep(well(all[0])))
	require.NoError(t, kept.keep(report.FaultRun{Name: all[1].name, Written: 1, Lost: 1}))

	kept, err = readFaultRuns(r)
	require.NoError(t, err)
	left := kept.left(all)
	require.Len(t, left, len(all)-1)
	require.Equal(t, all[1].name, left[0].name, "what was not survived is tried again")
	require.Equal(t, []report.FaultRun{well(all[0]), {Name: all[1].name, Written: 1, Lost: 1}}, kept.runs())

	require.NoError(t, kept.keep(well(all[1])))
	require.Len(t, kept.runs(), 2, "an outcome replaces the former one")
	r.commit = "abcd"
	kept, err = readFaultRuns(r)
	require.NoError(t, err)
	require.Len(t, kept.left(all), len(all), "what another commit survived says nothing of this one")
	r.since = "abc"
	kept, err = readFaultRuns(r)
	require.NoError(t, err)
	require.Len(t, kept.left(all), len(all)-2, "unless it is told to count")
	for _, f := range all {
		require.NoError(t, kept.keep(well(f)))
	}
	require.Len(t, kept.left(all), len(all), "after a whole round another one begins")
}

func TestAFileOfFaultsThatCannotBeReadIsNamed(t *testing.T) {
	r := &Run{Cache: t.TempDir()}
	path := r.results("faults.json")
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, err := readFaultRuns(r)
	require.ErrorContains(t, err, "remove it to begin a new round")
}

// told has alarms that fire at the nth query.
type told struct {
	asked, fires int
	awaited      string
}

func (a *told) Fired() map[string]int {
	a.asked++
	counts := map[string]int{"cdc-behind": 2, "cdc-data-at-risk": 0}
	if a.asked >= a.fires {
		counts["cdc-behind"]++
	}
	return counts
}

func (a *told) Await(_ context.Context, _ func(string) bool, value string, _ time.Duration) error {
	a.awaited = value
	return nil
}

func TestAFaultsAlarmHasToFireSinceItBegan(t *testing.T) {
	a := &told{fires: 3}
	w := &watchedAlarm{of: a, name: ending("behind"), before: a.Fired()}
	name, fired, err := w.fired(t.Context())
	require.NoError(t, err)
	require.True(t, fired)
	require.Equal(t, "cdc-behind", name)
	require.NoError(t, w.silent(t.Context()))
	require.Equal(t, "OK", a.awaited)
}

func TestAFaultThatNobodyHasToMendTellsNobody(t *testing.T) {
	calm := &watchedAlarm{of: &told{fires: 9}, before: map[string]int{"cdc-behind": 2, "cdc-data-at-risk": 0}}
	name, fired, err := calm.fired(t.Context())
	require.NoError(t, err)
	require.False(t, fired)
	require.Empty(t, name)
	require.NoError(t, calm.silent(t.Context()))
	calm.before["cdc-data-at-risk"] = -1
	require.ErrorContains(t, calm.silent(t.Context()), "cdc-data-at-risk has fired")
}

func TestAtLeast25FaultsNameTheirAlarm(t *testing.T) {
	named := slices.DeleteFunc(faults(), func(f fault) bool { return f.alarm == nil })
	require.GreaterOrEqual(t, len(named), 25)
}

func TestChangesOfARowAreOrderedByVersion(t *testing.T) {
	got := inOrder([]versioned{{3, "delete"}, {1, "insert"}, {2, "update"}, {1, "insert"}})
	require.Equal(t, []string{"insert", "update", "delete"}, got)
	require.True(t, slices.Equal([]string{}, inOrder(nil)))
	require.True(t, holds([]string{"a", "b", "c"}, []string{"b", "c"}))
	require.True(t, holds([]string{"a"}, []string{"a"}))
	require.False(t, holds([]string{"a", "b", "c"}, []string{"a", "c"}))
	require.False(t, holds([]string{"a"}, []string{"a", "b"}))
}

func TestTheMiddleOfAShardIsInIt(t *testing.T) {
	m, err := middle("0", "340282366920938463463374607431768211455")
	require.NoError(t, err)
	require.Equal(t, "170141183460469231731687303715884105727", m)
	_, err = middle("x", "1")
	require.Error(t, err)
}

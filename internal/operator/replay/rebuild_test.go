package replay

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/table"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// epochs imitates the epochs of shop.orders. calls records its calls in order.
type epochs struct {
	currentstate.Source
	all   []currentstate.Epoch
	shown int
	since time.Time
	calls []string
}

func (e *epochs) Current(_ context.Context, n table.Name) (currentstate.TableEpochs, error) {
	return currentstate.TableEpochs{Name: n, Epochs: e.all, Current: e.shown}, nil
}

func (e *epochs) BeginFrom(_ context.Context, _ table.Name, from time.Time) (currentstate.Epoch, error) {
	e.calls = append(e.calls, "begin")
	e.all = append(e.all, currentstate.Epoch{Number: e.all[len(e.all)-1].Number + 1, Since: e.since, From: &from})
	return e.all[len(e.all)-1], nil
}

func (e *epochs) Await(context.Context, currentstate.Epoch) error {
	e.calls = append(e.calls, "await")
	return nil
}

func (e *epochs) Advance(_ context.Context, _ table.Name, number int) error {
	e.calls = append(e.calls, "switch")
	e.shown = number
	return nil
}

func TestAnEpochIsFilledUntilItEqualsTheSourceAndThenShown(t *testing.T) {
	b, into := newBucket(), newTarget()
	e := &epochs{all: []currentstate.Epoch{{Number: 1}, {Number: 2, Since: at(8, 0)}}, shown: 2, since: time.Now()}
	b.deliver("former.gz", at(7, 0), insert(1, at(7, 0)))
	b.deliver("x.gz", at(8, 0), insert(2, at(7, 59)), insert(3, at(8, 0)))
	compared := 0
	r := Rebuild{Epochs: e, Target: into, Lake: b.lake(), Every: time.Millisecond, Differing: func(_ context.Context, _ table.Name, epoch int) (int64, error) {
		require.Equal(t, 3, epoch)
		if compared++; compared == 1 {
			b.deliver("late.gz", at(9, 0), insert(4, at(8, 59)))
			return 1, nil
		}
		return 0, nil
	}}
	sum, err := r.Run(t.Context(), orders)
	require.NoError(t, err)
	require.Equal(t, []string{"3", "4"}, into.got(3), "none of the epoch before the shown one")
	require.Equal(t, int64(2), sum.Applied)
	require.Equal(t, []string{"begin", "await", "switch"}, e.calls)
	require.Equal(t, 2, compared)
}

func TestAnEpochThatDiffersIsNotShown(t *testing.T) {
	b := newBucket()
	e := &epochs{all: []currentstate.Epoch{{Number: 1}}, shown: 1, since: time.Now().Add(-time.Hour)}
	r := Rebuild{Epochs: e, Target: newTarget(), Lake: b.lake(), Every: time.Millisecond, Differing: func(context.Context, table.Name, int) (int64, error) {
		return 5, nil
	}}
	_, err := r.Run(t.Context(), orders)
	require.ErrorContains(t, err, "epoch 2 of shop.orders is not shown: 5 rows")
	require.Equal(t, 1, e.shown)
}

func TestAnInterruptedRebuildGoesOnWithItsEpoch(t *testing.T) {
	dir, b, into := t.TempDir(), newBucket(), newTarget()
	b.deliver("x.gz", at(8, 0), insert(1, at(8, 0)))
	e := &epochs{all: []currentstate.Epoch{{Number: 1}}, shown: 1, since: time.Now()}
	j := journal(t, dir)
	r := Rebuild{Epochs: e, Target: into, Lake: b.lake(), Options: Options{Journal: j}, Differing: func(context.Context, table.Name, int) (int64, error) {
		return 0, errors.New("the source is away")
	}}
	_, err := r.Run(t.Context(), orders)
	require.ErrorContains(t, err, "the source is away")
	require.NoError(t, j.Close())

	j = journal(t, dir)
	r.Options.Journal = j
	r.Differing = func(context.Context, table.Name, int) (int64, error) { return 0, nil }
	sum, err := r.Run(t.Context(), orders)
	require.NoError(t, err)
	require.Equal(t, 1, sum.ObjectsDone)
	require.Equal(t, []string{"begin", "await", "await", "switch"}, e.calls)
	require.Equal(t, 2, e.shown)
	require.NoError(t, j.Remove())

	// After one rebuild, the next one reads the same objects again, because the new epoch begins at the same time.
	b.deliver("y.gz", at(9, 0), insert(2, at(9, 0)))
	r.Options.Journal = nil
	sum, err = r.Run(t.Context(), orders)
	require.NoError(t, err)
	require.Equal(t, 2, sum.Objects)
	require.Equal(t, []string{"1", "2"}, into.got(3))
}

func TestATableThatIsShownIsNotRebuiltAgainByTheSameReplay(t *testing.T) {
	b, j := newBucket(), journal(t, t.TempDir())
	e := &epochs{all: []currentstate.Epoch{{Number: 1}}, shown: 1, since: time.Now()}
	r := Rebuild{Epochs: e, Target: newTarget(), Lake: b.lake(), Options: Options{Journal: j}, Differing: func(context.Context, table.Name, int) (int64, error) { return 0, nil }}
	for range 2 {
		_, err := r.Run(t.Context(), orders)
		require.NoError(t, err)
	}
	require.Equal(t, []string{"begin", "await", "switch"}, e.calls)
	require.NoError(t, j.Remove())
}

func TestAnEpochThatSomebodyElseIsFillingIsNotReadAsIfItWereWhole(t *testing.T) {
	e := &epochs{all: []currentstate.Epoch{{Number: 1}, {Number: 2, Since: at(8, 0)}}, shown: 1}
	_, err := Rebuild{Epochs: e, Target: newTarget(), Lake: newBucket().lake()}.Run(t.Context(), orders)
	require.ErrorContains(t, err, "current-shop-orders shows epoch 1, but epoch 2 is the latest")
	require.Empty(t, e.calls)
}

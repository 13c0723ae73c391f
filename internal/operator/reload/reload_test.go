package reload

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/table"
	"cdcpipeline/internal/task"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	ledger  = table.Name{Database: "shop", Table: "ledger"}
	orders  = table.Name{Database: "shop", Table: "orders"}
	noon    = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	errAway = errors.New("the domain is away")
)

// fake imitates a task, the epochs of some tables and a comparison. It records the order of calls.
type fake struct {
	currentstate.Source
	calls   []string
	tables  []currentstate.TableEpochs
	stopped time.Time
	// fail maps the beginning of a call to the error that it returns. interrupt is the beginning of a call before which
	// the caller's context ends.
	fail      map[string]error
	interrupt string
	cancel    context.CancelFunc
	// different counts differing rows by table. waits holds the wait of each comparison.
	different map[table.Name]int64
	waits     []time.Duration
	told      []string
	since     []string
}

// of returns a fake with some tables. Each has one epoch, which its alias shows.
func of(names ...table.Name) *fake {
	f := &fake{}
	for _, n := range names {
		f.tables = append(f.tables, currentstate.TableEpochs{Name: n, Current: 1, Epochs: []currentstate.Epoch{{Number: 1, Key: []string{"id"}, Binlog: "bin"}}})
	}
	return f
}

func (f *fake) call(ctx context.Context, format string, args ...any) error {
	call := fmt.Sprintf(format, args...)
	f.calls = append(f.calls, call)
	if f.interrupt != "" && strings.HasPrefix(call, f.interrupt) {
		f.cancel()
	}
	for prefix, err := range f.fail {
		if strings.HasPrefix(call, prefix) {
			return err
		}
	}
	return ctx.Err()
}

func (f *fake) Ready(ctx context.Context, tables []string) error {
	return f.call(ctx, "ready %s", strings.Join(tables, " "))
}

func (f *fake) Reload(ctx context.Context, tables []string) (task.Loads, error) {
	if err := f.call(ctx, "reload %s", strings.Join(tables, " ")); err != nil {
		return nil, err
	}
	return task.Loads{tables[0]: noon}, nil
}

func (f *fake) Halt(ctx context.Context) (time.Time, error) { return f.stopped, f.call(ctx, "halt") }
func (f *fake) Fresh(ctx context.Context) error             { return f.call(ctx, "fresh") }

func (f *fake) Anew(ctx context.Context, tables []string) (task.Loads, error) {
	if err := f.call(ctx, "anew %s", strings.Join(tables, " ")); err != nil {
		return nil, err
	}
	return task.Loads{}, nil
}

func (f *fake) Loaded(ctx context.Context, _ task.Loads) error { return f.call(ctx, "loaded") }

func (f *fake) List(ctx context.Context) ([]currentstate.TableEpochs, error) {
	return f.tables, f.call(ctx, "list")
}

func (f *fake) table(n table.Name) *currentstate.TableEpochs {
	for i := range f.tables {
		if f.tables[i].Name == n {
			return &f.tables[i]
		}
	}
	return nil
}

func (f *fake) Current(_ context.Context, n table.Name) (currentstate.TableEpochs, error) {
	t := f.table(n)
	if t == nil {
		return currentstate.TableEpochs{}, fmt.Errorf("table %s: %w", n, currentstate.ErrNoEpochs)
	}
	clone := *t
	clone.Epochs = append([]currentstate.Epoch{}, t.Epochs...)
	return clone, nil
}

func (f *fake) Begin(ctx context.Context, n table.Name) (currentstate.Epoch, error) {
	if err := f.call(ctx, "begin %s", n); err != nil {
		return currentstate.Epoch{}, err
	}
	t := f.table(n)
	e := currentstate.Epoch{Number: t.Latest().Number + 1, Since: noon.Add(time.Minute)}
	t.Epochs = append(t.Epochs, e)
	return e, nil
}

func (f *fake) Await(ctx context.Context, e currentstate.Epoch) error {
	return f.call(ctx, "await %d", e.Number)
}

func (f *fake) Advance(ctx context.Context, n table.Name, number int) error {
	if err := f.call(ctx, "switch %s %d", n, number); err != nil {
		return err
	}
	f.table(n).Current = number
	return nil
}

func (f *fake) compare(ctx context.Context, n table.Name, epoch int, wait time.Duration) (int64, error) {
	f.waits = append(f.waits, wait)
	return f.different[n], f.call(ctx, "compare %s %d", n, epoch)
}

func (f *fake) counts(table string, at time.Time) {
	f.since = append(f.since, table+" "+at.Format("15:04"))
}

func (f *fake) reload() Reload {
	return Reload{Task: f, Epochs: f, Compare: f.compare, Since: f.counts, Tell: func(format string, args ...any) { f.told = append(f.told, fmt.Sprintf(format, args...)) }}
}

// some reloads some tables, or all if none is named.
func (f *fake) some(t *testing.T, names ...table.Name) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f.cancel = cancel
	if len(names) == 0 {
		return f.reload().All(ctx, func(table string) bool { return table != "gone.table" })
	}
	return f.reload().Tables(ctx, names)
}

func TestATableIsLoadedIntoANewEpochWhileTheTaskRuns(t *testing.T) {
	f := of(ledger, orders)
	require.NoError(t, f.some(t, ledger, orders, ledger))
	require.Equal(t, []string{
		"ready shop.ledger shop.orders shop.ledger", "begin shop.ledger", "begin shop.orders", "await 2", "await 2", "reload shop.ledger shop.orders shop.ledger", "loaded",
		"compare shop.ledger 2", "switch shop.ledger 2", "compare shop.orders 2", "switch shop.orders 2",
	}, f.calls)
	told := strings.Join(f.told, "\n")
	require.Contains(t, told, "shop.ledger: current-shop-ledger now shows epoch 2; epoch 1 stays: `cdc epoch rollback --table shop.ledger` goes back to it")
	require.Equal(t, []string{"shop.ledger 12:01", "shop.orders 12:01"}, f.since)
}

func TestTheTaskIsStoppedBeforeEpochsBeginAndStartedAfter(t *testing.T) {
	f := of(ledger, orders, table.Name{Database: "gone", Table: "table"})
	require.NoError(t, f.some(t))
	require.Equal(t, []string{
		"list", "halt", "begin shop.ledger", "begin shop.orders", "await 2", "await 2", "anew shop.ledger shop.orders", "loaded",
		"compare shop.ledger 2", "switch shop.ledger 2", "compare shop.orders 2", "switch shop.orders 2",
	}, f.calls)
	require.Equal(t, []string{"%.% 12:01"}, f.since)
}

func TestTheNextTaskLoadsWhileThePresentOneGoesOn(t *testing.T) {
	f := of(ledger, table.Name{Database: "gone", Table: "table"})
	require.NoError(t, f.reload().Next(t.Context(), func(table string) bool { return table != "gone.table" }))
	require.Equal(t, []string{"list", "fresh", "begin shop.ledger", "await 2", "anew shop.ledger", "loaded", "compare shop.ledger 2", "switch shop.ledger 2"}, f.calls)
	require.Equal(t, []string{"%.% 12:01"}, f.since, "for a task that was stopped for too long")

	f = of(ledger)
	f.fail = map[string]error{"fresh": errors.New("it has run before")}
	require.ErrorContains(t, f.reload().Next(t.Context(), func(string) bool { return true }), "it has run before")
	require.Equal(t, []string{"list", "fresh"}, f.calls, "nothing is begun")
}

func TestATableWithoutEpochsIsJustLoaded(t *testing.T) {
	f := of()
	require.NoError(t, f.some(t, ledger))
	require.Equal(t, []string{"ready shop.ledger", "reload shop.ledger", "loaded"}, f.calls)
	f = of()
	require.NoError(t, f.some(t))
	require.Equal(t, []string{"list", "halt", "anew ", "loaded"}, f.calls)
}

func TestNothingIsComparedOnDemand(t *testing.T) {
	f := of(ledger)
	r := f.reload()
	r.Compare = nil
	require.NoError(t, r.Tables(t.Context(), []table.Name{ledger}))
	require.Equal(t, []string{"ready shop.ledger", "begin shop.ledger", "await 2", "reload shop.ledger", "loaded", "switch shop.ledger 2"}, f.calls)
}

// with returns a fake whose latest epoch is as the last reload left it.
func with(e currentstate.Epoch, stopped time.Time) *fake {
	f := of(ledger)
	e.Number = 2
	f.tables[0].Epochs = append(f.tables[0].Epochs, e)
	f.stopped = stopped
	return f
}

func TestAnEpochInWhichNothingArrivedIsFilledFirst(t *testing.T) {
	one, all := []table.Name{ledger}, []table.Name(nil)
	empty := currentstate.Epoch{Since: noon}
	for name, c := range map[string]struct {
		fake  *fake
		names []table.Name
		shown int
	}{
		"empty":                      {with(empty, time.Time{}), one, 2},
		"records have come":          {with(currentstate.Epoch{Since: noon, Key: []string{"id"}}, time.Time{}), one, 3},
		"began after the task ended": {with(empty, noon.Add(-time.Second)), all, 2},
		"began while the task ran":   {with(empty, noon.Add(time.Second)), all, 3},
		"the task never ran":         {with(empty, time.Time{}), all, 3},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, c.fake.some(t, c.names...))
			require.Equal(t, c.shown, c.fake.table(ledger).Current)
		})
	}
	f := with(empty, time.Time{})
	f.tables[0].Current = 2 // the alias no longer shows the rows of the former epoch
	require.NoError(t, f.some(t, ledger))
	require.Equal(t, 3, f.table(ledger).Current)
}

func TestWhatEndsEarlySaysHowItIsLeftAndWhatGoesOn(t *testing.T) {
	const still = "\ncurrent-shop-ledger still shows epoch 1, with the rows as of 2026-11-23T12:01:00Z; epoch 2 "
	const filling = still + "is filling: when it is loaded, run `cdc epoch switch --table shop.ledger` to compare and show it"
	one, all := []table.Name{ledger}, []table.Name(nil)
	for name, c := range map[string]struct {
		fake  func(*fake)
		names []table.Name
		err   string
	}{
		"no such table":        {func(f *fake) { f.fail = map[string]error{"ready": errAway} }, one, "the domain is away"},
		"no epochs":            {func(f *fake) { f.fail = map[string]error{"list": errAway} }, all, "the domain is away"},
		"not begun":            {func(f *fake) { f.fail = map[string]error{"begin": errAway} }, one, "the domain is away"},
		"not begun, halted":    {func(f *fake) { f.fail = map[string]error{"begin": errAway} }, all, "the domain is away\nthe task is stopped: run `cdc start --reload` to go on"},
		"interrupted":          {func(f *fake) { f.interrupt = "await" }, one, "context canceled" + still + "has only changes: run `cdc start --reload-table shop.ledger` to fill it"},
		"interrupted, halted":  {func(f *fake) { f.interrupt = "await" }, all, "context canceled\nthe task is stopped: run `cdc start --reload` to go on" + still + "is empty"},
		"refused":              {func(f *fake) { f.fail = map[string]error{"reload": errAway} }, one, "the domain is away" + still + "has only changes: run `cdc start --reload-table shop.ledger` to fill it"},
		"not started":          {func(f *fake) { f.fail = map[string]error{"anew": errAway} }, all, "the domain is away\nthe task is stopped: run `cdc start --reload` to go on" + still + "is empty"},
		"while it loads":       {func(f *fake) { f.interrupt = "loaded" }, one, "context canceled" + filling},
		"while all load":       {func(f *fake) { f.interrupt = "loaded" }, all, "context canceled" + filling},
		"while it is compared": {func(f *fake) { f.interrupt = "compare" }, one, "context canceled" + filling},
		"not switched":         {func(f *fake) { f.fail = map[string]error{"switch": errAway} }, one, "the domain is away" + filling},
		"rows differ":          {func(f *fake) { f.different = map[table.Name]int64{ledger: 3} }, one, "shop.ledger: 3 rows of epoch 2 differ from the database" + still + "is not shown: run `cdc epoch switch --table shop.ledger` to compare again, or `cdc start --reload-table shop.ledger` to load it again"},
		"no epoch shown":       {func(f *fake) { f.tables[0].Current = 0; f.interrupt = "loaded" }, one, "current-shop-ledger shows no epoch; epoch 2 is filling"},
		"an earlier one unshown": {func(f *fake) {
			f.tables = with(currentstate.Epoch{Since: noon, Key: []string{"id"}}, noon).tables
			f.interrupt = "loaded"
		}, one, "current-shop-ledger still shows epoch 1, with the rows as of 2026-11-23T12:00:00Z; epoch 3 is filling"},
		"fails to compare at all": {func(f *fake) { f.fail = map[string]error{"compare": errAway} }, one, "the domain is away" + still + "is not shown: run `cdc epoch switch --table shop.ledger` to compare again, or with --no-compare to show it without a comparison"},
	} {
		t.Run(name, func(t *testing.T) {
			f := of(ledger)
			c.fake(f)
			err := f.some(t, c.names...)
			if strings.HasPrefix(c.err, "current-") {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.EqualError(t, err, c.err)
			require.Equal(t, 1, f.table(ledger).Current)
		})
	}
}

func TestATableThatDiffersHoldsUpNoOther(t *testing.T) {
	f := of(ledger, orders)
	f.different = map[table.Name]int64{ledger: 3}
	err := f.some(t)
	require.ErrorContains(t, err, "shop.ledger: 3 rows of epoch 2 differ")
	require.NotContains(t, err.Error(), "shop-orders")
	require.Equal(t, 1, f.table(ledger).Current)
	require.Equal(t, 2, f.table(orders).Current)
}

func TestTablesShareTheTimeThatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := of(ledger, orders)
		ctx, cancel := context.WithTimeout(t.Context(), 70*time.Second)
		defer cancel()
		require.NoError(t, f.reload().Tables(ctx, []table.Name{ledger, orders}))
		require.Equal(t, []time.Duration{30 * time.Second, time.Minute}, f.waits)
		require.Equal(t, time.Hour, share(t.Context(), 2))
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.Zero(t, share(hasty, 2))
	})
}

// Package reload loads tables again and keeps the present state of their rows available. Each table is loaded into a
// new epoch with its own index. The index is compared with the source before the table's alias shows it. Until then the
// alias shows the rows as they were when the new epoch began.
//
// If a reload ends early, its error names the state of each table and the command that continues. A repeated start
// fills an epoch that has no record yet, instead of beginning another one.
package reload

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/table"
	"cdcpipeline/internal/task"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Task is the replication task. [task.Task] implements it.
type Task interface {
	Ready(ctx context.Context, tables []string) error
	Reload(ctx context.Context, tables []string) (task.Loads, error)
	Halt(ctx context.Context) (stopped time.Time, err error)
	Fresh(ctx context.Context) error
	Anew(ctx context.Context, tables []string) (task.Loads, error)
	Loaded(ctx context.Context, loading task.Loads) error
}

// Epochs manages the tables' epochs. [currentstate.Epochs] implements it.
type Epochs interface {
	Alias(n table.Name) string
	List(ctx context.Context) ([]currentstate.TableEpochs, error)
	Current(ctx context.Context, n table.Name) (currentstate.TableEpochs, error)
	Begin(ctx context.Context, n table.Name) (currentstate.Epoch, error)
	Await(ctx context.Context, epoch currentstate.Epoch) error
	Advance(ctx context.Context, n table.Name, number int) error
}

// Reload holds everything that a reload needs.
type Reload struct {
	Task   Task
	Epochs Epochs
	// Compare compares an epoch's index with the source and returns the number of differing rows. Until wait is over it
	// reads differing rows again. nil compares nothing.
	Compare func(ctx context.Context, n table.Name, epoch int, wait time.Duration) (different int64, err error)
	// Since receives the time from which a table's records are authoritative, after its load has begun. The pattern %.%
	// stands for every table. It may be nil.
	Since func(table string, at time.Time)
	// Tell receives one line for each event.
	Tell func(format string, args ...any)
}

// Tables loads some tables again while the task follows the others. A table without an epoch is only loaded, because no
// record of it has come yet.
func (r Reload) Tables(ctx context.Context, names []table.Name) error {
	tables := make([]string, len(names))
	for i, n := range names {
		tables[i] = n.String()
	}
	if err := r.Task.Ready(ctx, tables); err != nil {
		return err
	}
	w := &work{Reload: r, command: "cdc start --reload-table %s"}
	// The task keeps running, so records still to come are from the same source.
	if err := w.begin(ctx, names, func(currentstate.Epoch) bool { return true }); err != nil {
		return w.early(err)
	}
	err := w.finish(ctx, func() (task.Loads, error) { return r.Task.Reload(ctx, tables) })
	for _, t := range w.tables {
		if t.state != begun {
			w.since(t.Name.String(), t.Latest().Since)
		}
	}
	return err
}

// All loads every table again, from the same source or another one. It stops the task, begins the new epochs, and then
// starts the task. So no record of the former source falls into a new epoch. wanted reports which tables the task
// loads.
func (r Reload) All(ctx context.Context, wanted func(table string) bool) error {
	names, tables, err := r.listed(ctx, wanted)
	if err != nil {
		return err
	}
	stopped, err := r.Task.Halt(ctx)
	if err != nil {
		return fmt.Errorf("%w\nthe command loaded nothing; check with `cdc status` whether the task was stopped, and start it again with `cdc start`", err)
	}
	w := &work{Reload: r, command: "cdc start --reload", halted: true}
	// If an epoch began while the task ran, it may still get records of the former source.
	since := func(e currentstate.Epoch) bool { return !stopped.IsZero() && e.Since.After(stopped) }
	if err := w.begin(ctx, names, since); err != nil {
		return w.early(err)
	}
	err = w.finish(ctx, func() (task.Loads, error) {
		loading, err := r.Task.Anew(ctx, tables)
		w.halted = loading == nil
		return loading, err
	})
	// No record was made between the end of the former run and the beginning of the last epoch.
	if !w.halted {
		w.since("%.%", w.latest(stopped))
	}
	return err
}

// Next loads every table by a second task of the same source, which has never run. The present task keeps running.
// wanted reports which tables the second task loads. Both tasks write equal records of a row, so an epoch may get
// records of either.
func (r Reload) Next(ctx context.Context, wanted func(table string) bool) error {
	names, tables, err := r.listed(ctx, wanted)
	if err != nil {
		return err
	}
	if err := r.Task.Fresh(ctx); err != nil {
		return err
	}
	w := &work{Reload: r, command: "cdc start --next"}
	if err := w.begin(ctx, names, func(currentstate.Epoch) bool { return true }); err != nil {
		return w.early(err)
	}
	started := false
	err = w.finish(ctx, func() (task.Loads, error) {
		loading, err := r.Task.Anew(ctx, tables)
		started = loading != nil
		return loading, err
	})
	if started {
		w.since("%.%", w.latest(time.Time{}))
	}
	return err
}

// latest returns the time when the last new epoch begins, but not before at.
func (w *work) latest(at time.Time) time.Time {
	for _, t := range w.tables {
		if since := t.Latest().Since; since.After(at) {
			at = since
		}
	}
	return at
}

// listed returns the wanted tables that have epochs.
func (r Reload) listed(ctx context.Context, wanted func(table string) bool) (names []table.Name, tables []string, err error) {
	all, err := r.Epochs.List(ctx)
	for _, t := range all {
		if wanted(t.Name.String()) {
			names, tables = append(names, t.Name), append(tables, t.Name.String())
		}
	}
	return names, tables, err
}

func (w *work) since(table string, at time.Time) {
	if w.Since != nil && !at.IsZero() {
		w.Since(table, at)
	}
}

// work is one reload.
type work struct {
	Reload
	// command is the command that loads again. %s stands for the table.
	command string
	// halted is true if the task was stopped and not started yet.
	halted bool
	tables []*passage
}

// passage is the progress of one table to a new epoch.
type passage struct {
	currentstate.TableEpochs
	state state
}

type state int

const (
	begun      state = iota // nothing is loaded yet
	filling                 // it is being loaded, or is loaded
	differs                 // the comparison has found differences
	uncompared              // the comparison has failed
	shown
)

// begin begins a new epoch for each table that has epochs, and waits until all have begun. It first fills an epoch that
// is not shown and has no records, if that is allowed.
func (w *work) begin(ctx context.Context, names []table.Name, may func(currentstate.Epoch) bool) error {
	for i, n := range names {
		if slices.Contains(names[:i], n) {
			continue
		}
		epochs, err := w.Epochs.Current(ctx, n)
		if errors.Is(err, currentstate.ErrNoEpochs) {
			continue
		}
		if err != nil {
			return err
		}
		latest := epochs.Latest()
		if empty := len(latest.Key) == 0 && latest.Binlog == ""; !empty || latest.Number == epochs.Current || !may(latest) {
			if latest, err = w.Epochs.Begin(ctx, n); err != nil {
				return err
			}
			epochs.Epochs = append(epochs.Epochs, latest)
		}
		w.tables = append(w.tables, &passage{TableEpochs: epochs})
		w.Tell("%s: epoch %d begins at %s; until it is complete, %s shows epoch %d", n, latest.Number, latest.Since.Format(time.RFC3339), w.Epochs.Alias(n), epochs.Current)
	}
	for _, t := range w.tables {
		if err := w.Epochs.Await(ctx, t.Latest()); err != nil {
			return err
		}
	}
	return nil
}

// finish starts the load, waits for its end, and shows the tables that equal the source.
func (w *work) finish(ctx context.Context, load func() (task.Loads, error)) error {
	loading, err := load()
	if loading != nil {
		for _, t := range w.tables {
			t.state = filling
		}
	}
	if err == nil {
		err = w.Task.Loaded(ctx, loading)
	}
	if err != nil {
		return w.early(err)
	}
	var problems []error
	for i, t := range w.tables {
		if err := w.show(ctx, t, len(w.tables)-i); err != nil {
			problems = append(problems, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	if len(problems) > 0 {
		return w.early(errors.Join(problems...))
	}
	return nil
}

// show shows a table's new epoch if it equals the source. left is the number of tables still to show.
func (w *work) show(ctx context.Context, t *passage, left int) error {
	number := t.Latest().Number
	if w.Compare != nil {
		w.Tell("%s: comparing epoch %d with the database", t.Name, number)
		different, err := w.Compare(ctx, t.Name, number, share(ctx, left))
		if err != nil {
			if ctx.Err() == nil {
				t.state = uncompared
			}
			return err
		}
		if different > 0 {
			t.state = differs
			return fmt.Errorf("%s: %d rows of epoch %d differ from the database", t.Name, different, number)
		}
	}
	if err := w.Epochs.Advance(ctx, t.Name, number); err != nil {
		return err
	}
	t.state = shown
	w.Tell("%s: %s now shows epoch %d; epoch %d stays: `cdc epoch rollback --table %s` goes back to it, `cdc epoch drop --table %s` deletes it",
		t.Name, w.Epochs.Alias(t.Name), number, t.Current, t.Name, t.Name)
	return nil
}

// share divides the remaining time among the remaining tables. Without a limit it returns an hour.
func share(ctx context.Context, left int) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return time.Hour
	}
	const reserve = 10 * time.Second // time to report the differences
	return max(0, (time.Until(deadline)-reserve)/time.Duration(left))
}

// early adds to an error the state of each table and the command that continues.
func (w *work) early(err error) error {
	problems := []error{err}
	if w.halted {
		problems = append(problems, errors.New("the task is stopped: run `"+w.command+"` to go on"))
	}
	for _, t := range w.tables {
		if t.state != shown {
			problems = append(problems, errors.New(w.left(t)))
		}
	}
	return errors.Join(problems...)
}

// left describes the state in which a table is left.
func (w *work) left(t *passage) string {
	was := "shows no epoch"
	if t.Current > 0 {
		was = fmt.Sprintf("still shows epoch %d, with the rows as of %s", t.Current, t.Until().Format(time.RFC3339))
	}
	next := fmt.Sprintf("is filling: when it is loaded, run `cdc epoch switch --table %s` to compare and show it", t.Name)
	switch {
	case t.state == begun && w.halted:
		next = "is empty"
	case t.state == begun:
		next = "has only changes: run `" + fmt.Sprintf(w.command, t.Name) + "` to fill it"
	case t.state == uncompared:
		next = fmt.Sprintf("is not shown: run `cdc epoch switch --table %s` to compare again, or with --no-compare to show it without a comparison", t.Name)
	case t.state == differs:
		next = fmt.Sprintf("is not shown: run `cdc epoch switch --table %s` to compare again, or `cdc start --reload-table %s` to load it again", t.Name, t.Name)
	}
	return fmt.Sprintf("%s %s; epoch %d %s", w.Epochs.Alias(t.Name), was, t.Latest().Number, next)
}

package stages

import (
	"cdcpipeline/rehearsal/report/reconcile"
	"cdcpipeline/rehearsal/stores"
	"cdcpipeline/rehearsal/world/objects"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"
)

// patience is how long to wait without an arrival before comparing what is there.
const patience = 3 * time.Minute

// expected is the sinks' content when everything is delivered.
type expected struct {
	// read is how many changes the task has read since it was made.
	read          int
	history, lake []reconcile.Change
	// parked counts, by delivery, the records that it cannot deliver; giveUp is how long it tries.
	parked map[string]int64
	giveUp time.Duration
}

// everything expects all written changes in both sinks.
func everything(written []reconcile.Change) expected {
	return expected{read: len(written), history: written, lake: written}
}

// compareSinks waits until everything is delivered, then compares both sinks with the commits. A change that nobody
// made is an error; the caller judges lost ones.
func compareSinks(ctx context.Context, r *Run, want expected) (inHistory, inLake reconcile.Difference, err error) {
	if err := settle(ctx, r, want); err != nil {
		return inHistory, inLake, err
	}
	history, err := history(ctx, r, r.searched().history)
	if err != nil {
		return inHistory, inLake, err
	}
	lake, err := lake(ctx, r)
	if err != nil {
		return inHistory, inLake, err
	}
	inHistory, inLake = reconcile.Compare(want.history, history), reconcile.Compare(want.lake, lake)
	for sink, d := range map[string]reconcile.Difference{"history": inHistory, "lake": inLake} {
		if len(d.Lost) > 0 {
			fmt.Fprintf(os.Stderr, "lost in %s, first of %d: %s\n", sink, len(d.Lost), d.Lost[0])
		}
		if len(d.Foreign) > 0 {
			err = errors.Join(err, fmt.Errorf("the %s holds %d changes that nobody made, the first: %s", sink, len(d.Foreign), d.Foreign[0]))
		}
	}
	return inHistory, inLake, err
}

// settle waits until the task has read all changes and both deliveries have delivered or parked all of them.
func settle(ctx context.Context, r *Run, want expected) error {
	if err := awaitRead(ctx, r, want.read); err != nil {
		return err
	}
	r.Log.Detail("the task has read everything; waiting for the deliveries' buffers")
	drain, cancel := context.WithTimeout(ctx, patience+want.giveUp)
	defer cancel()
	if err := r.World.Firehose.Drain(drain); err != nil {
		return fmt.Errorf("waiting for the deliveries: %w", err)
	}
	for name, s := range r.World.Firehose.Stats() {
		if s.Parked != want.parked[name] {
			return fmt.Errorf("%s has parked %d records, not %d", name, s.Parked, want.parked[name])
		}
	}
	return nil
}

// awaitRead waits until the task has read this many changes since it was made.
func awaitRead(ctx context.Context, r *Run, want int) error {
	progress, last := time.Now(), -1
	for {
		if err := taskHealthy(r); err != nil {
			return err
		}
		read := read(r)
		if read >= want {
			return nil
		}
		if read != last {
			progress, last = time.Now(), read
			r.Log.Detail("the task has read %d of %d changes", read, want)
		}
		if time.Since(progress) > patience {
			return fmt.Errorf("the task stands still at %d of %d changes", read, want)
		}
		if err := pause(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
}

// read is how many changes the task has read since it was made, including loaded rows and excluding the canary's.
func read(r *Run) int {
	task, _ := r.World.DMS.Task(r.output("taskArn"))
	var n int64
	for _, t := range task.Tables {
		if t.SchemaName != reconcile.CanarySchema {
			n += t.FullLoadRows + t.Inserts + t.Updates + t.Deletes
		}
	}
	return int(n)
}

// history is every change in the history index of a domain or a collection, found with the walkthrough's search.
func history(ctx context.Context, r *Run, name string) ([]reconcile.Change, error) {
	admin, err := r.admin(ctx, name)
	if err != nil {
		return nil, err
	}
	index := r.output("historyIndex")
	err = admin.Refresh(ctx, index)
	if missing := (*stores.StatusError)(nil); errors.As(err, &missing) && missing.Status == http.StatusNotFound {
		return nil, nil // nothing has arrived yet
	}
	if err != nil {
		return nil, fmt.Errorf("refreshing the history: %w", err)
	}
	var found []reconcile.Change
	err = admin.Each(ctx, index, func(hit stores.Hit) error {
		change, ok, err := reconcile.Record(hit.Source)
		if ok {
			found = append(found, change)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the history: %w", err)
	}
	return found, nil
}

// lake is every change in the source's objects. Objects of named sources are below the unnamed source's prefix too.
func lake(ctx context.Context, r *Run) ([]reconcile.Change, error) {
	var found []reconcile.Change
	prefix := r.output("lakePrefix") + "/schema="
	err := objects.Lines(ctx, r.World.Account.Config(), r.output("lakeBucket"), prefix, func(_ string, line []byte) error {
		change, ok, err := reconcile.Record(line)
		if ok {
			found = append(found, change)
		}
		return err
	})
	return found, err
}

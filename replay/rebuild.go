package replay

import (
	"cdcpipeline/change"
	"cdcpipeline/currentstate"
	"cdcpipeline/datalake"
	"context"
	"fmt"
	"slices"
	"time"
)

// Epochs is the part of [currentstate.Epochs] that a rebuild needs.
type Epochs interface {
	Current(context.Context, currentstate.Name) (currentstate.TableEpochs, error)
	Begin(context.Context, currentstate.Name) (currentstate.Epoch, error)
	Await(context.Context, currentstate.Epoch) error
	Switch(ctx context.Context, n currentstate.Name, number int) error
}

// Rebuild fills a new epoch of a table with what the lake has of the one that is shown, and switches the alias when it
// equals the source: for another mapping, another primary key, or an index that was damaged. What is made since the epoch
// has begun, the function writes; both are of the same source, so it does not matter who comes first.
type Rebuild struct {
	Epochs Epochs
	Target Target
	Lake   datalake.Lake
	// Differing counts the rows that an epoch has otherwise than the source.
	Differing func(ctx context.Context, n currentstate.Name, epoch int) (int64, error)
	// Options of the replay; Only and Epoch are the rebuild's own.
	Options Options
	// Patience is how long the last records may take into the lake, whose delivery buffers for 900 s at most. Default 20 min.
	Patience time.Duration
	// Every is the time between two looks at the lake. Default 10 s.
	Every time.Duration
	// Tell is told in a line what happens; nil discards.
	Tell func(format string, args ...any)
}

// Run rebuilds one table. Interrupted, it goes on with the same journal.
func (r Rebuild) Run(ctx context.Context, n currentstate.Name) (Summary, error) {
	if r.Tell == nil {
		r.Tell = func(string, ...any) {}
	}
	if r.Patience == 0 {
		r.Patience = 20 * time.Minute
	}
	if r.Every == 0 {
		r.Every = 10 * time.Second
	}
	was, epoch, err := r.begin(ctx, n)
	if err != nil {
		return Summary{}, err
	}
	if err := r.Epochs.Await(ctx, epoch); err != nil {
		return Summary{}, err //nolint:wrapcheck // it names the epoch
	}
	return r.fill(ctx, n, was, epoch)
}

// begin the new epoch, or find the one that the interrupted run has begun, and the one to be read.
func (r Rebuild) begin(ctx context.Context, n currentstate.Name) (was, epoch currentstate.Epoch, err error) {
	t, err := r.Epochs.Current(ctx, n)
	if err != nil {
		return was, epoch, err //nolint:wrapcheck // it names the table
	}
	number, err := r.Options.Journal.Epoch(n.String())
	if err != nil {
		return was, epoch, err
	}
	if number > 0 {
		i := slices.IndexFunc(t.Epochs, func(e currentstate.Epoch) bool { return e.Number == number })
		if i < 1 {
			return was, epoch, fmt.Errorf("epoch %d of %s, which the interrupted replay has begun, is gone or has nothing before it: begin anew with --restart", number, n)
		}
		r.Tell("going on with epoch %d of %s", number, n)
		return before(t.Epochs[:i], t.Current), t.Epochs[i], nil
	}
	if epoch, err = r.Epochs.Begin(ctx, n); err != nil {
		return was, epoch, err //nolint:wrapcheck // it names the table
	}
	r.Tell("epoch %d of %s begins at %s; until it is shown, searches see epoch %d as it is then", epoch.Number, n, epoch.Since.Format(time.RFC3339), t.Current)
	return before(t.Epochs, t.Current), epoch, r.Options.Journal.Begun(n.String(), epoch.Number)
}

// before is the epoch that is shown, or the last one when none is.
func before(epochs []currentstate.Epoch, shown int) currentstate.Epoch {
	if i := slices.IndexFunc(epochs, func(e currentstate.Epoch) bool { return e.Number == shown }); i >= 0 {
		return epochs[i]
	}
	return epochs[len(epochs)-1]
}

// fill the epoch, again and again with what has come into the lake meanwhile, until it equals the source.
func (r Rebuild) fill(ctx context.Context, n currentstate.Name, was, epoch currentstate.Epoch) (Summary, error) {
	from := Lake{Lake: r.Lake, Tables: []currentstate.Name{n}, From: was.Since}
	o := r.Options
	o.Epoch, o.Only = epoch.Number, from.Wanted
	seen := map[string]bool{}
	var all Summary
	for differing := int64(-1); ; {
		read, err := Run(ctx, unseen{from, seen}, r.Target, o)
		all = all.Plus(read)
		if err != nil {
			return all, err
		}
		if read.Objects > 0 || differing < 0 {
			if differing, err = r.Differing(ctx, n, epoch.Number); err != nil {
				return all, err //nolint:wrapcheck // it names the table
			}
		}
		if differing == 0 {
			r.Tell("epoch %d of %s equals the source", epoch.Number, n)
			return all, r.Epochs.Switch(ctx, n, epoch.Number) //nolint:wrapcheck // it names the table
		}
		if time.Since(epoch.Since) > r.Patience {
			return all, fmt.Errorf("epoch %d of %s is not shown: %d rows are not as in the source, and nothing more comes into the lake; name them with `cdc epoch switch --table %s`, or load the table again with `cdc start --reload-table %s`", epoch.Number, n, differing, n, n)
		}
		r.Tell("%d rows of epoch %d are not the source's yet: waiting for the lake", differing, epoch.Number)
		select {
		case <-ctx.Done():
			return all, fmt.Errorf("waiting for the lake: %w", ctx.Err())
		case <-time.After(r.Every):
		}
	}
}

// unseen is a lake without the objects that were read before in this run.
type unseen struct {
	Lake
	seen map[string]bool
}

func (u unseen) Objects(ctx context.Context) ([]datalake.Object, error) {
	objects, err := u.Lake.Objects(ctx)
	objects = slices.DeleteFunc(objects, func(o datalake.Object) bool { return u.seen[o.Key] })
	for _, o := range objects {
		u.seen[o.Key] = true
	}
	return objects, err
}

// Plus adds up two runs.
func (s Summary) Plus(o Summary) Summary {
	s.Objects += o.Objects
	s.ObjectsDone += o.ObjectsDone
	s.Records += o.Records
	s.Wanted += o.Wanted
	s.Applied += o.Applied
	s.Superseded += o.Superseded
	s.Retired += o.Retired
	s.Control += o.Control
	s.Refused += o.Refused
	if s.Tables == nil {
		s.Tables = map[string]map[change.Operation]int64{}
	}
	for table, operations := range o.Tables {
		if s.Tables[table] == nil {
			s.Tables[table] = map[change.Operation]int64{}
		}
		for operation, n := range operations {
			s.Tables[table][operation] += n
		}
	}
	s.Problems = append(s.Problems, o.Problems...)
	return s
}

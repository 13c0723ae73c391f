package replay

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/lake/objects"
	"cdcpipeline/internal/table"
	"context"
	"fmt"
	"slices"
	"time"
)

// Epochs is the part of [currentstate.Epochs] that a rebuild needs.
type Epochs interface {
	Alias(table.Name) string
	Current(context.Context, table.Name) (currentstate.TableEpochs, error)
	BeginFrom(ctx context.Context, n table.Name, from time.Time) (currentstate.Epoch, error)
	Await(context.Context, currentstate.Epoch) error
	Advance(ctx context.Context, n table.Name, number int) error
}

// Rebuild fills a new epoch of a table from the lake, and switches the alias when the epoch equals the source. Use it
// for a new mapping, a new primary key, or a damaged index. The current-state function writes the changes that are made
// after the epoch has begun. Both come from the same source, so their order does not matter.
type Rebuild struct {
	Epochs Epochs
	Target Target
	Lake   objects.Lake
	// Differing counts the rows in which an epoch differs from the source.
	Differing func(ctx context.Context, n table.Name, epoch int) (int64, error)
	// Options are the replay's options. The rebuild sets Only and Epoch itself.
	Options Options
	// Every is the time between two reads of the lake. The default is 10 s.
	Every time.Duration
	// Tell receives one line for each event. nil discards them.
	Tell func(format string, args ...any)
}

// patience is how long to wait until the last records are in the lake. Its delivery buffers for at most 15 minutes.
const patience = 20 * time.Minute

// Run rebuilds one table. After an interruption it continues with its epoch, and with the same journal.
func (r Rebuild) Run(ctx context.Context, n table.Name) (Summary, error) {
	if r.Tell == nil {
		r.Tell = func(string, ...any) {}
	}
	if r.Every == 0 {
		r.Every = 10 * time.Second
	}
	shown := "shown " + n.String()
	if done, err := r.Options.Journal.Done(shown); done == whole || err != nil {
		return Summary{}, err
	}
	t, err := r.Epochs.Current(ctx, n)
	if err != nil {
		return Summary{}, err //nolint:wrapcheck // the error names the table
	}
	epoch, err := r.begin(ctx, t)
	if err != nil {
		return Summary{}, err
	}
	if err := r.Epochs.Await(ctx, epoch); err != nil {
		return Summary{}, err //nolint:wrapcheck // the error names the epoch
	}
	sum, err := r.fill(ctx, n, epoch)
	if err != nil {
		return sum, err
	}
	return sum, r.Options.Journal.Note(shown, whole)
}

// begin begins the new epoch, or continues one that a replay has begun and nobody has shown.
func (r Rebuild) begin(ctx context.Context, t currentstate.TableEpochs) (currentstate.Epoch, error) {
	n, was := t.Name, t.Latest()
	switch {
	case was.Number == t.Current || t.Current == 0:
	case was.From != nil:
		r.Tell("going on with epoch %d of %s; until then %s shows epoch %d as of %s", was.Number, n, r.Epochs.Alias(n), t.Current, was.Since.Format(time.RFC3339))
		return was, nil
	default:
		return was, fmt.Errorf("%s shows epoch %d, but epoch %d is the latest: first show the latest with `cdc epoch switch --table %s`, or load the table again with `cdc start --reload-table %s`", r.Epochs.Alias(n), t.Current, was.Number, n, n)
	}
	epoch, err := r.Epochs.BeginFrom(ctx, n, was.Begins())
	if err == nil {
		r.Tell("epoch %d of %s begins at %s; until the alias shows it, %s shows epoch %d as of that time", epoch.Number, n, epoch.Since.Format(time.RFC3339), r.Epochs.Alias(n), t.Current)
	}
	return epoch, err //nolint:wrapcheck // the error names the table
}

// fill reads new objects of the lake into the epoch until the epoch equals the source.
func (r Rebuild) fill(ctx context.Context, n table.Name, epoch currentstate.Epoch) (Summary, error) {
	from := Lake{Lake: r.Lake, Table: n, From: epoch.Begins()}
	o := r.Options
	o.Epoch, o.Only = epoch.Number, from.Wanted
	seen := map[string]bool{}
	var all Summary
	for differing := int64(-1); ; {
		last := time.Since(epoch.Since) > patience // by now the lake has every record from before the epoch
		read, err := Run(ctx, unseen{from, seen}, r.Target, o)
		all = all.Plus(read)
		if err != nil {
			return all, err
		}
		if read.Objects > 0 || differing < 0 {
			if differing, err = r.Differing(ctx, n, epoch.Number); err != nil {
				return all, err //nolint:wrapcheck // the error names the table
			}
		}
		if differing == 0 {
			r.Tell("epoch %d of %s equals the source", epoch.Number, n)
			return all, r.Epochs.Advance(ctx, n, epoch.Number) //nolint:wrapcheck // the error names the table
		}
		if last {
			return all, fmt.Errorf("epoch %d of %s is not shown: %d rows differ from the source, and the lake gets no more records; list the rows with `cdc epoch switch --table %s`, or load the table again with `cdc start --reload-table %s`", epoch.Number, n, differing, n, n)
		}
		r.Tell("%d rows of epoch %d still differ from the source: waiting for the lake", differing, epoch.Number)
		select {
		case <-ctx.Done():
			return all, fmt.Errorf("waiting for the lake: %w", ctx.Err())
		case <-time.After(r.Every):
		}
	}
}

// unseen is a lake without the objects that this run has read before.
type unseen struct {
	Lake
	seen map[string]bool
}

func (u unseen) Objects(ctx context.Context) ([]objects.Object, error) {
	listed, err := u.Lake.Objects(ctx)
	listed = slices.DeleteFunc(listed, func(o objects.Object) bool { return u.seen[o.Key] })
	for _, o := range listed {
		u.seen[o.Key] = true
	}
	return listed, err
}

// Plus adds up two runs.
func (s Summary) Plus(o Summary) Summary {
	s.Objects += o.Objects
	s.ObjectsDone += o.ObjectsDone
	s.Records += o.Records
	s.RecordsDone += o.RecordsDone
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
	s.Problems = append(append([]Problem{}, s.Problems...), o.Problems...)
	s.Problems = s.Problems[:min(len(s.Problems), maxProblems)]
	return s
}

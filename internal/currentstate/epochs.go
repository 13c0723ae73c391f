package currentstate

import (
	"cdcpipeline/internal/bucket"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/table"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Epochs begins epochs of tables and switches their aliases. `cdc` uses it; the function follows.
//
// To load a table again while its task runs:
//
//	Begin, Await, reload the table, wait until it is loaded and indexed, compare, Switch
//
// For another source (a restore, a blue/green switch, a new server), stop the task before Begin, and start it with
// a full load after Await. Otherwise records of the former source would belong to the new epoch.
//
// While a new epoch fills, the alias shows the former one as it was when the new one began. If the first index of
// a table does not exist yet, the alias shows nothing until Switch.
type Epochs struct {
	Source
	client   *client
	registry *registry
	indices  *indices
}

// EpochsOptions tells how to reach the indices and the registry.
type EpochsOptions struct {
	// Domain is a client of the domain or the collection that uses a person's identity. If it refuses that
	// identity (401, 403), the call fails at once. Calls wait up to 5 minutes for the end of an outage.
	Domain opensearch.Client
	// Source is the source of the function's settings.
	Source Source
	// Service is the service of the function's settings. Default: a domain.
	Service opensearch.Service
	// Bucket and Registry are those of the function's settings.
	Bucket   bucket.Bucket
	Registry Place
	// Copied means that the function copies the registry from another place. Until then calls fail.
	Copied bool
	// Shards and Replicas apply to an index of a domain that [Epochs.Switch] must make, because its epoch has no
	// row yet.
	Shards, Replicas int
}

// NewEpochs sends no request.
func NewEpochs(o EpochsOptions) *Epochs {
	c := newClient(o.Domain, false)
	c.person = true
	x := newIndices(o.Source, c, kindOf(o.Service, max(o.Shards, 1), o.Replicas))
	r := newRegistry(o.Bucket, o.Registry, x, time.Now)
	r.copied = o.Copied
	return &Epochs{o.Source, c, r, x}
}

// List returns the tables that have records, by name.
func (e *Epochs) List(ctx context.Context) ([]TableEpochs, error) {
	entries, err := e.registry.all(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]TableEpochs, len(entries))
	for i, t := range entries {
		if out[i], err = e.current(ctx, t); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ErrNoEpochs means that a table has no record yet. Its first epoch is still to be filled.
var ErrNoEpochs = errors.New("no record of it has come yet")

// Current returns the epochs of a table, with the one that the alias shows. The error is [ErrNoEpochs] if the
// table has none.
func (e *Epochs) Current(ctx context.Context, n table.Name) (TableEpochs, error) {
	s, err := e.registry.read(ctx, n)
	if err != nil {
		return TableEpochs{}, err
	}
	if s.entry == nil {
		return TableEpochs{}, fmt.Errorf("table %s has no epochs: %w", n, ErrNoEpochs)
	}
	return e.current(ctx, s.entry)
}

// current finds the epoch that the alias shows.
func (e *Epochs) current(ctx context.Context, t *entry) (TableEpochs, error) {
	n := t.name()
	out := TableEpochs{Name: n, Epochs: t.Epochs}
	shown, err := e.shown(ctx, n)
	for _, epoch := range t.Epochs {
		if slices.Contains(shown, e.Index(n, epoch.Number)) {
			out.Current = epoch.Number
		}
	}
	return out, err
}

// Rows counts the rows in an epoch's index, without tombstones. It is 0 if there is no index.
func (e *Epochs) Rows(ctx context.Context, n table.Name, number int) (int64, error) {
	rows, err := e.client.Count(ctx, e.Index(n, number), visible())
	if err != nil {
		return 0, fmt.Errorf("counting the rows of epoch %d of %s: %w", number, n, err)
	}
	return rows, nil
}

// shown returns the indices behind a table's alias.
func (e *Epochs) shown(ctx context.Context, n table.Name) ([]string, error) {
	indices, err := e.client.IndicesBehind(ctx, e.Alias(n))
	if err != nil {
		return nil, fmt.Errorf("reading the alias of %s: %w", n, err)
	}
	return indices, nil
}

// Begin enters a new epoch. Its Since is a minute from now, by the clock of S3, because this machine's clock may
// be wrong. By then every function knows the epoch. Do not start a load for the epoch before [Epochs.Await]
// returns.
func (e *Epochs) Begin(ctx context.Context, n table.Name) (Epoch, error) { return e.begin(ctx, n, nil) }

// BeginFrom is [Epochs.Begin] for an epoch that will be filled with records of the previous epoch. Records from
// the given time on belong to the new epoch for good.
func (e *Epochs) BeginFrom(ctx context.Context, n table.Name, from time.Time) (Epoch, error) {
	return e.begin(ctx, n, &from)
}

func (e *Epochs) begin(ctx context.Context, n table.Name, from *time.Time) (Epoch, error) {
	var begun Epoch
	_, err := e.registry.update(ctx, n, func(t *entry) (*entry, error) {
		if t == nil {
			return nil, fmt.Errorf("beginning an epoch of %s: %w", n, ErrNoEpochs)
		}
		now, err := e.registry.bucket.Now(ctx)
		if err != nil {
			return nil, err
		}
		last := t.Epochs[len(t.Epochs)-1]
		if last.Number == begun.Number && last.Since.Equal(begun.Since) {
			return nil, nil // the previous try has written it, but its answer was lost
		}
		if begun = (Epoch{Number: last.Number + 1, Since: now.Add(lead), From: from}); !last.Since.Before(now) {
			return nil, fmt.Errorf("beginning an epoch of %s: epoch %d has not begun yet, it will at %s", n, last.Number, last.Since.Format(time.RFC3339))
		}
		t.Epochs = append(t.Epochs, begun)
		return t, nil
	})
	return begun, err
}

// Await waits until records belong to the epoch, plus a few seconds for differences between clocks.
func (e *Epochs) Await(ctx context.Context, epoch Epoch) error {
	const skew = 5 * time.Second
	for {
		now, err := e.registry.bucket.Now(ctx)
		if err != nil {
			return err
		}
		left := epoch.Since.Add(skew).Sub(now)
		if left <= 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for epoch %d: %w", epoch.Number, ctx.Err())
		case <-time.After(min(left, 5*time.Second)):
		}
	}
}

// Switch moves the alias to an epoch in one step, so that every search sees exactly one epoch. The caller must
// know that the epoch is complete.
func (e *Epochs) Switch(ctx context.Context, n table.Name, number int) error {
	s, err := e.registry.read(ctx, n)
	if err != nil {
		return err
	}
	if s.entry == nil || s.entry.epoch(number) == nil {
		return fmt.Errorf("switching %s: there is no epoch %d", n, number)
	}
	if err := e.ready(ctx, s.entry, number); err != nil {
		return err
	}
	shown, err := e.shown(ctx, n)
	if err != nil {
		return err
	}
	actions := []object{{"add": object{"index": e.Index(n, number), "alias": e.Alias(n), "filter": visible()}}}
	for _, index := range shown {
		if index != e.Index(n, number) {
			actions = append(actions, object{"remove": object{"index": index, "alias": e.Alias(n)}})
		}
	}
	if err := e.client.call(ctx, http.MethodPost, "/_aliases", object{"actions": actions}, nil); err != nil {
		return fmt.Errorf("switching %s to epoch %d: %w", n, number, err)
	}
	return nil
}

// ready checks that the epoch has an index to show. For the latest epoch it makes the index if no row has come.
// For an earlier one it returns an error if the index is deleted.
func (e *Epochs) ready(ctx context.Context, t *entry, number int) error {
	if number == t.Epochs[len(t.Epochs)-1].Number {
		return e.indices.prepare(ctx, t, number)
	}
	index := e.Index(t.name(), number)
	err := e.client.call(ctx, http.MethodGet, "/"+url.PathEscape(index)+"/_mapping", nil, nil)
	if opensearch.Status(err) == http.StatusNotFound {
		return fmt.Errorf("switching %s: the index %s is gone", t.name(), index)
	}
	return err
}

// Advance is [Epochs.Switch] to an epoch that was filled for this purpose. It returns an error if somebody has
// switched to a later epoch meanwhile.
func (e *Epochs) Advance(ctx context.Context, n table.Name, number int) error {
	t, err := e.Current(ctx, n)
	if err != nil {
		return err
	}
	if t.Current > number {
		return fmt.Errorf("%s shows epoch %d, which somebody else has filled meanwhile: epoch %d is not needed", e.Alias(n), t.Current, number)
	}
	return e.Switch(ctx, n, number)
}

// Rollback switches to the epoch before the shown one, and returns it. Its rows are those from when the next epoch
// began.
func (e *Epochs) Rollback(ctx context.Context, n table.Name) (Epoch, error) {
	t, err := e.Current(ctx, n)
	if err != nil {
		return Epoch{}, err
	}
	i := slices.IndexFunc(t.Epochs, func(epoch Epoch) bool { return epoch.Number == t.Current })
	if i < 1 {
		return Epoch{}, fmt.Errorf("rolling %s back: no epoch before %d is kept", n, t.Current)
	}
	return t.Epochs[i-1], e.Switch(ctx, n, t.Epochs[i-1].Number)
}

// Drop deletes all epochs before the given one, with their indices. The alias must show the given epoch. The
// function ignores later records of dropped epochs.
func (e *Epochs) Drop(ctx context.Context, n table.Name, before int) error {
	t, err := e.Current(ctx, n)
	if err != nil {
		return err
	}
	if t.Current < before {
		return fmt.Errorf("dropping epochs of %s before %d: epoch %d is shown", n, before, t.Current)
	}
	listed := false
	_, err = e.registry.update(ctx, n, func(t *entry) (*entry, error) {
		if t == nil {
			return nil, fmt.Errorf("dropping epochs of %s: it has none", n)
		}
		kept := slices.DeleteFunc(slices.Clone(t.Epochs), func(epoch Epoch) bool { return epoch.Number < before })
		if len(kept) == len(t.Epochs) {
			return nil, nil
		}
		listed, t.Epochs = true, kept
		return t, nil
	})
	if err != nil {
		return err
	}
	if listed {
		// Wait, because a function that still remembers these epochs would write once more and make the index
		// again.
		select {
		case <-ctx.Done():
			return fmt.Errorf("dropping epochs of %s: their indices are still there, drop them again: %w", n, ctx.Err())
		case <-time.After(2 * remembered):
		}
	}
	for number := 1; number < before; number++ { // all earlier numbers, because an interrupted drop may have left some
		if err := e.indices.remove(ctx, e.Index(n, number)); err != nil {
			return fmt.Errorf("dropping epoch %d of %s: %w", number, n, err)
		}
	}
	return nil
}

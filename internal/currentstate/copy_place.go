package currentstate

import (
	"cdcpipeline/internal/bucket"
	"context"
	"errors"
	"fmt"
)

// errNotCopied is the error of a tool that reads a place's registry before the function has run there.
var errNotCopied = errors.New("the function of this place has not run yet, and begins with what the other place's knows of the tables: it runs with the next change of a row; " +
	"`cdc replay --next` begins too")

// copyPlace copies the registry of another place into a new one. Like [registry.takeOver] it runs once. It copies
// only the latest epoch of each table, because the new place does not have the documents of earlier epochs.
//
// It overwrites what an earlier place of the same name has left. Several invocations may run it at once: each
// checks the marker again before it writes an entry. If one still overwrites a newer entry, the function learns
// the lost part again from the next record.
func (r *registry) copyPlace(ctx context.Context, from Place) (*marker, error) {
	if moved, err := r.marked(ctx); err != nil || moved {
		return nil, err
	}
	other := &registry{bucket: r.bucket, place: from, client: r.client, now: r.now}
	begun, _, err := other.readMarker(ctx)
	if err != nil {
		return nil, err
	}
	if begun == nil {
		return nil, fmt.Errorf("copying the registry %s: the function of that place has not moved it into the bucket yet, and does with its next change of a row, or the next sweep", from.name())
	}
	_, version, err := r.readMarker(ctx)
	if err != nil {
		return nil, err
	}
	entries, err := other.entries(ctx)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		e.Epochs = e.Epochs[len(e.Epochs)-1:]
		if err := r.copyEntry(ctx, e); err != nil {
			return nil, fmt.Errorf("copying the registry's entry of %s: %w", e.name(), err)
		}
	}
	m := &marker{Since: r.now().UTC(), Copied: len(entries), From: from.entries(), Of: r.client.URL}
	return m, r.writeMarker(ctx, m, version)
}

// copyEntry writes an entry unless another invocation has already finished.
func (r *registry) copyEntry(ctx context.Context, e *entry) error {
	_, version, err := r.bucket.Get(ctx, r.place.key(e.name()))
	if err != nil {
		return err
	}
	// An invocation that has finished may have changed the entry before this reading. The conditional write
	// detects later changes.
	if moved, err := r.marked(ctx); err != nil || moved {
		return err
	}
	if err := r.write(ctx, e.name(), e, version); err != nil && !errors.Is(err, bucket.ErrChanged) {
		return err
	}
	return nil
}

package currentstate

import (
	"cdcpipeline/internal/bucket"
	"cdcpipeline/internal/table"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	// remembered is how long a registry entry is used without looking again. An epoch begins later than that after it
	// was entered (lead), so that whoever meets its first record knows of it.
	remembered = 20 * time.Second
	lead       = 60 * time.Second
	// registryTries of a change that others get in between of.
	registryTries = 20
)

// registry reads and changes entries. What it has read it remembers.
type registry struct {
	bucket bucket.Bucket
	place  Place
	// copied from another place's registry, before which nothing is known here ([registry.copyPlace]).
	copied bool
	client *client // of what may have a former release's registry
	// formerly says that a former release may have left its registry there.
	formerly bool
	now      func() time.Time

	mu    sync.Mutex
	known map[table.Name]remembrance
	// moved says that the marker was seen.
	moved bool
}

type remembrance struct {
	entry *entry
	until time.Time
}

func newRegistry(b bucket.Bucket, p Place, x *indices, now func() time.Time) *registry {
	return &registry{bucket: b, place: p, client: x.client, formerly: x.source == "" && x.kind.formerRegistry(), now: now, known: map[table.Name]remembrance{}}
}

// get an entry, which nobody may change; nil without any.
func (r *registry) get(ctx context.Context, n table.Name) (*entry, error) {
	return r.within(ctx, n, 0)
}

// renewed is an entry as it was a second ago at most.
func (r *registry) renewed(ctx context.Context, n table.Name) (*entry, error) {
	return r.within(ctx, n, remembered-time.Second)
}

// within is an entry that is remembered for that long at least, or else as it is now.
func (r *registry) within(ctx context.Context, n table.Name, left time.Duration) (*entry, error) {
	r.mu.Lock()
	known, ok := r.known[n]
	r.mu.Unlock()
	if ok && r.now().Before(known.until.Add(-left)) {
		return known.entry, nil
	}
	asked := r.now()
	stored, err := r.read(ctx, n)
	if err != nil {
		return nil, err
	}
	r.remember(n, stored.entry, asked)
	return stored.entry, nil
}

// remember an entry; that there is none is soon asked again.
func (r *registry) remember(n table.Name, e *entry, asked time.Time) {
	until := asked.Add(remembered)
	if e == nil {
		until = asked.Add(time.Second)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[n] = remembrance{e, until}
}

// stored is an entry with what a conditional write needs; without an entry there is none.
type stored struct {
	entry   *entry
	version string
}

func (r *registry) read(ctx context.Context, n table.Name) (stored, error) {
	if err := r.here(ctx); err != nil {
		return stored{}, err
	}
	body, version, err := r.bucket.Get(ctx, r.place.key(n))
	if err != nil || version == "" {
		return stored{}, err
	}
	e, err := parseEntry(body)
	if err == nil && e.name() != n {
		err = fmt.Errorf("it is that of %s", e.name())
	}
	if err != nil {
		return stored{}, fmt.Errorf("reading the registry's entry of %s, %s: %w: restore a former version of the object", n, r.bucket.URL(r.place.key(n)), err)
	}
	return stored{e, version}, nil
}

// update changes an entry, from a fresh reading and only when nobody else changes it meanwhile; change is called again
// then. It gets nil without an entry, and returns nil when nothing is to be written. What somebody else has written may be this
// very change, of which only the answer was lost: change has to see that nothing is left to do.
func (r *registry) update(ctx context.Context, n table.Name, change func(*entry) (*entry, error)) (*entry, error) {
	pace := r.client.pace()
	for range registryTries {
		asked := r.now()
		s, err := r.read(ctx, n)
		if err != nil {
			return nil, err
		}
		var was *entry
		if s.entry != nil {
			was = s.entry.clone()
		}
		wanted, err := change(was)
		if err != nil {
			return nil, err
		}
		if wanted == nil {
			r.remember(n, s.entry, asked)
			return s.entry, nil
		}
		err = r.write(ctx, n, wanted, s.version)
		if err == nil {
			r.remember(n, wanted, asked)
			return wanted, nil
		}
		if !errors.Is(err, bucket.ErrChanged) {
			return nil, err
		}
		if err := wait(ctx, pace.NextBackOff()); err != nil {
			return nil, fmt.Errorf("writing the registry's entry of %s: %w", n, err)
		}
	}
	return nil, fmt.Errorf("writing the registry: the entry of %s is changed all the time", n)
}

func (r *registry) write(ctx context.Context, n table.Name, e *entry, version string) error {
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("writing the registry's entry of %s: %w", n, err)
	}
	return r.bucket.Change(ctx, r.place.key(n), body, version)
}

// forget an entry.
func (r *registry) forget(ctx context.Context, n table.Name) error {
	return r.bucket.Delete(ctx, r.place.key(n))
}

// all entries, by the names of their tables.
func (r *registry) all(ctx context.Context) ([]*entry, error) {
	if err := r.here(ctx); err != nil {
		return nil, err
	}
	return r.entries(ctx)
}

// entries that the bucket has.
func (r *registry) entries(ctx context.Context) ([]*entry, error) {
	keys, err := r.bucket.Keys(ctx, r.place.entries())
	if err != nil {
		return nil, err
	}
	var entries []*entry
	for _, key := range keys {
		body, version, err := r.bucket.Get(ctx, key)
		if err != nil {
			return nil, err
		}
		if version == "" {
			continue // it was forgotten meanwhile
		}
		e, err := parseEntry(body)
		if err != nil {
			return nil, fmt.Errorf("reading the registry's entry %s: %w: restore a former version of the object", r.bucket.URL(key), err)
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b *entry) int { return compareNames(a.name(), b.name()) })
	return entries, nil
}

// key of a table's object; no two tables have the same ([Source.Alias]).
func (p Place) key(n table.Name) string {
	return p.entries() + part(n.Database) + "-" + part(n.Table) + ".json"
}

func parseEntry(body []byte) (*entry, error) {
	e := &entry{}
	if err := json.Unmarshal(body, e); err != nil {
		return nil, fmt.Errorf("it is not what was written there: %w", err)
	}
	return e, nil
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // its caller says what for
	case <-time.After(d):
		return nil
	}
}

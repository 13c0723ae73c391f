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
	// remembered is how long the function uses a registry entry without reading it again. A new epoch begins later
	// (lead), so every function knows the epoch before its first record.
	remembered = 20 * time.Second
	lead       = 60 * time.Second
	// registryTries limits the retries of a change when others write at the same time.
	registryTries = 20
)

// registry reads and changes entries, and caches them.
type registry struct {
	bucket bucket.Bucket
	place  Place
	// copied means that the registry is copied from another place. Until then reads fail ([registry.copyPlace]).
	copied bool
	client *client // of a domain that may have a former release's registry
	// formerly means that a former release may have left its registry there.
	formerly bool
	now      func() time.Time

	mu    sync.Mutex
	known map[table.Name]remembrance
	// moved is true once the marker was seen.
	moved bool
}

type remembrance struct {
	entry *entry
	until time.Time
}

func newRegistry(b bucket.Bucket, p Place, x *indices, now func() time.Time) *registry {
	return &registry{bucket: b, place: p, client: x.client, formerly: x.source == "" && x.kind.formerRegistry(), now: now, known: map[table.Name]remembrance{}}
}

// get returns an entry, which the caller must not change. It returns nil if there is none.
func (r *registry) get(ctx context.Context, n table.Name) (*entry, error) {
	return r.within(ctx, n, 0)
}

// renewed returns an entry that was read at most a second ago.
func (r *registry) renewed(ctx context.Context, n table.Name) (*entry, error) {
	return r.within(ctx, n, remembered-time.Second)
}

// within returns a cached entry of at most this age, or else reads it.
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

// remember caches an entry. It caches a missing entry only briefly.
func (r *registry) remember(n table.Name, e *entry, asked time.Time) {
	until := asked.Add(remembered)
	if e == nil {
		until = asked.Add(time.Second)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[n] = remembrance{e, until}
}

// stored is an entry with its ETag for a conditional write. It may have no entry.
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

// update changes an entry with a conditional write. If somebody else writes at the same time, it reads the entry again
// and calls change again. change gets nil if there is no entry, and returns nil if there is nothing to write. A lost
// answer can hide a successful write, so change must notice when its change is already there.
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

// forget deletes an entry.
func (r *registry) forget(ctx context.Context, n table.Name) error {
	return r.bucket.Delete(ctx, r.place.key(n))
}

// all returns all entries, by the names of their tables.
func (r *registry) all(ctx context.Context) ([]*entry, error) {
	if err := r.here(ctx); err != nil {
		return nil, err
	}
	return r.entries(ctx)
}

// entries reads all entries in the bucket.
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
			continue // it was deleted meanwhile
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

// key returns the key of a table's object. Different tables have different keys ([Source.Alias]).
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

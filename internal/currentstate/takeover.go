package currentstate

import (
	"cdcpipeline/internal/bucket"
	"cdcpipeline/internal/opensearch"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"time"
)

// FormerRegistry is the alias of the index cdc-current-1. Releases until November 2026 kept the registry there,
// with a document for each table. The function copies it when it runs for the first time. The index stays and
// accepts no more writes.
const FormerRegistry = "cdc-current"

// underWay is how long a write may still run that the former registry's index accepted before the block.
const underWay = 2 * time.Second

// marker is the object that says since when the registry is in the bucket.
type marker struct {
	Since time.Time `json:"since"`
	// Copied is the number of entries in the former registry. From is its alias, or empty if there was none.
	Copied int    `json:"copied"`
	From   string `json:"from,omitempty"`
	// Of is the URL of the domain or collection that a copied registry belongs to.
	Of string `json:"of,omitempty"`
}

// errElsewhere is the error of a tool that reads the registry before the function has copied the former one.
var errElsewhere = errors.New("the registry of the current state is still in the domain, index " + FormerRegistry + "-1, from where the function copies it into the bucket when it runs " +
	"for the first time after `pulumi up`, with the next change of a row or the next sweep; until then use the cdc of the release that is deployed")

// here returns nil if the registry is in the bucket, or if there is none yet. It returns an error while a former
// registry is not copied, because its tables would look new. It changes nothing, because the function of a former
// release may still run.
func (r *registry) here(ctx context.Context) error {
	moved, err := r.marked(ctx)
	if err != nil || moved {
		return err
	}
	if r.copied {
		return errNotCopied
	}
	if former, err := r.former(ctx); err != nil || !former {
		return err
	}
	// The function may have copied it after the first look at the marker.
	if moved, err = r.marked(ctx); err == nil && !moved {
		err = errElsewhere
	}
	return err
}

// former reports whether a former release has left a registry in the domain. Only the unnamed source of a domain
// can have one. It asks for the alias as for an index, so the role needs permission for this index only.
func (r *registry) former(ctx context.Context) (bool, error) {
	if !r.formerly {
		return false, nil
	}
	err := r.client.call(ctx, http.MethodGet, "/"+FormerRegistry+"/_mapping", nil, nil)
	if opensearch.Status(err) == http.StatusNotFound {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for a former registry: %w", err)
	}
	return true, nil
}

// marked reports whether the marker exists. A copied registry ignores the marker of an earlier place that no
// longer exists.
func (r *registry) marked(ctx context.Context) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.moved {
		return true, nil
	}
	there, _, err := r.readMarker(ctx)
	r.moved = err == nil && there != nil && (!r.copied || there.Of == r.client.URL)
	return r.moved, err
}

// readMarker returns the marker with its version, or nil if there is none.
func (r *registry) readMarker(ctx context.Context) (*marker, string, error) {
	body, version, err := r.bucket.Get(ctx, r.place.marker())
	if err != nil || version == "" {
		return nil, "", err
	}
	m := &marker{}
	if err := json.Unmarshal(body, m); err != nil {
		return nil, "", fmt.Errorf("reading %s: %w: restore a former version of the object", r.bucket.URL(r.place.marker()), err)
	}
	return m, version, nil
}

// takeOver copies the registry of a former release, once. It blocks writes to the former registry, copies it,
// compares the copies, and then writes the marker. Nobody uses the bucket's entries before the marker exists.
// takeOver returns the marker that it has written, or nil if there was one. If an invocation ends early, the next
// one does everything again, and several may run at once. A running invocation of the former function fails at its
// next write to the registry, and Lambda gives its batch to the new function.
func (r *registry) takeOver(ctx context.Context) (*marker, error) {
	if moved, err := r.marked(ctx); err != nil || moved {
		return nil, err
	}
	m := &marker{Since: r.now().UTC()}
	former, err := r.former(ctx)
	if err != nil {
		return nil, err
	}
	if former {
		m.From = FormerRegistry
		if m.Copied, err = r.copyFormer(ctx); err != nil {
			return nil, err
		}
	}
	return m, r.writeMarker(ctx, m, "")
}

// writeMarker replaces the version that was read; an empty version means none. If another invocation has written
// the marker, that is fine too.
func (r *registry) writeMarker(ctx context.Context, m *marker, version string) error {
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("writing the registry's marker: %w", err)
	}
	if err := r.bucket.Change(ctx, r.place.marker(), body, version); err != nil && !errors.Is(err, bucket.ErrChanged) {
		return err
	}
	_, err = r.marked(ctx)
	return err
}

// block stops writes to the former registry, so that it stays unchanged during the copy and later.
// https://docs.opensearch.org/latest/api-reference/index-apis/blocks/
func (r *registry) block(ctx context.Context) error {
	var answer struct {
		// Done is true if all shards are blocked and no write is still running. It is false if the block existed
		// before.
		Done bool `json:"shards_acknowledged"`
	}
	if err := r.client.call(ctx, http.MethodPut, "/"+FormerRegistry+"/_block/write", nil, &answer); err != nil {
		return fmt.Errorf("blocking the former registry: %w", err)
	}
	if answer.Done {
		return nil
	}
	return wait(ctx, underWay)
}

// copyFormer copies each entry of the former registry once writes are blocked, and compares all copies. If an
// object exists already, another invocation has written it.
func (r *registry) copyFormer(ctx context.Context) (copied int, err error) {
	if err := r.block(ctx); err != nil {
		return 0, err
	}
	former, err := r.formerEntries(ctx)
	if err != nil {
		return 0, err
	}
	for _, f := range former {
		if err := r.bucket.Change(ctx, r.place.key(f.entry.name()), f.source, ""); err != nil && !errors.Is(err, bucket.ErrChanged) {
			return 0, fmt.Errorf("copying the registry's entry of %s: %w", f.entry.name(), err)
		}
	}
	for _, f := range former {
		if err := r.compare(ctx, f.entry); err != nil {
			return 0, err
		}
	}
	return len(former), nil
}

type formerEntry struct {
	entry *entry
	// source is the entry's original text.
	source json.RawMessage
}

func (r *registry) formerEntries(ctx context.Context) ([]formerEntry, error) {
	const most = 10_000 // the default of index.max_result_window
	if err := r.client.call(ctx, http.MethodPost, "/"+FormerRegistry+"/_refresh", nil, nil); err != nil {
		return nil, fmt.Errorf("reading the former registry: %w", err)
	}
	type hit struct {
		Source json.RawMessage `json:"_source"`
	}
	found, err := opensearch.Search[hit](ctx, r.client.Client, FormerRegistry, object{"size": most, "query": object{"match_all": object{}}})
	if err == nil && len(found) == most {
		err = fmt.Errorf("it has %d tables or more", most)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the former registry: %w", err)
	}
	entries := make([]formerEntry, len(found))
	for i, h := range found {
		e, err := parseEntry(h.Source)
		if err != nil {
			return nil, fmt.Errorf("reading the former registry: %w", err)
		}
		entries[i] = formerEntry{e, h.Source}
	}
	return entries, nil
}

// compare compares an entry with its copy. If another invocation has finished meanwhile, a different or missing
// copy is no error, because the function may have changed it.
func (r *registry) compare(ctx context.Context, was *entry) error {
	key := r.place.key(was.name())
	body, _, err := r.bucket.Get(ctx, key)
	if err != nil {
		return err
	}
	copied, err := parseEntry(body)
	if err == nil && reflect.DeepEqual(copied, was) {
		return nil
	}
	if moved, err := r.marked(ctx); err != nil || moved {
		return err
	}
	return fmt.Errorf("copying the registry: what %s has of %s is other than what the index %s has: delete the object, and the next invocation copies it again",
		r.bucket.URL(key), was.name(), FormerRegistry)
}

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

// FormerRegistry is the alias of the index, cdc-current-1, in which releases up to November 2026 kept the registry: a document for
// each table. The function copies it when it runs for the first time; the index stays, and takes no write any more.
const FormerRegistry = "cdc-current"

// underWay is how long a write may be that the former registry's index has let in before its writes were blocked.
const underWay = 2 * time.Second

// marker says since when the registry is in the bucket.
type marker struct {
	Since time.Time `json:"since"`
	// Copied is how many entries the former registry had; From is its alias, empty where there was none.
	Copied int    `json:"copied"`
	From   string `json:"from,omitempty"`
	// Of is the URL of what is searched by a registry that was copied from another place's.
	Of string `json:"of,omitempty"`
}

// errElsewhere is that of who reads before the function has copied the former registry.
var errElsewhere = errors.New("the registry of the current state is still in the domain, index " + FormerRegistry + "-1, from where the function copies it into the bucket when it runs " +
	"for the first time after `pulumi up`, with the next change of a row or the next sweep; until then use the cdc of the release that is deployed")

// here is nil when the registry is in the bucket, or nowhere yet. As long as a former one was not copied, its tables would be taken
// for new ones, so that is an error. Nothing is changed: the function of a former release may still be running.
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
	// It may have been copied since the marker was missed.
	if moved, err = r.marked(ctx); err == nil && !moved {
		err = errElsewhere
	}
	return err
}

// former says whether a former release has left a registry in the domain; no collection has one, and of no other source than the unnamed one there is one. The alias is asked for as an index is, so that the question is
// about that index alone, whatever the role may know of others.
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

// marked says whether there is the marker; that of a place that was filled before, and is gone, is none for a registry that is copied.
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

// readMarker, with its version; nil when there is none.
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

// takeOver what a former release knows of the tables, once: its registry takes no write from then on, is copied, and what was
// copied is compared with it, before the marker is written. Until the marker is there nothing of the bucket is used; it gives back
// what it has written, nil when it was there. Whatever ends early is done again by the next invocation, and several may do it at once.
// An invocation of the former function that is still running fails when it writes to the registry, and Lambda has the new one do its
// batch again.
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

// writeMarker over the version that was read, empty for none. That another invocation has written it is as good.
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

// block the former registry's writes, so that nothing is written to it while it is copied, or later.
// https://docs.opensearch.org/latest/api-reference/index-apis/blocks/
func (r *registry) block(ctx context.Context) error {
	var answer struct {
		// Done says that it is blocked everywhere, and that no write is under way any more. It is false when it was blocked before.
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

// copyFormer copies each entry of the former registry once nobody writes to it, and compares all of them. An object that is there
// already is of another run.
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
	// source is the entry as it was written.
	source json.RawMessage
}

func (r *registry) formerEntries(ctx context.Context) ([]formerEntry, error) {
	const most = 10_000 // index.max_result_window
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

// compare an entry with its copy. When another run has finished meanwhile the copy may have been changed since, or forgotten.
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

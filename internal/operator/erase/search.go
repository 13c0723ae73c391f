package erase

import (
	"bytes"
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/table"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Epochs of the current indices: [currentstate.Epochs].
type Epochs interface {
	Current(context.Context, table.Name) (currentstate.TableEpochs, error)
}

// Search is the domain.
type Search struct {
	opensearch.Client
	// History is the alias over the daily indices.
	History string
	// Epochs is nil in a stack without current indices.
	Epochs Epochs
	// Pause between looks at the domain. Default 2 s.
	Pause time.Duration
	// Patience is how long copies of a shard are waited for. Default 2 minutes.
	Patience time.Duration
}

type object map[string]any

// document that was found.
type document struct {
	Index       string          `json:"_index"`
	ID          string          `json:"_id"`
	Found       bool            `json:"found"`
	SeqNo       int64           `json:"_seq_no"`
	PrimaryTerm int64           `json:"_primary_term"`
	Source      json.RawMessage `json:"_source"`
}

type some []document

func (s some) indices() []string {
	names := map[string]bool{}
	for _, d := range s {
		names[d.Index] = true
	}
	return slices.Sorted(maps.Keys(names))
}

func (s some) summary() Documents {
	return Documents{len(s), append([]string{}, s.indices()...)}
}

// documents of the row.
type documents struct {
	history, current some
	// shown is the index that has the row as one that is there, though it should have its deletion; empty for none.
	shown string
	// unreadable documents of the history's table.
	unreadable int
}

func (s *Search) find(ctx context.Context, of *row) (documents, error) {
	var found documents
	if err := s.inHistory(ctx, of, &found); err != nil {
		return found, fmt.Errorf("looking for the row in %s: %w", s.History, err)
	}
	if s.Epochs == nil {
		return found, nil
	}
	t, err := s.Epochs.Current(ctx, of.table)
	if errors.Is(err, currentstate.ErrNoEpochs) {
		return found, nil
	}
	if err != nil {
		return found, err //nolint:wrapcheck // it names the table
	}
	return found, s.inCurrent(ctx, of, t, &found)
}

const (
	page = 1000
	keep = "5m"
	// maxPage has room for a page of whole records.
	maxPage = page * 12 << 20
)

// inHistory compares every document of the table: a search by the key would have to know how each of its values was spelled.
func (s *Search) inHistory(ctx context.Context, of *row, found *documents) (err error) {
	client := s.Client
	client.MaxAnswer = maxPage
	var at struct {
		ScrollID string `json:"_scroll_id"`
		opensearch.Page[document]
	}
	path := "/" + url.PathEscape(s.History) + "/_search?ignore_unavailable=true&scroll=" + keep
	if err := client.Do(ctx, http.MethodPost, "/"+url.PathEscape(s.History)+"/_refresh?ignore_unavailable=true", nil, nil); err != nil {
		return err //nolint:wrapcheck // wrapped by the caller
	}
	query := object{"size": page, "sort": []string{"_doc"}, "seq_no_primary_term": true, "query": object{"bool": object{"filter": []object{
		{"term": object{"metadata.schema-name": of.table.Database}}, {"term": object{"metadata.table-name": of.table.Table}},
	}}}}
	if columns := of.inSource(); columns != nil {
		query["_source"] = append(columns, "metadata")
	}
	if err := client.Do(ctx, http.MethodPost, path, query, &at); err != nil {
		return err //nolint:wrapcheck // wrapped by the caller
	}
	defer func() { // what is left open closes itself after a while
		_ = client.Do(context.WithoutCancel(ctx), http.MethodDelete, "/_search/scroll", object{"scroll_id": at.ScrollID}, nil)
	}()
	for len(at.Hits.Hits) > 0 {
		for _, d := range at.Hits.Hits {
			switch b, err := of.read(d.Source); {
			case err != nil:
				found.unreadable++
			case b != nil && len(b.of) > 0:
				found.history = append(found.history, d)
			}
		}
		next := object{"scroll": keep, "scroll_id": at.ScrollID}
		at.Page = opensearch.Page[document]{}
		if err := client.Do(ctx, http.MethodPost, "/_search/scroll", next, &at); err != nil {
			return err //nolint:wrapcheck // wrapped by the caller
		}
	}
	return nil
}

// inSource are the parts of a document that tell its key; nil for all of it. OpenSearch writes numbers anew when it leaves parts out,
// a decimal as the nearest double.
func (r *row) inSource() []string {
	var parts []string
	for i, name := range r.columns.Names {
		declared := strings.ToLower(r.columns.Types[i])
		if strings.HasPrefix(declared, "decimal") || strings.HasPrefix(declared, "numeric") || strings.ContainsAny(name, "*.") {
			return nil
		}
		parts = append(parts, "data."+name, change.BeforeImage+"."+name)
	}
	return parts
}

// inCurrent looks up the row's document in the index of every epoch, whose ids are of keys as the epoch spells them.
func (s *Search) inCurrent(ctx context.Context, of *row, t currentstate.TableEpochs, found *documents) error {
	var wanted []object
	for _, epoch := range t.Epochs {
		if !slices.Equal(epoch.Key, of.columns.Names) {
			if len(epoch.Key) == 0 { // no record has come in it
				continue
			}
			return fmt.Errorf("the documents of epoch %d of %s go by %s, and the table's key is %s now: `cdc epoch drop --table %[2]s` deletes former epochs",
				epoch.Number, of.table, strings.Join(epoch.Key, ", "), strings.Join(of.columns.Names, ", "))
		}
		for _, key := range of.keys {
			spelled, err := respelled(key, change.KeyColumns{Names: epoch.Key, Types: epoch.Types})
			if err != nil {
				return err
			}
			wanted = append(wanted, object{"_index": currentstate.Index(of.table, epoch.Number), "_id": spelled.ID()})
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	var out struct {
		Docs []document `json:"docs"`
	}
	if err := s.Do(ctx, http.MethodPost, "/_mget?_source=_cdc", object{"docs": wanted}, &out); err != nil {
		return fmt.Errorf("looking for the row in the current indices: %w", err)
	}
	for _, d := range out.Docs {
		if !d.Found {
			continue
		}
		found.current = append(found.current, d)
		is, err := currentstate.ReadDocument(d.Source)
		if err != nil {
			return fmt.Errorf("the document %s of %s: %w", d.ID, d.Index, err)
		}
		if !is.Deleted && d.Index == currentstate.Index(of.table, t.Latest().Number) {
			found.shown = d.Index
		}
	}
	return nil
}

// erase documents, and have the segments that hold their bytes written anew: of what was found, and of what an interrupted
// erasure had found.
func (s *Search) erase(ctx context.Context, found documents, before []string) error {
	all := slices.Concat(found.history, found.current)
	for part := range slices.Chunk(all, page) {
		if err := s.delete(ctx, part); err != nil {
			return err
		}
	}
	for _, index := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(all.indices(), before)))) {
		if err := s.expunge(ctx, index); err != nil {
			return fmt.Errorf("having the bytes of deleted documents go from %s: %w", index, err)
		}
	}
	return nil
}

// delete the very documents that were found; one that has changed meanwhile is an error. The deletion has a greater version than all
// that there was of the row, so that nothing late brings it back as long as OpenSearch remembers it (index.gc_deletes, a minute).
func (s *Search) delete(ctx context.Context, part some) error {
	var lines bytes.Buffer
	for _, d := range part {
		line, err := json.Marshal(object{"delete": object{"_index": d.Index, "_id": d.ID, "if_seq_no": d.SeqNo, "if_primary_term": d.PrimaryTerm}})
		if err != nil {
			return fmt.Errorf("deleting documents: %w", err)
		}
		lines.Write(append(line, '\n'))
	}
	var out struct {
		Items []map[string]struct {
			Index  string `json:"_index"`
			Status int    `json:"status"`
			Error  struct {
				Reason string `json:"reason"`
			} `json:"error"`
		} `json:"items"`
	}
	if err := s.Do(ctx, http.MethodPost, "/_bulk?refresh=true", lines.Bytes(), &out); err != nil {
		return fmt.Errorf("deleting documents: %w", err)
	}
	for _, item := range out.Items {
		for _, d := range item {
			switch {
			case d.Status/100 == 2 || d.Status == http.StatusNotFound:
			case d.Status == http.StatusConflict:
				return fmt.Errorf("a document of the row in %s was changed while it was erased: run the same command again", d.Index)
			default:
				return fmt.Errorf("deleting a document of %s: %s", d.Index, d.Error.Reason)
			}
		}
	}
	return nil
}

// expunge writes segments with deleted documents anew. By default those with less than a tenth are left as they are
// (index.merge.policy.expunge_deletes_allowed).
func (s *Search) expunge(ctx context.Context, index string) error {
	path := "/" + url.PathEscape(index)
	allow := func(ctx context.Context, share any) error {
		err := s.Do(ctx, http.MethodPut, path+"/_settings", object{"index.merge.policy.expunge_deletes_allowed": share}, nil)
		if opensearch.Status(err) == http.StatusNotFound {
			return nil // retention has deleted it
		}
		return err //nolint:wrapcheck // wrapped by the caller
	}
	if err := allow(ctx, "0"); err != nil {
		return err
	}
	err := s.forgotten(ctx, path)
	if err == nil {
		err = s.merge(ctx, path)
	}
	return errors.Join(err, allow(context.WithoutCancel(ctx), nil))
}

// forgotten waits until no copy of a shard keeps the deletions, to tell another copy of them: a merge spares what is kept. Copies tell
// each other every 30 seconds how far they are (index.soft_deletes.retention_lease.sync_interval). One that is away is not waited for: [Kept.Left].
func (s *Search) forgotten(ctx context.Context, path string) error {
	patience := s.Patience
	if patience == 0 {
		patience = 2 * time.Minute
	}
	var deleted map[string]int64
	for began := time.Now(); ; {
		if err := s.Do(ctx, http.MethodPost, path+"/_flush?force=true&wait_if_ongoing=true", nil, nil); err != nil { // what is not in a commit is kept, too
			if opensearch.Status(err) == http.StatusNotFound {
				return nil
			}
			return err //nolint:wrapcheck // wrapped by the caller
		}
		last, kept, err := s.retained(ctx, path)
		if err != nil {
			return err
		}
		if deleted == nil {
			deleted = last
		}
		behind := false
		for shard, n := range deleted {
			behind = behind || kept[shard] <= n
		}
		if !behind || time.Since(began) > patience {
			return nil
		}
		if err := s.pause(ctx); err != nil {
			return err
		}
	}
}

// retained are, by shard, the number of the last operation, and that of the first one that some copy keeps.
func (s *Search) retained(ctx context.Context, path string) (last, kept map[string]int64, err error) {
	var out struct {
		Indices map[string]struct {
			Shards map[string][]struct {
				SeqNo struct {
					Max int64 `json:"max_seq_no"`
				} `json:"seq_no"`
				Leases struct {
					Leases []struct {
						From int64 `json:"retaining_seq_no"`
					} `json:"leases"`
				} `json:"retention_leases"`
			} `json:"shards"`
		} `json:"indices"`
	}
	last, kept = map[string]int64{}, map[string]int64{}
	if err := s.Do(ctx, http.MethodGet, path+"/_stats/docs?level=shards", nil, &out); err != nil {
		return last, kept, err //nolint:wrapcheck // wrapped by the caller
	}
	for _, index := range out.Indices {
		for shard, copies := range index.Shards {
			kept[shard] = math.MaxInt64
			for _, one := range copies {
				last[shard] = max(last[shard], one.SeqNo.Max)
				for _, lease := range one.Leases.Leases {
					kept[shard] = min(kept[shard], lease.From)
				}
			}
		}
	}
	return last, kept, nil
}

func (s *Search) pause(ctx context.Context) error {
	pause := s.Pause
	if pause == 0 {
		pause = 2 * time.Second
	}
	select {
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // told to end
	case <-time.After(pause):
		return nil
	}
}

// merge runs as a task: what answers for the domain gives a request up after a minute or so.
func (s *Search) merge(ctx context.Context, path string) error {
	var started struct {
		Task string `json:"task"`
	}
	err := s.Do(ctx, http.MethodPost, path+"/_forcemerge?only_expunge_deletes=true&flush=true&wait_for_completion=false", nil, &started)
	if opensearch.Status(err) == http.StatusNotFound {
		return nil
	}
	if err != nil {
		return err //nolint:wrapcheck // wrapped by the caller
	}
	for {
		var task struct {
			Completed bool `json:"completed"`
			Error     struct {
				Reason string `json:"reason"`
			} `json:"error"`
		}
		err := s.Do(ctx, http.MethodGet, "/_tasks/"+url.PathEscape(started.Task), nil, &task)
		switch {
		case opensearch.Status(err) == http.StatusNotFound:
			return nil // it has ended, and its node keeps no result of it
		case err != nil:
			return err //nolint:wrapcheck // wrapped by the caller
		case task.Completed && task.Error.Reason != "":
			return errors.New(task.Error.Reason)
		case task.Completed:
			return nil
		}
		if err := s.pause(ctx); err != nil {
			return err
		}
	}
}

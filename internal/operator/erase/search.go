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
	"net/http"
	"slices"
	"strings"
	"time"
)

// Epochs manages the epochs of the current indices. [currentstate.Epochs] implements it.
type Epochs interface {
	Current(context.Context, table.Name) (currentstate.TableEpochs, error)
	// Index returns the name of an epoch's index.
	Index(n table.Name, epoch int) string
}

// Search holds the history and the current indices. Both are in one domain, or in two collections.
type Search struct {
	History, Current opensearch.Client
	// Index is the history's index: the alias of the daily indices, or the single index of a collection.
	Index string
	// Epochs is nil in a stack without current indices.
	Epochs Epochs
	// Pause is the time between two requests while the erasure waits for the domain. The default is 2 s.
	Pause time.Duration
	// Patience is how long to wait for the copies of a shard. The default is 2 minutes.
	Patience time.Duration
}

type object map[string]any

// document is a document that was found.
type document struct {
	Index       string          `json:"_index"`
	ID          string          `json:"_id"`
	Found       bool            `json:"found"`
	SeqNo       int64           `json:"_seq_no"`
	PrimaryTerm int64           `json:"_primary_term"`
	Version     int64           `json:"_version"`
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

// documents holds the found documents of the row.
type documents struct {
	history, current some
	// shown names an index that shows the row as present, although it should hold the row's deletion. It is empty if
	// there is none.
	shown string
	// unreadable counts documents of the table in the history that could not be read.
	unreadable int
}

func (s *Search) find(ctx context.Context, of *row) (documents, error) {
	var found documents
	if err := s.inHistory(ctx, of, &found); err != nil {
		return found, fmt.Errorf("looking for the row in %s: %w", s.Index, err)
	}
	if s.Epochs == nil {
		return found, nil
	}
	t, err := s.Epochs.Current(ctx, of.table)
	if errors.Is(err, currentstate.ErrNoEpochs) {
		return found, nil
	}
	if err != nil {
		return found, err //nolint:wrapcheck // the error names the table
	}
	return found, s.inCurrent(ctx, of, t, &found)
}

const (
	// page is how many documents one request deletes.
	page = 1000
	// maxPage is a response size that is enough for a thousand of the largest records.
	maxPage = 1000 * 12 << 20
)

// inHistory compares every document of the table. A search by key would need every spelling of its values.
func (s *Search) inHistory(ctx context.Context, of *row, found *documents) error {
	client := s.History
	client.MaxAnswer = maxPage
	if err := client.Refresh(ctx, s.Index); err != nil {
		return err //nolint:wrapcheck // the caller wraps it
	}
	search := object{"query": object{"bool": object{"filter": []object{
		{"term": object{"metadata.schema-name": of.table.Database}}, {"term": object{"metadata.table-name": of.table.Table}},
	}}}}
	if !s.managed() {
		search["seq_no_primary_term"] = true
	}
	if columns := of.inSource(); columns != nil {
		search["_source"] = append(columns, "metadata")
	}
	return opensearch.Each(ctx, client, s.Index, search, func(d document) error { //nolint:wrapcheck // the caller wraps it
		switch b, err := of.read(d.Source); {
		case err != nil:
			found.unreadable++
		case b != nil && len(b.of) > 0:
			found.history = append(found.history, d)
		}
		return nil
	})
}

// inSource returns the fields of a document that give its key. nil means all fields. OpenSearch rewrites numbers if it
// returns only some fields: a decimal becomes the nearest double.
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

// inCurrent looks up the row's document in the index of every epoch. Document ids use the epoch's own spelling of the
// key.
func (s *Search) inCurrent(ctx context.Context, of *row, t currentstate.TableEpochs, found *documents) error {
	var wanted []object
	for _, epoch := range t.Epochs {
		if !slices.Equal(epoch.Key, of.columns.Names) {
			if len(epoch.Key) == 0 { // the epoch has no record yet
				continue
			}
			return fmt.Errorf("the documents of epoch %d of %s have the key %s, but the table's key is now %s: delete former epochs with `cdc epoch drop --table %[2]s`",
				epoch.Number, of.table, strings.Join(epoch.Key, ", "), strings.Join(of.columns.Names, ", "))
		}
		for _, key := range of.keys {
			spelled, err := respelled(of.kind, key, change.KeyColumns{Names: epoch.Key, Types: epoch.Types})
			if err != nil {
				return err
			}
			wanted = append(wanted, object{"_index": s.Epochs.Index(of.table, epoch.Number), "_id": spelled.ID()})
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	var out struct {
		Docs []document `json:"docs"`
	}
	if err := s.Current.Do(ctx, http.MethodPost, "/_mget?_source=_cdc", object{"docs": wanted}, &out); err != nil {
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
		if !is.Deleted && d.Index == s.Epochs.Index(of.table, t.Latest().Number) {
			found.shown = d.Index
		}
	}
	return nil
}

// managed reports whether these are collections. The service rewrites their segments by itself, and nobody can inspect them.
func (s *Search) managed() bool { return s.History.FoundAfter > 0 }

// erase deletes the documents and has OpenSearch rewrite the segments with their bytes. This includes documents that an
// interrupted erasure had found.
func (s *Search) erase(ctx context.Context, of *row, found documents, before []string) error {
	if s.managed() {
		return s.eraseManaged(ctx, of, found)
	}
	all := slices.Concat(found.history, found.current)
	for part := range slices.Chunk(all, page) {
		if err := s.delete(ctx, part); err != nil {
			return err
		}
	}
	for _, index := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(all.indices(), before)))) {
		if err := s.expunge(ctx, index); err != nil {
			return fmt.Errorf("removing the bytes of deleted documents from %s: %w", index, err)
		}
	}
	return nil
}

// delete deletes exactly the documents that were found. A document that has changed since is an error. The deletion's
// version is greater than every version of the row. So no late write restores the row while OpenSearch remembers the
// deletion (index.gc_deletes, one minute).
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
	if err := s.History.Do(ctx, http.MethodPost, "/_bulk?refresh=true", lines.Bytes(), &out); err != nil {
		return fmt.Errorf("deleting documents: %w", err)
	}
	for _, item := range out.Items {
		for _, d := range item {
			switch {
			case d.Status/100 == 2 || d.Status == http.StatusNotFound:
			case d.Status == http.StatusConflict:
				return fmt.Errorf("a document of the row in %s changed during the erasure: run the same command again", d.Index)
			default:
				return fmt.Errorf("deleting a document of %s: %s", d.Index, d.Error.Reason)
			}
		}
	}
	return nil
}

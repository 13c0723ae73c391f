package verify

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/table"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Current holds the current state: an index for each table.
type Current struct {
	opensearch.Client
	// Source is the source of the tables.
	Source currentstate.Source
	// Index returns the index of a table, such as [currentstate.Source.Index]. nil uses the alias of the table's rows.
	Index func(table.Name) string
}

// CompareCurrent compares every row of the source's tables with its document in the current indices only. It uses the
// indices that the aliases show, or the indices that [Current.Index] returns. Such an index may be a new epoch's and
// still be filling. So a table with too many differing rows is compared again from the start until o.Wait is over.
func CompareCurrent(ctx context.Context, source Source, current Current, o CompareOptions, each func(Difference)) (Result, error) {
	var all Result
	for _, name := range o.Tables {
		one, began := o, time.Now()
		for one.Tables = []table.Name{name}; ; {
			var found []Difference
			result, err := compare(ctx, source, func() []sink { return []sink{&currentSink{Current: current}} }, one, func(d Difference) { found = append(found, d) })
			if err != nil {
				return all, err
			}
			one.Wait = o.Wait - time.Since(began)
			if one.Wait > 0 && slices.ContainsFunc(result.Counts, func(c Count) bool { return c.Different() > 0 }) {
				continue
			}
			for _, d := range found {
				each(d)
			}
			all.Counts, all.Uncompared = append(all.Counts, result.Counts...), append(all.Uncompared, result.Uncompared...)
			break
		}
	}
	return all, nil
}

// lookup is how many documents one search looks up.
const lookup = 1000

// currentSink is the index of a table's present rows. It has one document for each row, as long as the row exists.
type currentSink struct {
	Current
	began time.Time
}

func (s *currentSink) hop() Hop { return HopCurrent }

func (s *currentSink) foundAfter() time.Duration { return s.FoundAfter }

func (s *currentSink) kept(context.Context) (time.Time, error) { return time.Time{}, nil }

// search returns the search in a table's index.
func (s *currentSink) search(t *sourceTable) Search {
	index := s.Source.Alias(table.Name{Database: t.Name.Database, Table: t.Name.Table})
	if s.Index != nil {
		index = s.Index(t.Name)
	}
	return Search{Client: s.Client, Index: index}
}

// rows matches the documents of existing rows. An alias shows no others, but an index has tombstones, too.
func rows(more ...object) object {
	return object{"bool": object{"filter": more, "must_not": []object{{"term": object{"_cdc.deleted": true}}}}}
}

func (s *currentSink) all(ctx context.Context, t *sourceTable, progress func(done, total int64), visit visitor) error {
	s.began = time.Now()
	index := s.search(t)
	if err := index.Refresh(ctx, index.Index); err != nil { // makes the latest writes visible
		return err
	}
	total, err := index.Count(ctx, index.Index, rows())
	if err != nil {
		return err
	}
	var done int64
	return index.each(ctx, rows(), func(h hit) error {
		done++
		progress(done, total)
		return t.document(h, visit)
	})
}

// since looks up the known documents of some rows. For rows without a document it reads all documents that were indexed
// lately.
func (s *currentSink) since(ctx context.Context, t *sourceTable, of map[string]*suspect, visit visitor) error {
	index := s.search(t)
	known, lacking := map[string]string{}, false
	for id, one := range of {
		if one.latest.document == "" {
			lacking = true
			continue
		}
		known[one.latest.document] = id
	}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(known)), lookup) {
		if err := index.present(ctx, some, known, visit); err != nil {
			return err
		}
	}
	if !lacking {
		return nil
	}
	recent := object{"range": object{"_cdc.indexed": object{"gte": s.began.Add(-lateness).UnixMilli(), "format": "epoch_millis"}}}
	return index.each(ctx, rows(recent), func(h hit) error { return t.document(h, visit) })
}

// present looks up documents by their ids. If one is not found, its row no longer exists.
func (s Search) present(ctx context.Context, ids []string, of map[string]string, visit visitor) error {
	found := map[string]hit{}
	err := s.each(ctx, rows(object{"ids": object{"values": ids}}), func(h hit) error {
		found[h.ID] = h
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		now := state{raw: "{}", document: id, gone: true}
		if h, ok := found[id]; ok {
			if now, err = h.state(); err != nil {
				return err
			}
		}
		if err := visit(of[id], now); err != nil {
			return err
		}
	}
	return nil
}

// document passes a document's state to put, with the id of its row.
func (t *sourceTable) document(h hit, put visitor) error {
	of, err := h.state()
	if err != nil {
		return err
	}
	key, err := t.keyOfSink(of.row)
	if err != nil {
		return fmt.Errorf("the document %s: %w", h.ID, err)
	}
	return put(key.ID(), of)
}

// state returns the state of the document's row.
func (h hit) state() (state, error) {
	d, err := currentstate.ReadDocument(h.Source)
	if err != nil {
		return state{}, fmt.Errorf("the document %s: %w", h.ID, err)
	}
	raw, err := json.Marshal(h)
	if err != nil {
		return state{}, fmt.Errorf("the document %s: %w", h.ID, err)
	}
	return state{raw: string(raw), row: d.Row, gone: d.Deleted, position: d.Position, document: h.ID}, nil
}

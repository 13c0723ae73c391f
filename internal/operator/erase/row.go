package erase

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/table"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// row is the row to erase, under each key that it had. Records are compared with it.
type row struct {
	kind    change.Kind
	table   table.Name
	columns change.KeyColumns
	// first is the key that the user gave.
	first change.Key
	// keys maps ids to keys.
	keys map[string]change.Key
}

// newRow makes the row of a table from values as a person writes them: 42, 2026-02-03T04:05:06Z, 0xCAFE.
func newRow(kind change.Kind, name table.Name, columns change.KeyColumns, values map[string]string) (*row, error) {
	var problems []error
	for _, column := range columns.Names {
		if _, ok := values[column]; !ok {
			problems = append(problems, fmt.Errorf("--key: the primary key of %s has the column %s: give --key %s=VALUE too", name, column, column))
		}
	}
	for _, column := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(columns.Names, column) {
			problems = append(problems, fmt.Errorf("--key %s: the primary key of %s has no such column; its columns are %s", column, name, strings.Join(columns.Names, ", ")))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	r := &row{kind: kind, table: name, columns: columns, keys: map[string]change.Key{}}
	text := make(change.Key, len(columns.Names))
	for i, column := range columns.Names {
		text[i] = values[column]
	}
	key, err := respelled(kind, text, columns)
	if err != nil {
		return nil, fmt.Errorf("--key: %w", err)
	}
	r.first = key
	r.add(key)
	return r, nil
}

// respelled returns a key in the spelling of some columns. The columns belong to the source's table, or to an epoch's
// index.
func respelled(kind change.Kind, key change.Key, columns change.KeyColumns) (change.Key, error) {
	record := change.Record{Kind: kind, Operation: change.Delete}
	for i, name := range columns.Names {
		text, err := json.Marshal(key[i])
		if err != nil {
			return nil, fmt.Errorf("writing a key: %w", err)
		}
		record.Data = append(record.Data, change.Column{Name: name, JSON: string(text)})
	}
	return record.Key(columns) //nolint:wrapcheck // the error names the column
}

func (r *row) add(key change.Key) { r.keys[key.ID()] = key }

// describe formats a key for people: id=7 part=a.
func (r *row) describe(key change.Key) string {
	parts := make([]string, len(key))
	for i, name := range r.columns.Names {
		parts[i] = name + "=" + key[i]
	}
	return strings.Join(parts, " ")
}

// move is an update that changed a key.
type move struct{ from, to change.Key }

// follow adds the keys that moves connect with the row's keys. It reports whether it has added any.
func (r *row) follow(all ...[]move) (more bool) {
	for changed := true; changed; {
		changed = false
		for _, m := range slices.Concat(all...) {
			_, from := r.keys[m.from.ID()]
			_, to := r.keys[m.to.ID()]
			if from != to {
				r.add(m.from)
				r.add(m.to)
				changed, more = true, true
			}
		}
	}
	return more
}

// belonging says how a record relates to the row.
type belonging struct {
	// of holds the ids of the row's keys in the record. An update that changed the key can have two.
	of []string
	// now is the id of the row's key after the record. It is empty after a deletion.
	now  string
	move *move
	r    *change.Record
}

// read reads a record. It returns an error if the row is unknown, and nil if the record belongs to another table.
func (r *row) read(raw []byte) (*belonging, error) {
	record, err := r.kind.Parse(raw)
	if err != nil {
		return nil, err //nolint:wrapcheck // the error describes it
	}
	if record.Type != change.Data || record.Schema != r.table.Database || record.Table != r.table.Table {
		return nil, nil
	}
	key, err := record.Key(r.columns)
	if err != nil {
		return nil, err //nolint:wrapcheck // the error names the table
	}
	b := &belonging{r: record, now: key.ID()}
	if record.Operation == change.Delete {
		b.now = ""
	}
	b.note(r, key)
	previous, moved, err := record.PreviousKey(r.columns)
	if err != nil && len(b.of) == 0 {
		return nil, err //nolint:wrapcheck // the error names the table
	}
	if moved {
		b.move = &move{previous, key}
		b.note(r, previous)
	}
	return b, nil
}

func (b *belonging) note(r *row, key change.Key) {
	if id := key.ID(); r.keys[id] != nil {
		b.of = append(b.of, id)
	}
}

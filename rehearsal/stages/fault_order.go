package stages

import (
	"bytes"
	"cdcpipeline/internal/change"
	"cdcpipeline/rehearsal/report/reconcile"
	"cdcpipeline/rehearsal/world/objects"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// orderKept compares the order of each row's changes in a journal with the order of their versions in the lake. While
// a journal's rows exist, nobody else changes them. Another writer may insert a deleted key before or afterwards.
func orderKept(ctx context.Context, r *Run, journal string) error {
	made, keys, err := journalOrder(r, journal)
	if err != nil {
		return err
	}
	kept := map[string][]versioned{}
	prefix := r.output("lakePrefix") + "/schema="
	err = objects.Lines(ctx, r.World.Account.Config(), r.output("lakeBucket"), prefix, func(_ string, line []byte) error {
		row, one, err := rowVersion(line, keys)
		if _, ours := made[row]; ours && err == nil {
			kept[row] = append(kept[row], one)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("reading the order of changes in the lake: %w", err)
	}
	for row, changes := range made {
		if got := inOrder(kept[row]); !holds(got, changes) {
			return fmt.Errorf("the changes of a row have versions in another order than they were committed in: %s: %s, not %s",
				row, strings.Join(got, "; "), strings.Join(changes, "; "))
		}
	}
	return nil
}

// holds reports whether a list contains another one contiguously.
func holds(all, some []string) bool {
	for i := range len(all) - len(some) + 1 {
		if slices.Equal(all[i:i+len(some)], some) {
			return true
		}
	}
	return false
}

// versioned is a change with its version.
type versioned struct {
	version int64
	id      string
}

// inOrder sorts changes by version; copies count once.
func inOrder(changes []versioned) []string {
	slices.SortFunc(changes, func(a, b versioned) int { return cmp.Or(cmp.Compare(a.version, b.version), cmp.Compare(a.id, b.id)) })
	ids := []string{}
	for _, c := range slices.Compact(changes) {
		ids = append(ids, c.id)
	}
	return ids
}

// journalOrder is each row's changes in commit order, and the key columns of each table.
func journalOrder(r *Run, name string) (made map[string][]string, keys map[string][]string, err error) {
	changes, err := written(r, name)
	if err != nil {
		return nil, nil, err
	}
	text, err := os.ReadFile(r.Tool.Journal(name))
	if err != nil {
		return nil, nil, fmt.Errorf("reading the journal: %w", err)
	}
	made, keys = map[string][]string{}, map[string][]string{}
	n := 0
	for line := range bytes.Lines(text) {
		var entry struct {
			Table string          `json:"table"`
			Key   json.RawMessage `json:"key"`
		}
		if err := json.Unmarshal(line, &entry); err != nil {
			return nil, nil, fmt.Errorf("reading the journal: %w", err)
		}
		key, err := decodeRow(entry.Key)
		if err != nil {
			return nil, nil, err
		}
		if keys[entry.Table] == nil {
			for column := range key {
				keys[entry.Table] = append(keys[entry.Table], column)
			}
		}
		row := reconcile.Row(entry.Table, key).ID
		made[row] = append(made[row], changes[n].ID)
		n++
	}
	return made, keys, nil
}

// rowVersion is a record's row, and its change with its version. It is empty for a record of a row that no journal
// has.
func rowVersion(line []byte, keys map[string][]string) (row string, v versioned, err error) {
	record, err := change.Parse(line)
	if err != nil || record.Type != change.Data || record.Operation == change.Load || keys[record.Name()] == nil {
		return "", versioned{}, nil //nolint:nilerr // another check covers unreadable records
	}
	if v.version, err = record.Version(); err != nil {
		return "", versioned{}, nil //nolint:nilerr // as above: it was meant to be refused
	}
	found, ok, err := reconcile.Record(line)
	if err != nil || !ok {
		return "", versioned{}, err //nolint:wrapcheck // the error names what was read
	}
	v.id = found.ID
	var content struct {
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(line, &content); err != nil {
		return "", versioned{}, fmt.Errorf("reading a record: %w", err)
	}
	columns, err := decodeRow(content.Data)
	if err != nil {
		return "", versioned{}, err
	}
	key := map[string]any{}
	for _, column := range keys[record.Name()] {
		key[column] = columns[column]
	}
	return reconcile.Row(record.Name(), key).ID, v, nil
}

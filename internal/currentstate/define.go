package currentstate

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/table"
	"context"
	"encoding/json"
	"slices"
	"time"
)

// definition is a table's definition in a control record:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.Kinesis.html.
type definition struct {
	Table struct {
		Columns map[string]struct {
			Type string `json:"type"`
		} `json:"columns"`
		PrimaryKey []string `json:"primary-key"`
	} `json:"table-def"`
}

// defining lists the operations whose records define a table. Other control records say what happened to a table.
// A stream from MySQL carries no DROP or RENAME TABLE, so such a record describes only DMS's preparation of its
// target. The function counts it and never removes rows for it.
var defining = []change.Operation{"create-table", "change-columns", "add-column", "drop-column", "rename-column", "column-type-change"}

// define reads a table's definition from a control record and enters it.
func (f *Function) define(ctx context.Context, it *item, out *Outcome) error {
	it.control = true
	r := it.record
	var d definition
	if r.Schema == "" || r.Table == "" || !slices.Contains(defining, r.Operation) || json.Unmarshal([]byte(r.Control), &d) != nil || len(d.Table.Columns) == 0 {
		return nil
	}
	made, err := r.Made()
	if err != nil {
		return nil
	}
	n := table.Name{Database: r.Schema, Table: r.Table}
	e, err := f.registry.update(ctx, n, func(e *entry) (*entry, error) {
		return f.described(n, e, &d, made), nil
	})
	if err != nil {
		return err
	}
	epoch := it.epochIn(e, made)
	if epoch == nil {
		return nil
	}
	if len(epoch.Key) > 0 && !made.Before(e.Defined) && !slices.Equal(epoch.Key, d.Table.PrimaryKey) {
		out.keyChanges++
		f.deps.Log.Error("the primary key of a table was changed: begin a new epoch and load the table again, its documents go by the former key",
			"table", n.String(), "documents", epoch.Key, "table now", d.Table.PrimaryKey)
	}
	return f.indices.prepare(ctx, e, epoch.Number)
}

// described returns the entry with a new definition, or nil if nothing changes. A definition that is older than
// the entry's only adds columns, because later records may still have these columns.
func (f *Function) described(n table.Name, e *entry, d *definition, made time.Time) *entry {
	if e == nil {
		e = newEntry(n)
	}
	older := made.Before(e.Defined)
	changed := made.After(e.Defined)
	if e.Columns == nil {
		e.Columns = map[string]fieldType{}
	}
	for name, c := range d.Table.Columns {
		if _, known := e.Columns[name]; !known || !older {
			changed = changed || !known
			e.Columns[name] = typeOf(c.Type)
		}
	}
	if !changed {
		return nil
	}
	e.Unannounced = slices.DeleteFunc(e.Unannounced, func(column string) bool { _, known := e.Columns[column]; return known })
	if !older {
		e.Defined, e.Key, e.KeyTypes = made, slices.Clone(d.Table.PrimaryKey), map[string]string{}
		for _, name := range e.Key {
			e.KeyTypes[name] = d.Table.Columns[name].Type
		}
	}
	if t, configured := f.tables[n]; configured {
		e.Key = slices.Clone(t.Key)
	}
	return e
}

// unannounced returns the entry with additional unannounced columns, or nil if nothing changes.
func (e *entry) unannounced(columns []string) *entry {
	had := len(e.Unannounced)
	for _, column := range columns {
		if _, known := e.Columns[column]; !known && !slices.Contains(e.Unannounced, column) {
			e.Unannounced = append(e.Unannounced, column)
		}
	}
	if len(e.Unannounced) == had {
		return nil
	}
	return e
}

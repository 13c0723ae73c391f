package currentstate

import (
	"cdcpipeline/change"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// definition of a table in a control record,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.Kinesis.html.
type definition struct {
	Table struct {
		Columns map[string]struct {
			Type string `json:"type"`
		} `json:"columns"`
		PrimaryKey []string `json:"primary-key"`
	} `json:"table-def"`
}

// defining are the operations that say how a table is. Others say what happened to one; a stream from MySQL carries
// neither DROP nor RENAME TABLE, so such a record is about DMS's own preparation of its target: it is counted, and never
// are rows removed for it.
var defining = []change.Operation{"create-table", "change-columns", "add-column", "drop-column", "rename-column", "column-type-change"}

// define takes a table's definition from a control record.
func (f *Function) define(ctx context.Context, it *item, out *Outcome) error {
	it.control = true
	r := it.record
	var d definition
	if r.Schema == "" || r.Table == "" || !slices.Contains(defining, r.Operation) || json.Unmarshal([]byte(r.Control), &d) != nil || len(d.Table.Columns) == 0 {
		return nil
	}
	n := Name{r.Schema, r.Table}
	e, err := f.registry.update(ctx, n, func(e *entry) (*entry, error) {
		return f.described(n, e, &d), nil
	})
	if err != nil {
		return err
	}
	made, err := time.Parse(time.RFC3339Nano, r.Metadata.Timestamp)
	if err != nil {
		made = f.deps.Now()
	}
	epoch := e.at(made)
	if epoch == nil {
		return nil
	}
	if len(epoch.Key) > 0 && !slices.Equal(epoch.Key, d.Table.PrimaryKey) {
		out.keyChanges++
		f.deps.Log.Error("the primary key of a table was changed: begin a new epoch and load the table again, its documents go by the former key",
			"table", n.String(), "documents", epoch.Key, "table now", d.Table.PrimaryKey)
	}
	return f.indices.prepare(ctx, e, epoch.Number)
}

// described is the entry with a definition; nil when it says nothing new.
func (f *Function) described(n Name, e *entry, d *definition) *entry {
	isNew := e == nil
	if isNew {
		e = newEntry(n)
	}
	columns := maps.Clone(e.Columns)
	if columns == nil {
		columns = map[string]fieldType{}
	}
	for name, c := range d.Table.Columns {
		columns[name] = typeOf(c.Type)
	}
	key := d.Table.PrimaryKey
	if t, configured := f.tables[n]; configured {
		key = t.Key
	}
	if !isNew && maps.Equal(columns, e.Columns) && slices.Equal(key, e.Key) {
		return nil
	}
	e.Columns, e.Key = columns, slices.Clone(key)
	return e
}

package currentstate

import (
	"cdcpipeline/internal/change"
	"cmp"
)

// rows returns the documents of a record: the row's, and a tombstone for the former key if the key has changed.
func rows(in kind, index string, columns change.KeyColumns, version int64, o origin) ([]document, error) {
	key, err := o.record.Key(columns)
	if err != nil {
		return nil, &problem{Unkeyed, err}
	}
	previous, moved, err := o.record.Moved(columns, key)
	if err != nil {
		return nil, &problem{Unkeyed, err}
	}
	d := document{in: in, index: index, id: key.ID(), version: version, room: len(o.record.Raw()) + 512}
	if o.record.Operation == change.Delete {
		d.tombstone(o)
		return []document{d}, nil
	}
	d.row(o, columns.Names, key)
	if !moved {
		return []document{d}, nil
	}
	was := document{in: in, index: index, id: previous.ID(), version: version, room: 512}
	was.tombstone(o)
	return []document{d, was}, nil
}

// columns returns the key's columns that the epoch's document ids use.
func (e Epoch) columns() change.KeyColumns { return change.KeyColumns{Names: e.Key, Types: e.Types} }

// keyTypes returns the types of the key's columns: MySQL's from the settings, or else DMS's. The latter do not
// distinguish a TIME from a text, nor BINARY from VARBINARY.
func (f *Function) keyTypes(e *entry) []string {
	types := make([]string, len(e.Key))
	for i, column := range e.Key {
		types[i] = cmp.Or(f.tables[e.name()].Columns[column], e.KeyTypes[column])
	}
	return types
}

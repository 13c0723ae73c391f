package currentstate

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/table"
	"maps"
	"slices"
	"strings"
	"time"
)

// entry is a table's entry in the registry.
type entry struct {
	Schema string `json:"schema"`
	Table  string `json:"table"`
	// Key has the latest known columns of the primary key, for the next epoch. It is empty if the table has none.
	Key []string `json:"key"`
	// KeyTypes has DMS's types of the key's columns in its latest definition, by column.
	KeyTypes map[string]string `json:"keyTypes,omitempty"`
	// Columns has the type of each column's field.
	Columns map[string]fieldType `json:"columns"`
	// Unannounced lists columns that rows have but no definition has, by name. Their fields follow the rule for
	// unknown columns.
	Unannounced []string `json:"unannounced,omitempty"`
	// Defined is when DMS made the definition of these columns. Definitions may come in any order.
	Defined time.Time `json:"defined,omitzero"`
	// Epochs has the table's epochs by number, at least one.
	Epochs []Epoch `json:"epochs"`
}

// Epoch is a period in the life of a table that has one source, or one full load of it. Its records fill an index
// of its own.
type Epoch struct {
	Number int `json:"number"`
	// Since is the time from which records belong to the epoch. A record belongs to the last epoch whose Since is
	// not after the record's timestamp. The first epoch has a zero Since.
	Since time.Time `json:"since"`
	// From is when DMS made the first record of an epoch that was filled from the previous one. Nil means Since.
	From *time.Time `json:"from,omitempty"`
	// Key has the columns of the primary key that document ids use. It is empty until the epoch's first record.
	Key []string `json:"key,omitempty"`
	// Types has the types of the key's columns as known at the first record. With them, equal keys have one id in
	// every spelling ([change.KeyColumns]). An epoch of an earlier release has no types: its ids use each key's
	// original spelling.
	Types []string `json:"types,omitempty"`
	// Binlog is the name of the source's binlog files without their number. It is empty until the epoch's first
	// change.
	Binlog string `json:"binlog,omitempty"`
}

func (e *entry) name() table.Name { return table.Name{Database: e.Schema, Table: e.Table} }

// lacks lists columns of a row that are missing in the entry's older definition. It lists none if no control
// record has defined the table, and omits unannounced columns.
func (e *entry) lacks(row change.Row, made time.Time) []string {
	if e.Defined.IsZero() || !made.After(e.Defined) {
		return nil
	}
	var columns []string
	for i := range row {
		if _, known := e.Columns[row[i].Name]; !known && !slices.Contains(e.Unannounced, row[i].Name) {
			columns = append(columns, row[i].Name)
		}
	}
	return columns
}

// rounded returns an integer column whose value in a row is in scientific notation, or an empty text. Without
// UseLargeIntegerValue DMS writes an integer of more than 16 digits in this form, and its exact value is lost.
func (e *entry) rounded(row change.Row) string {
	for i := range row {
		first := row[i].JSON[0]
		if (first == '-' || '0' <= first && first <= '9') && (strings.IndexByte(row[i].JSON, 'e') >= 0 || strings.IndexByte(row[i].JSON, 'E') >= 0) {
			if t := e.Columns[row[i].Name]; t == long || t == unsignedLong {
				return row[i].Name
			}
		}
	}
	return ""
}

// epochAt returns the epoch of a record that DMS made at that time, or nil if it is no longer kept.
func (e *entry) epochAt(made time.Time) *Epoch {
	for i := len(e.Epochs) - 1; i >= 0; i-- {
		if !e.Epochs[i].Since.After(made) {
			return &e.Epochs[i]
		}
	}
	if len(e.Epochs) > 0 && !e.Epochs[0].Begins().After(made) { // the epoch that filled this one is dropped
		return &e.Epochs[0]
	}
	return nil
}

// Begins returns when DMS made the epoch's first record.
func (e Epoch) Begins() time.Time {
	if e.From != nil {
		return *e.From
	}
	return e.Since
}

func (e *entry) epoch(number int) *Epoch {
	for i := range e.Epochs {
		if e.Epochs[i].Number == number {
			return &e.Epochs[i]
		}
	}
	return nil
}

func (e *entry) clone() *entry {
	c := *e
	c.Key, c.KeyTypes, c.Columns = slices.Clone(e.Key), maps.Clone(e.KeyTypes), maps.Clone(e.Columns)
	c.Epochs, c.Unannounced = slices.Clone(e.Epochs), slices.Clone(e.Unannounced)
	return &c
}

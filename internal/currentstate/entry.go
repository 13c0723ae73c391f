package currentstate

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/table"
	"maps"
	"slices"
	"strings"
	"time"
)

// entry is a table in the registry.
type entry struct {
	Schema string `json:"schema"`
	Table  string `json:"table"`
	// Key are the columns of the primary key as last heard of, for the next epoch; empty when the table has none.
	Key []string `json:"key"`
	// KeyTypes are DMS's types of the columns of the key in its latest definition, by column.
	KeyTypes map[string]string `json:"keyTypes,omitempty"`
	// Columns with the types their fields get.
	Columns map[string]fieldType `json:"columns"`
	// Unannounced are columns that rows had and no definition, by name: their fields are the rule's for unknown columns.
	Unannounced []string `json:"unannounced,omitempty"`
	// Defined is when DMS made the definition that the columns are from; definitions may come in any order.
	Defined time.Time `json:"defined,omitzero"`
	// Epochs by number, at least one.
	Epochs []Epoch `json:"epochs"`
}

// Epoch is a time of one source, or of one full load of it, in the life of a table. Its records fill an index of its own.
type Epoch struct {
	Number int `json:"number"`
	// Since is when DMS makes the epoch's first record: a record belongs to the last epoch whose Since is not after the
	// record's timestamp. The first epoch is since ever.
	Since time.Time `json:"since"`
	// From is when DMS made the first record of an epoch that was filled from the one before; nil is Since.
	From *time.Time `json:"from,omitempty"`
	// Key are the columns of the primary key that the epoch's documents go by; empty until its first record.
	Key []string `json:"key,omitempty"`
	// Types of these columns as they were known at the first record, by which equal keys have one id however they are written
	// ([change.KeyColumns]); none in an epoch of an earlier release, whose ids are of keys as they were written.
	Types []string `json:"types,omitempty"`
	// Binlog is the name of the source's binlog files without their number; empty until the epoch's first change.
	Binlog string `json:"binlog,omitempty"`
}

func (e *entry) name() table.Name { return table.Name{Database: e.Schema, Table: e.Table} }

// lacks are the columns of a row that DMS made after the entry's definition, and that are not in it; none when the table was
// never defined by a control record, or when it is known that nobody describes them.
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

// rounded is a column of integers whose value in a row is in scientific notation; empty for none. DMS writes an integer of more
// than 16 digits so without UseLargeIntegerValue: what it was is lost.
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

// epochAt is the epoch of a record that DMS made at that time; nil when it is no longer kept.
func (e *entry) epochAt(made time.Time) *Epoch {
	for i := len(e.Epochs) - 1; i >= 0; i-- {
		if !e.Epochs[i].Since.After(made) {
			return &e.Epochs[i]
		}
	}
	if len(e.Epochs) > 0 && !e.Epochs[0].Begins().After(made) { // what it was filled from is dropped
		return &e.Epochs[0]
	}
	return nil
}

// Begins is when DMS made the epoch's first record.
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

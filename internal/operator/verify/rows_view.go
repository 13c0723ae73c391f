package verify

import (
	"bytes"
	"cdcpipeline/config"
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/lake/athena"
	"cdcpipeline/internal/lake/views"
	"cdcpipeline/internal/operator/schema"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// rowsView is the Athena view of a table's rows.
type rowsView struct {
	// table is the name in the catalog. from is the view in SQL. job is the name that the job uses.
	table, from, job string
	// columns are the source's columns that the view has. fields are their names in the view, in the same order.
	columns []schema.Column
	fields  []views.Field
	// millis is true if times have milliseconds at most: https://docs.aws.amazon.com/athena/latest/ug/data-types.html.
	millis bool
}

func newRowsView(t *sourceTable, table, from string, fields []views.SourceField, format config.TableFormat) (*rowsView, error) {
	v := &rowsView{table: table, from: from, job: table, millis: format != config.FormatIceberg}
	for _, c := range t.Columns {
		i := slices.IndexFunc(fields, func(f views.SourceField) bool { return f.Column.Name == c.Name })
		if i < 0 {
			if c.Key {
				return nil, fmt.Errorf("the lake's table lacks the column %s of the primary key: raise source.schemaRevision, then run `pulumi up`", c.Name)
			}
			continue // it would differ in every row with a value
		}
		if c.Key && v.cuts(c) {
			return nil, fmt.Errorf("column %s of its primary key has times finer than milliseconds, which Athena does not show for %s", c.Name, format)
		}
		v.columns, v.fields = append(v.columns, c), append(v.fields, fields[i].Field)
	}
	return v, nil
}

// cuts reports whether the view shows a time with fewer digits than its column has.
func (v *rowsView) cuts(c schema.Column) bool {
	return v.millis && (c.Kind == schema.DateTime || c.Kind == schema.Timestamp) && c.Precision > 3
}

// cut lists the columns whose times are compared to the millisecond.
func (v *rowsView) cut() []string {
	var names []string
	for _, c := range v.columns {
		if v.cuts(c) {
			names = append(names, c.Name)
		}
	}
	return names
}

func (v *rowsView) statement(where string) string {
	names := make([]string, len(v.fields))
	for i, f := range v.fields {
		names[i] = identifier(f.Name)
	}
	return "SELECT " + strings.Join(names, ", ") + " FROM " + v.from + where
}

func identifier(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// row passes a row's state to visit, with the id of its key.
func (v *rowsView) row(t *sourceTable, values []sql.NullString, visit visitor) error {
	if len(values) != len(v.columns) {
		return fmt.Errorf("%s: a row has %d values for %d columns", v.table, len(values), len(v.columns))
	}
	of := shownRow{Millis: v.millis, Row: map[string]json.RawMessage{}}
	for i, c := range v.columns {
		if !values[i].Valid {
			continue
		}
		raw, err := rawJSON(c, values[i].String)
		if err != nil {
			return fmt.Errorf("%s: column %s: %w", v.table, c.Name, err)
		}
		of.Row[c.Name] = raw
	}
	key, err := t.keyOfSink(of.columns())
	if err != nil {
		return err
	}
	of.ID = key.ID()
	s, err := of.state()
	if err != nil {
		return err
	}
	return visit(of.ID, s)
}

// rawJSON converts a value of Athena to the JSON that a record would have.
func rawJSON(c schema.Column, text string) (json.RawMessage, error) {
	switch c.Kind {
	case schema.Integer, schema.Decimal, schema.Float, schema.Double, schema.Year:
		if json.Valid([]byte(text)) {
			return json.RawMessage(text), nil
		}
	default:
	}
	return asJSON(text)
}

// asJSON encodes a value for people: it does not escape < as \u003c.
func asJSON(value any) (json.RawMessage, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSpace(b.Bytes()), err //nolint:wrapcheck // the caller names the column or the row
}

// shownRow is a row of a view in the temporary file.
type shownRow struct {
	ID     string                     `json:"id"`
	Millis bool                       `json:"millis,omitempty"`
	Row    map[string]json.RawMessage `json:"row"`
}

func (r shownRow) columns() change.Row {
	row := make(change.Row, 0, len(r.Row))
	for _, name := range slices.Sorted(maps.Keys(r.Row)) {
		row = append(row, change.Column{Name: name, JSON: string(r.Row[name])})
	}
	return row
}

func (r shownRow) state() (state, error) {
	raw, err := asJSON(r)
	if err != nil {
		return state{}, fmt.Errorf("keeping a row of a view: %w", err)
	}
	return state{raw: string(raw), row: r.columns(), document: r.ID, shown: true, millis: r.Millis}, nil
}

// some is a group of rows that are read by their keys.
type some struct {
	ids   []string
	where string
}

const (
	// keyRows and keyBytes limit the list of keys in a statement. The limit leaves space for the rest of the statement.
	keyRows, keyBytes = 500, athena.MaxStatement / 2
)

// chunks divides suspects into groups, one for each statement.
func (v *rowsView) chunks(t *sourceTable, of map[string]*suspect) func(func(some) bool) {
	columns := make([]string, len(t.Key))
	for n, i := range t.Key {
		columns[n] = identifier(v.fields[v.index(t.Columns[i])].Name)
	}
	return func(yield func(some) bool) {
		var now some
		var keys []string
		size := 0
		flush := func() bool {
			now.where = ""
			if len(keys) == 0 {
				return true
			}
			now.where = " WHERE " + tuple(columns) + " IN (" + strings.Join(keys, ", ") + ")"
			more := yield(now)
			now, keys, size = some{}, nil, 0
			return more
		}
		for _, id := range slices.Sorted(maps.Keys(of)) {
			key := v.constant(t, of[id].key)
			if size+len(key) > keyBytes || len(keys) == keyRows {
				if !flush() {
					return
				}
			}
			now.ids, keys, size = append(now.ids, id), append(keys, key), size+len(key)+2
		}
		flush()
	}
}

func (v *rowsView) index(c schema.Column) int {
	return slices.IndexFunc(v.columns, func(has schema.Column) bool { return has.Name == c.Name })
}

// tuple formats values as an SQL tuple. A single value needs no parentheses.
func tuple(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	return "(" + strings.Join(values, ", ") + ")"
}

// constant returns the SQL of a key's normal form as the view stores it. For values that stay text,
// functions/tables/cdctables/record.py (Spelling) defines the form. A value that the view's type cannot hold, such as a
// zero date, becomes NULL, which matches no row.
func (v *rowsView) constant(t *sourceTable, key change.Key) string {
	values := make([]string, len(t.Key))
	for n, i := range t.Key {
		c, field := t.Columns[i], v.fields[v.index(t.Columns[i])]
		if field.SQL == "varchar" {
			values[n] = literal(spelled(c, key[n]))
		} else {
			values[n] = fmt.Sprintf("TRY_CAST(%s AS %s)", literal(plainValue(c, key[n])), field.SQL)
		}
	}
	return tuple(values)
}

// plainValue formats a normal value for a cast in Athena.
func plainValue(c schema.Column, normal string) string {
	switch c.Kind {
	case schema.DateTime, schema.Timestamp:
		return strings.Replace(normal, "T", " ", 1)
	case schema.Bool, schema.Bit: // BIT(1) is a boolean in Athena
		if c.Bits <= 1 && c.Kind == schema.Bit {
			return map[string]string{"0": "false", "1": "true"}[normal]
		}
	default:
	}
	return normal
}

// spelled formats a normal value as the job writes a value that stays text.
func spelled(c schema.Column, normal string) string {
	switch c.Kind {
	case schema.Binary:
		return "0x" + normal
	case schema.Bit:
		n, err := strconv.ParseUint(normal, 10, 64)
		if err != nil {
			return normal
		}
		return fmt.Sprintf("0x%0*X", 2*((c.Bits+7)/8), n)
	case schema.UUID:
		if len(normal) == 32 {
			return strings.Join([]string{normal[:8], normal[8:12], normal[12:16], normal[16:20], normal[20:]}, "-")
		}
	default:
	}
	return normal
}

package athena

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Engine runs statements over a database of the Glue Data Catalog as Athena does, one at a time.
type Engine interface {
	// Name returns name and version, such as trino 476.
	Name() string
	// Query runs a statement, or returns Athena's reason for refusing it.
	Query(ctx context.Context, sql string) (Answer, error)
	// Close ends the engine.
	Close()
}

// Answer is a statement's result.
type Answer struct {
	// Columns has the columns, with their types in Trino's spelling.
	Columns []Column
	// Rows has JSON values: text, numbers, booleans, lists of texts, null.
	Rows [][]any
}

// Column is a column of a result.
type Column struct{ Name, Type string }

// Row is a row of a view or query, by column. A value is text, or nil for NULL: integers and decimals with all zeros,
// true and false, 2026-01-31, 2026-01-31 13:14:15.5 (no trailing zeros in a fraction), JSON for an array.
type Row map[string]any

// rows converts the answer's rows to one form for all engines.
func (a Answer) rows() ([]Row, error) {
	rows := []Row{}
	for _, values := range a.Rows {
		if len(values) != len(a.Columns) {
			return nil, fmt.Errorf("a row has %d values for %d columns", len(values), len(a.Columns))
		}
		row := Row{}
		for i, c := range a.Columns {
			value, err := normal(values[i], c.Type)
			if err != nil {
				return nil, fmt.Errorf("column %s: %w", c.Name, err)
			}
			row[c.Name] = value
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// normal converts a value of a type to the form of [Row].
func normal(value any, kind string) (any, error) {
	switch value := value.(type) {
	case nil:
		return nil, nil
	case []any:
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(value); err != nil {
			return nil, fmt.Errorf("writing an array: %w", err)
		}
		return strings.TrimSpace(text.String()), nil
	}
	text := fmt.Sprint(value)
	switch {
	case strings.HasPrefix(kind, "timestamp") && strings.Contains(text, "."):
		return strings.TrimRight(strings.TrimRight(text, "0"), "."), nil
	case kind == "real" || kind == "double":
		bits := map[string]int{"real": 32, "double": 64}[kind]
		n, err := strconv.ParseFloat(text, bits)
		if err != nil {
			return nil, fmt.Errorf("reading a number: %w", err)
		}
		return strconv.FormatFloat(n, 'g', -1, bits), nil
	}
	return text, nil
}

// ask runs a statement in which question marks are parameters. For a key it uses an existing row's values, for a time
// one in the future. It replaces the marks in the text, like Athena's execution parameters,
// https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html.
func ask(ctx context.Context, e Engine, sql string) ([]Row, error) {
	parts := split(sql)
	values, err := keyValues(ctx, e, sql, parts)
	if err != nil {
		return nil, err
	}
	var filled strings.Builder
	for i, part := range parts {
		filled.WriteString(part)
		if i == len(parts)-1 {
			break
		}
		if keyOf(part) == "" {
			filled.WriteString("'9999-12-31 00:00:00'")
			continue
		}
		filled.WriteString(values[0])
		values = values[1:]
	}
	answer, err := e.Query(ctx, filled.String())
	if err != nil {
		return nil, err
	}
	return answer.rows()
}

// split cuts a statement at its parameters.
func split(sql string) []string {
	var parts []string
	var quote rune
	from := 0
	for i, c := range sql {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '?':
			parts, from = append(parts, sql[from:i]), i+1
		}
	}
	return append(parts, sql[from:])
}

// keyOf is the quoted column with which the parameter after this text is compared, if any.
func keyOf(before string) string {
	before, ok := strings.CutSuffix(before, " = ")
	if !ok {
		return ""
	}
	return before[strings.LastIndexAny(before, " \n")+1:]
}

// keyValues returns the SQL values for the parameters of key columns.
func keyValues(ctx context.Context, e Engine, sql string, parts []string) ([]string, error) {
	var keys []string
	for _, part := range parts[:len(parts)-1] {
		if key := keyOf(part); key != "" {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	_, after, _ := strings.Cut(sql, "\nFROM ")
	view, _, _ := strings.Cut(after, "\n")
	answer, err := e.Query(ctx, fmt.Sprintf("SELECT %s FROM %s LIMIT 1", strings.Join(keys, ", "), view))
	if err != nil {
		return nil, fmt.Errorf("looking for a key: %w", err)
	}
	rows, err := answer.rows()
	if err != nil {
		return nil, err
	}
	values := make([]string, len(keys))
	for i, c := range answer.Columns {
		if values[i] = "NULL"; len(rows) > 0 && rows[0][c.Name] != nil {
			values[i] = constant(rows[0][c.Name].(string), c.Type)
		}
	}
	return values, nil
}

// constant is a value's SQL.
func constant(text, kind string) string {
	quoted := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	if kind == "varchar" {
		return quoted
	}
	return "CAST(" + quoted + " AS " + kind + ")"
}

// Rows returns all rows of a view or a table.
func Rows(ctx context.Context, e Engine, name string) ([]Row, error) {
	return ask(ctx, e, `SELECT * FROM "`+name+`"`)
}

package tables

import (
	"cdcpipeline/internal/lake/views"
	"encoding/json"
	"fmt"
	"strings"
)

// Parse reads the output of [Spec.Text].
func Parse(text []byte) (Spec, error) {
	var s Spec
	if err := json.Unmarshal(text, &s); err != nil {
		return Spec{}, fmt.Errorf("reading the specification of the tables' job: %w", err)
	}
	return s, nil
}

// Find finds a table by its name in the source; false when the job does not maintain it.
func (s Spec) Find(database, table string) (Table, bool) {
	for _, t := range s.Tables {
		if t.Schema == database && t.Table == table && strings.HasSuffix(t.Name, views.Name("").Table()) {
			return t, true
		}
	}
	return Table{}, false
}

// View is the name under which Athena shows the table's rows.
func (t Table) View() string { return strings.TrimSuffix(t.Name, views.Name("").Table()) }

// Filled is a SELECT with the result that the view would have if it showed the epoch that is being filled.
func (t Table) Filled() (string, error) {
	v, err := rows(views.Name(t.View()), t.Next, t.source())
	return v.SQL, err
}

func (t Table) source() views.Table {
	source := views.Table{Kind: t.Kind, Database: t.Schema, Name: t.Table, PrimaryKey: t.Key}
	for _, c := range t.Columns {
		source.Columns = append(source.Columns, views.Column{Name: c.Member, Type: c.Declared})
	}
	return source
}

// Shown are the columns of that view, each with its source column: those of [Rows].
func (t Table) Shown() ([]views.SourceField, error) {
	fields, _, err := views.Fields(t.source())
	if err != nil {
		return nil, fmt.Errorf("the lake's tables: %w", err)
	}
	return fields, nil
}

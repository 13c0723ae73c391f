package lake

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/lake/tables"
	"cdcpipeline/internal/lake/views"
	"cdcpipeline/internal/source/preparation"
	"cdcpipeline/internal/table"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// followed are the configured tables; the catalog holds those given by name.
type followed struct {
	table []config.Table
	// names of the tables in the catalog, with the names configured in the source.
	names  []views.Name
	source [][2]string
	// patterns are the other tables, which the catalog omits.
	patterns []string
	since    config.RowsSince
	engine   config.Engine
}

func follow(source string, engine config.Engine, lake config.Lake, tables []config.Table, since config.RowsSince) followed {
	f := followed{since: since, engine: engine}
	for _, t := range tables {
		if _, one := (table.Pattern{Database: t.Database, Table: t.Table}).One(); !one {
			f.patterns = append(f.patterns, t.String())
			continue
		}
		f.table = append(f.table, t)
		f.source = append(f.source, [2]string{t.Database, t.Table})
	}
	f.names = views.Source(source).Names(f.source)
	if lake.Tables.On() {
		f.names = views.Source(source).NamesWithTables(f.source)
	}
	return f
}

// found returns a table as the bootstrap found it. It separates the columns that the records omit.
func (f followed) found(t config.Table, result string) (found views.Table, omitted []string, err error) {
	var findings preparation.Findings
	if err := json.Unmarshal([]byte(result), &findings); err != nil {
		return views.Table{}, nil, fmt.Errorf("reading what the bootstrap found: %w", err)
	}
	is := func(same func(a, b string) bool) int {
		return slices.IndexFunc(findings.Tables, func(f preparation.TableFound) bool {
			return same(f.Database, t.Database) && same(f.Table.Table, t.Table)
		})
	}
	i := is(func(a, b string) bool { return a == b })
	if i < 0 { // a server may store names in lower case
		i = is(strings.EqualFold)
	}
	if i < 0 {
		return views.Table{}, nil, fmt.Errorf("the bootstrap has not read %s: raise source.schemaRevision to make it read the tables again", t)
	}
	it := findings.Tables[i]
	out := views.Table{Kind: change.Kind(f.engine), Database: it.Database, Name: it.Table.Table, PrimaryKey: it.PrimaryKey, Since: f.since.Of(t.Database, t.Table)}
	for _, column := range it.Columns {
		if slices.ContainsFunc(t.OmitColumns, func(o string) bool { return strings.EqualFold(o, column.Name) }) {
			omitted = append(omitted, column.Name)
			continue
		}
		out.Columns = append(out.Columns, views.Column{Name: column.Name, Type: column.Type})
	}
	return out, omitted, nil
}

// describe is the table's part of the job's specification.
func (f followed) describe(lake config.Lake, t config.Table, name views.Name, result string) (tables.Table, error) {
	found, omitted, err := f.found(t, result)
	if err != nil {
		return tables.Table{}, err
	}
	return tables.Describe(lake, name, found, omitted)
}

package athena

import (
	"cdcpipeline/internal/lake/views"
	"cdcpipeline/internal/operator/conformance"
	"cdcpipeline/internal/operator/conformance/conformancetest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// probe is the table of a recorded probe, as the bootstrap would describe it, under a name.
func probe(e *conformance.Evidence, name string) views.Table {
	t := views.Table{Database: e.Database, Name: name, PrimaryKey: []string{"id", "code", "tag"}}
	for _, c := range [][2]string{
		{"id", "bigint(20) unsigned"},
		{"code", "varchar(20)"},
		{"tag", "binary(4)"},
		{"scene", "varchar(20)"},
		{"step", "int(11)"},
		{"nothing", "varchar(20)"},
		{"empty_text", "varchar(20)"},
		{"exact", "decimal(38,10)"},
		{"happened", "datetime(6)"},
		{"noticed", "timestamp(6)"},
		{"words", "varchar(60)"},
	} {
		t.Columns = append(t.Columns, views.Column{Name: c[0], Type: c[1]})
	}
	return t
}

// rowsOf returns the rows of the views over the tables' folders. Each folder has one stream's records about its
// table.
func rowsOf(t *testing.T, streams map[string]*conformance.Evidence) map[string][]Row {
	t.Helper()
	var tables []views.Table
	l, viewOf := lake{}, map[string]string{}
	for id, e := range streams {
		source := e.Table + "_" + strings.ReplaceAll(id, "-", "_")
		tables = append(tables, probe(e, source))
		viewOf[id] = views.Names([][2]string{{e.Database, source}})[0].Rows()
		object := "raw/schema=" + e.Database + "/table=" + source + "/dt=2026-11-01/hour=07/a.gz"
		for _, a := range e.Stream {
			if !strings.Contains(a.Data, e.Table+"$") {
				l[object] = append(l[object], strings.TrimSpace(strings.ReplaceAll(a.Data, e.Table, source)))
			}
		}
	}
	q := asked(t, tables...)
	q.Queries = nil
	got, err := answers(t, q, l)
	require.NoError(t, err)
	rows := map[string][]Row{}
	for id, name := range viewOf {
		rows[id] = got.Views[name]
	}
	return rows
}

func TestWhatIsHarmlessChangesNoRowOfTheViews(t *testing.T) {
	e := conformancetest.Evidence(t)
	streams := map[string]*conformance.Evidence{"": e}
	for _, a := range conformance.Assumptions() {
		if a.Mark == conformance.Harmless {
			streams[a.ID] = conformancetest.Apply(conformancetest.Breaks()[a.ID], e)
		}
	}
	rows := rowsOf(t, streams)
	require.NotEmpty(t, rows[""])
	delete(streams, "")
	for id := range streams {
		t.Run(id, func(t *testing.T) { require.ElementsMatch(t, rows[""], rows[id]) })
	}
}

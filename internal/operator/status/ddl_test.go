package status

import (
	"cdcpipeline/internal/operator/ddl"
	"cdcpipeline/internal/operator/slot"
	"cdcpipeline/internal/table"
	"cdcpipeline/internal/task"
	"cdcpipeline/internal/task/tasktest"
	"context"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fakeDatabase imitates the tables' definitions and the store of them.
type fakeDatabase struct {
	slots         []slot.Slot
	slotsErr      error
	tables        map[table.Name]*ddl.Table
	kept          map[string]ddl.Known
	sightings     map[string]ddl.Sighting
	err, keptErr  error
	closed, wrote bool
}

func (f *fakeDatabase) Tables(context.Context) (map[table.Name]*ddl.Table, error) {
	return f.tables, f.err
}

func (f *fakeDatabase) Slots(context.Context) ([]slot.Slot, error) { return f.slots, f.slotsErr }

func (f *fakeDatabase) Close() error {
	f.closed = true
	return nil
}

func (f *fakeDatabase) Read(context.Context) (map[string]ddl.Known, error) { return f.kept, f.keptErr }

func (f *fakeDatabase) Sightings(context.Context) (map[string]ddl.Sighting, error) {
	return f.sightings, nil
}

func (f *fakeDatabase) Write(_ context.Context, known, _ map[string]ddl.Known) error {
	f.kept, f.wrote = maps.Clone(known), true
	return nil
}

var orders = table.Name{Database: "shop", Table: "orders"}

// wellDatabase returns two tables that have not changed since their load. Nobody has looked yet.
func wellDatabase() *fakeDatabase {
	return &fakeDatabase{kept: map[string]ddl.Known{}, tables: map[table.Name]*ddl.Table{
		orders: {ID: "7", Created: tasktest.Noon.Add(-2 * time.Hour), Columns: "a"},
		{Database: "testdb", Table: "retail_trans"}: {ID: "8", Created: tasktest.Noon.Add(-2 * time.Hour), Columns: "b"},
	}}
}

func (p *parts) readWith(t *testing.T, f *fakeDatabase, o Options, accept ...string) Status {
	t.Helper()
	stack := p.stack(Source{Outputs: p.outputs, Database: func(context.Context) (Database, error) { return f, nil }, Kept: f, Accept: accept})
	if o.Now == nil {
		o.Now = func() time.Time { return tasktest.Noon }
	}
	return stack.Read(t.Context(), o)
}

func later() Options { return Options{Now: func() time.Time { return tasktest.Noon.Add(time.Hour) }} }

func TestATableIsComparedWithWhatItWasAtItsLoad(t *testing.T) {
	p, f := wellParts(), wellDatabase()
	s := p.readWith(t, f, Options{})
	require.True(t, s.Healthy, s.Problems)
	require.True(t, f.closed)
	require.Equal(t, "7", f.kept["shop.orders"].Table.ID)

	f.tables[orders] = &ddl.Table{ID: "9", Created: tasktest.Noon.Add(30 * time.Minute), Columns: "a"} // as after TRUNCATE
	for range 2 {
		s = p.readWith(t, f, later())
		require.Equal(t, []string{"table shop.orders: " + ddl.Replaced + " between 2026-11-23T12:30:00Z and 2026-11-23T13:00:00Z. " +
			"DMS sends no record of this, so the sinks still show removed rows: run `cdc start --reload-table shop.orders`"}, s.Problems)
	}
	form, err := json.Marshal(s.DDL)
	require.NoError(t, err)
	require.JSONEq(t, `{"tables": [{"name": "shop.orders", "gone": false, "changes": [{"what": "`+ddl.Replaced+`", "after": "2026-11-23T12:30:00Z", "before": "2026-11-23T13:00:00Z"}]}]}`, string(form))

	// The table is loaded again.
	p.dms.Looks[0].Tables[1] = tasktest.TableAt("shop.orders", task.TableCompleted, tasktest.Noon.Add(2*time.Hour), 20)
	require.True(t, p.readWith(t, f, later()).Healthy)
}

func TestALoadBeginsTheRecordOfATable(t *testing.T) {
	p, f := wellParts(), wellDatabase()
	source := Source{Outputs: p.outputs, Database: func(context.Context) (Database, error) { return f, nil }, Kept: f}
	require.NoError(t, source.NoteTables(t.Context(), p.dms))
	require.Equal(t, "7", f.kept["shop.orders"].Table.ID)
	f.err = tasktest.ErrRefused
	require.ErrorContains(t, source.NoteTables(t.Context(), p.dms), "noting how the tables are made: AccessDenied")
}

// The canary cannot call DMS. It counts a changed table until somebody stores that it was loaded.
func TestALoadIsKeptWithoutALookAtTheDatabase(t *testing.T) {
	p, f := wellParts(), wellDatabase()
	p.readWith(t, f, Options{})
	loaded := f.kept["shop.orders"]
	f.tables[orders] = &ddl.Table{ID: "9", Created: tasktest.Noon.Add(30 * time.Minute), Columns: "a"} // as after TRUNCATE
	require.False(t, p.readWith(t, f, later()).Healthy)
	other := maps.Clone(f.kept)

	source := Source{Outputs: p.outputs, Kept: f}
	require.NoError(t, source.NoteLoads(t.Context(), p.dms, []table.Name{orders}))
	require.True(t, f.kept["shop.orders"].Seen.After(loaded.Seen))
	require.Empty(t, f.kept["shop.orders"].Changes)
	delete(f.kept, "shop.orders")
	delete(other, "shop.orders")
	require.Equal(t, other, f.kept, "tables that were not loaded stay as they are known")
	require.NoError(t, source.NoteLoads(t.Context(), p.dms, nil))
	require.Contains(t, f.kept, "shop.orders")

	// The next look at the database accepts the table as it is, unless it was made again since the load.
	p.dms.Looks[0].Tables[1] = tasktest.TableAt("shop.orders", task.TableCompleted, tasktest.Noon.Add(2*time.Hour), 20)
	require.True(t, p.readWith(t, f, later()).Healthy)
	f.keptErr = tasktest.ErrRefused
	require.ErrorContains(t, source.NoteLoads(t.Context(), p.dms, nil), "noting that tables are loaded: AccessDenied")
}

func TestADroppedTableIsNamed(t *testing.T) {
	p, f := wellParts(), wellDatabase()
	p.readWith(t, f, Options{})
	delete(f.tables, orders)
	s := p.readWith(t, f, later())
	require.True(t, s.DDL.Tables[0].Gone)
	require.Contains(t, strings.Join(s.Problems, "\n"), "table shop.orders: DROP or RENAME between 2026-11-23T12:00:00Z and 2026-11-23T13:00:00Z. DMS sends no record of this, so the sinks still show removed rows: run `cdc start --reload-table shop.orders` when the table exists again")
}

func TestAColumnThatIsGoneIsNamedWithWhatIsStillShown(t *testing.T) {
	p, f := wellParts(), wellDatabase()
	f.tables[orders] = &ddl.Table{ID: "7", Columns: "a", Names: []string{"id", "amount"}}
	require.True(t, p.readWith(t, f, Options{}).Healthy)
	f.tables[orders] = &ddl.Table{ID: "7", Columns: "b", Names: []string{"id", "price"}}
	const column = "DROP or RENAME of the column amount between 2026-11-23T12:00:00Z and 2026-11-23T13:00:00Z. Rows that have not changed since then still show it"
	require.Equal(t, []string{"table shop.orders: " + column + ": run `cdc start --reload-table shop.orders`"}, p.readWith(t, f, later()).Problems)

	f.tables[orders] = &ddl.Table{ID: "8", Columns: "b", Names: []string{"id", "price"}} // as after TRUNCATE
	s := p.readWith(t, f, later())
	require.Equal(t, []string{"table shop.orders: " + ddl.Replaced + " between 2026-11-23T13:00:00Z and 2026-11-23T13:00:00Z. DMS sends no record of this, so the sinks still show removed rows. " +
		column + ": run `cdc start --reload-table shop.orders`"}, s.Problems)
	form, err := json.Marshal(s.DDL.Tables[0].Changes[0])
	require.NoError(t, err)
	require.JSONEq(t, `{"what": "DROP or RENAME of the column amount", "columns": ["amount"], "after": "2026-11-23T12:00:00Z", "before": "2026-11-23T13:00:00Z"}`, string(form))
	require.True(t, p.readWith(t, f, later(), "shop.orders").Healthy)
	require.True(t, p.readWith(t, f, later()).Healthy)
}

func TestWhatTheCanarySawBeforeTheFirstLookIsNamedAndKept(t *testing.T) {
	p, f := wellParts(), wellDatabase()
	f.sightings = map[string]ddl.Sighting{"shop.orders": {Seen: tasktest.Noon.Add(30 * time.Minute), Columns: []string{"amount"}}}
	for range 2 {
		require.Contains(t, strings.Join(p.readWith(t, f, later()).Problems, "\n"), "table shop.orders: DROP or RENAME of the column amount between ")
	}
	require.Len(t, f.kept["shop.orders"].Changes, 1)
	require.True(t, p.readWith(t, f, later(), "shop.orders").Healthy)
	require.True(t, p.readWith(t, f, later()).Healthy)
}

func TestAnAcceptedTableIsNoProblem(t *testing.T) {
	p, f := wellParts(), wellDatabase()
	p.readWith(t, f, Options{})
	f.tables[orders] = &ddl.Table{ID: "9", Columns: "a"} // as after OPTIMIZE TABLE
	o := later()
	require.False(t, p.readWith(t, f, o).Healthy)
	require.True(t, p.readWith(t, f, o, "shop.orders").Healthy)
	require.True(t, p.readWith(t, f, later()).Healthy)
	require.Contains(t, p.readWith(t, f, o, "shop.nothing").DDL.Error, "--accept-table: the task has not loaded a table shop.nothing")
}

func TestTablesThatAreLoadingOrProbesAreNotCompared(t *testing.T) {
	p, f := wellParts(), wellDatabase()
	p.outputs.ProbeTables = "shop.%"
	delete(f.tables, orders)
	p.dms.Looks[0].Tables[0].FullLoadEndTime = nil
	s := p.readWith(t, f, Options{})
	require.Empty(t, s.DDL.Tables)
	require.Empty(t, f.kept)
}

func TestWhatCannotBeComparedIsSaid(t *testing.T) {
	for problem, change := range map[string]func(*fakeDatabase){
		"cannot read the definitions of the tables: AccessDeniedException: not": func(f *fakeDatabase) { f.err = tasktest.ErrRefused },
		"cannot read the definitions of the tables: AccessDen":                  func(f *fakeDatabase) { f.keptErr = tasktest.ErrRefused },
	} {
		p, f := wellParts(), wellDatabase()
		change(f)
		s := p.readWith(t, f, Options{})
		require.Contains(t, strings.Join(s.Problems, "\n"), problem)
		require.False(t, f.wrote)
	}
}

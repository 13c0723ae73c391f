//go:build spark

package glue

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/rehearsal/stores"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var formats = []string{"iceberg", "delta", "hudi"}

// Every reader sees the expected rows. Records may come in any order, repeated, and split into any batches.
func TestTablesAreWhatTheRecordsSay(t *testing.T) {
	for _, format := range formats {
		t.Run(format, func(t *testing.T) {
			l, m, s := newLake(t, format), newModel(t), newSource(uint64(len(format)))
			history := append(s.load(100), s.change(300)...)
			m.apply(history...)
			objects := s.shuffled(history, 6)
			l.deliver(objects[:2]...)
			l.run()
			l.deliver(objects[2:]...)
			l.run()
			l.equal(m, all...)
		})
	}
}

// Whenever a run is killed, the next one misses nothing and applies nothing twice. That also holds if upkeep runs
// in between and deletes the commits with the reading position.
func TestARunThatIsKilledIsMadeUpFor(t *testing.T) {
	for _, format := range formats {
		t.Run(format, func(t *testing.T) {
			l, m, s := newLake(t, format), newModel(t), newSource(7)
			l.specify(map[string]any{"batch_mb": 0, "version_days": 0}) // each object is a commit
			for round, wait := range []int{1, 2} {                      // number of commits before it is killed
				history := append(s.load(20), s.change(40)...)
				m.apply(history...)
				l.deliver(s.shuffled(history, 5)...)
				p := l.start()
				require.Eventually(t, func() bool { return len(l.said(p)) >= wait }, 5*time.Minute, 20*time.Millisecond)
				p.Kill()
				require.Less(t, len(l.said(p)), 5)
				if round == 1 {
					l.run("--action", "upkeep")
				}
				objects := 0
				for _, commit := range l.run() {
					objects += commit.Objects
				}
				require.LessOrEqual(t, objects, 5-wait+1, "of a commit that was under way nobody knows")
				require.Empty(t, l.run())
				l.equal(m, all...)
			}
			require.Empty(t, l.keys("errors/"))
		})
	}
}

// A late change or load of a deleted row does not bring the row back. After its tombstone was purged, such a
// change is refused and parked.
func TestWhatIsDeletedStaysSo(t *testing.T) {
	for _, format := range formats {
		t.Run(format, func(t *testing.T) {
			l, m, s := newLake(t, format), newModel(t), newSource(8)
			a, b := id{"1", "a"}, id{"2", "a"}
			load, inserted := s.load(3), s.insert(a, 5000, 1)
			late := []string{inserted, s.update(a, a, 6000, 1), s.update(b, b, 6000, 2)}
			deleted := []string{s.delete(a, 7000, 1), s.delete(b, 7000, 2)}
			m.apply(load...)
			m.apply(deleted...)
			l.deliver(load, deleted)
			l.run()
			l.equal(m, all...)
			l.deliver(late[:2])
			m.apply(late[:2]...)
			require.Zero(t, l.run()[0].Refused)
			l.equal(m, all...)
			require.Contains(t, m.rows, a.number+","+a.part)

			l.specify(map[string]any{"tombstone_days": -1, "version_days": 0, "upkeep_hours": 0}) // everything until tomorrow is old, and upkeep is due
			kept := l.run()
			require.Less(t, kept[0].ObjectsAfter, kept[0].ObjectsBefore)
			maps.DeleteFunc(m.rows, func(_ string, r change.Row) bool { return r == nil })
			l.equal(m, all...)
			l.deliver(late[2:])
			require.Equal(t, 1, l.run()[0].Refused)
			l.equal(m, all...)
			require.Len(t, l.keys("errors/tables/raw/schema=shop/table=orders/"), 1)
		})
	}
}

// A column is added, one gets a larger type, and one is dropped. An impossible change stops the table, with a
// message that says what to do.
func TestColumnsComeAndChange(t *testing.T) {
	for _, format := range formats {
		t.Run(format, func(t *testing.T) {
			l, m, s := newLake(t, format), newModel(t), newSource(9)
			step := func(columns ...string) {
				t.Helper()
				history := append(s.load(10), s.change(30)...)
				m.apply(history...)
				l.deliver(s.shuffled(history, 2)...)
				for _, commit := range l.run() {
					require.Zero(t, commit.Refused)
				}
				l.equal(m, columns...)
			}
			step(all...)

			s.more = func() string { return fmt.Sprintf(`,"colour":"red %d","ratio":%d`, s.random.IntN(9), s.random.IntN(9)) }
			history := s.change(20)
			m.apply(history...)
			l.deliver(history)
			lines, err := l.start().Wait()
			require.Error(t, err, "nobody has said of which type it is")
			require.Contains(t, said(t, lines)[0].Stopped, "raise source.schemaRevision")
			l.columns = append(l.columns, specified{"colour", "colour", "varchar(20)", "string"}, specified{"ratio", "ratio", "int(11)", "int"})
			l.specify(nil)
			with := append(slices.Clone(all), "colour", "ratio")
			step(with...)

			i := slices.IndexFunc(l.columns, func(c specified) bool { return c.Name == "ratio" })
			l.columns[i].Declared, l.columns[i].Type = "bigint(20)", "bigint"
			i = slices.IndexFunc(l.columns, func(c specified) bool { return c.Name == "total" })
			l.columns[i].Declared, l.columns[i].Type = "decimal(20,2)", "decimal(20,2)"
			known, reader := l.columns, stores.Readers[format][0]
			l.columns = slices.DeleteFunc(slices.Clone(known), func(c specified) bool { return c.Name == "colour" })
			l.specify(nil)
			was, _ := l.rows(reader, tableName)
			require.Empty(t, l.run())
			is, _ := l.rows(reader, tableName)
			require.Equal(t, was, is, "a column that the source has no more keeps its values, also when the table is written anew")
			l.columns = known
			l.specify(nil)
			s.more = func() string { return fmt.Sprintf(`,"colour":"blue","ratio":%d`, s.random.Int64()) }
			step(with...)
			require.Empty(t, l.run(), "what was read is known after the table was written anew")

			l.columns[i].Declared, l.columns[i].Type = "int(11)", "int"
			l.specify(nil)
			lines, err = l.start().Wait()
			require.Error(t, err)
			require.Contains(t, said(t, lines)[0].Stopped, "column total is decimal(20,2) in the table and int in the source")
		})
	}
}

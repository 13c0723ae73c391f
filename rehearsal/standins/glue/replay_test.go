//go:build spark

package glue

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Records that do not fit a column are applied, in their original order, once the column's type can hold them.
// Unreadable records stay parked.
func TestWhatWasRefusedIsAppliedOnceItCanBe(t *testing.T) {
	for _, format := range formats {
		t.Run(format, func(t *testing.T) {
			l, m, s := newLake(t, format), newModel(t), newSource(11)
			fine := func(line string) string { return strings.Replace(line, `"total":`, `"total":7777777777`, 1) } // more digits than the column has
			load := s.load(3)
			a, b := id{"1", "a"}, id{"2", "a"}
			wide, changed := fine(s.insert(a, 5000, 1)), s.update(a, a, 6000, 1)
			l.deliver(load, []string{wide, changed}, []string{fine(s.insert(b, 5000, 2)), "{"})
			require.Equal(t, 3, sum(l.run()).Refused)
			parked := l.keys("errors/tables/raw/schema=shop/table=orders/")
			require.Len(t, parked, 2)

			again := l.run("--action", "replay")
			require.Equal(t, []int{2, 3}, []int{sum(again).Objects, sum(again).Refused}, "the cause is there still")
			require.Equal(t, parked, l.keys("errors/tables/"))

			i := slices.IndexFunc(l.columns, func(c specified) bool { return c.Name == "total" })
			l.columns[i].Declared, l.columns[i].Type = "decimal(24,2)", "decimal(24,2)"
			l.specify(nil)
			s.rows[b] = true
			deleted := s.delete(b, 7000, 1) // after the replayed record
			l.deliver([]string{deleted})
			require.Equal(t, 1, sum(l.run("--action", "replay")).Refused)
			m.apply(append(load, wide, changed, deleted)...)
			l.equal(m, all...)
			require.Equal(t, parked[1:], l.keys("errors/tables/"))
			require.Empty(t, l.run(), "what was read is known all the same")
		})
	}
}

// sum adds up the counts in a run's output.
func sum(lines []told) told {
	var all told
	for _, one := range lines {
		all.Objects, all.States, all.Refused = all.Objects+one.Objects, all.States+one.States, all.Refused+one.Refused
	}
	return all
}

//go:build spark

package glue

import (
	"maps"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/stretchr/testify/require"
)

// The shown epoch stays unchanged until the other takes its name. Then the name shows the other epoch, and upkeep
// deletes the former's files.
func TestAnotherEpochIsFilledBesideTheShownOne(t *testing.T) {
	for _, format := range formats {
		t.Run(format, func(t *testing.T) {
			l, was, s := newLake(t, format), newModel(t), newSource(11)
			history := s.load(20)
			was.apply(history...)
			l.deliver(history)
			l.run()
			former := l.location()

			l.epoch, l.since = "later", "2026-11-28T11:00:00Z"
			l.specify(map[string]any{"version_days": 0})
			s.time = s.time.Add(2 * 3600e9)
			is := newModel(t)
			again := append(s.load(30), s.change(30)...)
			is.apply(again...)
			l.deliver(s.shuffled(again, 3)...)
			l.run()
			l.shows(tableName, was, all...)
			l.shows(nextName, is, all...)
			require.Equal(t, []string{nextName, tableName}, l.noted())

			switched := l.run("--action", "switch")
			require.Equal(t, []told{{Table: tableName, Switched: l.location()}}, switched)
			l.shows(tableName, is, all...)
			require.Empty(t, l.run("--action", "switch"), "told again")
			_, err := l.glue.GetTable(t.Context(), &glue.GetTableInput{DatabaseName: &l.name, Name: &[]string{nextName}[0]})
			require.ErrorContains(t, err, "EntityNotFoundException")
			require.Equal(t, []string{tableName}, l.noted())

			more := s.change(30)
			is.apply(more...)
			l.deliver(more)
			require.NotEmpty(t, l.keys(former+"/"))
			l.run()
			l.run("--action", "upkeep")
			l.equal(is, all...)
			require.Empty(t, l.keys(former+"/"))
		})
	}
}

// The switch refuses and gives the reason.
func TestNothingTakesANameBeforeItIsFilled(t *testing.T) {
	l, m, s := newLake(t, "delta"), newModel(t), newSource(12)
	history := s.load(5)
	m.apply(history...)
	l.deliver(history)
	l.run()
	l.epoch = "later"
	l.specify(nil)
	lines, err := l.start("--action", "switch").Wait()
	require.Error(t, err)
	require.Equal(t, "nothing was applied to it yet: run the job first", said(t, lines)[0].Stopped)
	l.equal(m, all...)
}

// noted are the tables about which the job has stored notes.
func (l *lake) noted() []string {
	l.t.Helper()
	names := map[string]bool{}
	for _, name := range []string{tableName, nextName} {
		for range l.keys("tables/_state/" + name + ".json") {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

package tables

import (
	"bytes"
	"cdcpipeline/internal/change"
	"cdcpipeline/rehearsal/bench/page"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The expected rows of a batch equal those that package change reads from its records.
func TestRecordsAreThoseOfTheRowsThatAreExpected(t *testing.T) {
	key := change.KeyColumns{Names: []string{"id"}, Types: []string{"bigint(20)"}}
	s := newSource(1)
	totals, last := map[string]string{}, map[string]int64{}
	for _, b := range []batch{s.load(perObject + 1), s.changes("any", 500, false), s.changes("recent", 500, true)} {
		for _, line := range lines(t, b) {
			r, err := change.Parse([]byte(line))
			require.NoError(t, err, line)
			version, err := r.Version()
			require.NoError(t, err, line)
			id, err := r.Key(key)
			require.NoError(t, err, line)
			require.Greater(t, version, last[id.ID()], "a row's records come in order")
			last[id.ID()] = version
			totals[id.ID()], _ = r.Data.Get("total")
			if r.Operation == change.Delete {
				delete(totals, id.ID())
			}
		}
		sum := state{Rows: len(totals)}
		for _, total := range totals {
			var whole, cents int64
			_, err := fmt.Sscanf(total, "%d.%d", &whole, &cents)
			require.NoError(t, err, total)
			sum.Cents += whole*100 + cents
		}
		require.Equal(t, sum, b.expect, b.name)
	}
	require.NotEqual(t, len(last), len(totals), "some rows are deleted")
}

func lines(t *testing.T, b batch) []string {
	t.Helper()
	var all []string
	for _, object := range b.objects {
		r, err := gzip.NewReader(bytes.NewReader(object))
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		all = append(all, strings.Split(strings.TrimSpace(string(text)), "\n")...)
	}
	return all
}

func TestAScaleThatCannotBeMeasuredIsRefused(t *testing.T) {
	require.NoError(t, Full.check())
	err := Scale{Rows: 5, Changes: 7}.check()
	for _, flag := range []string{"--rows is 5: set it to 1000", "--changes is 7: set it to 10", "--times is 0: set it to 1", "--changes to no more than --rows"} {
		require.ErrorContains(t, err, flag)
	}
	require.NoError(t, page.Known([]string{"merge", "read"}, Parts()))
	require.ErrorContains(t, page.Known([]string{"write"}, Parts()), `there is no part "write": choose of merge, grow, read`)
}

func TestMissedGoalsAreNamed(t *testing.T) {
	of := func(seconds float64) Spread { return spread([]Cost{{seconds, seconds}}) }
	merges := func(first, later float64) Merges { return Merges{Cost{first, first}, of(later)} }
	r := &Report{
		Merging: []Merging{{peerName, 100, merges(20, 10), Cost{}}, {iceberg, 100, merges(16, 8), Cost{7, 5}}, {hudi, 100, merges(30, 20), Cost{}}},
		Growing: []Growth{{iceberg, 10, false, merges(10, 5), merges(16, 6)}, {hudi, 10, true, merges(10, 10), merges(40, 40)}},
		Reading: []Reading{{Format: iceberg, Merged: Read{One: of(1)}, FromRecords: Read{One: of(10)}}},
	}
	require.Equal(t, []string{
		"iceberg merges 1.25 times the changes per processor second of hudi's own, not 2",
		"iceberg takes 1.60 times as long in a table of 4 times the rows, not 1.5",
		"one row from iceberg comes 10.0 times as fast as from the records, not 20",
	}, r.Missed())
	r.Taken = map[string]Taken{merging: {Machine: "one", Date: "2026-11-28"}}
	section, err := r.section()
	require.NoError(t, err)
	require.Contains(t, section, "| iceberg | 12 | 1.25 | 8 (8 to 8) | 8 (8 to 8) | 666.7 | 6 | 1.25 | 16.0 + 16.0 | 7.0 + 5.0 |")
	r.Merging[1].Cost, r.Growing[0].Large, r.Reading[0].Merged.One = merges(16, 4), merges(14, 6), of(0.4)
	require.Empty(t, r.Missed())
	r.Growing[0].Large = merges(14, 8)
	require.Equal(t, []string{"iceberg takes 1.60 times as long in a table of 4 times the rows, not 1.5"}, r.Missed())
}

// A measured part replaces its former figures. The other parts stay, each with its day.
func TestPartsAreMeasuredOneByOne(t *testing.T) {
	before := &Report{Taken: map[string]Taken{merging: {Date: "day 1"}, reading: {Date: "day 1"}}, Merging: []Merging{{Contender: peerName}}, Reading: []Reading{{Format: hudi}}}
	now := &Report{Taken: map[string]Taken{reading: {Date: "day 2"}}, Reading: []Reading{{Format: iceberg}}}
	all := before.with(now)
	require.Equal(t, map[string]Taken{merging: {Date: "day 1"}, reading: {Date: "day 2"}}, all.Taken)
	require.Equal(t, before.Merging, all.Merging)
	require.Equal(t, now.Reading, all.Reading)
	text, err := now.section()
	require.NoError(t, err)
	require.Contains(t, text, "### Reading\n\nMeasured on day 2")
	require.NotContains(t, text, "### Many changes")
}

func TestASpreadIsMedianAndEnds(t *testing.T) {
	require.Equal(t, Spread{Median: Cost{2, 5}, Least: Cost{1, 3}, Most: Cost{9, 6}}, spread([]Cost{{9, 5}, {1, 6}, {2, 3}}))
	require.Equal(t, 2.5, spread([]Cost{{9, 0}, {1, 0}, {2, 0}, {3, 0}}).Median.CPU)
}

func TestThePageOfTheTablesHasTheMeasuredCosts(t *testing.T) {
	r, err := latest()
	require.NoError(t, err)
	require.NotNil(t, r)
	row := "| DPU minutes for a million changes |"
	for _, format := range formats {
		at := slices.IndexFunc(r.Merging, func(m Merging) bool { return m.Contender == string(format) })
		row += fmt.Sprintf(" %.1f |", r.dpuMinutes(r.Merging[at]))
	}
	page, err := os.ReadFile("../../../docs/tables.md")
	require.NoError(t, err)
	require.Contains(t, string(page), row)
}

package main

import (
	"bytes"
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/operator/replay"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBadFlagsOfReplayAreRefusedTogether(t *testing.T) {
	_, err := runs(t, "replay", "--parked-only", "--new-epoch", "--from", "yesterday", "--to", "1h", "--dry-run", "--rate", "-1", "--output", "xml", "--table", "retail")
	for _, message := range []string{
		"--parked-only and --new-epoch", `--from "yesterday": write a time`, "--new-epoch: leave out --from and --to", "--dry-run: leave out --new-epoch",
		"--rate: must not be negative", "write table or json", "write database.table",
	} {
		require.ErrorContains(t, err, message)
	}
	for message, args := range map[string][]string{
		"give it only with --parked-only":                              {"--keep"},
		"--from is after --to: give an earlier --from or a later --to": {"--from", "1h", "--to", "2h"},
		"give it only with --new-epoch":                                {"--ignore-column", "a.b.c"},
	} {
		_, err := runs(t, append([]string{"replay"}, args...)...)
		require.ErrorContains(t, err, message)
	}
}

func TestAPartOfWhatIsOlderThanTheMemoryOfDeletionsIsRefused(t *testing.T) {
	settings := currentstate.Settings{Retention: 7 * 24 * time.Hour, Parked: 30 * 24 * time.Hour}
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		from, to time.Duration // before now; 0 means not given
		change   func(*replayFlags)
		refused  bool
	}{
		"everything":              {},
		"until now":               {from: 100 * day},
		"recent":                  {from: 36 * day, to: day},
		"old, in part":            {from: 38 * day, to: day, refused: true},
		"from ever, in part":      {to: day, refused: true},
		"old, but only counted":   {from: 38 * day, to: day, change: func(f *replayFlags) { f.dryRun = true }},
		"old, but only as parked": {from: 38 * day, to: day, change: func(f *replayFlags) { f.parked = true }},
	} {
		t.Run(name, func(t *testing.T) {
			f := &replayFlags{now: time.Now}
			if c.from > 0 {
				f.after = f.now().Add(-c.from)
			}
			if c.to > 0 {
				f.before = f.now().Add(-c.to)
			}
			if c.change != nil {
				c.change(f)
			}
			if err := f.safe(settings); c.refused {
				require.ErrorContains(t, err, "remembers deletions for only 37 days")
			} else {
				require.NoError(t, err)
			}
		})
	}
}

func TestWhatAReplayHasDoneIsPrinted(t *testing.T) {
	sum := replay.Summary{
		Objects: 3, ObjectsDone: 2, Records: 10, Wanted: 9, Applied: 5, Superseded: 2, Control: 1, Refused: 1,
		Tables:   map[string]map[change.Operation]int64{"shop.orders": {change.Insert: 4, change.Delete: 2, "create-table": 1, "add-column": 1}},
		Problems: []replay.Problem{{Object: "errors/current/x", Table: "shop.orders", Reason: currentstate.Unkeyed, Detail: "column id is missing"}},
	}
	var out bytes.Buffer
	require.NoError(t, (&replayFlags{output: "table"}).print(&out, sum))
	for _, text := range []string{
		"errors/current/x: unkeyed shop.orders: column id is missing",
		"│ shop.orders │    0 │      4 │      0 │      2 │       2 │",
		"10 records in 3 objects: 5 applied, 2 older than the index, 0 of deleted epochs, 1 control records, 1 refused; 2 objects, and 0 records of other objects, were done before",
	} {
		require.Contains(t, out.String(), text)
	}
	out.Reset()
	require.NoError(t, (&replayFlags{output: "json"}).print(&out, sum))
	require.Contains(t, out.String(), `"objectsDone": 2`)
}

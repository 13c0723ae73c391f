package main

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/operator/replay"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	pretty "github.com/jedib0t/go-pretty/v6/table"
)

// progress shows progress in bytes read.
func (w *replaying) progress(done, total int64) {
	w.show.of("bytes read", done, total)
}

func (f *replayFlags) print(w io.Writer, sum replay.Summary) error {
	if f.output == "json" {
		return printJSON(w, sum)
	}
	var b strings.Builder
	for _, p := range sum.Problems {
		fmt.Fprintf(&b, "%s: %s %s: %s\n", p.Object, p.Reason, p.Table, cut(p.Detail))
	}
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
	t := plainTable("table", "load", "insert", "update", "delete", "control")
	for _, name := range slices.Sorted(maps.Keys(sum.Tables)) {
		of := sum.Tables[name]
		described := int64(0)
		for operation, n := range of {
			if !slices.Contains([]change.Operation{change.Load, change.Insert, change.Update, change.Delete}, operation) {
				described += n
			}
		}
		t.AppendRow(pretty.Row{name, of[change.Load], of[change.Insert], of[change.Update], of[change.Delete], described})
	}
	ending := fmt.Sprintf("%d records in %d objects: %d applied, %d older than the index, %d of deleted epochs, %d control records, %d refused",
		sum.Records, sum.Objects, sum.Applied, sum.Superseded, sum.Retired, sum.Control, sum.Refused)
	if f.dryRun {
		ending = fmt.Sprintf("%d records in %d objects: %d would be applied, %d would be refused; nothing was changed", sum.Records, sum.Objects, sum.Wanted, sum.Refused)
	}
	if sum.ObjectsDone > 0 || sum.RecordsDone > 0 {
		ending += fmt.Sprintf("; %d objects, and %d records of other objects, were done before", sum.ObjectsDone, sum.RecordsDone)
	}
	if _, err := fmt.Fprintf(w, "%s%s\n\n%s\n", b.String(), t.Render(), ending); err != nil {
		return fmt.Errorf("printing the replay: %w", err)
	}
	return nil
}

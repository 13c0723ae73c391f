// Package reliability writes docs/reliability.md: the faults in a rehearsal, with the results for the rows.
package reliability

import (
	"cdcpipeline/rehearsal/report"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Page is the page's data about a round of faults.
type Page struct {
	// Machine and Date of the round.
	Machine, Date string
	// Commits at which its faults were run; empty without git.
	Commits []string
	Runs    []report.FaultRun
}

// Write writes the page into a project.
func (p Page) Write(project string) error {
	if err := os.WriteFile(filepath.Join(project, "docs", "reliability.md"), []byte(p.text()), 0o644); err != nil {
		return fmt.Errorf("writing docs/reliability.md: %w", err)
	}
	return nil
}

const head = `# Reliability

<!-- Written by "make faults" from its own runs. -->

What breaks in the middle of a load, and what becomes of the rows. ` + "`make faults`" + ` runs these faults one after the other in one world, with a real
OpenSearch, a real database and stand-ins for what only AWS has, while rows are written all the time. After each fault the same is checked: no
change is missing in the history or in the lake, neither has one that nobody made, the current indices equal the tables column by column, the
changes of each row have versions in the order of their commits, and nothing was parked but what was put in to be parked. The time is from the end of
the fault until all of that holds: it includes what is written in those seconds. The alarm has fired in the fault and is silent again; where none has to, nobody
was told of data at risk.

`

func (p Page) text() string {
	var b strings.Builder
	b.WriteString(head)
	fmt.Fprintf(&b, "Run on %s, %s", p.Date, p.Machine)
	if len(p.Commits) > 0 {
		fmt.Fprintf(&b, ", commit %s", strings.Join(p.Commits, " and "))
	}
	fmt.Fprintf(&b, ". %d faults.\n\n", len(p.Runs))
	b.WriteString("| fault | what happened | written meanwhile | lost | parked | recovered after | alarm that fired |\n|---|---|--:|--:|--:|--:|---|\n")
	for i := range p.Runs {
		f := &p.Runs[i]
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %.1f s | %s |\n",
			strings.ReplaceAll(f.Name, "-", " "), cell(f.What), f.Written, f.Lost, f.Parked, f.RecoveredSeconds, alarm(f))
	}
	failures := 0
	for i := range p.Runs {
		for _, problem := range p.Runs[i].Problems() {
			if failures++; failures == 1 {
				b.WriteString("\nNot as it should be:\n\n")
			}
			fmt.Fprintf(&b, "- %s\n", cell(problem))
		}
	}
	return b.String()
}

// alarm is the fault's own alarm. Some faults have no alarm: they repair themselves, or are obvious to the person who
// caused them.
func alarm(f *report.FaultRun) string {
	switch {
	case f.Alarm == "":
		return "none has to"
	case !f.Fired:
		return "`" + f.Alarm + "` stayed silent"
	}
	return "`" + f.Alarm + "`"
}

// cell escapes a text for a table cell.
func cell(text string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(text, "|", `\|`)), " ")
}

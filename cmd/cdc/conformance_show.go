package main

import (
	"cdcpipeline/internal/operator/conformance"
	"errors"
	"fmt"
	"io"
	"strings"

	pretty "github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// errUnseen is returned when no assumption failed but some were not seen. The printed result names them.
var errUnseen = errors.New("some assumptions were not seen")

// verdictOf returns the error that sets the exit code for a report.
func verdictOf(r *conformance.Report) error {
	switch {
	case r.NotHeld > 0:
		return errUnhealthy
	case r.NotSeen > 0:
		return errUnseen
	}
	return nil
}

func (f *conformanceFlags) print(w io.Writer, r *conformance.Report) error {
	if f.output == "json" {
		return printJSON(w, r)
	}
	t := plainTable("area", "id", "outcome", "if it is wrong", "assumption, and what was seen")
	t.SetColumnConfigs([]pretty.ColumnConfig{{Number: 5, WidthMax: 90, WidthMaxEnforcer: text.WrapSoft}})
	for _, one := range r.Results {
		said := one.Assumption
		if one.Outcome != conformance.Held {
			said += "\n" + one.Says + "\n" + one.Where
		}
		t.AppendRow(pretty.Row{one.Area, one.ID, one.Outcome, one.Mark, strings.TrimSpace(said)})
	}
	var b strings.Builder
	b.WriteString(t.Render() + "\n\n")
	for _, one := range r.Results {
		if one.Outcome == conformance.NotHeld {
			fmt.Fprintf(&b, "%s: %s\n  %s\n  rests on it: %s\n  %s\n", one.ID, one.Says, one.IfWrong, strings.Join(one.RestsOn, ", "), cut(one.Record))
		}
	}
	fmt.Fprintf(&b, "%d held, %d not held, %d not seen\n\nleft behind:\n  %s\n", r.Held, r.NotHeld, r.NotSeen, strings.Join(r.Left, "\n  "))
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("printing the result: %w", err)
	}
	return nil
}

package main

import (
	"cdcpipeline/internal/operator/erase"
	"cdcpipeline/internal/operator/preflight"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	pretty "github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// print shows what the pipeline has, or had, of the row. If the erasure was refused, its error gives the reasons.
func (f *eraseFlags) print(w io.Writer, r erase.Report, failed bool) error {
	if f.output == "json" {
		return printJSON(w, r)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s with %s\n", r.Table, f.named(r))
	for _, key := range r.OtherKeys {
		fmt.Fprintf(&b, "it also had the key %s\n", key)
	}
	fmt.Fprintf(&b, "\n%s\n", foundOf(r).Render())
	if len(r.Unreadable) > 0 {
		fmt.Fprintf(&b, "\nthe command left these, because it cannot tell whether they belong to the row:\n")
		for _, line := range r.Unreadable {
			fmt.Fprintf(&b, "  %s\n", cut(line))
		}
	}
	t := plainTable("out of reach", "until", "why")
	t.SetColumnConfigs([]pretty.ColumnConfig{{Number: 3, WidthMax: 80}})
	for _, l := range r.Left {
		until := "-"
		if !l.Until.IsZero() {
			until = l.Until.Format(time.DateOnly)
		}
		t.AppendRow(pretty.Row{l.Where, until, l.Why})
	}
	fmt.Fprintf(&b, "\n%s\n", t.Render())
	switch {
	case r.Erased:
		b.WriteString("\nthe row is erased\n")
	case !failed:
		fmt.Fprintf(&b, "\nnothing was changed; to erase the row, run:\n\n  %s\n", f.typed)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("printing the erasure: %w", err)
	}
	return nil
}

func foundOf(r erase.Report) pretty.Writer {
	t := plainTable("where", "of the row")
	of := func(f erase.Found) string {
		return fmt.Sprintf("%d records in %d objects, %d former versions", f.Records, f.Objects, f.Versions)
	}
	documents := func(d erase.Documents) string {
		if d.Documents == 0 {
			return "0 documents"
		}
		return fmt.Sprintf("%d documents in %s", d.Documents, strings.Join(d.Indices, ", "))
	}
	t.AppendRow(pretty.Row{"lake", of(r.Raw)})
	t.AppendRow(pretty.Row{"parked records", of(r.Parked)})
	t.AppendRow(pretty.Row{"history", documents(r.History)})
	t.AppendRow(pretty.Row{"current indices", documents(r.Current)})
	t.AppendRow(pretty.Row{"tables", fmt.Sprintf("%s; %d former versions of files, with other rows too", orDash(strings.Join(r.Tables, ", ")), r.TableVersions)})
	t.AppendRow(pretty.Row{"query results", fmt.Sprintf("%d versions of objects, results of all queries", r.QueryResults)})
	return t
}

// named formats the key for people.
func (f *eraseFlags) named(r erase.Report) string {
	parts := make([]string, 0, len(r.Key))
	for _, column := range slices.Sorted(maps.Keys(r.Key)) {
		parts = append(parts, column+"="+r.Key[column])
	}
	return strings.Join(parts, " ")
}

// typed returns the command with the flags that it was given, and --yes.
func typed(cmd *cobra.Command) string {
	parts := []string{cmd.CommandPath()}
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		values := []string{flag.Value.String()}
		if several, ok := flag.Value.(pflag.SliceValue); ok {
			values = several.GetSlice()
		}
		for _, value := range values {
			if flag.Value.Type() == "bool" {
				parts = append(parts, "--"+flag.Name+"="+value)
				continue
			}
			parts = append(parts, "--"+flag.Name, preflight.Quoted(value))
		}
	})
	return strings.Join(append(parts, "--yes"), " ")
}

package main

import (
	"cdcpipeline/internal/awsapi"
	"cdcpipeline/internal/lake/athena"
	"cdcpipeline/internal/lake/objects"
	lake "cdcpipeline/internal/lake/tables"
	"cdcpipeline/internal/lake/views"
	"cdcpipeline/internal/operator/advice"
	"cdcpipeline/internal/operator/tables"
	"cdcpipeline/internal/operator/verify"
	"cdcpipeline/internal/outputs"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	pretty "github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
)

const tablesLong = `Work on the lake's tables that change in place (lake.tables). A Glue job keeps them up to date, on its schedule and when you run it.`

func newTables(stack *stackFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use: "tables", Short: "Show the lake's tables, and run the job that keeps them", Long: tablesLong,
		Example: "  cdc tables status\n  cdc tables run --table shop_orders", Args: cobra.NoArgs,
	}
	cmd.AddCommand(
		newTablesRun(stack, tables.Update, "run", "Apply the changes that came since the last run", `Start the job, and wait until every table has the changes that were in the lake at the start. If a run goes on already, the command first waits for it.

AWS Glue charges for the time of a run, at least a minute for each worker. After --timeout or Ctrl-C the run goes on without the command.`),
		newTablesRun(stack, tables.Replay, "replay", "Apply refused records again", `Start the job, and have it read once more the objects of the lake of which it has refused records: when the cause is mended, after a
pulumi up that gave a column its new type for instance. What was delivered since the last run is applied first. A change that was applied
already stays as it is, whatever is read again.

What the job has refused is below errors/tables in the lake's bucket, each record with its reason. Objects of which no record is refused any more
are deleted there (the bucket keeps the former version for a while); what is refused again stays, and the command ends with 1.`),
		newTablesRun(stack, tables.Upkeep, "upkeep", "Shrink the tables: merge files, delete former versions", `Start the job for upkeep, and wait for its end: small files are merged, versions that are older than five days are deleted, and so
are the tombstones of rows that were deleted longer ago than lake.tables.tombstoneDays.

After that, a record from before is refused where it comes late, and put below errors/tables: without its tombstone, a deleted row
could come back by it.`),
		newTablesSwitch(stack),
		newTablesStatus(stack),
	)
	stack.registerSource(cmd, oneSource)
	return cmd
}

func newTablesRun(stack *stackFlags, action tables.Action, name, short, long string) *cobra.Command {
	var only []string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use: name, Short: short, Long: long, Example: "  cdc tables " + name, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if timeout < 0 {
				return fmt.Errorf("--timeout: must not be negative, is %s", timeout)
			}
			k, err := openTables(cmd.Context(), stack)
			if err != nil {
				return err
			}
			var names []string
			if len(only) > 0 {
				notes, err := tables.Notes(cmd.Context(), k.state)
				if err != nil {
					return err //nolint:wrapcheck // the error names the object
				}
				if names, err = physical(notes, only); err != nil {
					return err
				}
			}
			ctx, cancel := bounded(cmd.Context(), timeout)
			defer cancel()
			k.Tell = stack.teller(cmd.ErrOrStderr())
			run, err := k.Start(ctx, action, names...)
			if err != nil {
				return err //nolint:wrapcheck // the error names the run
			}
			k.Tell("run %s ended after %s", run.ID, time.Duration(run.Seconds)*time.Second)
			notes, err := k.print(cmd.Context(), cmd.OutOrStdout(), "table", only)
			if err == nil && action == tables.Replay {
				err = refusedOf(notes)
			}
			return err
		},
	}
	cmd.Flags().StringArrayVar(&only, "table", nil, "only this table of the catalog, by the name that cdc tables status shows; may be repeated")
	registerTimeout(cmd.Flags(), &timeout)
	return cmd
}

const tablesStatusLong = `Show each table as the job's last run has left it.

until is when the youngest object was delivered that is in the table; what came after it is applied by the next run. Objects and size
are of all versions that are kept. refused are the records that the last run could not apply; they are below errors/tables, each with
its reason: "cdc tables replay" applies them when that is mended. A table that is stopped says why, and the command ends with 1.

With --output json (keys are added, never renamed; times in UTC; until is null before the first object):

  tables[table source at until rows objects bytes refused stopped]`

func newTablesStatus(stack *stackFlags) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "status", Short: "Show the rows, size and lag of the lake's tables", Long: tablesStatusLong, Example: "  cdc tables status", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkOutput(output); err != nil {
				return err
			}
			k, err := openTables(cmd.Context(), stack)
			if err != nil {
				return err
			}
			_, err = k.print(cmd.Context(), cmd.OutOrStdout(), output, nil)
			return err
		},
	}
	registerOutput(cmd, &output)
	return cmd
}

// keptTables holds a stack's tables and the job that keeps them.
type keptTables struct {
	tables.Job

	// source is the name of the tables' source. It is empty for the unnamed one.
	source string
	// state holds what the job reports of the tables. records holds the records that the job reads. Queries run in
	// athena.
	state, records objects.Lake
	athena         athena.Database
}

func openTables(ctx context.Context, stack *stackFlags) (*keptTables, error) {
	o, err := stack.outputs(ctx, func(o *outputs.Outputs) []any {
		needed := []any{&o.LakeBucket}
		if o.TablesJob != "" {
			needed = append(needed, &o.LakePrefix, &o.CatalogDatabase, &o.AthenaWorkgroup)
		}
		return needed
	})
	if err != nil {
		return nil, err
	}
	if o.TablesJob == "" {
		return nil, errors.New("the stack keeps no lake tables (lake.tables.format is none): run `pulumi config set --path lake.tables.format iceberg`, then `pulumi up`")
	}
	d, err := stack.account(ctx, o)
	if err != nil {
		return nil, err
	}
	return d.keptTables(), nil
}

func (d *deployment) keptTables() *keptTables {
	return &keptTables{
		source: d.Source,
		Job:    tables.Job{Glue: awsapi.New(d.AWS, awsapi.Glue), Name: d.TablesJob},
		state:  objects.Lake{Client: d.s3(), Bucket: d.LakeBucket, Prefix: lake.StateOf(d.Source)}, records: d.lake(),
		athena: athena.Database{API: awsapi.New(d.AWS, awsapi.Athena), Name: d.CatalogDatabase, Workgroup: d.AthenaWorkgroup},
	}
}

// asSink returns the tables as a sink for a comparison.
func (k *keptTables) asSink() verify.Tables {
	return verify.Tables{Athena: k.athena, Job: k.Job, State: k.state}
}

// physical returns the job's names for tables of the catalog. It knows only tables that the job has reported.
func physical(notes []tables.Note, named []string) ([]string, error) {
	var known []string
	for _, n := range notes {
		if _, filled := n.Filled(); !filled {
			known = append(known, n.View())
		}
	}
	names := make([]string, len(named))
	var problems []error
	for i, name := range named {
		if names[i] = views.Name(name).Table(); !slices.Contains(known, name) {
			problems = append(problems, fmt.Errorf("--table %s: the job does not keep this table yet; it keeps %s", name, orDash(strings.Join(known, ", "))))
		}
	}
	return names, errors.Join(problems...)
}

// print shows the job's report on all tables, or on the named ones. It returns an error for a table that has stopped.
func (k *keptTables) print(ctx context.Context, w io.Writer, output string, only []string) ([]tables.Note, error) {
	notes, err := tables.Notes(ctx, k.state)
	if err != nil {
		return nil, err //nolint:wrapcheck // the error names the object
	}
	if len(only) > 0 {
		notes = slices.DeleteFunc(notes, func(n tables.Note) bool { return !slices.Contains(only, n.View()) })
	}
	if output == "json" {
		if err := printJSON(w, map[string]any{"tables": append([]tables.Note{}, notes...)}); err != nil {
			return nil, err
		}
	} else if err := printTables(w, k.source, notes); err != nil {
		return nil, err
	}
	return notes, stoppedOf(notes)
}

// refusedOf returns an error for records that a replay has refused again.
func refusedOf(notes []tables.Note) error {
	var refused []error
	for _, n := range notes {
		if n.Refused > 0 {
			refused = append(refused, fmt.Errorf("%s: the job refused %d records; see the reason of each below errors/tables in the lake's bucket", n.View(), n.Refused))
		}
	}
	return errors.Join(refused...)
}

// stoppedOf returns an error for tables that the job no longer updates.
func stoppedOf(notes []tables.Note) error {
	var stopped []error
	for _, n := range notes {
		if n.Stopped != "" {
			stopped = append(stopped, fmt.Errorf("%s has stopped: %s", n.View(), n.Stopped))
		}
	}
	return errors.Join(stopped...)
}

func printTables(w io.Writer, source string, notes []tables.Note) error {
	if len(notes) == 0 {
		_, err := fmt.Fprintln(w, advice.Of(source, "the job has not run yet: start it with `cdc tables run`"))
		return err //nolint:wrapcheck // the terminal's error is clear
	}
	t := plainTable("table", "source", "rows", "objects", "size", "until", "refused")
	for _, n := range notes {
		until := "-"
		if n.Until != nil {
			until = n.Until.UTC().Format(time.RFC3339)
		}
		t.AppendRow(pretty.Row{n.View(), n.Source, n.Rows, n.Objects, fmt.Sprintf("%.1f MB", float64(n.Bytes)/1e6), until, n.Refused})
	}
	if _, err := fmt.Fprintln(w, t.Render()); err != nil {
		return fmt.Errorf("printing the tables: %w", err)
	}
	return nil
}

package main

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/operator/conformance"
	"cdcpipeline/internal/operator/verify"
	"cdcpipeline/internal/outputs"
	"cdcpipeline/internal/table"
	"cdcpipeline/internal/task"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/spf13/cobra"
)

const conformanceLong = `Check whether AWS behaves as this project assumes.

AWS does not publish every detail of how DMS writes a record and where Firehose
puts it. docs/assumptions.md lists what this project assumes. This command makes
two tables in a database that the task follows. It writes about thirty rows, adds
a column, and has the task load one of the tables again. Then it reads what
arrives in the stream, the history index and the lake.

Each assumption gets one of three outcomes: held, not held, or not seen. "Not
seen" means that no record arrived that could show it.

The task must follow the database of the two tables. Let the stack follow one:

    pulumi config set --path cdc-pipeline:source.conformance true && pulumi up

Or use --table to name a table that a pattern of source.tables includes. The
command does not change the task and does not touch other tables.

Run it first in a stack that is not production, with the same versions. The task
stops rather than lose data, so it would stop at a value that DMS cannot carry.

At the end, and after Ctrl-C, the command removes its tables, its documents in
the history and its current indices. Some things stay, and the command lists
them: objects in the lake, in folders of their own, and records in the stream.

The command writes the result to --file. The file holds only values that the
command wrote itself, so you can attach it to an issue as it is.

Exit code 0: every assumption held. 1: at least one did not hold. 2: none failed,
but at least one was not seen.`

const conformanceExample = `  cdc conformance
  cdc conformance --table shop.probe --timeout 15m
  cdc conformance --only time-text --only fractions --output json`

// probeName is the prefix of the test table's name. DMS remembers table names, so each run adds a new suffix.
const probeName = "probe_"

type conformanceFlags struct {
	stack      *stackFlags
	connection connectionFlags
	table      string
	only       []string
	timeout    time.Duration
	keep       bool
	file       string
	output     string
}

func newConformance(stack *stackFlags) *cobra.Command {
	f := &conformanceFlags{stack: stack, connection: connectionFlags{stack: stack}}
	cmd := &cobra.Command{
		Use: "conformance", Short: "Check whether AWS behaves as this project assumes", Long: conformanceLong, Example: conformanceExample, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.table, "table", "", "name of the table to make, as database.table; a pattern of the stack's tables must include it (default: a new name in cdc_conformance)")
	flags.StringArrayVar(&f.only, "only", nil, "ID of an assumption to check; may be repeated (default: all)")
	flags.DurationVar(&f.timeout, "timeout", verify.DefaultTimeout, "how long to wait for a record at each place; must be longer than the lake's buffer (lake.bufferSeconds)")
	flags.BoolVar(&f.keep, "keep", false, "keep the command's tables and documents")
	flags.StringVar(&f.file, "file", "conformance.json", "file to write the result to, replacing an existing one; empty writes no file")
	registerOutput(cmd, &f.output)
	f.connection.register(flags)
	_ = cmd.RegisterFlagCompletionFunc("only", cobra.FixedCompletions(assumptionIDs(), cobra.ShellCompDirectiveNoFileComp))
	stack.registerSource(cmd, oneSource)
	return cmd
}

func assumptionIDs() []string {
	var ids []string
	for _, a := range conformance.Assumptions() {
		ids = append(ids, a.ID)
	}
	return ids
}

// validate refuses invalid flags, all problems at once, and returns the chosen assumptions.
func (f *conformanceFlags) validate() ([]conformance.Assumption, error) {
	var problems []error
	if f.timeout <= 0 {
		problems = append(problems, fmt.Errorf("--timeout: must be more than 0s, is %s", f.timeout))
	}
	if err := checkOutput(f.output); err != nil {
		problems = append(problems, fmt.Errorf("%w (--file names the file of the result)", err))
	}
	if f.table != "" {
		if _, err := table.Parse(f.table); err != nil {
			problems = append(problems, err)
		}
	}
	chosen, unknown := conformance.Named(f.only...)
	for _, id := range unknown {
		problems = append(problems, fmt.Errorf("--only %s: no assumption has this ID; choose from %s", id, strings.Join(assumptionIDs(), ", ")))
	}
	return chosen, errors.Join(append(problems, f.connection.validate())...)
}

func (f *conformanceFlags) run(cmd *cobra.Command) error {
	chosen, err := f.validate()
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	d, err := f.stack.open(ctx, func(o *outputs.Outputs) []any {
		return append(searchOutputs(o), &o.StreamName, &o.TaskArn, &o.HistoryIndex, &o.LakeBucket, &o.LakePrefix)
	})
	if err != nil {
		return err
	}
	name, err := f.probe(d.Outputs)
	if err != nil {
		return err
	}
	show := newWaiting(cmd.ErrOrStderr(), f.stack)
	defer show.finish()
	report, err := f.examine(ctx, d, name, chosen, show)
	if report == nil {
		return err
	}
	if ctx.Err() != nil {
		show.tell("interrupted, so there is no result. These remain: %s", strings.Join(report.Left, "; "))
		return errInterrupted
	}
	report.Versions["cdc"] = describeVersion()
	if f.file != "" {
		err = errors.Join(err, writeReport(f.file, report))
		show.tell("wrote the result to %s", f.file)
	}
	show.finish()
	if err := errors.Join(f.print(cmd.OutOrStdout(), report), err); err != nil {
		return err
	}
	return verdictOf(report)
}

// probe returns the name of the table to make. The task must follow this name, and the same name with $ at its end.
func (f *conformanceFlags) probe(o outputs.Outputs) (table.Name, error) {
	followed := o.Tables
	if o.ProbeTables != "" {
		followed = append(slices.Clone(followed), o.ProbeTables)
	}
	text := f.table
	if text == "" && o.ProbeTables != "" {
		database, _, _ := strings.Cut(o.ProbeTables, ".")
		text = database + "." + probeName + strings.ToLower(rand.Text()[:6])
	}
	if text == "" {
		return table.Name{}, fmt.Errorf("the task follows no database in which the command may make its tables: %s", letItFollow(followed))
	}
	name, err := table.Parse(text)
	if err != nil {
		return name, err
	}
	for _, one := range []string{name.String(), name.String() + "$"} {
		if !(outputs.Outputs{Tables: followed}).Loads(one) {
			return name, fmt.Errorf("--table %s: the task must follow this table and a second one, with $ at the end of its name, but it does not: %s", name, letItFollow(followed))
		}
	}
	return name, nil
}

// letItFollow returns advice on how to make the task follow a database for this command.
func letItFollow(followed []string) string {
	advice := "run `pulumi config set --path cdc-pipeline:source.conformance true && pulumi up`, so that it follows one"
	for _, t := range followed {
		if database, rest, _ := strings.Cut(t, "."); !table.IsPattern(database) && rest == table.Any {
			return fmt.Sprintf("%s; or give --table %s.%s1, which the pattern %s includes", advice, database, probeName, t)
		}
	}
	return advice
}

// examine opens the sinks and the database, and makes the probe. It writes nothing until it has checked that everything
// can be read.
func (f *conformanceFlags) examine(ctx context.Context, d *deployment, name table.Name, chosen []conformance.Assumption, show *waiting) (report *conformance.Report, err error) {
	if d.kind().Postgres() {
		return nil, errors.New("the source is PostgreSQL, but this command needs MySQL: choose a MySQL source with --source")
	}
	p, shut, err := d.pipeline(ctx, show.tell)
	if err != nil {
		return nil, err
	}
	defer shut()
	if err := p.Check(ctx, name); err != nil {
		return nil, fmt.Errorf("the command made no table, because it cannot follow a row to every place: %w", err)
	}
	probe := conformance.Probe{
		Kind: d.kind(), Table: name, Stream: p.Stream, History: p.History, Lake: p.Lake,
		Timeout: f.timeout, Keep: f.keep, Tell: show.tell,
	}
	if p.Current != nil {
		epochs := currentstate.NewEpochs(d.registry(p.Current.Client))
		if err := unknownTo(ctx, epochs, name); err != nil {
			return nil, err
		}
		probe.Forget = forgetting(epochs)
	}
	t := task.Task{API: dms.NewFromConfig(d.AWS), Arn: d.TaskArn, Tell: func(line string) { show.tell("%s", line) }}
	probe.Load = func(ctx context.Context) error { return loadListed(ctx, t, name) }
	db, closeDB, err := f.connection.open(ctx, show.tell)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closeDB()) }()
	probe.DB = db
	return conformance.Run(ctx, probe, chosen)
}

// listingTakes is how long DMS may take to list a table that it follows.
const listingTakes = time.Minute

// loadListed makes the task load a table as soon as DMS lists it.
func loadListed(ctx context.Context, t task.Task, name table.Name) error {
	for began := time.Now(); ; {
		_, err := t.Reload(ctx, []string{name.String()})
		if err == nil || time.Since(began) > listingTakes {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err() //nolint:wrapcheck // the command was interrupted
		case <-time.After(5 * time.Second):
		}
	}
}

// unknownTo refuses a table that the current indices already have, because the command deletes that table's index at
// the end.
func unknownTo(ctx context.Context, epochs *currentstate.Epochs, name table.Name) error {
	for _, n := range []table.Name{name, {Database: name.Database, Table: name.Table + "$"}} {
		switch _, err := epochs.Current(ctx, n); {
		case err == nil:
			return fmt.Errorf("--table %s: the current indices already have a table of this name: choose another name", n)
		case !errors.Is(err, currentstate.ErrNoEpochs):
			return err
		}
	}
	return nil
}

// settling is the longest time until the current indices have all records of the stream and a collection finds them.
const settling = 30*time.Second + opensearch.FoundInCollection

// forgetting returns a function that waits until all rows of a table are in its index, and then deletes the index. A
// later row would create the index again.
func forgetting(epochs *currentstate.Epochs) func(context.Context, table.Name, int64) error {
	return func(ctx context.Context, n table.Name, rows int64) error {
		for began := time.Now(); ; {
			has, err := epochs.Rows(ctx, n, 1)
			if err == nil && has >= rows {
				return epochs.Forget(ctx, n)
			}
			if time.Since(began) > settling {
				return errors.Join(fmt.Errorf("the index has %d of %d rows, and more may come: delete the index %s later", has, rows, epochs.Index(n, 1)), err)
			}
			select {
			case <-ctx.Done():
				return ctx.Err() //nolint:wrapcheck // the caller names the table
			case <-time.After(time.Second):
			}
		}
	}
}

func writeReport(file string, report *conformance.Report) (err error) {
	out, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("--file: %w", err)
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	return printJSON(out, report)
}

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

const conformanceLong = `See whether AWS does what this project assumes.

How DMS writes a record, where Firehose puts it, and what they do beside is not all published. What the project takes for granted
is a list (docs/assumptions.md). This command makes two tables of its own in a database that the task follows, writes some thirty rows
on purpose, adds a column, has the task load one of the tables again, and reads what comes in the stream, the history index and the lake.
Of each assumption it says: held, not held, or not seen (no record came that could show it), with the record that shows it.

The tables come into a followed database. Let the stack follow one for it:
  pulumi config set --path cdc-pipeline:source.conformance true && pulumi up
or name a table that a pattern of source.tables takes in, with --table. The task is not changed. Nothing is done to other tables.
Begin in a stack that is not production, with the same versions: the task stops rather than lose data, so a value of the probe that DMS
cannot carry would stop it.

Tables, documents in the history and current indices are removed again, also after Ctrl-C. What stays is said in the end: objects in
the lake, in folders of the probe's own, and records in the stream.

The result is written to --file: it holds the probe's values only, and can be attached to an issue as it is.

Exit code 0 when everything held, 1 when something did not hold, 2 when nothing but something was not seen.`

const conformanceExample = `  cdc conformance
  cdc conformance --table shop.probe --timeout 15m
  cdc conformance --only time-text --only fractions --output json`

// probeName begins the name of a probe's table; the rest is new each time, as DMS remembers tables.
const probeName = "probe_"

// conformanceFlags of the command line.
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
		Use: "conformance", Short: "See whether AWS does what this project assumes", Long: conformanceLong, Example: conformanceExample, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.table, "table", "", "name for the probe's table as database.table, which a pattern of the stack's tables takes in (default: a new name in cdc_conformance)")
	flags.StringArrayVar(&f.only, "only", nil, "id of an assumption to look at; may be repeated (default: all)")
	flags.DurationVar(&f.timeout, "timeout", verify.DefaultTimeout, "how long a record may take to each place; longer than the lake's buffer (lake.bufferSeconds)")
	flags.BoolVar(&f.keep, "keep", false, "leave the probe's tables and documents")
	flags.StringVar(&f.file, "file", "conformance.json", "file for the result; an existing file is replaced, an empty name writes none")
	registerOutput(cmd, &f.output, "form of what is printed")
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

// validate refuses what cannot be, and gives the assumptions that are asked for; all problems come together.
func (f *conformanceFlags) validate() ([]conformance.Assumption, error) {
	var problems []error
	if f.timeout <= 0 {
		problems = append(problems, fmt.Errorf("--timeout: must be more than 0s, is %s", f.timeout))
	}
	if err := checkOutput(f.output); err != nil {
		problems = append(problems, fmt.Errorf("%w (a file is named by --file)", err))
	}
	if f.table != "" {
		if _, err := table.Parse(f.table); err != nil {
			problems = append(problems, err)
		}
	}
	chosen, unknown := conformance.Named(f.only...)
	for _, id := range unknown {
		problems = append(problems, fmt.Errorf("--only %s: there is no such assumption: choose among %s", id, strings.Join(assumptionIDs(), ", ")))
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
		show.tell("interrupted: nothing is said. Left behind: %s", strings.Join(report.Left, "; "))
		return errInterrupted
	}
	report.Versions["cdc"] = describeVersion()
	if f.file != "" {
		err = errors.Join(err, writeReport(f.file, report))
		show.tell("the result is in %s", f.file)
	}
	show.finish()
	if err := errors.Join(f.print(cmd.OutOrStdout(), report), err); err != nil {
		return err
	}
	return verdictOf(report)
}

// probe is the name of the probe's table: one that the task follows, and the one with a $ at its end too.
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
		return table.Name{}, fmt.Errorf("the task follows no database for the probe: %s", letItFollow(followed))
	}
	name, err := table.Parse(text)
	if err != nil {
		return name, err
	}
	for _, one := range []string{name.String(), name.String() + "$"} {
		if !(outputs.Outputs{Tables: followed}).Loads(one) {
			return name, fmt.Errorf("--table %s: the task follows no table of this name, and one with a $ at its end: %s", name, letItFollow(followed))
		}
	}
	return name, nil
}

// letItFollow says what to type.
func letItFollow(followed []string) string {
	advice := "`pulumi config set --path cdc-pipeline:source.conformance true && pulumi up` lets it follow one"
	for _, t := range followed {
		if database, rest, _ := strings.Cut(t, "."); !table.IsPattern(database) && rest == table.Any {
			return fmt.Sprintf("%s; or give --table %s.%s1, which %s takes in", advice, database, probeName, t)
		}
	}
	return advice
}

// examine opens what is read and written, and makes the probe. Nothing is written before everything can be read.
func (f *conformanceFlags) examine(ctx context.Context, d *deployment, name table.Name, chosen []conformance.Assumption, show *waiting) (report *conformance.Report, err error) {
	if d.kind().Postgres() {
		return nil, errors.New("the source is PostgreSQL, and what is assumed of AWS is examined with a table of MySQL alone: choose another source with --source")
	}
	p, shut, err := d.pipeline(ctx, show.tell)
	if err != nil {
		return nil, err
	}
	defer shut()
	if err := p.Check(ctx, name); err != nil {
		return nil, fmt.Errorf("no table was made, because what is written could not be followed: %w", err)
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

// loadListed has the task load a table as soon as DMS lists it.
func loadListed(ctx context.Context, t task.Task, name table.Name) error {
	for began := time.Now(); ; {
		_, err := t.Reload(ctx, []string{name.String()})
		if err == nil || time.Since(began) > listingTakes {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err() //nolint:wrapcheck // interrupted
		case <-time.After(5 * time.Second):
		}
	}
}

// unknownTo the current indices: what they have of a table is taken away in the end.
func unknownTo(ctx context.Context, epochs *currentstate.Epochs, name table.Name) error {
	for _, n := range []table.Name{name, {Database: name.Database, Table: name.Table + "$"}} {
		switch _, err := epochs.Current(ctx, n); {
		case err == nil:
			return fmt.Errorf("--table %s: the current indices know a table of this name: give another one", n)
		case !errors.Is(err, currentstate.ErrNoEpochs):
			return err
		}
	}
	return nil
}

// settling is how long the current indices may take to have what the stream has, and a collection to find it.
const settling = 30*time.Second + opensearch.FoundInCollection

// forgetting waits until all of a table's rows are in its index: what came later would make it again.
func forgetting(epochs *currentstate.Epochs) func(context.Context, table.Name, int64) error {
	return func(ctx context.Context, n table.Name, rows int64) error {
		for began := time.Now(); ; {
			has, err := epochs.Rows(ctx, n, 1)
			if err == nil && has >= rows {
				return epochs.Forget(ctx, n)
			}
			if time.Since(began) > settling {
				return errors.Join(fmt.Errorf("it has %d of %d rows, and records may still come: delete the index %s later", has, rows, epochs.Index(n, 1)), err)
			}
			select {
			case <-ctx.Done():
				return ctx.Err() //nolint:wrapcheck // its caller names the table
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

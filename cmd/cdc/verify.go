package main

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/bucket"
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/lake/objects"
	"cdcpipeline/internal/operator/verify"
	"cdcpipeline/internal/outputs"
	"cdcpipeline/internal/table"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/spf13/cobra"
)

const verifyLong = `Check that changes arrive in every sink.

Without a mode, the command inserts one realistic row into a table. It follows the
row through the stream into the history index and the lake, all at the same time.
It compares the row column by column at each place, and then deletes it.

--follow prints changes as they arrive in the stream, until Ctrl-C. It needs no
database.

--deep compares every row of the tables with the latest state that each sink's
records give. If the stack keeps a current state, it also compares the row's
document behind the table's alias. It names what is missing, extra or different. It
also compares every change of the lake with the history, and the other way round. A
change that one sink lacks is lost, even if the row is the same by now.

The command reads each table of the source in one statement, for every type of
primary key. The server keeps old versions of changed rows until the statement ends.
Rows that differ and changes that seem lost may be newer than the sinks. So the
command looks at them again until --timeout is over; a document counts as it is
then. It compares values by meaning: 1.50 equals 1.5, and NULL equals an absent
column. A row that has not changed for longer than the history keeps its indices has
expired there; this is no difference. Changes are compared from the oldest of these
indices on. Rows that the task's filters leave out count as missing in the sinks.
Records from before source.rowsSince are skipped.

If the lake has tables (lake.tables), the command compares their rows too, as Athena
shows them. Each comparison is one query of a whole table, and Athena charges for
it. A table is as new as the job's last run. If rows differ and the lake has newer
records, the command starts the job and waits for it as long as it takes. Then it
reads only these rows again, by their keys. With --timeout 0 it does not start the
job: rows that differ count as behind if the lake has newer records. The command
compares times of Delta Lake and Hudi to the millisecond, as Athena shows them, and
names these columns. A table that has stopped, or that the job has not filled yet,
is named as not compared.

A collection of OpenSearch Serverless finds a document up to half a minute after it
was written. So the command searches for a missing document for at least a minute,
even with --timeout 0.

The command writes the latest record or document of each row to temporary files
(TMPDIR), about 1 KB for each row and sink, and about 100 bytes for each change. Its
memory does not grow with the tables: 280 MB for 500,000 rows in one sink.

If a table cannot be compared, for example because it has no primary key, the
command says what to do and compares the others.

With --output json it prints, without a mode, one object with table, key, committed,
sightings and deleted; with --follow the records as they are, one a line; with
--deep one object with counts, differences and uncompared. An entry of uncompared
has sink if only that sink was not compared. Progress goes to standard error.

Exit code 0: the row arrived everywhere as it was committed; or with --deep, every
table was compared and nothing differs.`

const verifyExample = `  cdc verify
  cdc verify --table shop.orders --timeout 10m --output json
  cdc verify --follow --table testdb.retail_trans
  cdc verify --deep --stack prod`

// shownDifferences limits how many differences --deep prints. Further differences are only counted.
const shownDifferences = 100

type verifyFlags struct {
	stack        *stackFlags
	connection   connectionFlags
	tables       []string
	follow, deep bool
	keep         bool
	since        time.Duration
	timeout      time.Duration
	journal      string
	ignored      []string
	output       string
}

func newVerify(stack *stackFlags) *cobra.Command {
	f := &verifyFlags{stack: stack, connection: connectionFlags{stack: stack}}
	cmd := &cobra.Command{
		Use: "verify", Short: "Check that changes arrive in every sink", Long: verifyLong, Example: verifyExample, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.follow, "follow", false, "print changes as they arrive in the stream")
	flags.BoolVar(&f.deep, "deep", false, "compare every row of the tables with the sinks")
	flags.StringArrayVar(&f.tables, "table", nil, "table as database.table; may be repeated with --follow and --deep (default: the stack's first table; all tables with --follow and --deep)")
	flags.BoolVar(&f.keep, "keep", false, "keep the inserted row in the table")
	flags.DurationVar(&f.since, "since", 0, "with --follow: begin with changes of this age")
	flags.DurationVar(&f.timeout, "timeout", verify.DefaultTimeout, "how long to wait for a change; must be longer than the lake's buffer (lake.bufferSeconds); with --deep, 0 looks at nothing again")
	flags.StringVar(&f.journal, "journal", "", "file to write the committed changes to, as cdc generate does, replacing an existing file")
	flags.StringArrayVar(&f.ignored, "ignore-column", nil, "with --deep: column that the pipeline leaves out, as database.table.column; may be repeated")
	registerOutput(cmd, &f.output)
	stack.registerNext(flags)
	f.connection.register(flags)
	_ = cmd.RegisterFlagCompletionFunc("table", stack.completeTables)
	stack.registerSource(cmd, oneSource)
	return cmd
}

// validate refuses invalid flags, all problems at once.
func (f *verifyFlags) validate() error {
	var problems []error
	refuse := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	refuse(f.follow && f.deep, "--follow and --deep: give only one of them")
	refuse(!f.follow && !f.deep && len(f.tables) > 1, "--table: give only one table without --follow and --deep")
	refuse((f.follow || f.deep) && (f.keep || f.journal != ""), "--keep and --journal: leave them out with --follow and --deep, which insert nothing")
	refuse(f.since < 0 || f.since > 0 && !f.follow, "--since: give it only with --follow, and as a positive time")
	refuse(len(f.ignored) > 0 && !f.deep, "--ignore-column: give it only with --deep, which compares tables")
	refuse(f.timeout < 0 || f.timeout == 0 && (f.follow || !f.deep), "--timeout: must be more than 0s, is %s", f.timeout)
	problems = append(problems, checkOutput(f.output))
	for _, s := range f.tables {
		if _, err := table.Parse(s); err != nil {
			problems = append(problems, err)
		}
	}
	for _, s := range f.ignored {
		refuse(strings.Count(s, ".") != 2, "--ignore-column %q: write database.table.column", s)
	}
	return errors.Join(append(problems, f.connection.validate())...)
}

func (f *verifyFlags) run(cmd *cobra.Command) error {
	if err := f.validate(); err != nil {
		return err
	}
	ctx := cmd.Context()
	d, err := f.stack.open(ctx, func(o *outputs.Outputs) []any {
		needed := []any{&o.StreamName}
		if !f.follow {
			needed = append(append(needed, searchOutputs(o)...), &o.Tables, &o.HistoryIndex, &o.LakeBucket, &o.LakePrefix)
		}
		return needed
	})
	if err != nil {
		return err
	}
	if f.follow {
		return f.watch(ctx, cmd.OutOrStdout(), d)
	}
	show := newWaiting(cmd.ErrOrStderr(), f.stack)
	defer show.finish()
	tables, err := tablesOf(f.tables, d.Tables, f.deep)
	if err != nil {
		return err
	}
	p, shut, err := d.pipeline(ctx, show.tell)
	if err != nil {
		return err
	}
	defer shut()
	if f.deep {
		return f.compare(ctx, cmd.OutOrStdout(), p, verify.CompareOptions{Tables: tables, Since: config.RowsSince(d.RowsSince).Of}, show)
	}
	return f.mark(ctx, cmd.OutOrStdout(), p, tables[0], show)
}

// tablesOf returns the tables of --table, or otherwise the stack's. A pattern in the stack's configuration names no
// table: with all it is an error, otherwise it is left out.
func tablesOf(named, configured []string, all bool) ([]table.Name, error) {
	chosen := named
	if len(chosen) == 0 {
		chosen = slices.DeleteFunc(slices.Clone(configured), func(s string) bool { return strings.Contains(s, "%") })
		if len(chosen) == 0 || all && len(chosen) < len(configured) {
			return nil, fmt.Errorf("the stack's tables are %s: choose with --table", strings.Join(configured, ", "))
		}
	}
	names := make([]table.Name, len(chosen))
	for i, s := range chosen {
		name, err := table.Parse(s)
		if err != nil {
			return nil, err
		}
		names[i] = name
	}
	return names, nil
}

// pipeline opens everything that is needed to read the stack's sinks.
func (d *deployment) pipeline(ctx context.Context, tell func(string, ...any)) (verify.Pipeline, func(), error) {
	search, err := d.search(ctx, tell)
	if err != nil {
		return verify.Pipeline{}, nil, err
	}
	p := verify.Pipeline{
		Kind:    d.kind(),
		Stream:  d.stream(),
		History: verify.Search{Client: search.History, Index: d.HistoryIndex},
		Lake:    d.lake(),
	}
	if d.Serverless() {
		p.History.Retention = time.Duration(d.HistoryRetentionDays) * 24 * time.Hour
	}
	if d.CurrentFunctionName != "" {
		p.Current = &verify.Current{Client: search.Current, Source: currentstate.Source(d.Source)}
	}
	if d.TablesJob != "" {
		kept := d.keptTables()
		kept.Tell = tell
		p.Tables = new(kept.asSink())
	}
	return p, func() { _ = search.Close() }, nil
}

// kind says how to read the source's records.
func (d *deployment) kind() change.Kind { return change.Kind(d.SourceEngine) }

func (d *deployment) lake() objects.Lake {
	return objects.Lake{Client: d.s3(), Bucket: d.LakeBucket, Prefix: d.LakePrefix}
}

func (d *deployment) s3() *s3.Client {
	return s3.NewFromConfig(d.AWS, func(o *s3.Options) {
		o.UsePathStyle = d.PathStyle
		o.DisableLogOutputChecksumValidationSkipped = true // otherwise it logs a line for every object that is older than checksums
	})
}

// bucket returns the lake's bucket, where the current-state function keeps its registry.
func (d *deployment) bucket() bucket.Bucket { return bucket.Bucket{S3: d.s3(), Name: d.LakeBucket} }

func (d *deployment) stream() verify.Stream {
	return verify.Stream{Client: kinesis.NewFromConfig(d.AWS), Name: d.StreamName}
}

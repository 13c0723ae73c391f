package main

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/operator/erase"
	"cdcpipeline/internal/operator/preflight"
	"cdcpipeline/internal/operator/status"
	"cdcpipeline/internal/outputs"
	"cdcpipeline/internal/table"
	"cdcpipeline/internal/task"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/spf13/cobra"
)

const eraseLong = `Erase one row from everything that the pipeline keeps. The right to be forgotten
(GDPR, article 17) asks for this.

Without --yes the command changes nothing. It says where it found the row, what it
cannot reach, and what to type.

It erases:

    lake            the row's records, and those parked below the error prefixes
    history         the row's documents
    current index   the row's documents, in the index of every epoch
    lake's tables   the row, and the files that only former versions of a table have
    Athena          all query results, because any of them may contain the row

It also erases every former version of these objects. If an object has other rows
too, the command writes it again under the same name without the row's records. It
compares the new object with the old one before it deletes a former version. If
the key of the row was changed, the command erases the row under each of its keys.

The command refuses to run while the source still has the row: delete it there
first. It also refuses until the deletion has arrived in the lake and no record of
the row has come for --settle. Records that are still on their way would bring the
row back. Use --vanished for a row that went without a record of its deletion, by
TRUNCATE, by a foreign key, or with another source.

The command reads the whole lake, which means each version of each object of the
table, and all documents of the table in the history. You can stop it by Ctrl-C at
any time. Run the same command again to finish.

The command names what it cannot reach: the stream, snapshots of the domain, logs
and the source's own backups. For each it says the day after which the row is gone.
In collections it deletes documents one by one, and searches until it has found
none for a minute. OpenSearch Serverless manages the segments and snapshots of
collections, so for these there is no such day. If the command cannot tell which
row a record belongs to, it names the record and leaves it.

With --output json it prints these keys. Keys are added, never renamed. Times are
in UTC.

    table key otherKeys[] erased
    raw parked         records objects versions
    history current    documents indices[]
    tables[] tableVersions queryResults unreadable[]
    left               list[where until why]`

const eraseExample = `  cdc erase --table shop.orders --key id=7
  cdc erase --table shop.order_lines --key order_id=7 --key line=1 --yes`

type eraseFlags struct {
	stack      *stackFlags
	connection connectionFlags
	table      string
	key        []string
	yes        bool
	vanished   bool
	settle     time.Duration
	output     string
	// typed is the command that a person types to erase the row.
	typed string
}

func newErase(stack *stackFlags) *cobra.Command {
	f := &eraseFlags{stack: stack, connection: connectionFlags{stack: stack}}
	cmd := &cobra.Command{
		Use: "erase", Short: "Erase one row from everything that the pipeline keeps", Long: eraseLong, Example: eraseExample, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.table, "table", "", "table as database.table")
	flags.StringArrayVar(&f.key, "key", nil, "one column of the primary key, as COLUMN=VALUE; repeat it for each column; write bytes as 0xCAFE, times as 2026-11-23T18:00:00Z")
	flags.BoolVarP(&f.yes, "yes", "y", false, "erase the row; without it the command only says what it would do")
	flags.BoolVar(&f.vanished, "vanished", false, "erase a row that went without a record of its deletion")
	flags.DurationVar(&f.settle, "settle", erase.DefaultSettle, "how old the row's newest record must be; choose more than the deliveries' buffers and retries (lake.bufferSeconds, search.retrySeconds)")
	registerOutput(cmd, &f.output)
	f.connection.register(flags)
	_ = cmd.MarkFlagRequired("table")
	_ = cmd.MarkFlagRequired("key")
	_ = cmd.RegisterFlagCompletionFunc("table", stack.completeTables)
	stack.registerSource(cmd, oneSource)
	return cmd
}

// validate refuses invalid flags, all problems at once.
func (f *eraseFlags) validate() (n table.Name, row map[string]string, err error) {
	n, err = table.Parse(f.table)
	problems := []error{err, checkOutput(f.output)}
	row = map[string]string{}
	for _, text := range f.key {
		column, value, ok := strings.Cut(text, "=")
		if _, twice := row[column]; !ok || column == "" {
			problems = append(problems, fmt.Errorf("--key %q: write COLUMN=VALUE", text))
		} else if twice {
			problems = append(problems, fmt.Errorf("--key %s: give each column only once", column))
		}
		row[column] = value
	}
	if f.settle < 0 {
		problems = append(problems, fmt.Errorf("--settle: must not be negative, is %s", f.settle))
	}
	return n, row, errors.Join(append(problems, f.connection.validate())...)
}

func (f *eraseFlags) run(cmd *cobra.Command) error {
	n, row, err := f.validate()
	if err != nil {
		return err
	}
	f.typed = typed(cmd)
	ctx := cmd.Context()
	d, err := f.stack.open(ctx, func(o *outputs.Outputs) []any {
		return append(searchOutputs(o), &o.LakeBucket, &o.LakePrefix, &o.LakeErrorPrefix, &o.HistoryIndex, &o.StreamName, &o.TaskArn)
	})
	if err != nil {
		return err
	}
	if len(d.NextSearch) > 0 {
		return errors.New("search.next: the stack is moving to another place to search, and the row would stay there: finish the move first, or remove search.next and run `pulumi up`")
	}
	kept, err := f.kept(ctx, d)
	if err != nil {
		return err
	}
	tell := f.stack.teller(cmd.ErrOrStderr())
	e, shut, err := f.open(ctx, d, tell)
	if err != nil {
		return err
	}
	defer func() { _ = shut() }()
	e.Table, e.Row = n, row
	e.Options = erase.Options{Yes: f.yes, Vanished: f.vanished, Settle: f.settle, Tell: tell}
	report, err := e.Run(ctx)
	if report.Table != "" {
		report.Left = append(report.Left, kept.Left(time.Now())...)
		err = errors.Join(f.print(cmd.OutOrStdout(), report, err != nil), err)
	}
	if ctx.Err() != nil {
		if f.yes {
			tell("interrupted: run the same command again to go on")
		}
		return errInterrupted
	}
	return err
}

// open opens every place that may hold the row.
func (f *eraseFlags) open(ctx context.Context, d *deployment, tell func(string, ...any)) (erase.Erasure, func() error, error) {
	e := erase.Erasure{Kind: d.kind(), Lake: d.erasable()}
	api := dms.NewFromConfig(d.AWS)
	e.Loading = func(ctx context.Context, n table.Name) (bool, error) {
		return task.IsLoading(ctx, api, d.TaskArn, n) //nolint:wrapcheck // the error names the table
	}
	if d.TablesJob != "" {
		e.Tables = &d.keptTables().Job
		e.Tables.Tell = tell
	}
	db, closeDatabase, err := f.connection.open(ctx, tell)
	if err != nil {
		return e, nil, err
	}
	e.Source = erase.Database{DB: db}
	e.Search = &erase.Search{Index: d.HistoryIndex}
	var search *status.Search
	if d.CurrentFunctionName == "" {
		search, err = d.search(ctx, tell)
	} else {
		var current *currentIndices
		if current, err = d.currentIndices(ctx, tell); err == nil {
			search, e.Search.Epochs = current.search, current
		}
	}
	if err != nil {
		return e, nil, errors.Join(err, closeDatabase())
	}
	e.Search.History, e.Search.Current = search.History, search.Current
	return e, func() error { return errors.Join(search.Close(), closeDatabase()) }, nil
}

// erasable returns the stack's bucket in the form that an erasure needs.
func (d *deployment) erasable() erase.Lake {
	l := erase.Lake{
		Client: d.s3(), Name: d.LakeBucket, Source: d.Source, Prefix: d.LakePrefix, Parked: []string{d.LakeErrorPrefix + "/"}, Invocations: d.CurrentFailedPrefix,
		Results: config.ResultsPrefix + "/",
	}
	for _, prefix := range []string{d.CurrentParkedPrefix, d.CurrentFailedPrefix} {
		if prefix != "" && !strings.HasPrefix(prefix, l.Parked[0]) {
			l.Parked = append(l.Parked, prefix)
		}
	}
	return l
}

// kept returns what the stack keeps that an erasure cannot reach. The log groups are those of all sources; the stream
// and the database belong to one.
func (f *eraseFlags) kept(ctx context.Context, d *deployment) (erase.Kept, error) {
	k := erase.Kept{Stream: d.StreamName, Domain: d.SearchDomainName, Queries: d.AthenaWorkgroup != "", Logs: map[string]int{}}
	if d.Serverless() {
		k.Collections = []string{d.HistoryCollection, d.CurrentCollection}
	}
	printed, err := f.stack.pulumi(ctx, "stack", "export")
	if err != nil {
		return k, fmt.Errorf("reading the stack's state: %w", err)
	}
	state, err := preflight.ParseState(printed)
	if err != nil {
		return k, err
	}
	for _, stream := range state.Outputs("aws:kinesis/stream:Stream") {
		if hours, _ := stream["retentionPeriod"].(float64); stream["name"] == d.StreamName {
			k.StreamHours = int(hours)
		}
	}
	for _, group := range state.Outputs("aws:cloudwatch/logGroup:LogGroup") {
		name, _ := group["name"].(string)
		if strings.Contains(name, "-flow-") { // flow logs hold addresses, not values
			continue
		}
		days, _ := group["retentionInDays"].(float64)
		k.Logs[name] = int(days)
	}
	for _, cluster := range state.Outputs("aws:rds/cluster:Cluster") {
		if days, _ := cluster["backupRetentionPeriod"].(float64); cluster["endpoint"] == d.SourceHost {
			k.Backups, k.BackupDays = true, int(days)
		}
	}
	return k, nil
}

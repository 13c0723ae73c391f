package main

import (
	"cdcpipeline/internal/operator/status"
	"cdcpipeline/internal/outputs"
	"cdcpipeline/internal/table"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

const statusLong = `Show the health of the pipeline: the task, what happened to each table, the lag of
each step, the records that no sink took, and the indices of the domain or the
collections. The command asks for everything at the same time. If it cannot read
something, it says so and shows the rest.

Exit code 0: the pipeline is healthy. 1: something is wrong or could not be read.
The command lists each problem with what to do.

A lag is the latest value in CloudWatch of the last 15 minutes, or "-" if there is
none. Services publish once a minute, and some publish nothing while nothing
happens. A task or a reader of the stream is late when its lag exceeds --max-lag. A
delivery is late when it has held a record for more than 20 minutes, which is longer
than the longest buffer. A yellow domain is no problem: one node has no place for
replicas. A collection of OpenSearch Serverless has a status instead of a colour; a
status other than ACTIVE is a problem.

DMS sends no record of TRUNCATE, DROP TABLE, RENAME TABLE or a statement on
partitions. So the sinks still show the rows that such a statement removed. They
also still show a dropped or renamed column in rows that have not changed since.
Therefore the command compares how each table is made now with how it was made when
it was loaded. It keeps what it finds in the lake's bucket until the table is loaded
again. A table that was only rebuilt, for example by OPTIMIZE TABLE, looks like a
truncated one. If "cdc verify --deep --table" finds it equal, use --accept-table to
accept the table as it is. --no-database leaves out this comparison.

If the stack has several sources, the command shows what they share once, and then
each source. The stack is healthy if all of them are. --source shows one source.
--accept-table and the flags with a database's address also show one source: the
one that other commands work on.

--watch repeats the status until Ctrl-C, every 10 s or at another interval, such as
--watch 30s. In a terminal it redraws the status. Above it are curves of the row
rate and of each lag since the watch began. q ends the watch, r looks now, and the
arrow keys scroll. Elsewhere it prints one line for each source and one for each
problem, or the whole status with --output json. DMS updates its counters about once
a minute; the rate is an average since the update before.

With --output json it prints these keys. Keys are added, never renamed. Times are in
UTC. A value that nobody measured is null.

    at, healthy, problems[]
    task    id arn state migrationType stopReason lastFailure startedAt stoppedAt logGroup logStream error
    tables  list[name state fullLoadRows loadedAt inserts updates deletes ddls validation] notLoaded[] error
    ddl     tables[name gone changes[what columns after before]] error
    lag     sourceSeconds targetSeconds streamSeconds searchSeconds lakeSeconds error
    parked  objects bytes newest newestAt error
    search  cluster collections[name status problem] indices[name documents bytes] error
    current tables[name shown latest until] error
    lakeTables tables[name source lagSeconds until rows objects bytes refused stopped] run runError error
    sources NAME of each source with a name: healthy, problems[], and the keys from task to lakeTables, which above are of the unnamed one

current says which epoch of each table's current index the alias shows. It is a
problem if that is not the latest (` + "`cdc epoch --help`" + `).

The lag of a lake's table (` + "`cdc tables --help`" + `) is the time since the job last
updated it. The table has nothing that was delivered later. If a table has stopped,
its lag is counted from the delivery of the newest object that the table contains. A
stopped table is a problem, and so is a run that failed for another reason.

error is there only if something could not be read. validation is n/a, because DMS
cannot validate a stream.`

const statusExample = `  cdc status
  cdc status --stack prod --output json | jq -r '.problems[]'
  cdc status --watch
  cdc status --watch 1m --no-database >> status.log
  cdc status --source orders
  cdc status --accept-table shop.orders`

// errUnhealthy is returned after a printed status that says what is wrong.
var errUnhealthy = errors.New("the pipeline is not healthy")

type statusFlags struct {
	stack      *stackFlags
	connection connectionFlags
	without    bool
	output     string
	watch      time.Duration
	options    status.Options
	accept     []string
}

func newStatus(stack *stackFlags) *cobra.Command {
	f := &statusFlags{stack: stack, connection: connectionFlags{stack: stack}}
	cmd := &cobra.Command{
		Use: "status", Short: "Show the health of the pipeline", Long: statusLong, Example: statusExample, Args: f.interval,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	registerOutput(cmd, &f.output)
	flags.DurationVar(&f.watch, "watch", 0, "repeat at this interval, until Ctrl-C")
	flags.Lookup("watch").NoOptDefVal = watchEvery.String()
	flags.DurationVar(&f.options.MaxLag, "max-lag", status.MaxLag, "lag of the task, or of a reader of the stream, above which it is a problem")
	flags.DurationVar(&f.options.Within, "within", 30*time.Second, "time limit for everything that the command asks")
	flags.BoolVar(&f.without, "no-database", false, "do not ask the database whether its tables have changed")
	flags.StringArrayVar(&f.accept, "accept-table", nil, "accept a table as it is now, as database.table, after you have compared its rows; may be repeated")
	f.connection.register(flags)
	_ = cmd.RegisterFlagCompletionFunc("accept-table", stack.completeTables)
	stack.registerSource(cmd, "all of them")
	return cmd
}

// watchEvery is the default interval of --watch.
const watchEvery = 10 * time.Second

// interval accepts the interval of --watch as a separate argument. A flag with an optional value takes it only after =.
func (f *statusFlags) interval(cmd *cobra.Command, args []string) error {
	if len(args) == 1 && cmd.Flags().Changed("watch") {
		every, err := time.ParseDuration(args[0])
		if err != nil {
			return fmt.Errorf("--watch %q: write an interval such as 10s or 1m", args[0])
		}
		f.watch = every
		return nil
	}
	return cobra.NoArgs(cmd, args) //nolint:wrapcheck // cobra's error is clear enough
}

// validate refuses invalid flags, all problems at once.
func (f *statusFlags) validate() error {
	problems := []error{checkOutput(f.output)}
	if f.watch != 0 && f.watch < time.Second {
		problems = append(problems, fmt.Errorf("--watch: must be at least 1s, is %s", f.watch))
	}
	if f.options.MaxLag <= 0 {
		problems = append(problems, fmt.Errorf("--max-lag: must be more than 0s, is %s", f.options.MaxLag))
	}
	if f.options.Within <= 0 {
		problems = append(problems, fmt.Errorf("--within: must be more than 0s, is %s", f.options.Within))
	}
	for _, name := range f.accept {
		if _, err := table.Parse(name); err != nil {
			problems = append(problems, fmt.Errorf("--accept-table: %w", err))
		}
	}
	if f.without && len(f.accept) > 0 {
		problems = append(problems, errors.New("--accept-table and --no-database: give only one of them"))
	}
	return errors.Join(append(problems, f.connection.validate())...)
}

func (f *statusFlags) run(cmd *cobra.Command) error {
	if err := f.validate(); err != nil {
		return err
	}
	ctx := cmd.Context()
	sources, err := f.sources(ctx)
	if err != nil {
		return err
	}
	d, err := f.stack.account(ctx, sources[0])
	if err != nil {
		return err
	}
	door := &openDoor{deployment: d}
	defer door.close()
	stack := f.ask(door, sources)
	look := func(ctx context.Context) status.Status { return stack.Read(ctx, f.options) }
	if f.watch != 0 {
		return f.keepLooking(cmd, look)
	}
	status := look(ctx)
	if ctx.Err() != nil {
		return errInterrupted
	}
	if err := f.print(cmd.OutOrStdout(), status); err != nil {
		return err
	}
	return verdict(status)
}

// sources returns the outputs of each source to look at: all sources, or the chosen one.
func (f *statusFlags) sources(ctx context.Context) ([]outputs.Outputs, error) {
	o, err := f.stack.ofAll(ctx)
	if err != nil {
		return nil, err
	}
	all := o.All()
	if one := len(f.accept) > 0 || f.connection.one(); f.stack.source != "" || one && len(all) > 1 {
		if o, err = o.ForSource(f.stack.source); err != nil {
			return nil, err
		}
		all = []outputs.Outputs{o}
	}
	for _, of := range all {
		if err := of.Require(func(o *outputs.Outputs) []any {
			return append(searchOutputs(o), &o.TaskArn, &o.StreamName, &o.SearchDeliveryName, &o.HistoryIndex, &o.LakeBucket, &o.LakeErrorPrefix, &o.LakeDeliveryName)
		}); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// ask returns what the status of these sources needs. The door keeps the connections open between two looks.
func (f *statusFlags) ask(door *openDoor, sources []outputs.Outputs) status.Stack {
	stack := status.Stack{DMS: dms.NewFromConfig(door.AWS), CloudWatch: cloudwatch.NewFromConfig(door.AWS), S3: door.s3(), Search: door.search}
	for _, of := range sources {
		connection := &f.connection
		if f.without {
			connection = nil
		}
		stack.Sources = append(stack.Sources, door.source(of, connection, f.accept))
	}
	return stack
}

func verdict(s status.Status) error {
	if s.Healthy {
		return nil
	}
	return errUnhealthy
}

func (f *statusFlags) print(w io.Writer, s status.Status) error {
	if f.output == "json" {
		lines := json.NewEncoder(w)
		lines.SetIndent("", "  ")
		if err := lines.Encode(s); err != nil {
			return fmt.Errorf("printing the status: %w", err)
		}
		return nil
	}
	return s.WriteTable(w, inColor(w))
}

// inColor reports whether to use colours on this stream.
func inColor(w io.Writer) bool { return isTerminal(w) && os.Getenv("NO_COLOR") == "" }

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

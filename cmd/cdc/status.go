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

const statusLong = `Say how the pipeline is: its task, what each table has been through, how late each step is, what no sink took, and what
is in the domain or the collections. All of it is asked for at the same time; what cannot be read is said, and the rest is shown.

Exit code 0: healthy. 1: something is wrong or could not be read; the problems are listed, each with what to do.

Lags are the latest points in CloudWatch of the last 15 minutes, "-" when there are none: services publish every minute, some
nothing while nothing happens. A task or a reader of the stream is late beyond --max-lag; a delivery when it holds a
record for more than 20 minutes, which is beyond the longest buffer. A yellow domain is no problem: one node has no place for replicas.
Collections of OpenSearch Serverless have a status each in place of a colour; one that is not ACTIVE is a problem.

DMS sends no record of TRUNCATE, DROP and RENAME TABLE, nor of statements on partitions: rows that went with one are still
shown. A column that was dropped or renamed is still shown, too, in rows that have not changed since. So each table is compared with
what it was at its load, as the database tells it; what is found is kept in the lake's bucket until the table is loaded again. A table that was only rebuilt, by OPTIMIZE TABLE for instance, looks like a truncated one: when
"cdc verify --deep --table" finds it equal, --accept-table takes it as it is. --no-database does without all that.

A stack may have several sources. All are shown, with what they share once before them, and health is of all; --source shows one. So do
--accept-table and the address of a database, which are of the source that other commands work on.

--watch looks again and again until Ctrl-C, every 10 s or at an interval of yours: --watch 30s. In a terminal the status is redrawn, below curves of
the rows that DMS counts and of each lag since the watch began (q ends, r looks now, arrows scroll). Elsewhere each look is a line for each source, and one for each problem; with
--output json it is the whole status. DMS counts about once a minute: the rate is that since it counted before.

With --output json (keys are added, never renamed; times in UTC; what nobody measured is null):

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

Current says which epoch of the current index of each table is shown (` + "`cdc epoch --help`" + `); one that is not the latest is a problem.

The lag of the lake's tables (` + "`cdc tables --help`" + `) is the time since the job's last run of them: what was delivered since is in none. Of a
table that has stopped it is the time since the youngest object was delivered that the table has. A table that has stopped is a problem, and so is a run
that failed for another reason.

An error is present only where something could not be read. Validation is n/a: DMS cannot validate a stream.`

const statusExample = `  cdc status
  cdc status --stack prod --output json | jq -r '.problems[]'
  cdc status --watch
  cdc status --watch 1m --no-database >> status.log
  cdc status --source orders
  cdc status --accept-table shop.orders`

// errUnhealthy ends a status that says by itself what is wrong.
var errUnhealthy = errors.New("the pipeline is not healthy")

// statusFlags of the command line.
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
		Use: "status", Short: "Say how the pipeline is", Long: statusLong, Example: statusExample, Args: f.interval,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	registerOutput(cmd, &f.output, "form")
	flags.DurationVar(&f.watch, "watch", 0, "look again at this interval, until Ctrl-C")
	flags.Lookup("watch").NoOptDefVal = watchEvery.String()
	flags.DurationVar(&f.options.MaxLag, "max-lag", status.MaxLag, "lag of the task or of the stream's readers that is a problem")
	flags.DurationVar(&f.options.Within, "within", 30*time.Second, "time that all sources have to answer")
	flags.BoolVar(&f.without, "no-database", false, "do not ask the database how its tables are made")
	flags.StringArrayVar(&f.accept, "accept-table", nil, "table, as database.table, whose rows were compared: it counts as loaded as it is now; may be repeated")
	f.connection.register(flags)
	_ = cmd.RegisterFlagCompletionFunc("accept-table", stack.completeTables)
	stack.registerSource(cmd, "all of them")
	return cmd
}

// watchEvery is the interval of a watch that names none.
const watchEvery = 10 * time.Second

// interval takes that of --watch where it stands apart: a flag whose value may be left out has it behind = only.
func (f *statusFlags) interval(cmd *cobra.Command, args []string) error {
	if len(args) == 1 && cmd.Flags().Changed("watch") {
		every, err := time.ParseDuration(args[0])
		if err != nil {
			return fmt.Errorf("--watch %q: write a time such as 10s or 1m", args[0])
		}
		f.watch = every
		return nil
	}
	return cobra.NoArgs(cmd, args) //nolint:wrapcheck // cobra's own words
}

// validate refuses what cannot be; all problems come together.
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
		problems = append(problems, errors.New("--accept-table and --no-database: give one of them"))
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

// sources that are looked at, each by its outputs: all, or the chosen one.
func (f *statusFlags) sources(ctx context.Context) ([]outputs.Outputs, error) {
	o, err := f.stack.ofAll(ctx)
	if err != nil {
		return nil, err
	}
	all := o.All()
	if one := len(f.accept) > 0 || f.connection.one(); f.stack.source != "" || one && len(all) > 1 {
		if o, err = o.Of(f.stack.source); err != nil {
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

// ask makes what a status asks of sources, behind a door.
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

// inColor says whether colours are for this stream.
func inColor(w io.Writer) bool { return isTerminal(w) && os.Getenv("NO_COLOR") == "" }

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

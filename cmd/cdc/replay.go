package main

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/operator/replay"
	"cdcpipeline/internal/outputs"
	"cdcpipeline/internal/table"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

const replayLong = `Apply changes to the current indices again, with the code of the function that
keeps them. Replaying cannot damage what is indexed: a document takes only newer
changes, in any order and any number of times.

Without a mode, the command reads from the lake the records that DMS made between
--from and --to. Use this to fill an index that was deleted, for example.

--parked-only replays what could not be indexed: records that the function has
parked with a reason, and batches that Lambda has given up. If every record of a
parked object is applied, the command deletes the object, unless you give --keep.
The bucket keeps the former version for a while. --from and --to are then the
times at which the records were parked.

For records that the job of the lake's tables has refused, use
` + "`cdc tables replay`" + `.

--new-epoch fills a new index of each table from everything that the lake has of
the epoch that is shown. When the new index equals the source, the command switches
the table's alias to it. Use this to change the number of shards, or to replace
damaged documents. Until then searches see the former index as it was when the
replay began.

--history writes to the history index the changes that the lake has and the history
lacks, as far back as the history is kept (search.historyRetentionDays). Use it
after a move to another place (--next), or when somebody has deleted a part. A
change that Firehose delivers at the same moment may then be there twice.

--next does all of this in the place that search.next is making, before that place
is searched.

The function remembers a deletion as long as the stream or parked records can bring
back the row (STREAM_RETENTION_HOURS and PARKED_DAYS of the function: 7 and 30 days
by default). You cannot replay only a part of older records into an index in use: a
row whose deletion is left out would come back. Leave out --to, or use --new-epoch.
The index shows rows that were deleted that long ago until the replay reaches their
deletion.

The command notes its progress in a file in your cache directory. Run the same
command again to go on after an interruption. --restart begins from the start.

Exit code 0: no record was refused.`

const replayExample = `  cdc replay --parked-only --dry-run
  cdc replay --parked-only
  cdc replay --table testdb.retail_trans --from 2026-11-23T18:00:00Z --rate 500
  cdc replay --table testdb.retail_trans --new-epoch
  cdc replay --history --next`

type replayFlags struct {
	stack    *stackFlags
	compare  compareFlags
	tables   []string
	from, to string
	parked   bool
	newEpoch bool
	history  bool
	keep     bool
	restart  bool
	dryRun   bool
	rate     int
	output   string

	after, before time.Time
	now           func() time.Time
}

func newReplay(stack *stackFlags) *cobra.Command {
	f := &replayFlags{stack: stack, compare: compareFlags{connection: connectionFlags{stack: stack}}, now: time.Now}
	cmd := &cobra.Command{
		Use: "replay", Short: "Apply changes to the current indices again", Long: replayLong, Example: replayExample, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.tables, "table", nil, "table as database.table; may be repeated (default: all tables of the stack)")
	flags.StringVar(&f.from, "from", "", "replay nothing older than this time (2026-11-23T18:00:00Z) or age (2h)")
	flags.StringVar(&f.to, "to", "", "replay nothing newer than this time or age")
	flags.BoolVar(&f.parked, "parked-only", false, "replay parked records instead of the lake")
	flags.BoolVar(&f.newEpoch, "new-epoch", false, "fill a new index from the lake, compare it with the source, and show it")
	flags.BoolVar(&f.history, "history", false, "write to the history index the changes that it lacks and the lake has")
	stack.registerNext(flags)
	flags.BoolVar(&f.keep, "keep", false, "with --parked-only: keep objects whose records were all applied")
	flags.BoolVar(&f.restart, "restart", false, "begin from the start, and ignore the progress of an interrupted replay")
	flags.BoolVar(&f.dryRun, "dry-run", false, "read and count the records, but apply nothing")
	flags.IntVar(&f.rate, "rate", 0, "largest number of records a second (default: as fast as the domain accepts them)")
	registerOutput(cmd, &f.output)
	flags.StringArrayVar(&f.compare.ignored, "ignore-column", nil, "with --new-epoch: column that the pipeline leaves out, as database.table.column; may be repeated")
	f.compare.connection.register(flags)
	_ = cmd.RegisterFlagCompletionFunc("table", stack.completeTables)
	stack.registerSource(cmd, oneSource)
	return cmd
}

// validate refuses invalid flags, all problems at once.
func (f *replayFlags) validate() error {
	var problems []error
	refuse := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	problems = append(problems, f.times(f.now()))
	refuse(!f.before.IsZero() && f.before.Before(f.after), "--from is after --to: give an earlier --from or a later --to")
	refuse(f.parked && f.newEpoch, "--parked-only and --new-epoch: give only one of them; parked records are in the lake too")
	refuse(f.newEpoch && (f.from != "" || f.to != ""), "--new-epoch: leave out --from and --to; a new index gets everything")
	refuse(len(f.compare.ignored) > 0 && !f.newEpoch, "--ignore-column: give it only with --new-epoch, which compares tables")
	refuse(f.newEpoch && f.dryRun, "--dry-run: leave out --new-epoch to count the records of the lake")
	refuse(f.history && (f.parked || f.newEpoch), "--history, --parked-only and --new-epoch: give only one of them")
	refuse(f.history && f.rate > 0, "--rate: leave it out with --history, which writes as fast as the index accepts")
	refuse(f.keep && !f.parked, "--keep: give it only with --parked-only, which deletes objects")
	refuse(f.rate < 0, "--rate: must not be negative, is %d", f.rate)
	problems = append(problems, checkOutput(f.output))
	for _, s := range f.tables {
		if _, err := table.Parse(s); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(append(problems, f.compare.validate())...)
}

// times turns the durations of --from and --to into times before now.
func (f *replayFlags) times(now time.Time) error {
	moment := func(flag, text string) (time.Time, error) {
		if text == "" {
			return time.Time{}, nil
		}
		if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
			return now.Add(-ago), nil
		}
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return at, fmt.Errorf("%s %q: write a time as 2026-11-23T18:00:00Z, or how long ago as 2h", flag, text)
		}
		return at, nil
	}
	var from, to error
	f.after, from = moment("--from", f.from)
	f.before, to = moment("--to", f.to)
	return errors.Join(from, to)
}

func (f *replayFlags) run(cmd *cobra.Command) error {
	if err := f.validate(); err != nil {
		return err
	}
	ctx := cmd.Context()
	d, err := f.stack.open(ctx, func(o *outputs.Outputs) []any {
		return append(searchOutputs(o), &o.Tables, &o.LakeBucket, &o.LakePrefix)
	})
	if err != nil {
		return err
	}
	show := newWaiting(cmd.ErrOrStderr(), f.stack)
	defer show.finish()
	if f.history {
		return f.fillHistory(ctx, cmd.OutOrStdout(), d, show)
	}
	w, shut, err := f.open(ctx, d, show)
	if err != nil {
		return err
	}
	defer shut()
	sum, err := w.replay(ctx)
	show.finish()
	if sum.Tables != nil {
		err = errors.Join(err, f.print(cmd.OutOrStdout(), sum))
	}
	if ctx.Err() != nil {
		show.tell("%s", w.left())
		return errInterrupted
	}
	if err == nil && sum.Refused > 0 {
		err = fmt.Errorf("%d records cannot be indexed as they are: see the reasons above, of at least the first %d", sum.Refused, len(sum.Problems))
	}
	return err
}

// left says in which state an interrupted replay leaves the tables.
func (f *replayFlags) left() string {
	switch {
	case f.dryRun:
		return "interrupted: nothing was changed"
	case f.newEpoch:
		return "interrupted: run the same command again to go on. Until then a table with a new epoch still shows its former epoch, as it was: see `cdc epoch list`"
	}
	return "interrupted: run the same command again to go on"
}

// replaying is one run of the command.
type replaying struct {
	*replayFlags
	d        *deployment
	show     *waiting
	tables   []table.Name
	current  *currentIndices
	function *currentstate.Function
	journal  *replay.Journal
	// resumed is true if an earlier run has begun this replay.
	resumed bool
}

// open opens what every mode needs.
func (f *replayFlags) open(ctx context.Context, d *deployment, show *waiting) (*replaying, func(), error) {
	w := &replaying{replayFlags: f, d: d, show: show}
	if err := w.choose(); err != nil {
		return nil, nil, err
	}
	var err error
	if f.newEpoch {
		if err := d.beginsEpochs(); err != nil {
			return nil, nil, err
		}
	}
	if w.current, err = d.currentIndices(ctx, show.tell); err != nil {
		return nil, nil, err
	}
	shut := func() { _ = w.current.search.Close() }
	w.function, err = currentstate.New(w.current.settings, currentstate.Deps{Domain: w.current.search.Current, Bucket: d.bucket(), Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		err = f.safe(w.current.settings)
	}
	if err == nil && !f.dryRun {
		err = w.function.Begin(ctx)
	}
	if err != nil {
		shut()
		return nil, nil, err
	}
	return w, shut, nil
}

// choose chooses the tables.
func (w *replaying) choose() error {
	tables, err := tablesOf(w.replayFlags.tables, w.d.Tables, true)
	if err != nil && (!w.parked || len(w.replayFlags.tables) > 0) {
		return err
	}
	var unknown []error
	for _, t := range tables {
		w.tables = append(w.tables, table.Name{Database: t.Database, Table: t.Table})
		if !w.d.Loads(t.String()) {
			unknown = append(unknown, fmt.Errorf("--table %s: the stack does not follow this table; it follows %s", t, strings.Join(w.d.Tables, ", ")))
		}
	}
	if w.parked { // parked records may belong to a table that is no longer followed
		return nil
	}
	return errors.Join(unknown...)
}

// safe refuses to replay only a part of the records into an index in use if they may be older than its tombstones.
// Deleted rows would come back.
func (f *replayFlags) safe(s currentstate.Settings) error {
	remembered := s.Retention + s.Parked
	if f.parked || f.newEpoch || f.dryRun || f.before.IsZero() || f.after.After(f.now().Add(-remembered)) {
		return nil
	}
	return fmt.Errorf("--to: rows that were deleted later would come back, because the function remembers deletions for only %.0f days and --from is before that: leave out --to, or fill a new index with --new-epoch", remembered.Hours()/24)
}

// replay runs the chosen mode and records the progress.
func (w *replaying) replay(ctx context.Context) (sum replay.Summary, err error) {
	if !w.dryRun {
		if w.journal, err = w.openJournal(); err != nil {
			return sum, err
		}
		defer func() { err = w.endJournal(err) }()
	}
	o := replay.Options{Kind: w.d.kind(), Rate: w.rate, DryRun: w.dryRun, Journal: w.journal, Progress: w.progress}
	switch {
	case w.newEpoch:
		return w.rebuild(ctx, o)
	case w.parked:
		return w.replayParked(ctx, o)
	}
	for _, n := range w.tables {
		of, err := w.replayLake(ctx, n, o)
		if sum = sum.Plus(of); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// replayLake replays the lake's records of one table.
func (w *replaying) replayLake(ctx context.Context, n table.Name, o replay.Options) (replay.Summary, error) {
	from := replay.Lake{Lake: w.d.lake(), Table: n, From: w.after, To: w.before}
	t, err := w.current.Current(ctx, n)
	if errors.Is(err, currentstate.ErrNoEpochs) {
		t.Epochs = []currentstate.Epoch{{Number: 1}}
	} else if err != nil {
		return replay.Summary{}, err
	}
	if latest := t.Latest(); latest.From != nil && (t.Current == latest.Number || t.Current == 0) {
		// A rebuilt epoch also gets records from before its beginning. Those records belong to the time of an earlier
		// epoch.
		o.Epoch = latest.Number
		if from.From.Before(*latest.From) {
			from.From = *latest.From
		}
	}
	o.Only = from.Wanted
	sum, err := replay.Run(ctx, from, w.function, o)
	if err != nil || w.dryRun || t.Current != 0 {
		return sum, err
	}
	return sum, w.showAgain(ctx, n, sum)
}

func (w *replaying) replayParked(ctx context.Context, o replay.Options) (replay.Summary, error) {
	parkedFor := w.current.settings.Parked
	oldest := w.now().Add(-parkedFor)
	from := replay.Parked{
		Client: w.d.s3(), Name: w.d.LakeBucket, Function: w.d.CurrentParkedPrefix, Lambda: w.d.CurrentFailedPrefix,
		From: w.after, To: w.before, Keep: w.keep,
	}
	if from.From.Before(oldest) {
		from.From = oldest
		old := from
		if old.From, old.To = w.after, oldest; !w.before.IsZero() && w.before.Before(oldest) {
			old.To = w.before
		}
		objects, err := old.Objects(ctx)
		if err != nil {
			return replay.Summary{}, err
		}
		if len(objects) > 0 {
			w.show.tell("left out %d objects: they are older than %.0f days, so rows that were deleted later would come back", len(objects), parkedFor.Hours()/24)
		}
	}
	if len(w.replayFlags.tables) > 0 {
		o.Only = func(r *change.Record) bool {
			return r != nil && slices.Contains(w.tables, table.Name{Database: r.Schema, Table: r.Table})
		}
	}
	return replay.Run(ctx, from, w.function, o)
}

// showAgain restores the alias of a table that lost it together with its index. The table must have one remaining
// epoch, which was filled completely. The function does this itself as long as the table has had only one epoch.
func (w *replaying) showAgain(ctx context.Context, n table.Name, sum replay.Summary) error {
	t, err := w.current.Current(ctx, n)
	if errors.Is(err, currentstate.ErrNoEpochs) || err == nil && t.Current != 0 {
		return nil
	}
	if err != nil {
		return err
	}
	if whole := w.after.IsZero() && w.before.IsZero() && sum.Refused+sum.Retired == 0; !whole || len(t.Epochs) > 1 {
		return fmt.Errorf("%s shows no index, and epoch %d may be incomplete: run `cdc epoch switch --table %s` to compare and show it", w.current.Alias(n), t.Latest().Number, n)
	}
	w.show.tell("%s showed no index; it now shows epoch %d", w.current.Alias(n), t.Latest().Number)
	return w.current.Switch(ctx, n, t.Latest().Number)
}

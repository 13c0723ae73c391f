package main

import (
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/operator/workload"
	"cdcpipeline/internal/table"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"

	"github.com/spf13/cobra"
)

const generateLong = `Write realistic inserts, updates and deletes into tables of the pipeline's
database.

The command updates and deletes only rows that it has inserted in the same run. It
never changes a primary key. So it can run on tables that others use. It reads the
columns and their types from the database. Each table needs a primary key. A run
with the same seed on the same tables makes the same changes.

If the stack has a bastion, the command reaches the database through it. It still
verifies that the certificate belongs to the output sourceHost. With --direct or
--host it connects without the bastion.

The journal gets one line of JSON for each row change, after the change is
committed:

    {"n":1,"tx":1,"at":"...","op":"insert","table":"testdb.retail_trans","key":{...},"row":{...}}

Ctrl-C lets the current transaction finish. Then the command prints the summary
and exits with code 130.`

const generateExamples = `  # 10,000 changes of the walkthrough's table in the database of the selected stack
  cdc generate --count 10000

  # two tables, at 200 changes a second, repeatable, with a journal to compare sinks with
  cdc generate --stack dev --table testdb.retail_trans --table shop.orders --rate 200 --seed 42 --journal changes.jsonl

  # a database by its address, with the secret of its administrator
  cdc generate --host db.example.com --secret-arn arn:aws:secretsmanager:us-east-1:123456789012:secret:admin-x1 --ca ca.pem

  # a PostgreSQL database by its address
  cdc generate --engine postgresql --host db.example.com --database shop --table public.orders --secret-arn arn:aws:secretsmanager:...

  # a database by its address, with a password from the environment
  CDC_DB_PASSWORD=... cdc generate --host db.example.com --user writer`

type generateFlags struct {
	connection connectionFlags
	options    workload.Options
	mix        string
	tables     []string
	journal    string
	output     string
}

func newGenerate(stack *stackFlags) *cobra.Command {
	f := &generateFlags{connection: connectionFlags{stack: stack}}
	cmd := &cobra.Command{
		Use:     "generate",
		Short:   "Write realistic changes into the source database",
		Long:    generateLong,
		Example: generateExamples,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("seed") {
				f.options.Seed = uint64(rand.Uint32()) // short enough for a person to type again
			}
			return f.run(cmd)
		},
	}
	flags := cmd.Flags()
	flags.Int64Var(&f.options.Count, "count", 1000, "number of row changes to make")
	flags.StringVar(&f.mix, "mix", workload.DefaultMix.String(), "percentages of inserts/updates/deletes")
	flags.StringArrayVar(&f.tables, "table", []string{"testdb.retail_trans"}, "table as database.table, for PostgreSQL schema.table; may be repeated")
	flags.Uint64Var(&f.options.Seed, "seed", 0, "seed of the random values (default: a random seed, which the summary names)")
	flags.Float64Var(&f.options.Rate, "rate", 0, "average number of changes a second, 0 for as fast as possible")
	flags.IntVar(&f.options.MaxTransaction, "max-transaction", workload.DefaultMaxTransaction, "largest number of changes in a transaction")
	flags.StringVar(&f.journal, "journal", "", "file to write the committed changes to, one JSON object a line, replacing an existing file")
	flags.StringVarP(&f.output, "output", "o", "text", "format of the summary: text or json")
	f.connection.register(flags)
	_ = cmd.RegisterFlagCompletionFunc("table", stack.completeTables)
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	stack.registerSource(cmd, oneSource)
	return cmd
}

// parse turns the flags into options. It returns all problems together.
func (f *generateFlags) parse() error {
	var problems []error
	var err error
	if f.options.Mix, err = workload.ParseMix(f.mix); err != nil {
		problems = append(problems, err)
		f.options.Mix = workload.DefaultMix
	}
	unread := false
	for _, s := range f.tables {
		name, err := table.Parse(s)
		if err != nil {
			problems, unread = append(problems, err), true
			continue
		}
		f.options.Tables = append(f.options.Tables, name)
	}
	if f.output != "text" && f.output != "json" {
		problems = append(problems, fmt.Errorf("output %q: write text or json", f.output))
	}
	if f.options.MaxTransaction == 0 {
		problems = append(problems, errors.New("max-transaction: must be 1 to 10000, is 0"))
	}
	if f.connection.host != "" && f.connection.stack.name != "" {
		problems = append(problems, errors.New("--host and --stack: give only one of them"))
	}
	if f.connection.host != "" && f.connection.stack.source != "" {
		problems = append(problems, errors.New("--host and --source: give only one of them"))
	}
	checked := f.options
	if len(checked.Tables) == 0 && unread { // the error above says it already
		checked.Tables = []table.Name{{}}
	}
	problems = append(problems, checked.Validate())
	return errors.Join(append(problems, f.connection.validate())...)
}

func (f *generateFlags) run(cmd *cobra.Command) (err error) {
	if err := f.parse(); err != nil {
		return err
	}
	ctx := cmd.Context()
	connection, err := f.connection.resolve(ctx, f.connection.stack.teller(cmd.ErrOrStderr()))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, connection.Close()) }()
	db, err := schema.Open(ctx, connection.Connection)
	if err != nil {
		return fmt.Errorf("%w; check --host, --port, --direct, --user, --secret-arn and --ca", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if f.journal != "" {
		file, err := os.Create(f.journal)
		if err != nil {
			return fmt.Errorf("making the journal: %w", err)
		}
		defer func() { _ = file.Close() }()
		f.options.Journal = file
	}
	progress := newProgress(cmd.ErrOrStderr(), f.options.Count)
	f.options.Progress = progress.show
	summary, err := workload.Run(ctx, db, f.options)
	progress.finish()
	if summary.Changes > 0 || err == nil {
		err = errors.Join(err, f.report(cmd.OutOrStdout(), summary))
	}
	return ended(ctx, summary, err)
}

// ended returns no error if a signal ended the run in good order.
func ended(ctx context.Context, s workload.Summary, err error) error {
	if err == nil && s.Interrupted && ctx.Err() != nil {
		return errInterrupted
	}
	return err
}

func (f *generateFlags) report(w io.Writer, s workload.Summary) error {
	if f.output != "json" {
		if _, err := fmt.Fprintln(w, s); err != nil {
			return fmt.Errorf("printing the summary: %w", err)
		}
		return nil
	}
	lines := json.NewEncoder(w)
	lines.SetIndent("", "  ")
	if err := lines.Encode(s); err != nil {
		return fmt.Errorf("printing the summary: %w", err)
	}
	return nil
}

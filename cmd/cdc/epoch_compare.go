package main

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/operator/status"
	"cdcpipeline/internal/operator/verify"
	"cdcpipeline/internal/table"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/pflag"
)

// currentIndices gives access to the epochs of a stack's tables and to the place where they are searched.
type currentIndices struct {
	*currentstate.Epochs
	// settings are the settings of the current-state function.
	settings currentstate.Settings
	search   *status.Search
}

// currentIndices opens the search of a stack that keeps a current state. Closing the search closes its tunnels.
func (d *deployment) currentIndices(ctx context.Context, tell func(string, ...any)) (*currentIndices, error) {
	if d.CurrentFunctionName == "" {
		return nil, errors.New("the stack has no current index: set search.current.enabled to true and run `pulumi up`")
	}
	settings, err := status.ReadCurrentSettings(ctx, lambda.NewFromConfig(d.AWS), d.CurrentFunctionName)
	if err != nil {
		return nil, err
	}
	search, err := d.search(ctx, tell)
	if err != nil {
		return nil, err
	}
	registry := d.registry(search.Current)
	registry.Shards, registry.Replicas = settings.Shards, settings.Replicas
	return &currentIndices{settings: settings, search: search, Epochs: currentstate.NewEpochs(registry)}, nil
}

// beginsEpochs refuses a new epoch while another place is filled, because the other place's registry would lack the
// epoch.
func (d *deployment) beginsEpochs() error {
	if len(d.NextSearch) == 0 {
		return nil
	}
	return errors.New("search.next: the stack is moving to another place to search, and a new epoch would be missing there: finish the move first, or remove search.next and run `pulumi up`")
}

// registry opens the registry of the tables in the place that a client reaches.
func (d *deployment) registry(current opensearch.Client) currentstate.EpochsOptions {
	o := currentstate.EpochsOptions{Domain: current, Source: currentstate.Source(d.Source), Bucket: d.bucket(), Registry: currentstate.Place(d.CurrentRegistry), Copied: d.next}
	if d.Serverless() {
		o.Service = opensearch.Serverless
	}
	return o
}

// compareFlags select how an epoch's index is compared with the database before it is shown.
type compareFlags struct {
	connection connectionFlags
	ignored    []string
	without    bool
}

func (f *compareFlags) register(flags *pflag.FlagSet) {
	flags.BoolVar(&f.without, "no-compare", false, "show the epoch without comparing it with the database")
	flags.StringArrayVar(&f.ignored, "ignore-column", nil, "column that the pipeline leaves out, as database.table.column; may be repeated")
	f.connection.register(flags)
}

func (f *compareFlags) validate() error {
	problems := []error{f.connection.validate()}
	for _, s := range f.ignored {
		if strings.Count(s, ".") != 2 {
			problems = append(problems, fmt.Errorf("--ignore-column %q: write database.table.column", s))
		}
	}
	return errors.Join(problems...)
}

// open opens the database, unless nothing is compared.
func (f *compareFlags) open(ctx context.Context, tell func(string, ...any)) (db *sql.DB, shut func() error, err error) {
	if f.without {
		return nil, closed, nil
	}
	db, shut, err = f.connection.open(ctx, tell)
	if err != nil {
		return nil, nil, fmt.Errorf("%w; to skip the comparison, give --no-compare", err)
	}
	return db, shut, nil
}

// compare compares the index of a table's epoch with the table. For a time it reads differing rows again.
func (c *currentIndices) compare(ctx context.Context, db *sql.DB, n table.Name, epoch int, o verify.CompareOptions) (compared, error) {
	o.Tables = []table.Name{{Database: n.Database, Table: n.Table}}
	current := verify.Current{
		Client: c.search.Current,
		Index:  func(table.Name) string { return c.Index(n, epoch) },
	}
	var result compared
	found, err := verify.CompareCurrent(ctx, verify.Database{DB: db}, current, o, result.add)
	for _, u := range found.Uncompared {
		err = errors.Join(err, fmt.Errorf("%w; --no-compare shows the epoch without a comparison", u.Err))
	}
	return result.of(found), err
}

// readable refuses tables that cannot be compared. It runs before the command changes anything.
func (f *compareFlags) readable(ctx context.Context, db *sql.DB, names []table.Name) error {
	if f.without {
		return nil
	}
	var problems []error
	for _, n := range names {
		if _, err := schema.Load(ctx, db, n); err != nil {
			problems = append(problems, err)
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("the command did nothing, because it cannot compare these tables: %w; to skip the comparison, give --no-compare", errors.Join(problems...))
	}
	return nil
}

// comparison returns a function that compares an epoch for a reload and reports each difference when it is found.
func (f *compareFlags) comparison(c *currentIndices, db *sql.DB, show *waiting) func(context.Context, table.Name, int, time.Duration) (int64, error) {
	if f.without {
		return nil
	}
	return func(ctx context.Context, n table.Name, epoch int, wait time.Duration) (int64, error) {
		result, err := c.compare(ctx, db, n, epoch, verify.CompareOptions{Ignored: f.ignored, Wait: wait, Progress: show.progress})
		show.finish()
		if err != nil {
			return 0, err
		}
		for _, d := range result.Differences {
			show.tell("%s", differs(d))
		}
		for _, count := range result.Counts {
			show.tell("%s: %d of %d rows are equal in epoch %d", n, count.Same, count.Rows, epoch)
		}
		return result.different(), nil
	}
}

package stages

import (
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/athena"
	"cdcpipeline/rehearsal/stores"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue"
)

// LakeTables makes the stack maintain tables in each format in turn, and the operator's tool run their job. Readers
// that share no code with Spark compare them with the source. Athena's engine runs the views and saved queries over
// them.
func LakeTables(ctx context.Context, r *Run) error {
	r.Report.Tables = map[string]report.Table{}
	server, err := r.World.Site.StartTrino(ctx, stores.TrinoOptions{Endpoint: r.World.Account.Endpoint(), Region: account.Region, Key: account.Key})
	if err != nil {
		return fmt.Errorf("starting Athena's engine: %w", err)
	}
	defer server.Stop()
	engine := func(database string) athena.Engine { return athena.Trino(server.URL, stores.TrinoVersion, database) }
	r.World.Queries.Use(engine)
	defer r.World.Queries.Use(nil)
	if err := r.catalogSinceToday(ctx); err != nil {
		return err
	}
	for i, format := range []string{"iceberg", "delta", "hudi"} {
		k := &keptTables{Run: r, format: format, generation: i + 1, engine: engine(r.output("catalogDatabase"))}
		r.Log.Detail("tables of %s", format)
		err := k.keep(ctx)
		r.Report.Tables[format] = k.found
		if err != nil {
			return fmt.Errorf("tables of %s: %w", format, err)
		}
	}
	return nil
}

// catalogSinceToday makes the catalog begin with the rehearsal. Trino lists the objects of every hour with a
// projected partition, and S3's stand-in is slow.
func (r *Run) catalogSinceToday(ctx context.Context) error {
	return r.Stack.SetConfig(ctx, "cdc-pipeline:lake.catalog.since", time.Now().Add(-12*time.Hour).UTC().Format(time.DateOnly))
}

// keptTables are the stack's tables in one format.
type keptTables struct {
	*Run

	format     string
	generation int
	engine     athena.Engine
	found      report.Table
}

func (k *keptTables) keep(ctx context.Context) error {
	k.found.Readers = append(slices.Clone(stores.Readers[k.format]), k.engine.Name())
	for _, step := range []struct {
		what  string
		run   func(context.Context) error
		equal *bool
	}{
		{"they are filled", k.fill, &k.found.EqualToSource},
		{"another program merges into them", k.mergeByAthena, nil},
		{"a table loaded anew", k.loadedAnew, nil},
		{"records in another order", k.outOfOrder, &k.found.OutOfOrderEqual},
		{"a run that is killed", k.killedAndRerun, &k.found.KilledAndRerunEqual},
		{"records of deleted rows, once more", k.lateAfterDelete, &k.found.LateAfterDeleteAbsent},
		{"a column added", k.columnAdded, &k.found.ColumnAddedEqual},
		{"the operator's tool compares all sinks with the source", k.verifyDeep, nil},
	} {
		k.Log.Detail("tables of %s: %s", k.format, step.what)
		err := step.run(ctx)
		if err == nil && step.equal != nil {
			k.found.Rows, err = k.compareTables(ctx)
			*step.equal = err == nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	if k.format != "iceberg" { // Athena shows their times in milliseconds
		return nil
	}
	var err error
	k.Report.Catalog, err = compareViews(ctx, k.Run, k.engine)
	return err
}

// run runs the job with the operator's tool.
func (k *keptTables) run(ctx context.Context, session string) error {
	_, err := k.Tool.Run(ctx, "tables-"+session+"-"+k.format, 0, "tables", "run")
	return err
}

// verifyDeep compares the tables, as Athena shows them, and the other sinks with the source, with the operator's
// tool.
func (k *keptTables) verifyDeep(ctx context.Context) error {
	_, err := k.Tool.Run(ctx, "verify-deep-tables-"+k.format, 0, "verify", "--deep", "--timeout", "3m", "--ca", k.World.Site.Authority.File())
	return err
}

// fill builds the tables. Another format under the same generation is refused before anything is made; then the
// tables are built beside the present ones.
func (k *keptTables) fill(ctx context.Context) error {
	if err := k.Stack.SetConfig(ctx, "cdc-pipeline:lake.tables.format", k.format); err != nil {
		return err
	}
	if k.generation > 1 {
		if err := k.refused(ctx); err != nil {
			return err
		}
	}
	if err := k.Stack.SetConfig(ctx, "cdc-pipeline:lake.tables.generation", strconv.Itoa(k.generation)); err != nil {
		return err
	}
	if _, err := k.deploy(ctx); err != nil {
		return fmt.Errorf("deploying: %w", err)
	}
	if err := k.run(ctx, "run"); err != nil {
		return err
	}
	if k.generation == 1 {
		return nil
	}
	_, err := k.switched(ctx, "generation")
	return err
}

// refused checks that a preview refuses another format for existing tables.
func (k *keptTables) refused(ctx context.Context) error {
	_, err := k.Stack.Preview(ctx, k.Pack)
	const want = "lake.tables.format: the lake's tables are "
	switch {
	case err == nil:
		return errors.New("another format for the same tables was not refused")
	case !strings.Contains(err.Error(), want):
		return fmt.Errorf("another format for the same tables was refused, but not with %q: %w", want, err)
	}
	return nil
}

// compareTables compares each table with the source's, through each reader.
func (k *keptTables) compareTables(ctx context.Context) (rows int, err error) {
	gone := 0
	for _, name := range tables {
		database, table, _ := strings.Cut(name, ".")
		for i, reader := range k.found.Readers {
			present, tombstones, err := k.read(ctx, reader, k.viewOf(name))
			if err != nil {
				return rows, fmt.Errorf("reading %s by %s: %w", name, reader, err)
			}
			compare := athena.Compare
			if k.byAthena(reader) && k.format != "iceberg" { // as Athena
				compare = athena.CompareToTheMillisecond
			}
			differences, n, err := compare(ctx, k.source.database.Root(), database, table, present)
			if err != nil {
				return rows, fmt.Errorf("comparing %s by %s with its table: %w", name, reader, err)
			}
			if len(differences) > 0 {
				return rows, fmt.Errorf("%s, by %s, differs from its table in %d rows, the first: %s", name, reader, len(differences), differences[0])
			}
			gone += tombstones
			if i == 0 {
				rows += n
			}
		}
	}
	if gone == 0 {
		return rows, errors.New("no row was ever deleted")
	}
	return rows, nil
}

// byAthena reports whether a reader is Athena's engine, if there is one.
func (k *keptTables) byAthena(reader string) bool {
	return k.engine != nil && reader == k.engine.Name()
}

// read reads a table. Athena's engine reads its view; the others read the files that its name shows, including
// tombstones.
func (k *keptTables) read(ctx context.Context, reader, view string) (present []athena.Row, tombstones int, err error) {
	if k.byAthena(reader) {
		present, err = athena.Rows(ctx, k.engine, view)
		return present, 0, err //nolint:wrapcheck // the caller names the table
	}
	database, physical := k.output("catalogDatabase"), view+"_table"
	entry, err := glue.NewFromConfig(k.World.Account.Config()).GetTable(ctx, &glue.GetTableInput{DatabaseName: &database, Name: &physical})
	if err != nil {
		return nil, 0, fmt.Errorf("finding it in the catalog: %w", err)
	}
	options := stores.SparkOptions{Format: k.format, Endpoint: k.World.Account.Endpoint(), Region: account.Region, Key: account.Key}
	lines, err := k.World.Site.ReadTable(ctx, options, reader, database+"."+physical, *entry.Table.StorageDescriptor.Location)
	if err != nil {
		return nil, 0, err //nolint:wrapcheck // the caller names the table
	}
	return withoutTombstones(lines)
}

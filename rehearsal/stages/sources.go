package stages

import (
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/stages/tool"
	"cdcpipeline/rehearsal/stores"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// second and third are the names of the added sources. Each has the same tables; the third is PostgreSQL.
	second, third = "orders", "billing"
	// together is how many changes are written to each source at the same time.
	together = 3000
)

// SourcesAdded adds two sources to a running stack. Nothing of the first source is replaced.
func SourcesAdded(ctx context.Context, r *Run) error {
	if err := r.catalogSinceToday(ctx); err != nil {
		return err
	}
	if err := r.Stack.SetConfig(ctx, "cdc-pipeline:lake.tables.format", "iceberg"); err != nil {
		return err
	}
	for _, name := range []string{second, third} {
		s, err := r.beside(ctx, name, name == third)
		if err != nil {
			return err
		}
		if err := r.set(ctx, r.configured(s)); err != nil {
			return err
		}
	}
	u, err := r.deploy(ctx)
	if err != nil {
		return err
	}
	if err := r.seeded(); err != nil {
		return err
	}
	if n := u.Changes["replace"] + u.Changes["delete"]; n > 0 {
		return fmt.Errorf("two more sources have replaced or deleted %s", strings.Join(u.Gone, ", "))
	}
	for _, s := range r.sources {
		if err := taskHealthy(r.of(s)); err != nil {
			return fmt.Errorf("the source %s: %w", s.title(), err)
		}
	}
	return nil
}

// configured are the settings of a source: a cluster with the unnamed source's tables, and for PostgreSQL some more.
func (r *Run) configured(s *origin) map[string]string {
	followed := tables
	values := map[string]string{
		"port": strconv.Itoa(s.database.Port), "caFile": r.World.Site.Authority.File(),
		"schemaFiles[0]": "internal/source/mysql/schema/retail_trans.sql", "schemaFiles[1]": "rehearsal/engine/stack/files/ledger.sql",
	}
	if s.database.Postgres != nil {
		followed = slices.Concat(tables, []string{notesTable}, partitions)
		maps.Copy(values, map[string]string{
			"engine": "postgresql", "databaseName": followedDatabase, "setReplicaIdentity": "true",
			"schemaFiles[0]": "internal/source/postgres/schema/retail_trans.sql", "schemaFiles[1]": "rehearsal/engine/stack/files/postgres.sql",
		})
	}
	for i, name := range followed {
		database, table, _ := strings.Cut(name, ".")
		values[fmt.Sprintf("tables[%d].database", i)], values[fmt.Sprintf("tables[%d].table", i)] = database, table
	}
	full := map[string]string{"cdc-pipeline:source.enabled": "true"}
	for key, value := range values {
		full["cdc-pipeline:sources."+s.name+"."+key] = value
	}
	return full
}

// SourcesAtOnce writes rows to all sources at the same time, and compares each source with the sinks.
func SourcesAtOnce(ctx context.Context, r *Run) error {
	r.Report.Sources = map[string]report.Source{}
	want := map[*origin]expected{}
	for _, s := range r.sources {
		before, err := r.of(s).sinksHave(ctx)
		if err != nil {
			return fmt.Errorf("the source %s: %w", s.title(), err)
		}
		want[s] = before
	}
	r.Log.Detail("%d changes of each of %d sources, at the same time", together, len(r.sources))
	work, inner := errgroup.WithContext(ctx)
	for i, s := range r.sources {
		work.Go(func() error {
			return r.of(s).Tool.Generate(inner, tool.Load{Journal: "at-once", Count: together, Mix: "60/25/15", Seed: 300 + i, Tables: tables})
		})
	}
	if err := work.Wait(); err != nil {
		return err //nolint:wrapcheck // the tool's error names what was done
	}
	for _, s := range r.sources {
		found, err := r.of(s).compareSource(ctx, want[s])
		r.Report.Sources[s.title()] = found
		if err != nil {
			return fmt.Errorf("the source %s: %w", s.title(), err)
		}
	}
	return nil
}

// sinksHave is the sinks' content for the source. A new source has the rows that its task loads.
func (r *Run) sinksHave(ctx context.Context) (expected, error) {
	if r.source.name == "" {
		return present(ctx, r)
	}
	loaded, err := written(r, "loaded")
	return everything(loaded), err
}

// compareSource compares the source's written changes with each sink.
func (r *Run) compareSource(ctx context.Context, want expected) (report.Source, error) {
	journal, err := written(r, "at-once")
	if err != nil {
		return report.Source{}, err
	}
	before := want
	want.add(journal)
	inHistory, inLake, err := compareSinks(ctx, r, want)
	found := report.Source{
		Written: len(journal), History: inHistory.Arrived - len(before.history), Lake: inLake.Arrived - len(before.lake),
		Lost: len(inHistory.Lost) + len(inLake.Lost),
	}
	if err != nil {
		return found, err
	}
	current, _, err := compareCurrent(ctx, r)
	if found.CurrentEqual = current.Equal; err != nil {
		return found, err
	}
	if _, err := r.Tool.Run(ctx, "tables-run", 0, "tables", "run"); err != nil {
		return found, err
	}
	kept := &keptTables{Run: r, format: "iceberg"}
	kept.found.Readers = stores.Readers["iceberg"][:1]
	_, err = kept.compareTables(ctx)
	found.TablesEqual = err == nil
	return found, err
}

const (
	// outage of a source's database.
	outage = time.Minute
	// aged is the maximum age of records before the function of a source whose database is up. If such a source
	// waited for another one, its records would be as old as the outage.
	aged = 15 * time.Second
)

// SourceKilled stops one source's database for a minute while rows are written to the others. These must not be
// affected. Afterwards the task continues from its position.
func SourceKilled(ctx context.Context, r *Run) error {
	down := r.named(second)
	others := slices.DeleteFunc(slices.Clone(r.sources), func(s *origin) bool { return s == down })
	work, inner := errgroup.WithContext(ctx)
	work.Go(func() error {
		r.Log.Detail("the database of %s is killed for %s", down.name, outage)
		return down.database.Crash(inner, outage)
	})
	for i, s := range others {
		work.Go(func() error {
			return r.of(s).Tool.Generate(inner, tool.Load{Journal: "beside-outage", Count: 50 * int(outage/time.Second), Mix: "60/25/15", Seed: 320 + i, Tables: tables, Rate: 50})
		})
	}
	oldest := map[string]time.Duration{}
	watch, end := context.WithCancel(inner)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for watch.Err() == nil {
			r.ages(others, oldest)
			_ = pause(watch, 500*time.Millisecond)
		}
	}()
	err := work.Wait()
	end()
	<-watched
	if err != nil {
		return err //nolint:wrapcheck // each error names what was done
	}
	for _, s := range others {
		r.Log.Detail("records of %s were %s old at most", s.title(), oldest[s.title()].Round(time.Millisecond))
		if oldest[s.title()] > aged {
			err = errors.Join(err, fmt.Errorf("records of the source %s were %s old while the database of %s was down", s.title(), oldest[s.title()], down.name))
		}
		err = errors.Join(err, arrive(ctx, r.of(s), "beside-outage"))
	}
	return errors.Join(err, rowsReach(ctx, r.of(down), "after-outage", r.searched().history))
}

// ages records the greatest age of records before the sources' functions.
func (r *Run) ages(of []*origin, oldest map[string]time.Duration) {
	for _, m := range r.World.Mappings.Stats() {
		for _, s := range of {
			if m.Stream == r.of(s).output("streamArn") {
				oldest[s.title()] = max(oldest[s.title()], m.IteratorAge)
			}
		}
	}
}

// UpWhileDown deploys a change of one source while another one's database is down.
func UpWhileDown(ctx context.Context, r *Run) error {
	down, changed := r.named(third), r.named("")
	if err := r.Stack.SetConfig(ctx, "cdc-pipeline:source.schemaRevision", "1"); err != nil {
		return err
	}
	work, inner := errgroup.WithContext(ctx)
	work.Go(func() error { return down.database.Crash(inner, outage) })
	work.Go(func() error {
		u, err := r.deploy(inner)
		if err == nil && u.Touched() == 0 {
			err = errors.New("nothing was changed")
		}
		if err != nil {
			return fmt.Errorf("deploying while %s is down: %w", down.name, err)
		}
		return rowsReach(inner, r.of(changed), "while-down", r.searched().history)
	})
	if err := work.Wait(); err != nil {
		return err //nolint:wrapcheck // each error names what was done
	}
	return rowsReach(ctx, r.of(down), "after-down", r.searched().history)
}

// SourceRemoved removes a source from the configuration. Its resources disappear, its stored data stays, and the
// other sources continue.
func SourceRemoved(ctx context.Context, r *Run) error {
	gone := r.named(third)
	one := r.of(gone)
	if err := r.World.Firehose.Drain(ctx); err != nil { // the last changes may still be buffered
		return fmt.Errorf("waiting for the deliveries: %w", err)
	}
	objects, err := lake(ctx, one)
	if err != nil {
		return err
	}
	if err := r.Stack.RemoveConfig(ctx, "cdc-pipeline:sources."+gone.name); err != nil {
		return err
	}
	u, err := r.deploy(ctx)
	if err != nil {
		return err
	}
	for _, name := range u.Gone {
		if !strings.Contains(name, gone.name) && !strings.Contains(name, "NamedQuery") {
			err = errors.Join(err, fmt.Errorf("with the source %s went %s", gone.name, name))
		}
	}
	if u.Changes["delete"] == 0 {
		err = errors.Join(err, errors.New("nothing was deleted"))
	}
	if _, ok := one.World.DMS.Task(one.output("taskArn")); ok {
		err = errors.Join(err, fmt.Errorf("the task of %s is still there", gone.name))
	}
	still, problem := lake(ctx, one)
	if err = errors.Join(err, problem); len(still) != len(objects) || len(still) == 0 {
		err = errors.Join(err, fmt.Errorf("of %d changes in the lake %d are still there", len(objects), len(still)))
	}
	if _, _, problem := compareCurrent(ctx, one); problem != nil {
		err = errors.Join(err, fmt.Errorf("the rows of %s: %w", gone.name, problem))
	}
	if r.Report.Postgres.SlotLeft, problem = slotsLeft(ctx, gone.database.Root()); problem != nil || r.Report.Postgres.SlotLeft > 0 {
		err = errors.Join(err, fmt.Errorf("%d slots of %s are left, not 0", r.Report.Postgres.SlotLeft, gone.name), problem)
	}
	r.sources = slices.DeleteFunc(r.sources, func(s *origin) bool { return s == gone })
	for _, s := range r.sources {
		err = errors.Join(err, rowsReach(ctx, r.of(s), "after-removal", r.searched().history))
	}
	return err
}

package stages

import (
	"cdcpipeline/internal/lake/views"
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/table"
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/athena"
	"cdcpipeline/rehearsal/stores"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// SourcesJoined queries the rows of several sources together. In Athena's engine it compares the views with each
// source's tables, and the join with a join of the databases' rows. It also runs one search over all.
func SourcesJoined(ctx context.Context, r *Run) error {
	r.Report.SourcesJoined = &report.Joined{}
	if err := r.World.Firehose.Drain(ctx); err != nil {
		return fmt.Errorf("waiting for the deliveries: %w", err)
	}
	for _, s := range r.sources { // the tables that the views read
		if _, err := r.of(s).Tool.Run(ctx, "tables-run-joined", 0, "tables", "run"); err != nil {
			return err
		}
	}
	server, err := r.World.Site.StartTrino(ctx, stores.TrinoOptions{Endpoint: r.World.Account.Endpoint(), Region: account.Region, Key: account.Key})
	if err != nil {
		return fmt.Errorf("starting Athena's engine: %w", err)
	}
	defer server.Stop()
	answers, err := askCatalog(ctx, r, athena.Trino(server.URL, stores.TrinoVersion, r.output("catalogDatabase")))
	if err != nil {
		return err
	}
	for _, s := range r.sources {
		if _, err := compareAnswers(ctx, r.of(s), answers); err != nil {
			return fmt.Errorf("the source %s: %w", s.title(), err)
		}
	}
	found := r.Report.SourcesJoined
	for _, s := range r.sources[1:] {
		name := views.JoinName(views.Source(r.sources[0].name), views.Source(s.name))
		rows, ok := answers.Queries[name]
		if !ok {
			return fmt.Errorf("there is no saved query %q", name)
		}
		n, err := r.compareJoin(ctx, r.sources[0], s, rows)
		if err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
		found.Rows += n
	}
	found.Equal = true
	found.Found, err = r.foundInAll(ctx)
	return err
}

// compareJoin compares a saved query's result with the rows of the two databases that have the same key in the table
// that both have.
func (r *Run) compareJoin(ctx context.Context, a, b *origin, got []athena.Row) (int, error) {
	left, err := keyed(ctx, a, sourcesTable)
	if err != nil {
		return 0, err
	}
	right, err := keyed(ctx, b, sourcesTable)
	if err != nil {
		return 0, err
	}
	joined := map[string]bool{}
	for key := range left {
		if right[key] {
			joined[key] = true
		}
	}
	answered := map[string]bool{}
	for _, row := range got {
		key, other := fmt.Sprint(row["trans_id"]), fmt.Sprint(row[b.name+"_trans_id"])
		if key != other || answered[key] {
			return 0, fmt.Errorf("a row is joined with another key, or twice: %v", row)
		}
		answered[key] = true
	}
	if !maps.Equal(joined, answered) {
		return 0, fmt.Errorf("%d rows are joined, in the databases %d", len(answered), len(joined))
	}
	return len(joined), nil
}

// keyed are the keys of a table's rows in a source's database.
func keyed(ctx context.Context, s *origin, name string) (map[string]bool, error) {
	parsed, err := table.Parse(name)
	if err != nil {
		return nil, fmt.Errorf("the table's name: %w", err)
	}
	db := s.database.Root()
	t, err := schema.Load(ctx, db, parsed)
	if err != nil {
		return nil, fmt.Errorf("reading the table %s: %w", name, err)
	}
	keys := map[string]bool{}
	err = t.Each(ctx, db, func(row []sql.NullString) error {
		_, columns, err := t.Canonical(row)
		if err == nil {
			keys[fmt.Sprint(columns["trans_id"])] = true
		}
		return err //nolint:wrapcheck // it is wrapped below
	})
	if err != nil {
		return nil, fmt.Errorf("reading the table %s: %w", name, err)
	}
	return keys, nil
}

// sourcesTable is the table whose rows are joined and counted over all sources.
const sourcesTable = "testdb.retail_trans"

// foundInAll searches a table's present rows over all sources in one request. It returns their number, and an error
// when a source is missing.
func (r *Run) foundInAll(ctx context.Context) (int, error) {
	admin, err := r.admin(ctx, r.searched().current)
	if err != nil {
		return 0, err
	}
	alias := r.of(r.named("")).aliasOf(sourcesTable)
	names := alias + "," + strings.Replace(alias, "current-", "current-*-", 1)
	counts := map[string]int{}
	sum := 0
	for _, s := range r.sources {
		if counts[s.title()], err = admin.Count(ctx, r.of(s).aliasOf(sourcesTable)); err != nil {
			return 0, fmt.Errorf("counting the rows of %s: %w", s.title(), err)
		}
		sum += counts[s.title()]
	}
	all, err := admin.Count(ctx, names)
	if err != nil {
		return 0, fmt.Errorf("counting the rows of all sources: %w", err)
	}
	if all != sum || slices.Contains(slices.Collect(maps.Values(counts)), 0) {
		return all, fmt.Errorf("a search over all sources finds %d rows of %s, each has %v", all, sourcesTable, counts)
	}
	return all, nil
}

package stages

import (
	"bytes"
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/table"
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/report/reconcile"
	"cdcpipeline/rehearsal/stores"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"time"
)

// compareCurrent compares the current indices with the tables themselves, each column of each row, once the indices
// have caught up. It also returns the documents.
func compareCurrent(ctx context.Context, r *Run) (report.Current, []reconcile.Change, error) {
	return compareRows(ctx, r, tables)
}

// compareRows is compareCurrent for some tables.
func compareRows(ctx context.Context, r *Run, tables []string) (report.Current, []reconcile.Change, error) {
	began, last := time.Now(), ""
	for {
		rows, indexed, err := presentRows(ctx, r, r.searched().current, tables)
		if err != nil {
			return report.Current{}, nil, err
		}
		d := reconcile.Compare(rows, indexed)
		result := report.Current{Rows: len(rows), Equal: len(d.Lost)+len(d.Foreign)+d.Duplicated == 0}
		if result.Equal {
			return result, indexed, nil
		}
		if now := fmt.Sprint(len(d.Lost), len(d.Foreign)); now != last { // it is still catching up
			began, last = time.Now(), now
		}
		if time.Since(began) > time.Minute {
			return result, indexed, fmt.Errorf("the current indices lack %d of %d rows and have %d that the tables have not, for example %s", len(d.Lost), len(rows), len(d.Foreign), append(d.Lost, d.Foreign...)[0])
		}
		if err := pause(ctx, time.Second); err != nil {
			return result, nil, err
		}
	}
}

// presentRows are the tables' rows, and those in the current indices with the time of indexing.
func presentRows(ctx context.Context, r *Run, domain string, tables []string) (want, have []reconcile.Change, err error) {
	admin, err := r.admin(ctx, domain)
	if err != nil {
		return nil, nil, err
	}
	for _, table := range tables {
		rows, err := tableRows(ctx, r, table)
		if err != nil {
			return nil, nil, err
		}
		want = append(want, rows...)
		alias := r.aliasOf(table)
		if err := admin.Refresh(ctx, alias); err != nil {
			return nil, nil, fmt.Errorf("refreshing %s: %w", alias, err)
		}
		err = admin.Each(ctx, alias, func(hit stores.Hit) error {
			columns, err := decodeRow(hit.Source)
			if err != nil {
				return err
			}
			row := reconcile.Row(table, columns)
			if origin, ok := columns["_cdc"].(map[string]any); ok {
				if row.At, err = time.Parse(time.RFC3339, fmt.Sprint(origin["indexed"])); err != nil {
					return fmt.Errorf("reading when a document was indexed: %w", err)
				}
			}
			have = append(have, row)
			return nil
		})
		if err != nil {
			return nil, nil, fmt.Errorf("reading %s: %w", alias, err)
		}
	}
	return want, have, nil
}

// latenciesOf measures from the return of the commit to the indexing, for the latest change of each present row. It
// covers the changes of some tables in journals.
func latenciesOf(r *Run, indexed []reconcile.Change, of func(table string) bool, journals ...string) ([]sample, error) {
	committed := map[string]time.Time{}
	for _, name := range journals {
		text, err := os.ReadFile(r.Tool.Journal(name))
		if err != nil {
			return nil, fmt.Errorf("reading the journal: %w", err)
		}
		for line := range bytes.Lines(text) {
			entry, err := decodeRow(line)
			if err != nil {
				return nil, err
			}
			at, err := time.Parse(time.RFC3339, fmt.Sprint(entry["at"]))
			if err != nil {
				return nil, fmt.Errorf("reading the journal: %w", err)
			}
			row, _ := entry["row"].(map[string]any)
			if table := fmt.Sprint(entry["table"]); of(table) {
				committed[reconcile.Row(table, row).ID] = at
			}
		}
	}
	var latencies []sample
	for _, row := range indexed {
		if at, ok := committed[row.ID]; ok {
			latencies = append(latencies, sample{at, row.At.Sub(at)})
		}
	}
	return latencies, nil
}

// tableRows are all rows of a table in the format of the writer's journal.
func tableRows(ctx context.Context, r *Run, name string) ([]reconcile.Change, error) {
	parsed, err := table.Parse(name)
	if err != nil {
		return nil, fmt.Errorf("the table's name: %w", err)
	}
	db := r.source.database.Root()
	table, err := schema.Load(ctx, db, parsed)
	if err != nil {
		return nil, fmt.Errorf("reading the table %s: %w", name, err)
	}
	var all []reconcile.Change
	err = table.Each(ctx, db, func(row []sql.NullString) error {
		_, columns, err := table.Canonical(row)
		if err != nil {
			return err //nolint:wrapcheck // it is wrapped below
		}
		text, err := json.Marshal(columns)
		if err != nil {
			return fmt.Errorf("writing a row: %w", err)
		}
		read, err := decodeRow(text)
		all = append(all, reconcile.Row(name, read))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the table %s: %w", name, err)
	}
	return all, nil
}

// decodeRow keeps every digit.
func decodeRow(text []byte) (map[string]any, error) {
	var columns map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&columns); err != nil {
		return nil, fmt.Errorf("reading a row: %w", err)
	}
	return columns, nil
}

// indicesBehind names the indices behind an alias.
func indicesBehind(ctx context.Context, r *Run, alias string) ([]string, error) {
	admin, err := r.admin(ctx, r.searched().current)
	if err != nil {
		return nil, err
	}
	var indices map[string]any
	if err := admin.Do(ctx, http.MethodGet, "/_alias/"+alias, nil, &indices); err != nil {
		return nil, fmt.Errorf("reading the alias: %w", err)
	}
	return slices.Sorted(maps.Keys(indices)), nil
}

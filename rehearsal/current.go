package main

import (
	"bytes"
	"cdcpipeline/generate"
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/stores"
	"cdcpipeline/rehearsal/verify"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// current compares the index of every row's present state with the tables themselves, each column of each row.
func (r *rehearsal) current(ctx context.Context) error {
	began, last := time.Now(), ""
	for {
		rows, d, err := r.compareCurrent(ctx, r.output("searchDomainName"))
		if err != nil {
			return err
		}
		r.report.Current = report.Current{Rows: rows, Equal: len(d.Lost)+len(d.Foreign)+d.Duplicated == 0}
		if r.report.Current.Equal {
			return nil
		}
		if now := fmt.Sprint(len(d.Lost), len(d.Foreign)); now != last { // it is still catching up
			began, last = time.Now(), now
		}
		if time.Since(began) > time.Minute {
			return fmt.Errorf("the current indices lack %d of %d rows and have %d that the tables have not, for example %s", len(d.Lost), rows, len(d.Foreign), append(d.Lost, d.Foreign...)[0])
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
}

func (r *rehearsal) compareCurrent(ctx context.Context, domain string) (int, verify.Difference, error) {
	admin, err := r.admin(ctx, domain)
	if err != nil {
		return 0, verify.Difference{}, err
	}
	var want, have []verify.Change
	for _, table := range tables {
		rows, err := r.tableRows(ctx, table)
		if err != nil {
			return 0, verify.Difference{}, err
		}
		want = append(want, rows...)
		alias := "current-" + strings.Replace(table, ".", "-", 1)
		if err := admin.Refresh(ctx, alias); err != nil {
			return 0, verify.Difference{}, fmt.Errorf("refreshing %s: %w", alias, err)
		}
		err = admin.Each(ctx, alias, func(hit stores.Hit) error {
			columns, err := decodeRow(hit.Source)
			if err != nil {
				return err
			}
			have = append(have, verify.Row(table, columns))
			return nil
		})
		if err != nil {
			return 0, verify.Difference{}, fmt.Errorf("reading %s: %w", alias, err)
		}
	}
	return len(want), verify.Compare(want, have), nil
}

// tableRows are all rows of a table, in the form of the writer's journal.
func (r *rehearsal) tableRows(ctx context.Context, name string) ([]verify.Change, error) {
	parsed, err := generate.ParseTableName(name)
	if err != nil {
		return nil, fmt.Errorf("the table's name: %w", err)
	}
	db := r.world.Database.Root()
	table, err := generate.LoadTable(ctx, db, parsed)
	if err != nil {
		return nil, fmt.Errorf("reading the table %s: %w", name, err)
	}
	const page = 1000
	var all []verify.Change
	for rows := [][]sql.NullString(nil); ; {
		var after []sql.NullString
		if len(rows) > 0 {
			after = rows[len(rows)-1]
		}
		if rows, err = table.Page(ctx, db, after, page); err != nil {
			return nil, fmt.Errorf("reading the table %s: %w", name, err)
		}
		for _, row := range rows {
			_, columns, err := table.Canonical(row)
			if err != nil {
				return nil, fmt.Errorf("reading the table %s: %w", name, err)
			}
			text, err := json.Marshal(columns)
			if err != nil {
				return nil, fmt.Errorf("writing a row of %s: %w", name, err)
			}
			read, err := decodeRow(text)
			if err != nil {
				return nil, err
			}
			all = append(all, verify.Row(name, read))
		}
		if len(rows) < page {
			return all, nil
		}
	}
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

package stages

import (
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/athena"
	"cdcpipeline/rehearsal/stores"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

const (
	// followedDatabase is the PostgreSQL database whose schemas are followed.
	followedDatabase = "cdc"
	notesTable       = "shop.notes"
	// overlaps is the number of rounds of overlapping transactions.
	overlaps = 50
	// hugeTransaction is how many rows one transaction inserts and changes.
	hugeTransaction = 10_000
)

// partitions of a table, which are followed as separate tables, because DMS does not carry their parent.
var partitions = []string{"shop.parcels_2025", "shop.parcels_2026"}

// PostgresOwn writes data that only PostgreSQL has. The tool compares it in every sink, using Athena's engine for the
// lake's tables.
func PostgresOwn(ctx context.Context, r *Run) error {
	r.Report.Postgres = &report.Postgres{SlotLeft: -1} // it is counted when the source is removed
	server, err := r.World.Site.StartTrino(ctx, stores.TrinoOptions{Endpoint: r.World.Account.Endpoint(), Region: account.Region, Key: account.Key})
	if err != nil {
		return fmt.Errorf("starting Athena's engine: %w", err)
	}
	defer server.Stop()
	r.World.Queries.Use(func(database string) athena.Engine { return athena.Trino(server.URL, stores.TrinoVersion, database) })
	defer r.World.Queries.Use(nil)
	if err := postgresOrder(ctx, r); err != nil {
		return fmt.Errorf("transactions that overlap: %w", err)
	}
	if err := postgresOutOfLine(ctx, r); err != nil {
		return fmt.Errorf("values that are out of line: %w", err)
	}
	return nil
}

// postgresOrder writes changes whose order in PostgreSQL's log is easily misread: overlapping transactions, in which
// the first to begin is not the first to change a row, a transaction with many rows, and rows that move between
// partitions.
func postgresOrder(ctx context.Context, r *Run) error {
	one := r.of(r.named(third))
	db := one.source.database.Root()
	if err := execute(ctx, db,
		"INSERT INTO shop.notes (id, title) SELECT gen_random_uuid(), 'at first' FROM generate_series(1, 2)",
		`WITH made AS (INSERT INTO shop.ledger (account_id, entry_no, amount, booked_on, booked_at) SELECT 900000, n, n, '2026-01-01', '2026-01-01' FROM generate_series(1, `+fmt.Sprint(hugeTransaction)+`) n RETURNING 1) SELECT count(*) FROM made`,
		"UPDATE shop.ledger SET fee = entry_no % 1000 WHERE account_id = 900000",
		"INSERT INTO shop.parcels SELECT n, 2025, 'parcel ' || n FROM generate_series(1, 20) n",
		"UPDATE shop.parcels SET year = 2026 WHERE id % 2 = 0",
		"UPDATE shop.parcels SET year = 2025, content = 'back' WHERE id % 4 = 0",
		"DELETE FROM shop.parcels WHERE id > 17"); err != nil {
		return err
	}
	for round := range overlaps {
		if err := overlap(ctx, db, round); err != nil {
			return err
		}
	}
	err := one.sameEverywhere(ctx, append(partitions, notesTable, "shop.ledger")...)
	r.Report.Postgres.InterleavedEqual = err == nil
	return err
}

// overlap makes a transaction change a row that a later transaction has already changed. By their ids and their
// starts in the log they have the opposite order.
func overlap(ctx context.Context, db *sql.DB, round int) error {
	early, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	defer func() { _ = early.Rollback() }()
	change := func(tx interface {
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	}, place int, title string,
	) error {
		_, err := tx.ExecContext(ctx, fmt.Sprintf("UPDATE shop.notes SET title = '%s %d' WHERE id = (SELECT id FROM shop.notes ORDER BY id OFFSET %d LIMIT 1)", title, round, place))
		if err != nil {
			return fmt.Errorf("changing a row: %w", err)
		}
		return nil
	}
	err = errors.Join(change(early, 0, "early"), change(db, 1, "between"), change(early, 1, "late"))
	if err != nil {
		return err
	}
	if err := early.Commit(); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}

// outOfLine are changes of rows with values that PostgreSQL stores out of line and omits from its log when they are
// unchanged. Other columns change, the key changes, a value becomes NULL and then another value, and one is NULL from
// the beginning.
var outOfLine = []string{
	`INSERT INTO shop.notes (id, title, body, raw, details, tags, mood, price, quantity, paid, plain, wait, noted_at, noted_on, opens)
		SELECT gen_random_uuid(), 'long ' || n, text, decode(md5(text), 'hex'), jsonb_build_object('text', text, 'n', 9007199254740993), ARRAY['a"b', 'c,d', NULL, '태그'],
		'기쁨', 12345678901234.567891, 9223372036854775807, n % 2 = 0, '{"z": 1, "a": [1.10, null]}', interval '1 mon 2 days 03:04:05.6', '2026-01-02 03:04:05.678901+09', '2026-02-28', '23:59:59.5'
		FROM generate_series(1, 30) n CROSS JOIN LATERAL (SELECT string_agg(md5(n || '/' || i), '') AS text FROM generate_series(1, 300) i) t`,
	`INSERT INTO shop.notes (id, title) SELECT gen_random_uuid(), 'short ' || n FROM generate_series(1, 10) n`,
	`UPDATE shop.notes SET title = title || ' again', quantity = -1 WHERE title LIKE 'long %'`,
	`UPDATE shop.notes SET paid = NULL WHERE title LIKE 'long %5 again'`,
	`UPDATE shop.notes SET id = gen_random_uuid() WHERE title LIKE 'long 1%'`,
	`UPDATE shop.notes SET body = NULL WHERE title LIKE 'long 2%'`,
	`UPDATE shop.notes SET title = 'no body' WHERE title LIKE 'long 21%'`,
	`UPDATE shop.notes SET title = 'still none' WHERE title LIKE 'short 1%'`,
	`UPDATE shop.notes SET body = repeat(title, 2000), details = NULL WHERE title LIKE 'long 3%'`,
	`DELETE FROM shop.notes WHERE title LIKE 'long 4%' OR title LIKE 'short 2%'`,
	`UPDATE shop.notes SET mood = 'it''s' WHERE body IS NOT NULL`,
}

// postgresOutOfLine writes rows whose long values PostgreSQL omits from its log, and types that only it has.
func postgresOutOfLine(ctx context.Context, r *Run) error {
	one := r.of(r.named(third))
	if err := execute(ctx, one.source.database.Root(), outOfLine...); err != nil {
		return err
	}
	err := one.sameEverywhere(ctx, notesTable)
	r.Report.Postgres.ToastEqual = err == nil
	return err
}

// undocumented are the columns of notes whose DMS format is not documented: an array and an interval. The tool names
// them but does not compare them.
var undocumented = []string{"tags", "wait"}

// sameEverywhere compares tables with each sink, column by column, with the tool.
func (r *Run) sameEverywhere(ctx context.Context, tables ...string) error {
	// The lake's tables contain what was delivered before their job's last run.
	if err := r.World.Firehose.Drain(ctx); err != nil {
		return fmt.Errorf("waiting for the deliveries: %w", err)
	}
	if _, err := r.Tool.Run(ctx, "tables-run-postgres", 0, "tables", "run"); err != nil {
		return err
	}
	compare := []string{"verify", "--deep", "--output", "json", "--timeout", "120s", "--ca", r.World.Site.Authority.File()}
	for _, name := range tables {
		compare = append(compare, "--table", name)
	}
	text, err := r.Tool.Run(ctx, "verify-deep-postgres", 0, compare...)
	if err != nil {
		return err
	}
	var c struct {
		Counts []struct {
			Table       string   `json:"table"`
			Rows        int      `json:"rows"`
			Same        int      `json:"same"`
			NotCompared []string `json:"notCompared"`
		} `json:"counts"`
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return fmt.Errorf("reading what cdc verify says: %w", err)
	}
	sinks := map[string]int{}
	for _, n := range c.Counts {
		if n.Rows > 0 && n.Same == n.Rows && (len(n.NotCompared) == 0 || slices.Equal(n.NotCompared, undocumented)) {
			sinks[n.Table]++
		}
	}
	for _, name := range tables {
		if sinks[name] < 4 { // history, lake, current, the lake's tables
			err = errors.Join(err, fmt.Errorf("%s is the same in %d sinks of 4: %s", name, sinks[name], text))
		}
	}
	return err
}

// slotsLeft counts what keeps PostgreSQL's log on disk for a task.
func slotsLeft(ctx context.Context, db *sql.DB) (n int, err error) {
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM pg_replication_slots").Scan(&n); err != nil {
		return 0, fmt.Errorf("counting the slots: %w", err)
	}
	return n, nil
}

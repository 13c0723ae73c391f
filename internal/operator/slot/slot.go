// Package slot reads the replication slots of a PostgreSQL database. A slot keeps the part of the log that its reader,
// a DMS task, has not read yet. It keeps that log on the database's disk as long as the slot exists, even if nobody
// reads it.
package slot

import (
	"cdcpipeline/internal/operator/schema"
	"context"
	"database/sql"
	"fmt"
)

// Slot is a slot of logical replication.
type Slot struct {
	Name string `json:"name"`
	// Active is true while a client reads the slot.
	Active bool `json:"active"`
	// BytesBehind is how many bytes of log the slot keeps. It is null for a lost slot, which keeps none.
	BytesBehind *int64 `json:"bytesBehind"`
	// State is pg_replication_slots.wal_status. extended means more than max_wal_size, unreserved means that the next
	// checkpoint may remove some of the log, and the others are reserved and lost,
	// https://www.postgresql.org/docs/17/view-pg-replication-slots.html.
	State string `json:"state"`
}

// In these states the reader cannot continue, or soon cannot.
const (
	Unreserved = "unreserved"
	Lost       = "lost"
)

// Read returns the logical slots of the database, by name. It returns none for MySQL.
func Read(ctx context.Context, db *sql.DB) ([]Slot, error) {
	if schema.EngineOf(db) != schema.PostgreSQL {
		return nil, nil
	}
	rows, err := db.QueryContext(ctx, `SELECT slot_name, active, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint, coalesce(wal_status, '')
		FROM pg_replication_slots WHERE slot_type = 'logical' AND database = current_database() ORDER BY slot_name`)
	if err != nil {
		return nil, fmt.Errorf("reading the replication slots: %w", err)
	}
	defer func() { _ = rows.Close() }()
	slots := []Slot{}
	for rows.Next() {
		var s Slot
		if err := rows.Scan(&s.Name, &s.Active, &s.BytesBehind, &s.State); err != nil {
			return nil, fmt.Errorf("reading a replication slot: %w", err)
		}
		slots = append(slots, s)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the replication slots: %w", err)
	}
	return slots, nil
}

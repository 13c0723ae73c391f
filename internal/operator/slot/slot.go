// Package slot reads the replication slots of a PostgreSQL database. A slot keeps the log that its reader, a task of DMS, has not read yet: on
// the database's disk, and for as long as the slot is there, whether or not anybody reads.
package slot

import (
	"cdcpipeline/internal/operator/schema"
	"context"
	"database/sql"
	"fmt"
)

// Slot of logical replication.
type Slot struct {
	Name string `json:"name"`
	// Active says that somebody reads it now.
	Active bool `json:"active"`
	// BytesBehind is how much log it keeps; null when it keeps none, being lost.
	BytesBehind *int64 `json:"bytesBehind"`
	// State is pg_replication_slots.wal_status: reserved, extended (more than max_wal_size), unreserved (the next checkpoint may remove some of
	// it) or lost, https://www.postgresql.org/docs/17/view-pg-replication-slots.html.
	State string `json:"state"`
}

// States of a slot that its reader cannot go on from, or soon not.
const (
	Unreserved = "unreserved"
	Lost       = "lost"
)

// Read the logical slots of the database, by name; none of MySQL.
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

package dms

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// heartbeatTable is DMS's table.
const heartbeatTable = "awsdms_heartbeat"

// beat commits a transaction of its own now and then. Its end lets the slot release the earlier log when nothing else
// is committed in this database.
func (r *postgresReader) beat(ctx context.Context) error {
	for {
		if err := r.beatOnce(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("writing the heartbeat into schema %s: %w", r.endpoint().heartbeatSchema, err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(r.endpoint().heartbeatEvery):
		}
	}
}

func (r *postgresReader) beatOnce(ctx context.Context) error {
	conn, err := r.source.connectPostgres(ctx, r.endpoint().database)
	if err != nil {
		return err
	}
	defer func() { _ = closePostgres(conn) }()
	table := pgx.Identifier{r.endpoint().heartbeatSchema, heartbeatTable}.Sanitize()
	for _, statement := range []string{
		"CREATE TABLE IF NOT EXISTS " + table + ` (hb_key SERIAL PRIMARY KEY, hb_created_at TIMESTAMP, hb_created_by VARCHAR(64),
			hb_last_heartbeat_at TIMESTAMP, hb_last_heartbeat_by VARCHAR(64))`,
		"INSERT INTO " + table + ` VALUES (1, now(), current_user, now(), current_user)
			ON CONFLICT (hb_key) DO UPDATE SET hb_last_heartbeat_at = now(), hb_last_heartbeat_by = current_user`,
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%.20s…: %w", statement, err)
		}
	}
	return nil
}

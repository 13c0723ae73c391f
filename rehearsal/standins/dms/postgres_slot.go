package dms

import (
	"cdcpipeline/rehearsal/standins/account"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5/pgconn"
)

// slot is a task's logical replication slot. It stays while the task is stopped, and keeps the unread log.
type slot struct {
	mu     sync.Mutex
	name   string // empty without one
	source sourceEndpoint
}

func (s *slot) set(name string, source sourceEndpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.name, s.source = name, source
}

func (s *slot) get() (string, sourceEndpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.name, s.source
}

// newSlotName has the parts, in order, of names in published examples: the task's id, the database's number, and a
// UUID, https://github.com/EnterpriseDB/pg_failover_slots/issues/25.
func newSlotName(task string, database uint32) string {
	id := strings.ToLower(notOfNames.ReplaceAllString(resourceID(task), ""))
	unique := make([]byte, 16)
	_, _ = rand.Read(unique) // it never fails
	u := hex.EncodeToString(unique)
	return fmt.Sprintf("%s_%08d_%s_%s_%s_%s_%s", id[:min(len(id), 16)], database, u[:8], u[8:12], u[12:16], u[16:20], u[20:])
}

var notOfNames = regexp.MustCompile(`[^a-zA-Z0-9]`)

// untilFree is how long the server may take to notice that a slot is unused.
const untilFree = 20 * time.Second

// drop removes the slot, through a connection of its own.
func (s *slot) drop(ctx context.Context, acc account.Account) error {
	name, at := s.get()
	if name == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, untilFree)
	defer cancel()
	from, err := openSource(ctx, acc, at)
	if err != nil {
		return err
	}
	conn, err := from.connectPostgres(ctx, at.postgres.database)
	if err != nil {
		return err
	}
	defer func() { _ = closePostgres(conn) }()
	for {
		_, err := conn.Exec(ctx, "SELECT pg_drop_replication_slot($1)", name)
		if err == nil || hasCode(err, undefinedObject) {
			s.set("", sourceEndpoint{})
			return nil
		}
		if !hasCode(err, objectInUse) {
			return fmt.Errorf("dropping the slot %s: %w", name, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("dropping the slot %s: %w", name, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// make replaces the task's last slot, and exports a snapshot of the database at the point where the new slot's
// changes begin. The snapshot exists until the connection is used again.
func (r *postgresReader) makeSlot(ctx context.Context) (conn *pgconn.PgConn, made pglogrepl.CreateReplicationSlotResult, err error) {
	if err := r.slot.drop(ctx, r.account); err != nil {
		return nil, made, err
	}
	var database uint32
	if err := r.conn.QueryRow(ctx, "SELECT oid FROM pg_database WHERE datname = current_database()").Scan(&database); err != nil {
		return nil, made, fmt.Errorf("reading the number of the database: %w", err)
	}
	if conn, err = r.source.replicate(ctx, r.endpoint().database); err != nil {
		return nil, made, err
	}
	name := newSlotName(r.task.arn, database)
	r.slot.set(name, r.task.source)
	made, err = pglogrepl.CreateReplicationSlot(ctx, conn, name, "test_decoding", pglogrepl.CreateReplicationSlotOptions{
		Mode: pglogrepl.LogicalReplication, SnapshotAction: "EXPORT_SNAPSHOT",
	})
	if err != nil {
		_ = closePostgres(conn)
		return nil, made, fmt.Errorf("making the slot %s: %w", name, err)
	}
	return conn, made, nil
}

// start opens a load's view exactly at the log position where its slot begins: no row is loaded and then comes again.
func (r *postgresReader) start(ctx context.Context) (position, error) {
	if r.task.startAt != "" {
		return nil, fmt.Errorf("CdcStartPosition %q: of a PostgreSQL source it is not implemented", r.task.startAt)
	}
	view := ""
	var begin pglogrepl.LSN
	if r.task.cdc {
		exporting, made, err := r.makeSlot(ctx)
		if err != nil {
			return nil, err
		}
		defer func() { _ = closePostgres(exporting) }()
		if begin, err = pglogrepl.ParseLSN(made.ConsistentPoint); err != nil {
			return nil, fmt.Errorf("reading where the slot begins: %w", err)
		}
		view = made.SnapshotName
	}
	if r.task.load {
		if err := openView(ctx, r.conn, view); err != nil {
			return nil, err
		}
	}
	return begin, nil
}

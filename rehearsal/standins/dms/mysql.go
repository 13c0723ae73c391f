package dms

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"sync"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"
)

// mysqlReader reads a MySQL-compatible source through its binlog.
type mysqlReader struct {
	*run
	conn   *session
	server server
	// undecoded holds the errors of events whose rows could not be decoded: *replication.RowsEvent -> error. They
	// matter only for followed tables.
	undecoded sync.Map
}

func (r *mysqlReader) connect(ctx context.Context) (err error) {
	if r.conn, err = r.source.connect(ctx); err != nil {
		return err
	}
	r.server, err = check(ctx, r.conn.Conn, r.task.cdc)
	return err
}

func (r *mysqlReader) close() {
	if r.conn != nil {
		r.conn.Close()
	}
}

func (r *mysqlReader) find(ctx context.Context) ([]name, error) {
	return findTables(ctx, r.conn.Conn, r.task.mappings)
}

func (r *mysqlReader) define(ctx context.Context, n name) (*table, error) {
	return define(ctx, r.conn.Conn, n, r.task)
}

func (r *mysqlReader) start(ctx context.Context) (position, error) {
	switch {
	case r.task.load:
		return r.snapshot(ctx, r.conn.Conn)
	case r.task.startAt != "":
		return parsePosition(r.task.startAt)
	}
	return r.now(ctx, r.conn.Conn)
}

// parsePosition parses CdcStartPosition in its file:position form.
func parsePosition(text string) (mysql.Position, error) {
	var at mysql.Position
	i := slices.Index([]byte(text), ':')
	if i > 0 {
		at.Name = text[:i]
		if n, err := fmt.Sscanf(text[i+1:]+"\n", "%d\n", &at.Pos); err == nil && n == 1 {
			return at, nil
		}
	}
	return at, fmt.Errorf("CdcStartPosition %q: only file:position is implemented", text)
}

// mysqlPasses are connection errors.
var mysqlPasses = []error{driver.ErrBadConn, errInvalidConn, mysql.ErrBadConn, replication.ErrSyncClosed, replication.ErrNeedSyncAgain}

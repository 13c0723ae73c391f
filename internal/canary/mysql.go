package canary

import (
	"cdcpipeline/internal/source/mysql"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"time"
)

// mysqlDatabase is MySQL, MariaDB or Aurora MySQL.
type mysqlDatabase struct {
	mysql.Admin
	verified
}

// Close logs out.
func (d *mysqlDatabase) Close() error { return closeSession(d.Admin) }

// Log reads the numbers at the end of the binary log's file names. The server does not report the files' ages.
func (d *mysqlDatabase) Log(ctx context.Context) (Log, error) {
	files, err := d.Query(ctx, "SHOW BINARY LOGS")
	if err != nil {
		return Log{}, fmt.Errorf("listing the binary log's files: %w", err)
	}
	if len(files) == 0 {
		return Log{}, errors.New("listing the binary log's files: there are none")
	}
	var l Log
	if l.Oldest, err = logNumber(files[0][0]); err != nil {
		return Log{}, err
	}
	l.Newest, err = logNumber(files[len(files)-1][0])
	return l, err
}

// logNumber extracts 17 from mysql-bin-changelog.000017.
func logNumber(file string) (int64, error) {
	n, err := strconv.ParseInt(file[strings.LastIndex(file, ".")+1:], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("the file %s of the binary log has no number: %w", file, err)
	}
	return n, nil
}

// beatMySQL formats numbers only, so that it needs no arguments.
const beatMySQL = `INSERT INTO cdc_canary.heartbeat (id, beat, written, began, log) VALUES (1, 1, %[1]d, %[1]d, %[2]d)
ON DUPLICATE KEY UPDATE beat = beat + 1, written = %[1]d, log = %[2]d; COMMIT`

// Beat writes in its own transaction, whatever the session's autocommit setting.
func (d *mysqlDatabase) Beat(ctx context.Context, at time.Time, log int64) (Beat, error) {
	if err := d.Exec(ctx, fmt.Sprintf(beatMySQL, at.UnixMilli(), log)); err != nil {
		return Beat{}, err
	}
	rows, err := d.Query(ctx, "SELECT beat, began FROM cdc_canary.heartbeat WHERE id = 1")
	if err != nil {
		return Beat{}, err
	}
	return readBeat(rows)
}

func readBeat(rows [][]string) (Beat, error) {
	if len(rows) != 1 {
		return Beat{}, fmt.Errorf("the heartbeat has %d rows", len(rows))
	}
	number, err := strconv.ParseInt(rows[0][0], 10, 64)
	if err != nil {
		return Beat{}, fmt.Errorf("the heartbeat's number: %w", err)
	}
	began, err := strconv.ParseInt(rows[0][1], 10, 64)
	if err != nil {
		return Beat{}, fmt.Errorf("the heartbeat's beginning: %w", err)
	}
	return Beat{Number: number, Began: time.UnixMilli(began)}, nil
}

// errUnknownVariable, https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html.
const errUnknownVariable = 1193

const (
	tablesMySQL = `SELECT table_schema, table_name, DATE_FORMAT(create_time, '%Y-%m-%d %H:%i:%s') FROM information_schema.tables
WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ` + mysql.SystemSchemas
	columnsMySQL = `SELECT table_schema, table_name, column_name, column_type, is_nullable, collation_name, extra FROM information_schema.columns
WHERE table_schema NOT IN ` + mysql.SystemSchemas + ` ORDER BY table_schema, table_name, ordinal_position`
)

// Tables uses the time of creation, because InnoDB shows a table's own id only to users with the PROCESS privilege.
// In MariaDB a TRUNCATE does not change that time.
func (d *mysqlDatabase) Tables(ctx context.Context) (map[string]Made, error) {
	// By default MySQL 8 caches these times for a day,
	// https://dev.mysql.com/doc/refman/8.4/en/information-schema-optimization.html; other servers do not know the
	// variable.
	if err := d.Exec(ctx, "SET SESSION information_schema_stats_expiry = 0"); err != nil && !mysql.IsServerError(err, errUnknownVariable) {
		return nil, fmt.Errorf("asking for times as they are: %w", err)
	}
	if err := d.Exec(ctx, "SET SESSION time_zone = '+00:00'"); err != nil {
		return nil, fmt.Errorf("asking for times in UTC: %w", err)
	}
	tables, err := d.Query(ctx, tablesMySQL)
	if err != nil {
		return nil, fmt.Errorf("listing tables: %w", err)
	}
	columns, err := d.Query(ctx, columnsMySQL)
	if err != nil {
		return nil, fmt.Errorf("listing columns: %w", err)
	}
	digests, names := map[string]hash.Hash{}, map[string][]string{}
	for _, row := range columns {
		name := row[0] + "." + row[1]
		if digests[name] == nil {
			digests[name] = sha256.New()
		}
		fmt.Fprintf(digests[name], "%q\n", row[2:6])
		if mysql.Carried(row[6]) {
			names[name] = append(names[name], row[2])
		}
	}
	made := make(map[string]Made, len(tables))
	for _, row := range tables {
		name := row[0] + "." + row[1]
		of := Made{ID: row[2], Names: names[name]}
		if digest := digests[name]; digest != nil {
			of.Columns = hex.EncodeToString(digest.Sum(nil)[:8])
		}
		made[name] = of
	}
	return made, nil
}

// closeSession closes a session, if it is one.
func closeSession(of any) error {
	if session, ok := of.(interface{ Close() error }); ok {
		return session.Close() //nolint:wrapcheck // the error names the session
	}
	return nil
}

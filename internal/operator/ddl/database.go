package ddl

import (
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/source/mysql"
	"cdcpipeline/internal/table"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
	"time"
)

// These are error numbers of the server, https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html.
const (
	errUnknownTable    = 1109
	errUnknownVariable = 1193
	errNeedsPrivilege  = 1227
)

// Database reads the definitions of tables.
type Database struct{ DB *sql.DB }

// Tables returns the tables by name. It leaves out the server's own databases. In PostgreSQL it covers one database.
// The session's time zone must be UTC.
func (d Database) Tables(ctx context.Context) (map[table.Name]*Table, error) {
	conn, err := d.DB.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	defer conn.Close()
	r := reading{conn: conn, tables: map[table.Name]*Table{}}
	if schema.EngineOf(d.DB) == schema.PostgreSQL {
		return r.tables, r.postgres(ctx)
	}
	// By default MySQL 8 shows times that are up to a day old,
	// https://dev.mysql.com/doc/refman/8.4/en/information-schema-optimization.html. Other servers do not know the
	// variable.
	if _, err := conn.ExecContext(ctx, "SET SESSION information_schema_stats_expiry = 0"); err != nil && !mysql.IsServerError(err, errUnknownVariable) {
		return nil, fmt.Errorf("asking for current times of the tables: %w", err)
	}
	for _, step := range []func(context.Context) error{r.times, r.columns, r.partitions, r.identities} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("reading how the tables are made: %w", err)
		}
	}
	return r.tables, nil
}

type reading struct {
	conn   *sql.Conn
	tables map[table.Name]*Table
}

const notOurs = ` TABLE_SCHEMA NOT IN ` + mysql.SystemSchemas

func (r reading) times(ctx context.Context) error {
	return r.each(ctx, `SELECT TABLE_SCHEMA, TABLE_NAME, DATE_FORMAT(CREATE_TIME, '%Y-%m-%d %H:%i:%s') FROM information_schema.TABLES
		WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND`+notOurs, func(row []string) error {
		t := &Table{}
		if row[2] != "" {
			var err error
			if t.Created, err = time.Parse(time.DateTime, row[2]); err != nil {
				return fmt.Errorf("the creation of %s.%s: %w", row[0], row[1], err)
			}
		}
		r.tables[table.Name{Database: row[0], Table: row[1]}] = t
		return nil
	})
}

func (r reading) columns(ctx context.Context) error {
	digests := map[table.Name]hash.Hash{}
	err := r.each(ctx, `SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLLATION_NAME, EXTRA FROM information_schema.COLUMNS
		WHERE`+notOurs+` ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION`, func(row []string) error {
		n := table.Name{Database: row[0], Table: row[1]}
		if digests[n] == nil {
			digests[n] = sha256.New()
		}
		if t := r.tables[n]; t != nil && mysql.Carried(row[6]) {
			t.Names = append(t.Names, row[2])
		}
		_, err := fmt.Fprintf(digests[n], "%q\n", row[2:6])
		return err //nolint:wrapcheck // writing to a hash cannot fail
	})
	for n, digest := range digests {
		if t := r.tables[n]; t != nil {
			t.Columns = hex.EncodeToString(digest.Sum(nil)[:8])
		}
	}
	return err
}

// partitions reads the partitions in their order, which InnoDB does not store. Their ids are read later.
func (r reading) partitions(ctx context.Context) error {
	return r.each(ctx, `SELECT DISTINCT TABLE_SCHEMA, TABLE_NAME, PARTITION_NAME, PARTITION_ORDINAL_POSITION
		FROM information_schema.PARTITIONS WHERE PARTITION_NAME IS NOT NULL AND`+notOurs+` ORDER BY 1, 2, 4`, func(row []string) error {
		if t := r.tables[table.Name{Database: row[0], Table: row[1]}]; t != nil {
			t.Partitions = append(t.Partitions, Partition{Name: row[2]})
		}
		return nil
	})
}

// identities reads InnoDB's ids. MySQL calls the view INNODB_TABLES, and MariaDB INNODB_SYS_TABLES. Both views require
// the PROCESS privilege. Source: https://dev.mysql.com/doc/refman/8.4/en/information-schema-innodb-tables-table.html
func (r reading) identities(ctx context.Context) error {
	ids := map[string]string{}
	read := func(view string) error {
		return r.each(ctx, "SELECT NAME, TABLE_ID FROM information_schema."+view+" ORDER BY NAME", func(row []string) error {
			name, part, ok := strings.Cut(strings.ToLower(row[0]), "#p#")
			if ok {
				part, _, _ = strings.Cut(part, "#sp#")
				ids[name+"#p#"+part] += row[1] + " "
			}
			ids[row[0]] = row[1]
			return nil
		})
	}
	err := read("INNODB_TABLES")
	if mysql.IsServerError(err, errUnknownTable) {
		err = read("INNODB_SYS_TABLES")
	}
	if mysql.IsServerError(err, errNeedsPrivilege) {
		return fmt.Errorf("%w: run GRANT PROCESS ON *.* for the user, or skip the comparison with --no-database", err)
	}
	if err != nil {
		return err
	}
	for n, t := range r.tables {
		file := fileName(n.Database) + "/" + fileName(n.Table)
		t.ID = ids[file]
		for i, p := range t.Partitions {
			t.Partitions[i].ID = strings.TrimSpace(ids[strings.ToLower(file+"#p#"+fileName(p.Name))])
		}
	}
	return nil
}

// fileName encodes a name as the server and InnoDB do in file names:
// https://dev.mysql.com/doc/refman/8.4/en/identifier-mapping.html. It does not handle letters outside ASCII, because
// the bootstrap refuses such tables.
func fileName(name string) string {
	var b strings.Builder
	for _, c := range name {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_':
			b.WriteRune(c)
		default:
			fmt.Fprintf(&b, "@%04x", c)
		}
	}
	return b.String()
}

// each calls take for each row of a query. The values are text, and NULL is empty.
func (r reading) each(ctx context.Context, query string, take func(row []string) error) error {
	rows, err := r.conn.QueryContext(ctx, query)
	if err != nil {
		return err //nolint:wrapcheck // Tables wraps it
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err //nolint:wrapcheck // Tables wraps it
	}
	values, into, texts := make([]sql.NullString, len(names)), make([]any, len(names)), make([]string, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err //nolint:wrapcheck // Tables wraps it
		}
		for i, v := range values {
			texts[i] = v.String
		}
		if err := take(texts); err != nil {
			return err
		}
	}
	return rows.Err() //nolint:wrapcheck // Tables wraps it
}

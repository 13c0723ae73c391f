package dms

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// table is a followed table as the source defines it.
type table struct {
	name
	columns []column
	key     []int // indices of the primary key's columns, in key order
	keyed   keyType
	loadKey keyType
	filters []rowFilter
	// wholeRows means that the log has complete old rows: REPLICA IDENTITY FULL in a PostgreSQL source.
	wholeRows bool
}

var errNoTable = errors.New("no such table")

// versioned is the type of a MariaDB table that keeps former versions of its rows. In its binlog a DELETE is an
// UPDATE that ends a version, and an UPDATE also inserts a row. DMS does not support such tables,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.Limitations.
const versioned = "SYSTEM VERSIONED"

// findTables are the base tables that the rules select, by name, including versioned ones.
func findTables(ctx context.Context, conn *sql.Conn, m tableMappings) ([]name, error) {
	rows, err := conn.QueryContext(ctx, `SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE IN ('BASE TABLE', '`+versioned+`')
		AND TABLE_SCHEMA NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys') ORDER BY 1, 2`)
	if err != nil {
		return nil, fmt.Errorf("listing tables: %w", err)
	}
	defer rows.Close()
	var found []name
	for rows.Next() {
		var n name
		if err := rows.Scan(&n.schema, &n.table); err != nil {
			return nil, fmt.Errorf("listing tables: %w", err)
		}
		if m.selects(n) {
			found = append(found, n)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("listing tables: %w", err)
	}
	return found, nil
}

// define reads a table's definition at one moment, and decides how its records are keyed.
func define(ctx context.Context, conn *sql.Conn, n name, d *declared) (*table, error) {
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("defining %s: %w", n, err)
	}
	defer func() { _ = tx.Rollback() }() // it only read
	if err := hold(ctx, tx, n); err != nil {
		return nil, err
	}
	t := &table{name: n}
	rows, err := tx.QueryContext(ctx, `SELECT c.COLUMN_NAME, c.DATA_TYPE, c.COLUMN_TYPE, c.IS_NULLABLE = 'YES', COALESCE(c.CHARACTER_SET_NAME, ''),
		COALESCE(c.CHARACTER_MAXIMUM_LENGTH, 0), COALESCE(c.NUMERIC_PRECISION, 0), c.EXTRA, t.TABLE_TYPE
		FROM information_schema.COLUMNS c JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
		WHERE c.TABLE_SCHEMA = ? AND c.TABLE_NAME = ? AND t.TABLE_SCHEMA = ? AND t.TABLE_NAME = ? ORDER BY c.ORDINAL_POSITION`, n.schema, n.table, n.schema, n.table)
	if err != nil {
		return nil, fmt.Errorf("defining %s: %w", n, err)
	}
	defer rows.Close()
	var problems []error
	for rows.Next() {
		var c catalogColumn
		var kind string
		if err := rows.Scan(&c.name, &c.dataType, &c.columnType, &c.nullable, &c.charset, &c.length, &c.precision, &c.extra, &kind); err != nil {
			return nil, fmt.Errorf("defining %s: %w", n, err)
		}
		if kind == versioned {
			return nil, fmt.Errorf("table %s: it is system-versioned (WITH SYSTEM VERSIONING), which DMS does not support: leave it out of the task's rules", n)
		}
		if why := c.unreadable(); why != "" { // even if a rule removes it, because the columns after it would be misread
			problems = append(problems, fmt.Errorf("table %s: column %s: %s", n, c.name, why))
			continue
		}
		if strings.Contains(c.extra, "VIRTUAL GENERATED") {
			continue // the binlog omits it
		}
		column, err := c.column()
		column.omitted = d.mappings.omits(n, c.name) || c.uncarried()
		if err != nil && !column.omitted {
			problems = append(problems, fmt.Errorf("table %s: %w", n, err))
		}
		t.columns = append(t.columns, column)
	}
	if err := errors.Join(append(problems, rows.Err())...); err != nil {
		return nil, err
	}
	if len(t.columns) == 0 {
		return nil, fmt.Errorf("defining %s: %w", n, errNoTable)
	}
	if err := t.readKey(ctx, tx); err != nil {
		return nil, err
	}
	if err := t.readFilters(d.mappings); err != nil {
		return nil, err
	}
	return t, t.decideKeys(d)
}

// hold prevents altering, renaming or dropping a table until the transaction ends, with a read's metadata lock.
// Otherwise information_schema might return the columns of one table, and the key of another that a RENAME put in its
// place.
func hold(ctx context.Context, tx *sql.Tx, n name) error {
	_, err := tx.ExecContext(ctx, "SELECT 1 FROM "+quote(n.schema)+"."+quote(n.table)+" LIMIT 0")
	var refused *mysql.MySQLError
	if errors.As(err, &refused) && (refused.Number == 1146 || refused.Number == 1049) { // ER_NO_SUCH_TABLE, ER_BAD_DB_ERROR
		return fmt.Errorf("defining %s: %w", n, errNoTable)
	}
	if err != nil {
		return fmt.Errorf("defining %s: %w", n, err)
	}
	return nil
}

func (t *table) readKey(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, `SELECT COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE
		WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND CONSTRAINT_NAME = 'PRIMARY' ORDER BY ORDINAL_POSITION`, t.schema, t.table)
	if err != nil {
		return fmt.Errorf("reading the primary key of %s: %w", t.name, err)
	}
	defer rows.Close()
	for rows.Next() {
		var column string
		if err := rows.Scan(&column); err != nil {
			return fmt.Errorf("reading the primary key of %s: %w", t.name, err)
		}
		t.key = append(t.key, t.index(column))
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading the primary key of %s: %w", t.name, err)
	}
	return nil
}

// decideKeys chooses the partition keys. Without a rule, loaded rows have their primary key and changes have
// schema and table, unless changes are applied in parallel:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.Kinesis.html#CHAP_Target.Kinesis.ObjectMapping.
func (t *table) decideKeys(d *declared) error {
	t.keyed, t.loadKey = keySchemaTable, keyPrimary
	if d.settings.TargetMetadata.ParallelApplyThreads > 0 {
		t.keyed = keyPrimary
	}
	if len(t.key) == 0 {
		t.keyed, t.loadKey = keySchemaTable, keySchemaTable
	}
	rule, ok := d.mappings.key(t.name)
	if !ok {
		return nil
	}
	if rule == keyPrimary && len(t.key) == 0 {
		return fmt.Errorf("table %s: its rule keys records by primary key, but it has none", t.name)
	}
	for _, i := range t.key {
		if t.columns[i].omitted {
			return fmt.Errorf("table %s: column %s is removed, but records are keyed by it", t.name, t.columns[i].name)
		}
	}
	t.keyed, t.loadKey = rule, rule
	return nil
}

func (t *table) index(wanted string) int {
	return slices.IndexFunc(t.columns, func(c column) bool { return c.name == wanted })
}

// catalogColumn is a row of information_schema.COLUMNS.
type catalogColumn struct {
	name, dataType, columnType, charset, extra string
	nullable                                   bool
	length                                     int64
	precision                                  int
}

// uncarried columns are in the binlog but in no record: computed and invisible ones. PERSISTENT is MariaDB's other
// word for STORED.
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.Limitations
func (c catalogColumn) uncarried() bool {
	extra := strings.ToUpper(c.extra)
	return slices.ContainsFunc([]string{"STORED", "PERSISTENT", "INVISIBLE"}, func(word string) bool { return strings.Contains(extra, word) })
}

// unreadable returns the reason why binlog rows of a table with this column cannot be read; empty when they can.
func (c catalogColumn) unreadable() string {
	switch {
	case strings.Contains(c.columnType, "/* mariadb-5.3 */"):
		return "its values are in the format of MariaDB 5.3, of which the binlog does not say the width: ALTER TABLE … FORCE with mysql56_temporal_format=ON"
	case strings.Contains(c.columnType, "COMPRESSED"):
		return "it is COMPRESSED, and so are its values in the binlog: take the attribute away"
	}
	return ""
}

// column converts MySQL's type to DMS's.
func (c catalogColumn) column() (column, error) {
	out := column{name: c.name, nullable: c.nullable, unsigned: strings.Contains(c.columnType, "unsigned"), length: int(c.length)}
	if bits, ok := integerBits[c.dataType]; ok {
		out.kind, out.bits = kindInteger, bits
		out.typ = fmt.Sprintf("INT%d", (bits+7)/8*8)
		if bits == 24 {
			out.typ = "INT32"
		}
		if out.unsigned {
			out.typ = "U" + out.typ
		}
		return out, nil
	}
	shape, ok := shapes[c.dataType]
	if !ok {
		return out, fmt.Errorf("column %s: type %s is not implemented", c.name, c.columnType)
	}
	out.kind, out.typ, out.lob = shape.kind, shape.typ, shape.lob
	switch c.dataType {
	case "bit":
		out.length = c.precision
		if out.length == 1 {
			out.kind, out.typ = kindBoolean, "BOOLEAN"
		}
	case "binary":
		out.padded = true
	case "inet4":
		out.length = 4
	case "inet6", "uuid":
		out.length = 16
	case "enum", "set":
		out.members = members(c.columnType)
	}
	if out.kind == kindText {
		switch c.charset {
		case "utf8mb4", "utf8mb3", "utf8", "ascii":
		case "latin1":
			out.latin1 = true
		default:
			return out, fmt.Errorf("column %s: character set %q is not implemented", c.name, c.charset)
		}
	}
	return out, nil
}

var integerBits = map[string]int{"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}

// shapes has the properties of each type. TEXT and BLOB of every size count as LOBs.
var shapes = map[string]struct {
	kind kind
	typ  string
	lob  bool
}{
	"decimal": {kind: kindDecimal, typ: "NUMERIC"}, "float": {kind: kindFloat, typ: "REAL4"}, "double": {kind: kindFloat, typ: "REAL8"},
	"date": {kind: kindDate, typ: "DATE"}, "datetime": {kind: kindDateTime, typ: "TIMESTAMP"}, "timestamp": {kind: kindDateTime, typ: "TIMESTAMP"},
	"time": {kind: kindTime, typ: "STRING"}, "year": {kind: kindYear, typ: "INT16"}, "bit": {kind: kindBits, typ: "BYTES"},
	"char": {kind: kindText, typ: "STRING"}, "varchar": {kind: kindText, typ: "STRING"},
	"tinytext": {kind: kindText, typ: "STRING", lob: true}, "text": {kind: kindText, typ: "STRING", lob: true},
	"mediumtext": {kind: kindText, typ: "NCLOB", lob: true}, "longtext": {kind: kindText, typ: "NCLOB", lob: true},
	"binary": {kind: kindBytes, typ: "BYTES"}, "varbinary": {kind: kindBytes, typ: "BYTES"},
	"tinyblob": {kind: kindBytes, typ: "BYTES", lob: true}, "blob": {kind: kindBytes, typ: "BYTES", lob: true},
	"mediumblob": {kind: kindBytes, typ: "BLOB", lob: true}, "longblob": {kind: kindBytes, typ: "BLOB", lob: true},
	"enum": {kind: kindEnum, typ: "STRING"}, "set": {kind: kindSet, typ: "STRING"},
	"uuid": {kind: kindUUID, typ: "STRING"}, "inet4": {kind: kindInet, typ: "STRING"}, "inet6": {kind: kindInet, typ: "STRING"},
	"geometry": {kind: kindBytes, typ: "BLOB", lob: true}, "point": {kind: kindBytes, typ: "BLOB", lob: true},
	"linestring": {kind: kindBytes, typ: "BLOB", lob: true}, "polygon": {kind: kindBytes, typ: "BLOB", lob: true},
}

// members parses enum('a','it”s') or set(...).
func members(columnType string) []string {
	var out []string
	_, rest, _ := strings.Cut(columnType, "(")
	for {
		_, after, ok := strings.Cut(rest, "'")
		if !ok {
			return out
		}
		var b strings.Builder
		for {
			text, tail, _ := strings.Cut(after, "'")
			b.WriteString(text)
			if rest = tail; !strings.HasPrefix(tail, "'") {
				break
			}
			b.WriteByte('\'')
			after = tail[1:]
		}
		out = append(out, b.String())
	}
}

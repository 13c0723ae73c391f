package athena

import (
	"cdcpipeline/internal/lake/views"
	"cdcpipeline/internal/operator/schema"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Compare lists the differences between a view's rows and those of the table itself, at most one per row: "only in
// the source: {...}". A correct view of all rows gives none.
func Compare(ctx context.Context, db *sql.DB, database, table string, view []Row) (differences []string, rows int, err error) {
	return compare(ctx, db, database, table, view, 0)
}

// CompareToTheMillisecond does so for times with three digits after the second, whether they were cut or rounded.
func CompareToTheMillisecond(ctx context.Context, db *sql.DB, database, table string, view []Row) (differences []string, rows int, err error) {
	return compare(ctx, db, database, table, view, time.Millisecond)
}

func compare(ctx context.Context, db *sql.DB, database, table string, view []Row, within time.Duration) (differences []string, rows int, err error) {
	source, err := describe(ctx, db, database, table)
	if err != nil {
		return nil, 0, fmt.Errorf("looking at %s.%s: %w", database, table, err)
	}
	want, err := source.rows(ctx, db)
	if err != nil {
		return nil, 0, fmt.Errorf("reading %s.%s: %w", database, table, err)
	}
	if within > 0 {
		view = source.snapped(view, want, within)
	}
	count := map[string]int{}
	for _, row := range want {
		count[source.text(row)]++
	}
	for _, row := range view {
		count[source.text(row)]--
	}
	for _, row := range slices.Sorted(maps.Keys(count)) {
		switch n := count[row]; {
		case n > 0:
			differences = append(differences, "only in the source: "+row)
		case n < 0:
			differences = append(differences, "only in the lake: "+row)
		}
	}
	return differences, len(want), nil
}

// sourceTable is a table with its columns' names in the view.
type sourceTable struct {
	views.Table

	fields []views.Field
	// postgres is the table as the tool reads it; nil for MySQL.
	postgres *schema.Table
}

func describe(ctx context.Context, db *sql.DB, database, table string) (sourceTable, error) {
	if schema.EngineOf(db) == schema.PostgreSQL {
		return postgresTable(ctx, db, database, table)
	}
	t := sourceTable{Table: views.Table{Database: database, Name: table}}
	described, err := db.QueryContext(ctx, `SELECT column_name, column_type, column_key FROM information_schema.columns
WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position`, database, table)
	if err != nil {
		return t, err //nolint:wrapcheck // Compare adds what was done
	}
	defer described.Close()
	for described.Next() {
		var c views.Column
		var key string
		if err := described.Scan(&c.Name, &c.Type, &key); err != nil {
			return t, err //nolint:wrapcheck // as above
		}
		t.Columns = append(t.Columns, c)
		if key == "PRI" {
			t.PrimaryKey = append(t.PrimaryKey, c.Name)
		}
	}
	if err := described.Err(); err != nil {
		return t, err //nolint:wrapcheck // as above
	}
	catalog, err := views.Describe("source", t.Table)
	t.fields = catalog.Rows.Fields
	return t, err
}

// rows makes the server format each value like the view.
func (t sourceTable) rows(ctx context.Context, db *sql.DB) ([]Row, error) {
	if t.postgres != nil {
		return t.postgresRows(ctx, db)
	}
	values := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		values[i] = written(c)
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err //nolint:wrapcheck // Compare adds what was done
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "SET time_zone = '+00:00'"); err != nil {
		return nil, err //nolint:wrapcheck // as above
	}
	found, err := conn.QueryContext(ctx, fmt.Sprintf("SELECT %s FROM %s.%s", strings.Join(values, ", "), named(t.Database), named(t.Name)))
	if err != nil {
		return nil, err //nolint:wrapcheck // as above
	}
	defer found.Close()
	var all []Row
	for found.Next() {
		texts, into := make([]sql.NullString, len(t.Columns)), make([]any, len(t.Columns))
		for i := range texts {
			into[i] = &texts[i]
		}
		if err := found.Scan(into...); err != nil {
			return nil, err //nolint:wrapcheck // as above
		}
		row := Row{}
		for i, f := range t.fields {
			row[f.Name] = nil // the view's last column, too: the source has no unreadable value
			if i < len(texts) && texts[i].Valid {
				row[f.Name] = texts[i].String
			}
		}
		all = append(all, row)
	}
	return all, found.Err() //nolint:wrapcheck // as above
}

// snapped takes the view's times from the source's row with the same key, if they differ by at most within.
func (t sourceTable) snapped(view, source []Row, within time.Duration) []Row {
	key := func(row Row) string {
		var b strings.Builder
		for _, c := range t.PrimaryKey {
			i := slices.IndexFunc(t.Columns, func(has views.Column) bool { return has.Name == c })
			fmt.Fprintf(&b, "%q,", row[t.fields[i].Name])
		}
		return b.String()
	}
	of := map[string]Row{}
	for _, row := range source {
		of[key(row)] = row
	}
	snapped := make([]Row, len(view))
	for i, row := range view {
		snapped[i] = maps.Clone(row)
		known := of[key(row)]
		for _, f := range t.fields {
			a, err1 := instantOf(row[f.Name])
			b, err2 := instantOf(known[f.Name])
			if f.Hive == "timestamp" && err1 == nil && err2 == nil && a.Sub(b).Abs() < within {
				snapped[i][f.Name] = known[f.Name]
			}
		}
	}
	return snapped
}

func instantOf(value any) (time.Time, error) {
	text, _ := value.(string)
	return time.Parse("2006-01-02 15:04:05", text) //nolint:wrapcheck // the caller only checks for an error
}

func named(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// written is the SQL of a value in the format of DMS and the view. MySQL's zero dates become NULL, as in DMS.
func written(c views.Column) string {
	name := named(c.Name)
	kind, length, _ := strings.Cut(c.Type, "(")
	switch kind, _, _ = strings.Cut(kind, " "); kind {
	case "bit":
		bits, _ := strconv.Atoi(strings.TrimSuffix(length, ")"))
		if bits == 1 {
			return fmt.Sprintf("CASE WHEN %[1]s IS NULL THEN NULL WHEN %[1]s THEN 'true' ELSE 'false' END", name)
		}
		return fmt.Sprintf("CONCAT('0x', LPAD(HEX(%s), %d, '0'))", name, (bits+7)/8*2)
	case "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob":
		return fmt.Sprintf("CONCAT('0x', HEX(%s))", name)
	case "date", "datetime", "timestamp":
		return fmt.Sprintf("CASE WHEN %[1]s < '0001-01-01' THEN NULL ELSE CAST(%[1]s AS CHAR) END", name)
	case "float":
		return fmt.Sprintf("CAST(%s AS DOUBLE)", name)
	}
	return fmt.Sprintf("CAST(%s AS CHAR)", name)
}

// text is equal for equal rows: fractions of seconds lose trailing zeros, floating-point numbers are in Go's format.
func (t sourceTable) text(row Row) string {
	same := Row{}
	maps.Copy(same, row)
	if same["cdc_unreadable"] == nil {
		delete(same, "cdc_unreadable") // a view over a table lacks it
	}
	for _, f := range t.fields {
		text, ok := same[f.Name].(string)
		if !ok {
			continue
		}
		switch {
		case f.Hive == "timestamp" && strings.Contains(text, "."):
			same[f.Name] = strings.TrimRight(strings.TrimRight(text, "0"), ".")
		case f.SQL == "real" || f.SQL == "double":
			bits := map[string]int{"real": 32, "double": 64}[f.SQL]
			if n, err := strconv.ParseFloat(text, bits); err == nil {
				same[f.Name] = strconv.FormatFloat(n, 'g', -1, bits)
			}
		}
	}
	out, err := json.Marshal(same)
	if err != nil { // a Row contains only text
		return err.Error()
	}
	return string(out)
}

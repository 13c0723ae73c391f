package postgres

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// column is a column with the catalogue's attributes. For a domain the type is its base type.
type column struct {
	Column
	generated bool
	// outside means that a long value of the type may be stored outside the row.
	outside bool
	// class of its type: b for base types, c for rows, e for enumerations, r for ranges.
	class string
	// numbered means that a sequence supplies the values.
	numbered bool
}

// BaseType is the SQL for the type and modifier of a column pg_attribute a. It resolves nested domains. Each domain
// keeps the modifier of its base type. required means that the column, or one of the domains, refuses NULL:
// https://www.postgresql.org/docs/17/catalog-pg-type.html.
const BaseType = `LATERAL (WITH RECURSIVE walk(oid, typmod, required) AS (SELECT a.atttypid, a.atttypmod, a.attnotnull
	UNION ALL SELECT t.typbasetype, t.typtypmod, required OR t.typnotnull FROM walk JOIN pg_type t ON t.oid = walk.oid AND t.typtype = 'd')
	SELECT t.oid, t.typname, t.typtype, walk.typmod, walk.required FROM walk JOIN pg_type t ON t.oid = walk.oid AND t.typtype <> 'd')`

const columnsQuery = `SELECT a.attname, format_type(b.oid, b.typmod),
NOT a.attnotnull, %s, a.attlen = -1 AND a.attstorage <> 'p', b.typtype,
a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid), '') LIKE 'nextval(%%'
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN ` + BaseType + ` b
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`

// generatedColumns is the first version that has them.
const generatedColumns = 120000

func (r *run) columns(ctx context.Context, t Table) ([]column, error) {
	generated := "a.attgenerated <> ''"
	if r.server.number < generatedColumns {
		generated = "false"
	}
	rows, err := r.db.Query(ctx, fmt.Sprintf(columnsQuery, generated), t.Database, t.Table)
	if err != nil {
		return nil, fmt.Errorf("reading its columns: %w", err)
	}
	columns := make([]column, len(rows))
	for i, row := range rows {
		columns[i] = column{
			Column: Column{Name: row[0], Type: row[1], Nullable: row[2] == truth}, generated: row[3] == truth,
			outside: row[4] == truth, class: row[5], numbered: row[6] == truth,
		}
	}
	return columns, nil
}

// described converts the columns that keep selects into the findings' form.
func described(columns []column, keep func(column) bool) []Column {
	var found []Column
	for _, c := range columns {
		if keep(c) {
			found = append(found, c.Column)
		}
	}
	return found
}

func anyColumn(column) bool { return true }

// carried reports the columns that DMS carries.
func carried(c column) bool { return !c.generated && !c.largeObject() }

// largeObject reports a reference to a large object, which DMS does not migrate.
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html#CHAP_Source.PostgreSQL.Limitations
func (c column) largeObject() bool { return c.Type == "oid" || c.Type == "lo" }

var sized = regexp.MustCompile(`\([^)]*\)`)

// base is the type without length and precision: character varying, timestamp without time zone.
func (c column) base() string {
	if strings.HasPrefix(c.Type, "interval ") { // interval day to second(3)
		return "interval"
	}
	return sized.ReplaceAllString(c.Type, "")
}

func (c column) array() bool { return strings.HasSuffix(c.Type, "[]") }

// lob is the kind of LOB as which DMS treats a value.
type lob int

const (
	notLob  lob = iota
	bytes       // BLOB
	letters     // CLOB: each character as UTF-8
	wide        // NCLOB: each character as two bytes at least
)

// lobs are the types that travel as LOBs: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html#CHAP_Source-PostgreSQL-DataTypes.
var lobs = map[string]lob{
	"bytea": bytes, "tsvector": letters, "tsquery": letters, "xml": letters, "path": letters, "polygon": letters,
	"text": wide, "json": wide, "jsonb": wide, "hstore": wide, "citext": wide,
}

func (c column) lob() lob {
	if c.array() || c.class == "c" || c.Type == "character varying" {
		return wide
	}
	return lobs[c.base()]
}

// documented are the other types in AWS's documentation for a PostgreSQL source.
var documented = []string{
	"smallint", "integer", "bigint", "numeric", "real", "double precision", "money", "character", "character varying",
	"timestamp without time zone", "timestamp with time zone", "date", "time without time zone", "time with time zone", "interval",
	"boolean", "cidr", "inet", "macaddr", "bit", "bit varying", "uuid", "point", "line", "lseg", "box", "circle",
	"int4range", "int8range", "numrange",
}

func (c column) documented() bool {
	return c.lob() != notLob || c.class == "e" || slices.Contains(documented, c.base())
}

// checkCarried finds columns that DMS does not carry, or carries with a loss.
func (r *run) checkCarried(found TableFound, columns []column) {
	for _, c := range columns {
		if r.rules().Omits(found.Table, c.Name) {
			continue
		}
		switch {
		case c.generated:
			r.checkUnbrought(found, c, "generated column",
				"compute it where it is read: DMS does not carry generated columns, and the lake's views leave it out",
				fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s DROP EXPRESSION", quoted(found.Table), quoteName(c.Name)))
		case c.largeObject():
			r.checkUnbrought(found, c, "column", "keep the bytes in a column of type bytea: DMS does not carry large objects",
				fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s TYPE bigint", quoted(found.Table), quoteName(c.Name)))
		case c.Type == "numeric":
			r.checkUnbounded(found, c)
		case !c.documented():
			r.add(Finding{
				Check: fmt.Sprintf("type of column %s of %s", c.Name, found), Status: Warning, Value: c.Type + ", which AWS does not document for DMS",
				Advice: orOmission("see that records have it as you want it", r.rules().Omission(found, c.Name)),
			})
		}
		if slices.Contains(found.PrimaryKey, c.Name) && c.lob() != notLob {
			r.checkLobKey(found, c)
		}
	}
}

func orOmission(advice, way string) string {
	if way != "" {
		advice += ", or " + way
	}
	return advice
}

// checkUnbrought reports a column that no record contains. The statement mended would make records contain it.
func (r *run) checkUnbrought(found TableFound, c column, what, advice, mended string) {
	f := Finding{Check: fmt.Sprintf("%s %s of %s", what, c.Name, found), Status: Warning, Value: "carried by no record", Advice: advice}
	if slices.Contains(found.PrimaryKey, c.Name) {
		f.Value = "part of the primary key, and carried by no record"
		f.Tell(Failed, ", or "+r.rules().LeaveOut(found.Table)+": without its key a row cannot be told from others", mended)
	} else if way := r.rules().Omission(found, c.Name); way != "" {
		f.Advice = way + ", so that DMS need not look at it; " + advice
	}
	r.add(f)
}

// checkUnbounded: DMS treats numeric without precision and scale as numeric(28,6).
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html#CHAP_Source.PostgreSQL.Limitations
func (r *run) checkUnbounded(found TableFound, c column) {
	f := Finding{
		Check: fmt.Sprintf("type of column %s of %s", c.Name, found), Status: Warning,
		Value: "numeric without a precision, which DMS rounds to numeric(28,6)",
		Advice: "give it one by ALTER TABLE … TYPE numeric(p, s) with p up to 38, " +
			"or be sure that no value has more than 6 decimals or 22 digits before them",
	}
	if slices.Contains(found.PrimaryKey, c.Name) {
		f.Status, f.Value = Failed, "a key of numeric without a precision, which DMS rounds to numeric(28,6)"
		f.Advice = "give it one by ALTER TABLE … TYPE numeric(p, s) with p up to 38, or " + r.rules().LeaveOut(found.Table) +
			": rows whose keys round to one are one row to whoever reads records"
	}
	r.add(f)
}

// checkLobKey: AWS's own task assessment wants a key without LOBs.
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.AssessmentReport.PG.html
func (r *run) checkLobKey(found TableFound, c column) {
	f := Finding{Check: fmt.Sprintf("key column %s of %s", c.Name, found), Value: c.Type + ", which DMS takes for a LOB"}
	f.Tell(Warning, ", or a length that fits: AWS's assessment of a task asks for keys that are no LOBs",
		fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s TYPE character varying(%d)", quoted(found.Table), quoteName(c.Name), found.KeyRoom()))
	if c.lob() != wide || c.array() || c.class == "c" || !strings.Contains(c.Type, "text") && c.Type != "character varying" {
		f.SQL, f.Advice = nil, "make a key of columns that are no LOBs, which AWS's assessment of a task asks for, or "+r.rules().LeaveOut(found.Table)
	}
	r.add(f)
}

package mysql

import (
	"cdcpipeline/internal/source/preparation"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// column is a column with the server's information_schema extra: auto_increment, INVISIBLE, VIRTUAL GENERATED.
type column struct {
	Column
	extra string
}

func (c column) says(words ...string) bool {
	extra := strings.ToUpper(c.extra)
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(extra, word) })
}

// computed reports a computed column. PERSISTENT is older MariaDB's word for STORED.
func (c column) computed() bool { return c.says("VIRTUAL", "STORED", "PERSISTENT") }

func (c column) invisible() bool { return c.says("INVISIBLE") }

// Carried reports whether DMS carries a column with this information_schema extra. It does not carry computed and
// invisible ones.
func Carried(extra string) bool { return carried(column{extra: extra}) }

// old reports a temporal type in a format that servers no longer write. DMS reads its binlog values wrong.
func (c column) old() bool {
	kind := strings.ToLower(c.Type)
	return strings.Contains(kind, "/*") && (strings.HasPrefix(kind, "time") || strings.HasPrefix(kind, "datetime"))
}

// compressed is an attribute of MariaDB, https://mariadb.com/kb/en/storage-engine-independent-column-compression/.
func (c column) compressed() bool {
	return strings.Contains(quotedText.ReplaceAllString(c.Type, ""), " COMPRESSED")
}

func (r *run) columns(ctx context.Context, t Table) ([]column, error) {
	rows, err := r.db.Query(ctx, `SELECT column_name, column_type, is_nullable, extra FROM information_schema.columns
WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position`, t.Database, t.Table)
	if err != nil {
		return nil, fmt.Errorf("reading its columns: %w", err)
	}
	columns := make([]column, len(rows))
	for i, row := range rows {
		columns[i] = column{Column{Name: row[0], Type: row[1], Nullable: row[2] == "YES"}, row[3]}
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

// carried reports the columns that DMS carries:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.Limitations.
func carried(c column) bool { return !c.computed() && !c.invisible() }

// checkCarried finds columns that DMS does not carry, or carries with a loss.
func (r *run) checkCarried(ctx context.Context, found TableFound, columns []column) error {
	for _, c := range columns {
		r.checkColumnName(found, c)
		switch {
		case r.rules().Omits(found.Table, c.Name):
		case c.computed():
			r.checkComputed(found, c)
		case c.invisible():
			if err := r.checkInvisible(ctx, found, c); err != nil {
				return err
			}
		}
		if c.old() {
			r.checkOld(found, c)
		}
		if c.compressed() {
			if err := r.checkCompressed(ctx, found.Table, c.Name, Failed); err != nil {
				return err
			}
		}
	}
	return nil
}

// unquotable are the characters that DMS does not support in names.
const unquotable = "`'"

// checkColumnName: DMS supports neither back-ticks nor single quotes.
func (r *run) checkColumnName(found TableFound, c column) {
	if !strings.ContainsAny(c.Name, unquotable) {
		return
	}
	f := Finding{Check: fmt.Sprintf("name of column %s of %s", c.Name, found), Value: "one with a back-tick or a single quote"}
	name := preparation.Free(strings.Map(func(letter rune) rune {
		if strings.ContainsRune(unquotable, letter) {
			return '_'
		}
		return letter
	}, c.Name), found.Has)
	f.Tell(Failed, ": DMS supports neither character in names",
		renameColumn(found.Table, c.Name, name))
	r.add(f)
}

func renameColumn(t Table, column, to string) string {
	return fmt.Sprintf("ALTER TABLE %s RENAME COLUMN %s TO %s", quoted(t), quoteName(column), quoteName(to))
}

func (r *run) checkComputed(found TableFound, c column) {
	f := Finding{
		Check: fmt.Sprintf("computed column %s of %s", c.Name, found), Status: Warning, Value: "carried by no record",
		Advice: "compute it where it is read: DMS does not carry computed columns, and the lake's views leave it out",
	}
	switch way := r.rules().Omission(found, c.Name); {
	case slices.Contains(found.PrimaryKey, c.Name):
		f.Value = "part of the primary key, and carried by no record"
		f.Tell(Failed, ", after which the application fills it, or "+r.rules().LeaveOut(found.Table)+": DMS does not carry computed columns, and without its key a row cannot be told from others",
			fmt.Sprintf("ALTER TABLE %s MODIFY %s %s NOT NULL", quoted(found.Table), quoteName(c.Name), c.Type))
	case way != "":
		f.Advice = way + ", so that DMS need not look at it; " + f.Advice
	}
	r.add(f)
}

func (r *run) checkInvisible(ctx context.Context, found TableFound, c column) error {
	f := Finding{Check: fmt.Sprintf("invisible column %s of %s", c.Name, found), Value: "carried by no record"}
	statement, err := r.makeVisible(ctx, found.Table, c.Name)
	if err != nil {
		return err
	}
	why := ": DMS does not carry invisible columns"
	if slices.Contains(found.PrimaryKey, c.Name) {
		f.Value, why = "part of the primary key, and carried by no record", why+", and without its key a row cannot be told from others"
	}
	if way := r.rules().Omission(found, c.Name); way != "" {
		why = ", or " + way + why
	}
	f.Tell(Failed, why, statement)
	r.add(f)
	return nil
}

// makeVisible is MySQL's own statement; MariaDB has none but the whole definition.
func (r *run) makeVisible(ctx context.Context, t Table, column string) (string, error) {
	if !r.server.mariaDB() {
		return fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s SET VISIBLE", quoted(t), quoteName(column)), nil
	}
	return r.modifyWithout(ctx, t, column, "INVISIBLE")
}

// checkOld: the statement writes a table's temporal columns anew, in the format that the server writes now.
// https://mariadb.com/kb/en/server-system-variables/#mysql56_temporal_format
func (r *run) checkOld(found TableFound, c column) {
	f := Finding{Check: fmt.Sprintf("format of column %s of %s", c.Name, found), Value: c.Type}
	statements := []string{fmt.Sprintf("ALTER TABLE %s FORCE", quoted(found.Table))}
	if r.server.variables["mysql56_temporal_format"] == "OFF" {
		statements = append([]string{"SET GLOBAL mysql56_temporal_format = ON"}, statements...)
	}
	f.Tell(Failed, ": what the binary log holds of this older format is read as other times", statements...)
	r.add(f)
}

func (r *run) checkCompressed(ctx context.Context, t Table, column string, status Status) error {
	statement, err := r.modifyWithout(ctx, t, column, "COMPRESSED")
	if err != nil {
		return err
	}
	f := Finding{Check: fmt.Sprintf("compressed column %s of %s", column, t), Value: "compressed in the binary log too"}
	f.Tell(status, ": readers of the binary log do not know such columns", statement)
	r.add(f)
	return nil
}

// checkCompressedElsewhere: the binary log holds tables that are not followed too, and a reader may stop at what it does not
// know. Only MariaDB has such columns.
func (r *run) checkCompressedElsewhere(ctx context.Context) error {
	if !r.server.mariaDB() {
		return nil
	}
	rows, err := r.db.Query(ctx, `SELECT table_schema, table_name, column_name, column_type FROM information_schema.columns
WHERE column_type LIKE '%COMPRESSED%' AND table_schema NOT IN `+SystemSchemas+` ORDER BY table_schema, table_name, ordinal_position`)
	if err != nil {
		return err
	}
	for _, row := range rows {
		t, c := Table{Database: row[0], Table: row[1]}, column{Column: Column{Name: row[2], Type: row[3]}}
		if c.compressed() && !slices.Contains(r.followed, t) {
			if err := r.checkCompressed(ctx, t, c.Name, Warning); err != nil {
				return err
			}
		}
	}
	return nil
}

// modifyWithout is the statement that gives a column its own definition, but for one attribute.
func (r *run) modifyWithout(ctx context.Context, t Table, column, attribute string) (string, error) {
	rows, err := r.db.Query(ctx, "SHOW CREATE TABLE "+quoted(t))
	if err != nil {
		return "", fmt.Errorf("reading its definition: %w", err)
	}
	var lines string
	if len(rows) == 1 && len(rows[0]) > 1 {
		lines = rows[0][1]
	}
	for line := range strings.Lines(lines) {
		line = strings.TrimSuffix(strings.TrimSpace(line), ",")
		for _, written := range []string{quoteName(column), `"` + strings.ReplaceAll(column, `"`, `""`) + `"`} {
			if definition, is := strings.CutPrefix(line, written+" "); is {
				return fmt.Sprintf("ALTER TABLE %s MODIFY %s %s", quoted(t), quoteName(column), withoutAttribute(definition, attribute)), nil
			}
		}
	}
	return "", fmt.Errorf("its definition lacks column %s", column)
}

// quotedText are literals and names within a definition.
var quotedText = regexp.MustCompile("'(?:[^'\\\\]|\\\\.|'')*'|`[^`]*`")

// withoutAttribute removes an attribute from a column's definition, with the version comment around it.
func withoutAttribute(definition, attribute string) string {
	pattern := regexp.MustCompile(`\s*(/\*M?!\d+ )?\b` + attribute + `\b( ?\*/)?`)
	var b strings.Builder
	last := 0
	for _, span := range append(quotedText.FindAllStringIndex(definition, -1), []int{len(definition), len(definition)}) {
		b.WriteString(pattern.ReplaceAllString(definition[last:span[0]], ""))
		b.WriteString(definition[span[0]:span[1]])
		last = span[1]
	}
	return b.String()
}

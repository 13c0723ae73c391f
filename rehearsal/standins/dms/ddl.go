package dms

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var definition = regexp.MustCompile("(?is)^\\s*(?:/\\*.*?\\*/\\s*)*(CREATE\\s+(?:OR\\s+REPLACE\\s+)?TABLE|ALTER\\s+(?:ONLINE\\s+|IGNORE\\s+)*TABLE|DROP\\s+TABLE|RENAME\\s+TABLE|TRUNCATE(?:\\s+TABLE)?)\\s+" +
	"(?:IF\\s+(?:NOT\\s+)?EXISTS\\s+)?((?:`(?:[^`]|``)+`|[^\\s`.;,(]+)(?:\\s*\\.\\s*(?:`(?:[^`]|``)+`|[^\\s`.;,(]+))?)")

// statement returns the operation of a data definition statement and its table.
func statement(schema, text string) (verb string, n name, ok bool) {
	m := definition.FindStringSubmatch(text)
	if m == nil {
		return "", name{}, false
	}
	return strings.Fields(strings.ToUpper(m[1]))[0], qualified(schema, m[2]), true
}

var identifier = regexp.MustCompile("`(?:[^`]|``)+`|[^`.\\s]+")

// qualified parses a table's name in a statement; without a database it is in the session's.
func qualified(schema, text string) name {
	parts := identifier.FindAllString(text, -1)
	for i, p := range parts {
		if strings.HasPrefix(p, "`") {
			parts[i] = strings.ReplaceAll(p[1:len(p)-1], "``", "`")
		}
	}
	if len(parts) == 2 {
		return name{parts[0], parts[1]}
	}
	return name{schema, parts[0]}
}

var (
	// ofPartitions matches an ALTER TABLE that makes, removes or changes partitions.
	ofPartitions = regexp.MustCompile(`(?i)\b(?:(?:ADD|DROP|TRUNCATE|EXCHANGE|REORGANIZE|COALESCE|REBUILD|CONVERT|DISCARD|IMPORT)\s+PARTITION|PARTITION\s+BY|REMOVE\s+PARTITIONING)\b`)
	// newNames matches the new names in a RENAME TABLE, or in a renaming ALTER TABLE.
	newNames = regexp.MustCompile("(?i)\\sTO\\s+((?:`(?:[^`]|``)+`|[^\\s`.;,(]+)(?:\\s*\\.\\s*(?:`(?:[^`]|``)+`|[^\\s`.;,(]+))?)")
)

// ddl follows a selected CREATE TABLE and an ALTER TABLE. DMS carries neither DROP nor RENAME TABLE of a MySQL
// source, https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.Limitations, and
// does not count a DROP, but counts a TRUNCATE:
// https://github.com/kiwonyoon0701/DMS/blob/8b8eb3c/DDL-propagation/mysql-ddl.md. What it sends to a stream for a
// TRUNCATE is not published; here it is nothing.
func (f *follower) ddl(schema, text string) error {
	verb, n, ok := statement(schema, text)
	if !ok {
		return nil
	}
	if verb == "RENAME" || verb == "ALTER" {
		if err := f.renamed(schema, text); err != nil || verb == "RENAME" {
			return err
		}
	}
	old := f.table(n)
	if old == nil {
		if verb == "CREATE" && f.task.mappings.selects(n) {
			return f.created(n)
		}
		return nil
	}
	clear(f.shapes)
	switch {
	case verb == "DROP":
		f.log.Warn("a followed table was dropped, which no record tells", "table", n.String(), "statement", text)
		return nil
	case verb == "TRUNCATE":
		f.log.Warn("a followed table was truncated, which no record tells", "table", n.String(), "statement", text)
		return f.send(f.writing, record{delivered: func() { f.stats.ddl(n) }})
	case verb == "ALTER" && ofPartitions.MatchString(text):
		return f.repartitioned(n, text)
	}
	changed, err := f.redefine(n)
	if errors.Is(err, errNoTable) {
		return nil // dropped in the meantime
	}
	if err != nil {
		return fmt.Errorf("after %q: %w", text, err)
	}
	ops := alterations(old, changed)
	f.replace(changed)
	f.log.Info("the definition of a followed table was read again", "table", n.String(), "statement", text)
	if verb == "CREATE" { // it had been dropped, or already exists
		if len(ops) == 0 {
			return nil
		}
		ops = []string{"create-table"}
	}
	if f.task.target.tableAlterOperations && f.task.settings.ChangeProcessingDdlHandlingPolicy.HandleSourceTableAltered {
		for _, op := range ops {
			key, data := f.envelope.control(changed, op)
			if err := f.send(f.writing, record{key: key, data: data}); err != nil {
				return err
			}
		}
	}
	return f.send(f.writing, record{delivered: func() { f.stats.ddl(n) }})
}

// renamed logs the swap of a followed table, which DMS does not carry: it reads the new table's rows with the old
// table's definition. Different columns would be misread, so the task refuses them; a task that starts again reads
// the new definition.
func (f *follower) renamed(schema, text string) error {
	for _, m := range newNames.FindAllStringSubmatch(text, -1) {
		n := qualified(schema, m[1])
		old := f.table(n)
		if old == nil {
			continue
		}
		clear(f.shapes)
		f.log.Warn("another table was put in a followed table's place, which no record tells", "table", n.String(), "statement", text)
		changed, err := f.redefine(n)
		switch {
		case errors.Is(err, errNoTable): // renamed again in the meantime
		case err != nil:
			return fmt.Errorf("after %q: %w", text, err)
		case !slices.EqualFunc(old.columns, changed.columns, alike):
			return fmt.Errorf("table %s: %q put a table with other columns in its place, of which DMS is told nothing: start the task again, then load the table again", n, text)
		}
	}
	return nil
}

// alike reports whether one column's values can be read with the other's definition.
func alike(a, b column) bool {
	return a.name == b.name && a.typ == b.typ && a.kind == b.kind && a.length == b.length && a.latin1 == b.latin1 && slices.Equal(a.members, b.members)
}

// repartitioned ignores a statement on partitions if the endpoint says so. Otherwise DMS would suspend the table and
// lose its changes; here the task fails.
func (f *follower) repartitioned(n name, text string) error {
	if !f.task.source.skipPartitionDdl {
		return fmt.Errorf("table %s: DMS suspends it for %q: set the extra connection attribute skipTableSuspensionForPartitionDdl", n, text)
	}
	f.log.Warn("the partitions of a followed table were changed, which no record tells", "table", n.String(), "statement", text)
	return nil
}

// redefine reads a table's present definition.
func (f *follower) redefine(n name) (*table, error) {
	conn, err := f.source.connect(f.writing)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return define(f.writing, conn.Conn, n, f.task)
}

// created follows a table from its first row.
func (f *follower) created(n name) error {
	t, err := f.redefine(n)
	if errors.Is(err, errNoTable) {
		return nil // dropped in the meantime
	}
	if err != nil {
		return fmt.Errorf("following the new table %s: %w", n, err)
	}
	clear(f.shapes)
	f.tables = append(f.tables, t)
	f.stats.begin(n, false)
	f.log.Info("a new table is followed", "table", n.String())
	key, data := f.envelope.control(t, "create-table")
	return f.send(f.writing, record{key, data, func() { f.stats.ddl(n) }})
}

// alterations are the operations of control records for the difference between two definitions.
func alterations(old, changed *table) []string {
	var added, dropped, retyped bool
	for i := range changed.columns {
		j := old.index(changed.columns[i].name)
		if j < 0 {
			added = true
			continue
		}
		a, b := old.columns[j], changed.columns[i]
		retyped = retyped || a.typ != b.typ || a.length != b.length || a.nullable != b.nullable
	}
	for i := range old.columns {
		dropped = dropped || changed.index(old.columns[i].name) < 0
	}
	var ops []string
	if added && dropped {
		return append(ops, "change-columns")
	}
	if added {
		ops = append(ops, "add-column")
	}
	if dropped {
		ops = append(ops, "drop-column")
	}
	if retyped {
		ops = append(ops, "column-type-change")
	}
	return ops
}

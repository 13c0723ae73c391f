package dms

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

var definition = regexp.MustCompile("(?is)^\\s*(?:/\\*.*?\\*/\\s*)*(CREATE\\s+(?:OR\\s+REPLACE\\s+)?TABLE|ALTER\\s+(?:ONLINE\\s+|IGNORE\\s+)*TABLE|DROP\\s+TABLE|RENAME\\s+TABLE|TRUNCATE(?:\\s+TABLE)?)\\s+" +
	"(?:IF\\s+(?:NOT\\s+)?EXISTS\\s+)?((?:`(?:[^`]|``)+`|[^\\s`.;,(]+)(?:\\s*\\.\\s*(?:`(?:[^`]|``)+`|[^\\s`.;,(]+))?)")

// statement reads which table a data definition statement is about, and what it does to it.
func statement(schema, text string) (verb string, n name, ok bool) {
	m := definition.FindStringSubmatch(text)
	if m == nil {
		return "", name{}, false
	}
	verb, _, _ = strings.Cut(strings.ToUpper(m[1]), " ")
	parts := regexp.MustCompile("`(?:[^`]|``)+`|[^`.\\s]+").FindAllString(m[2], -1)
	for i, p := range parts {
		if strings.HasPrefix(p, "`") {
			parts[i] = strings.ReplaceAll(p[1:len(p)-1], "``", "`")
		}
	}
	if len(parts) == 2 {
		return verb, name{parts[0], parts[1]}, true
	}
	return verb, name{schema, parts[0]}, true
}

// ddl follows a CREATE TABLE that the rules select and an ALTER TABLE. A MySQL source does not carry DROP and RENAME TABLE to a stream; those, and TRUNCATE, are logged.
func (f *follower) ddl(schema, text string) error {
	verb, n, ok := statement(schema, text)
	if !ok {
		return nil
	}
	old := f.table(n)
	if old == nil {
		if verb == "CREATE" && f.task.mappings.selects(n) {
			return f.created(n)
		}
		return nil
	}
	clear(f.shapes)
	if verb == "CREATE" { // of a table that was there, or had been dropped
		return nil
	}
	if verb != "ALTER" {
		f.log.Warn("a followed table was changed in a way that no record tells", "table", n.String(), "statement", text)
		return f.send(f.writing, record{delivered: func() { f.stats.ddl(n) }})
	}
	conn, err := f.source.connect(f.writing)
	if err != nil {
		return err
	}
	defer conn.Close()
	changed, err := define(f.writing, conn.Conn, n, f.task)
	if err != nil {
		return fmt.Errorf("after %q: %w", text, err)
	}
	f.replace(changed)
	f.log.Info("a followed table was altered", "table", n.String(), "statement", text)
	count := func() { f.stats.ddl(n) }
	if f.task.target.tableAlterOperations && f.task.settings.ChangeProcessingDdlHandlingPolicy.HandleSourceTableAltered {
		for _, op := range alterations(old, changed) {
			key, data := f.envelope.control(changed, op)
			if err := f.send(f.writing, record{key: key, data: data}); err != nil {
				return err
			}
		}
	}
	return f.send(f.writing, record{delivered: count})
}

// created follows a table from its first row on.
func (f *follower) created(n name) error {
	conn, err := f.source.connect(f.writing)
	if err != nil {
		return err
	}
	defer conn.Close()
	t, err := define(f.writing, conn.Conn, n, f.task)
	if errors.Is(err, errNoTable) {
		return nil // dropped since
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

// alterations are the operations of the control records that tell two definitions apart.
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

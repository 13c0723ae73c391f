package views

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// oneText is the SQL of a key column's text for types that a record may spell in several ways. Equal keys get the
// same text, as in package change: empty text and bytes may be null or absent, a BINARY may lack trailing zeros, a
// TIME may have a zero fraction. Other types have only one spelling.
func oneText(mysql string, t typ, source string) string {
	m := columnType.FindStringSubmatch(strings.ToLower(strings.TrimSpace(mysql)))
	if m == nil || t.cast != nil {
		return source
	}
	switch m[1] {
	case "char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set":
		return fmt.Sprintf("coalesce(%s, '')", source)
	case "varbinary", "tinyblob", "blob", "mediumblob", "longblob":
		return fmt.Sprintf("coalesce(nullif(%s, ''), '0x')", source)
	case "binary":
		length, _ := strconv.Atoi(m[2])
		return fmt.Sprintf("rpad(coalesce(nullif(%s, ''), '0x'), %d, '0')", source, 2+2*max(length, 1))
	case "time", "decimal", "numeric": // a decimal with more digits than Athena supports
		return fmt.Sprintf("CASE WHEN strpos(%[1]s, '.') > 0 THEN trim(TRAILING '.' FROM trim(TRAILING '0' FROM %[1]s)) ELSE %[1]s END", source)
	}
	return source
}

// inKey reports whether a field belongs to the primary key.
func (d *describer) inKey(f sourceField) bool {
	return slices.ContainsFunc(d.keys, func(k sourceField) bool { return k.Name == f.Name })
}

// oneText is the SQL of a key column's text, for the source's kind.
func (d *describer) oneText(key sourceField, source string) string {
	switch {
	case !d.table.Kind.Postgres():
		return oneText(key.column.Type, key.typ, source)
	case key.typ.cast != nil:
		return source
	}
	return onePostgresText(key.column.Type, source)
}

// beforeKey is the SQL of a key column's text before an update; NULL when the record does not contain it.
func (d *describer) beforeKey(key sourceField) string {
	source := memberOrJSON(beforeImage, key.column.Name)
	one := d.oneText(key, source)
	if one == source {
		return source
	}
	if d.table.Kind.Postgres() {
		return fmt.Sprintf("CASE WHEN %s THEN %s END", told(beforeImage, key.column.Name), one)
	}
	return fmt.Sprintf("CASE WHEN %s IS NOT NULL THEN %s END", memberOrJSON(beforeImage), one)
}

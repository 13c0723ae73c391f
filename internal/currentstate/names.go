package currentstate

import (
	"cdcpipeline/internal/table"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

const (
	// indexPrefix begins the name of every index and alias of this package.
	indexPrefix = "current-"
	// maxPart is the longest part of an index name, in bytes. OpenSearch allows 255 for the whole name:
	// https://docs.opensearch.org/latest/api-reference/index-apis/create-index/#index-naming-restrictions.
	maxPart = 100
)

// Source is the short name of a source, when several sources share one place. The unnamed source has an empty
// name.
type Source string

// sourceForm allows no hyphen, because a hyphen separates the parts of an index name.
var sourceForm = regexp.MustCompile(`^[a-z][a-z0-9]{0,15}$`)

// Validate returns an error for an invalid name.
func (s Source) Validate() error {
	if s != "" && !sourceForm.MatchString(string(s)) {
		return fmt.Errorf("%q is not the name of a source: write up to 16 of a to z and 0 to 9, a letter first", string(s))
	}
	return nil
}

// Alias returns the alias for reading a table's rows: current-<schema>-<table>, or
// current-<source>-<schema>-<table>. Different tables have different aliases, also if two sources have the same
// table.
//
// In a name, a to z, 0 to 9, _ and letters without case (한글) stay. Any other byte, including capitals, becomes a
// dot and two hexadecimal digits. A result longer than 100 bytes becomes two dots and half of its SHA-256. In a
// named source, a table whose name is a number gets its first digit escaped in the same way. So
// current-orders-shop-.31 cannot be an index of the unnamed source's table orders.shop.
func (s Source) Alias(n table.Name) string {
	if s == "" {
		return indexPrefix + part(n.Database) + "-" + part(n.Table)
	}
	return indexPrefix + string(s) + "-" + part(n.Database) + "-" + noNumber(part(n.Table))
}

// Index returns the name of an epoch's index. No alias has such a name, because a hyphen in a table's name is
// escaped.
func (s Source) Index(n table.Name, epoch int) string { return s.Alias(n) + "-" + strconv.Itoa(epoch) }

// Indices returns a pattern that matches the source's indices. It also matches those of other sources;
// [Source.Has] distinguishes them.
func (s Source) Indices() string {
	if s == "" {
		return indexPrefix + "*"
	}
	return indexPrefix + string(s) + "-*"
}

// Has reports whether a name is an index of the source.
func (s Source) Has(index string) bool {
	parts, ours := strings.Split(index, "-"), 4 // current, schema, table, epoch
	if s != "" {
		ours = 5
	}
	epoch, err := strconv.Atoi(parts[len(parts)-1])
	return len(parts) == ours && parts[0]+"-" == indexPrefix && (s == "" || parts[1] == string(s)) && err == nil && epoch > 0
}

// written returns the alias for writing to an index of a domain.
func written(index string) string { return index + "-w" }

// noNumber escapes a part that could be mistaken for an epoch's number.
func noNumber(part string) string {
	if part == "" || strings.Trim(part, "0123456789") != "" {
		return part
	}
	return fmt.Sprintf(".%02x", part[0]) + part[1:]
}

func part(name string) string {
	var b strings.Builder
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_', r != unicode.ReplacementChar && unicode.Is(unicode.Lo, r) && unicode.ToLower(r) == r:
			b.WriteRune(r)
		default:
			for _, c := range []byte(string(r)) {
				fmt.Fprintf(&b, ".%02x", c)
			}
		}
	}
	if b.Len() <= maxPart {
		return b.String()
	}
	sum := sha256.Sum256([]byte(name))
	return ".." + hex.EncodeToString(sum[:16])
}

// field returns the name of a column's field. A dot would make an object, and OpenSearch and this package reserve
// names that begin with _. So these characters, and the percent sign, become % and two hexadecimal digits.
func field(column string) string {
	if strings.IndexByte(column, '.') < 0 && strings.IndexByte(column, '%') < 0 && !strings.HasPrefix(column, "_") {
		return column
	}
	column = strings.NewReplacer("%", "%25", ".", "%2E").Replace(column)
	if rest, found := strings.CutPrefix(column, "_"); found {
		return "%5F" + rest
	}
	return column
}

// column returns the name of a field's column. It is the inverse of field.
func column(field string) string {
	if !strings.Contains(field, "%") {
		return field
	}
	return strings.NewReplacer("%25", "%", "%2E", ".", "%5F", "_").Replace(field)
}

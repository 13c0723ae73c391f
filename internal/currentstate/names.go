package currentstate

import (
	"cdcpipeline/internal/table"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

const (
	// indexPrefix of every index and alias of this package.
	indexPrefix = "current-"
	// maxPart of an index name, in bytes: OpenSearch takes 255 for the whole,
	// https://docs.opensearch.org/latest/api-reference/index-apis/create-index/#index-naming-restrictions.
	maxPart = 100
)

// Alias under which a table's rows are read: current-<schema>-<table>. Different tables have different aliases.
//
// In a name, a to z, 0 to 9, _ and letters without case (한글) stay; any other byte, capitals among them, is a dot and two
// hexadecimal digits. A name that this makes longer than 100 bytes is two dots and half of its SHA-256.
func Alias(n table.Name) string { return indexPrefix + part(n.Database) + "-" + part(n.Table) }

// Index of an epoch of the table. No alias is like it: a hyphen in a name is escaped.
func Index(n table.Name, epoch int) string { return Alias(n) + "-" + strconv.Itoa(epoch) }

// written is the alias under which an index of a domain is written.
func written(index string) string { return index + "-w" }

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

// field is a column's name in its document. A dot would make an object of it, and names that begin with _ are
// OpenSearch's and ours: those characters, and the percent sign, are written as % and two hexadecimal digits.
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

// column is the name of the column that a field holds: the inverse of field.
func column(field string) string {
	if !strings.Contains(field, "%") {
		return field
	}
	return strings.NewReplacer("%25", "%", "%2E", ".", "%5F", "_").Replace(field)
}

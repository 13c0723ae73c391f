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
	// indexPrefix of every index and alias of this package.
	indexPrefix = "current-"
	// maxPart of an index name, in bytes: OpenSearch takes 255 for the whole,
	// https://docs.opensearch.org/latest/api-reference/index-apis/create-index/#index-naming-restrictions.
	maxPart = 100
)

// Source is the short name of one of several sources whose rows are searched in one place; empty is the unnamed one's.
type Source string

// sourceForm has no hyphen, so that a name ends where its own does.
var sourceForm = regexp.MustCompile(`^[a-z][a-z0-9]{0,15}$`)

// Validate says what is wrong with a name.
func (s Source) Validate() error {
	if s != "" && !sourceForm.MatchString(string(s)) {
		return fmt.Errorf("%q is not the name of a source: write up to 16 of a to z and 0 to 9, a letter first", string(s))
	}
	return nil
}

// Alias under which a table's rows are read: current-<schema>-<table>, or current-<source>-<schema>-<table>. Different tables have
// different aliases, and so has a table that two sources have.
//
// In a name, a to z, 0 to 9, _ and letters without case (한글) stay; any other byte, capitals among them, is a dot and two
// hexadecimal digits. A name that this makes longer than 100 bytes is two dots and half of its SHA-256. Of a table of a named source whose name is
// a number the first digit is written so too: current-orders-shop-.31 is no index of the unnamed source's table orders.shop.
func (s Source) Alias(n table.Name) string {
	if s == "" {
		return indexPrefix + part(n.Database) + "-" + part(n.Table)
	}
	return indexPrefix + string(s) + "-" + part(n.Database) + "-" + noNumber(part(n.Table))
}

// Index of an epoch of the table. No alias is like it: a hyphen in a name is escaped.
func (s Source) Index(n table.Name, epoch int) string { return s.Alias(n) + "-" + strconv.Itoa(epoch) }

// Indices is a pattern of the source's indices, which those of others match too: [Source.Has] tells them.
func (s Source) Indices() string {
	if s == "" {
		return indexPrefix + "*"
	}
	return indexPrefix + string(s) + "-*"
}

// Has says that a name is that of an index of the source.
func (s Source) Has(index string) bool {
	parts, ours := strings.Split(index, "-"), 4 // current, schema, table, epoch
	if s != "" {
		ours = 5
	}
	epoch, err := strconv.Atoi(parts[len(parts)-1])
	return len(parts) == ours && parts[0]+"-" == indexPrefix && (s == "" || parts[1] == string(s)) && err == nil && epoch > 0
}

// written is the alias under which an index of a domain is written.
func written(index string) string { return index + "-w" }

// noNumber is a part that is no epoch's number.
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

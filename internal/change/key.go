package change

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// maxID is what OpenSearch allows for a document's id, in bytes,
// https://docs.opensearch.org/latest/field-types/metadata-fields/id/.
const maxID = 512

// Key is a row's primary key: the values of its columns, in the key's order, as text. Equal values have one text, however they
// were written, as far as their types are known ([KeyColumns]).
type Key []string

// KeyColumns are the columns of a table's primary key, in its order.
type KeyColumns struct {
	Names []string
	// Types of the columns, as MySQL has them (datetime(6), binary(16)), PostgreSQL's format_type (timestamp(3) with time zone) or DMS
	// (TIMESTAMP, BYTES). Where there is none, a value is
	// taken as it was written, but for zeros at the end of a decimal number.
	Types []string
}

// typeOf a column; empty when it is not known.
func (k KeyColumns) typeOf(i int) string {
	if i < len(k.Types) {
		return k.Types[i]
	}
	return ""
}

// Key of the row that the record is about.
func (r *Record) Key(columns KeyColumns) (Key, error) {
	key, err := r.Row().key(r.Kind, columns)
	if err != nil {
		return nil, fmt.Errorf("the key of a record of %s: %w", r.Name(), err)
	}
	return key, nil
}

// PreviousKey is the key that an update has changed; ok is false when it has not, or the record tells of no former row.
func (r *Record) PreviousKey(columns KeyColumns) (key Key, ok bool, err error) {
	former, told := r.Former()
	if !told {
		return nil, false, nil
	}
	now, err := r.Key(columns)
	if err != nil {
		return nil, false, err
	}
	if key, err = former.key(r.Kind, columns); err != nil {
		return nil, false, fmt.Errorf("the key before an update of %s: %w", r.Name(), err)
	}
	return key, !slices.Equal(key, now), nil
}

// key of a row. A key has no NULL, so that text or bytes that are null, or left out of a row that has something else, are
// empty ones: DMS does not say how it writes them without IncludeNullAndEmpty. Of a row that has nothing nobody can tell, nor of one of
// PostgreSQL that leaves something out.
func (r Row) key(k Kind, columns KeyColumns) (Key, error) {
	if len(columns.Names) == 0 {
		return nil, fmt.Errorf("no columns of a primary key were named")
	}
	key := make(Key, len(columns.Names))
	for i, name := range columns.Names {
		of := k.spellingOf(columns.typeOf(i))
		raw, ok := r.Get(name)
		if !ok || raw == "null" {
			if !of.empty() || len(r) == 0 || !ok && k.Postgres() {
				return nil, fmt.Errorf("column %s is missing or null", name)
			}
			raw = `""`
		}
		var err error
		if key[i], err = of.text(raw); err != nil {
			return nil, fmt.Errorf("column %s: %w", name, err)
		}
	}
	return key, nil
}

// ID is the id of the row's document: equal for equal keys, different for different ones of the same table.
//
// Values are joined with a comma, in the key's order. In a value, percent sign, comma, number sign and control
// characters are written as % and two hexadecimal digits in capitals; an empty value is "%e". An id of more than 512
// bytes is "#" and the SHA-256 of what it would have been, in hexadecimal.
func (k Key) ID() string {
	var b strings.Builder
	for i, value := range k {
		if i > 0 {
			b.WriteByte(',')
		}
		escape(&b, value)
	}
	if b.Len() <= maxID {
		return b.String()
	}
	sum := sha256.Sum256([]byte(b.String()))
	return "#" + hex.EncodeToString(sum[:])
}

func escape(b *strings.Builder, value string) {
	if value == "" {
		b.WriteString("%e")
		return
	}
	for i := range len(value) {
		switch c := value[i]; {
		case c < ' ', c == 0x7f, c == '%', c == ',', c == '#':
			const digits = "0123456789ABCDEF"
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		default:
			b.WriteByte(c)
		}
	}
}

// String writes the key for people.
func (k Key) String() string { return strings.Join(k, ", ") }

package change

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// maxID is OpenSearch's limit on a document's id, in bytes,
// https://docs.opensearch.org/latest/field-types/metadata-fields/id/.
const maxID = 512

// Key is a row's primary key: the values of its columns as text, in the key's order. Equal values have the same text,
// however they were written, if their types are known ([KeyColumns]).
type Key []string

// KeyColumns are the columns of a table's primary key, in order.
type KeyColumns struct {
	Names []string
	// Types has the types of the columns, in the spelling of MySQL (datetime(6), binary(16)), of PostgreSQL's
	// format_type (timestamp(3) with time zone) or of DMS (TIMESTAMP, BYTES). Without a type the value keeps its
	// spelling, except trailing zeros of a decimal number.
	Types []string
}

// typeOf returns a column's type; empty when it is unknown.
func (k KeyColumns) typeOf(i int) string {
	if i < len(k.Types) {
		return k.Types[i]
	}
	return ""
}

// Key returns the key of the record's row.
func (r *Record) Key(columns KeyColumns) (Key, error) {
	key, err := r.Row().key(r.Kind, columns)
	if err != nil {
		return nil, fmt.Errorf("the key of a record of %s: %w", r.Name(), err)
	}
	return key, nil
}

// PreviousKey returns the key before an update that changed it. ok is false when the key did not change, or the
// record contains no former row.
func (r *Record) PreviousKey(columns KeyColumns) (key Key, ok bool, err error) {
	if _, told := r.Former(); !told {
		return nil, false, nil
	}
	now, err := r.Key(columns)
	if err != nil {
		return nil, false, err
	}
	return r.Moved(columns, now)
}

// Moved is [Record.PreviousKey] for a caller that knows the present key.
func (r *Record) Moved(columns KeyColumns, now Key) (key Key, ok bool, err error) {
	former, told := r.Former()
	if !told {
		return nil, false, nil
	}
	if key, err = former.key(r.Kind, columns); err != nil {
		return nil, false, fmt.Errorf("the key before an update of %s: %w", r.Name(), err)
	}
	return key, !slices.Equal(key, now), nil
}

// key returns a row's key. A key has no NULL. So a null text or bytes value, or one that is missing from a row with
// other values, is empty: DMS does not document how it writes empty values without IncludeNullAndEmpty. An empty row
// has no known key, nor has a PostgreSQL row with missing values.
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

// ID is the id of the row's document. Within a table, equal keys have equal ids and different keys have different
// ids.
//
// Values are joined with a comma, in the key's order. In a value, a percent sign, comma, number sign or control
// character becomes % and two hexadecimal capitals; an empty value becomes "%e". An id longer than 512 bytes becomes
// "#" and the hexadecimal SHA-256 of the full id.
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

// String formats the key for people.
func (k Key) String() string { return strings.Join(k, ", ") }

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

// Key is a row's primary key: the values of its columns, in the key's order, as text. A number has no trailing zeros
// after its point. A number and a string of the same characters are the same value, because a column has one type.
type Key []string

// Key of the row that the record is about. columns are those of the table's primary key, in its order.
func (r *Record) Key(columns []string) (Key, error) {
	key, err := r.Data.key(columns)
	if err != nil {
		return nil, fmt.Errorf("the key of a record of %s: %w", r.Name(), err)
	}
	return key, nil
}

// PreviousKey is the key that an update has changed; ok is false when it has not, or the record has no before-image.
func (r *Record) PreviousKey(columns []string) (key Key, ok bool, err error) {
	if r.Operation != Update || r.Before == nil {
		return nil, false, nil
	}
	now, err := r.Key(columns)
	if err != nil {
		return nil, false, err
	}
	if key, err = r.Before.key(columns); err != nil {
		return nil, false, fmt.Errorf("the key before an update of %s: %w", r.Name(), err)
	}
	return key, !slices.Equal(key, now), nil
}

func (r Row) key(columns []string) (Key, error) {
	if len(columns) == 0 {
		return nil, fmt.Errorf("no columns of a primary key were named")
	}
	key := make(Key, len(columns))
	for i, name := range columns {
		raw, ok := r.Get(name)
		if !ok || raw == "null" {
			return nil, fmt.Errorf("column %s is missing or null", name)
		}
		var err error
		if key[i], err = keyValue(raw); err != nil {
			return nil, fmt.Errorf("column %s: %w", name, err)
		}
	}
	return key, nil
}

// keyValue is a value's text. Scientific notation is refused: DMS writes an integer of more than 16 digits so without
// UseLargeIntegerValue, and two rows would become one.
func keyValue(raw string) (string, error) {
	switch raw[0] {
	case '"', 't', 'f':
		return text(raw), nil
	case '{', '[':
		return "", fmt.Errorf("its value is not a string, number or boolean")
	}
	if strings.ContainsAny(raw, "eE") {
		return "", fmt.Errorf("%s is in scientific notation, which may have lost digits: set UseLargeIntegerValue of the target endpoint", raw)
	}
	return plain(raw), nil
}

// plain writes equal decimal numbers equally.
func plain(number string) string {
	if strings.IndexByte(number, '.') >= 0 {
		number = strings.TrimSuffix(strings.TrimRight(number, "0"), ".")
	}
	if number == "-0" {
		return "0"
	}
	return number
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

package schema

import (
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Canonical converts a value from the database's printed form to the form in the journal. A sink's copy can be compared
// with that form:
//
//	integer, bit, bool, year    json.Number, exact
//	float, double               json.Number, the shortest that gives the same number
//	decimal                     string with all digits of its scale
//	date                        "2006-01-02"
//	datetime, timestamp (UTC)   "2006-01-02T15:04:05Z", with as many digits of a second as the column has
//	time                        "15:04:05", likewise; it may be negative or beyond 24 hours
//	text, enum, set, json, uuid, inet string
//	binary, spatial             string, base64
//	NULL                        nil
func (c Column) Canonical(value sql.NullString) (any, error) {
	if !value.Valid {
		return nil, nil
	}
	s := value.String
	switch c.Kind {
	case Integer, Bool, Bit, Year:
		n, err := canonicalInteger(s)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.Name, err)
		}
		return n, nil
	case Float, Double:
		f, err := strconv.ParseFloat(s, c.floatBits())
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.Name, err)
		}
		return json.Number(strconv.FormatFloat(f, 'g', -1, c.floatBits())), nil
	case DateTime, Timestamp:
		return strings.Replace(s, " ", "T", 1) + "Z", nil
	case Binary, Spatial:
		return base64.StdEncoding.EncodeToString([]byte(s)), nil
	case Decimal, Date, Time, Text, Enum, Set, JSON, UUID, Inet, Unsupported:
	}
	return s, nil
}

// canonicalInteger removes the leading zeros of ZEROFILL.
func canonicalInteger(s string) (json.Number, error) {
	if n, err := strconv.ParseUint(s, 10, 64); err == nil {
		return json.Number(strconv.FormatUint(n, 10)), nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return "", fmt.Errorf("reading an integer: %w", err)
	}
	return json.Number(strconv.FormatInt(n, 10)), nil
}

// Canonical returns the columns of a row by name, and the columns of its primary key.
func (t *Table) Canonical(row []sql.NullString) (key, columns map[string]any, err error) {
	key, columns = make(map[string]any, len(t.Key)), make(map[string]any, len(t.Columns))
	for i, c := range t.Columns {
		value, err := c.Canonical(row[i])
		if err != nil {
			return nil, nil, fmt.Errorf("table %s: %w", t.Name, err)
		}
		columns[c.Name] = value
		if c.Key {
			key[c.Name] = value
		}
	}
	return key, columns, nil
}

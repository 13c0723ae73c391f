package change

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
)

// few is the number of names up to which comparing each pair is faster than a set.
const few = 64

// rowOf splits an object into a row that keeps its own memory.
func rowOf(raw, what string) (Row, error) {
	return object(raw, what, make(Row, 0, strings.Count(raw, ":"))) // at least the number of members
}

// object splits an object, which must be valid JSON, into its members, and appends them to row.
func object(raw, what string, row Row) (Row, error) {
	parsed := gjson.Parse(raw)
	if !parsed.IsObject() {
		return nil, fmt.Errorf("%s is not an object", what)
	}
	parsed.ForEach(func(name, value gjson.Result) bool {
		row = append(row, Column{Name: text(name.Raw), JSON: value.Raw})
		return true
	})
	if twice, found := row.twice(); found {
		return nil, fmt.Errorf("%s: %q comes twice", what, twice)
	}
	return row, nil
}

// twice finds a duplicate name, because readers disagree on which of its values counts.
func (r Row) twice() (string, bool) {
	if len(r) <= few {
		for i := range r {
			for j := range i {
				if r[i].Name == r[j].Name {
					return r[i].Name, true
				}
			}
		}
		return "", false
	}
	seen := make(map[string]struct{}, len(r))
	for i := range r {
		seen[r[i].Name] = struct{}{}
		if len(seen) <= i {
			return r[i].Name, true
		}
	}
	return "", false
}

// text decodes a JSON string; it returns any other value unchanged.
func text(raw string) string {
	if raw[0] != '"' {
		return raw
	}
	if strings.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	var s string
	_ = json.Unmarshal([]byte(raw), &s) // raw is valid JSON
	return s
}

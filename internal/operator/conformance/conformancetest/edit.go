package conformancetest

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// one returns a record unchanged.
func one(r Record) []Record { return []Record{r} }

// text changes a record's text.
func text(change func(string) string) Break {
	return Break{Records: func(r Record) []Record {
		r.Data = change(r.Data)
		return one(r)
	}}
}

// replaced replaces each match of a regular expression. The replacement may use groups ($1).
func replaced(pattern, with string) Break {
	expression := regexp.MustCompile(pattern)
	return text(func(data string) string { return expression.ReplaceAllString(data, with) })
}

// whole is a parsed record that may be changed.
type whole map[string]any

func (w whole) member(name string) map[string]any {
	inner, _ := w[name].(map[string]any)
	return inner
}

func (w whole) operation() string {
	text, _ := w.member("metadata")["operation"].(string)
	return text
}

func (w whole) scene() string {
	text, _ := w.member("data")["scene"].(string)
	return text
}

// decode parses a record and keeps every digit of its numbers. It returns nil for text that is not JSON.
func decode(data string) whole {
	var w whole
	d := json.NewDecoder(strings.NewReader(data))
	d.UseNumber()
	if d.Decode(&w) != nil {
		return nil
	}
	return w
}

// encode writes the record with a line end, as DMS does.
func encode(w whole) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(w) // parsed JSON can always be encoded
	return b.String()
}

// edited changes the members of the wanted records.
func edited(wanted func(whole) bool, change func(whole)) Break {
	return Break{Records: func(r Record) []Record {
		if w := decode(r.Data); w != nil && wanted(w) {
			change(w)
			r.Data = encode(w)
		}
		return one(r)
	}}
}

// rows matches row records with one of these operations. Without operations it matches all of them.
func rows(operations ...string) func(whole) bool {
	return func(w whole) bool {
		return w["control"] == nil && w["data"] != nil && (len(operations) == 0 || slices.Contains(operations, w.operation()))
	}
}

// changes matches row records that do not come from a load.
var changes = rows("insert", "update", "delete")

// definitions matches records about tables.
func definitions(w whole) bool { return w["control"] != nil }

// metadata changes a member of the metadata. If change returns nil, the member is removed.
func metadata(wanted func(whole) bool, name string, change func(any) any) Break {
	return edited(wanted, func(w whole) { set(w.member("metadata"), name, change) })
}

// column changes a column wherever it has a value. If change returns nil, the column is removed.
func column(wanted func(whole) bool, name string, change func(any) any) Break {
	return edited(wanted, func(w whole) { set(w.member("data"), name, change) })
}

func set(in map[string]any, name string, change func(any) any) {
	if was, ok := in[name]; ok {
		if now := change(was); now != nil {
			in[name] = now
		} else {
			delete(in, name)
		}
	}
}

func gone(any) any { return nil }

func to(value any) func(any) any { return func(any) any { return value } }

// scenes matches records of some scenes of the script, by their data.
func scenes(names ...string) func(whole) bool {
	return func(w whole) bool { return slices.Contains(names, w.scene()) }
}

func clone(w whole) whole {
	c := whole(maps.Clone(map[string]any(w)))
	for _, name := range []string{"metadata", "data"} {
		c[name] = maps.Clone(w.member(name))
	}
	return c
}

// about returns the table name in a record's metadata.
func about(data string) string { return gjson.Get(data, "metadata.table-name").String() }

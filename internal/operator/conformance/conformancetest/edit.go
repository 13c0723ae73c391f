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

// one gives back a record as it is.
func one(r Record) []Record { return []Record{r} }

// text changes a record's text.
func text(change func(string) string) Break {
	return Break{Records: func(r Record) []Record {
		r.Data = change(r.Data)
		return one(r)
	}}
}

// replaced writes otherwise what an expression finds; it may name groups ($1).
func replaced(pattern, with string) Break {
	expression := regexp.MustCompile(pattern)
	return text(func(data string) string { return expression.ReplaceAllString(data, with) })
}

// whole is a record as an object that may be changed.
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

// decode keeps every digit. A record that is no JSON is none.
func decode(data string) whole {
	var w whole
	d := json.NewDecoder(strings.NewReader(data))
	d.UseNumber()
	if d.Decode(&w) != nil {
		return nil
	}
	return w
}

// encode writes it with a line's end, as DMS does.
func encode(w whole) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(w) // what was JSON has a form
	return b.String()
}

// edited changes the members of records that are wanted.
func edited(wanted func(whole) bool, change func(whole)) Break {
	return Break{Records: func(r Record) []Record {
		if w := decode(r.Data); w != nil && wanted(w) {
			change(w)
			r.Data = encode(w)
		}
		return one(r)
	}}
}

// rows are records about rows that have one of these operations; all without any.
func rows(operations ...string) func(whole) bool {
	return func(w whole) bool {
		return w["control"] == nil && w["data"] != nil && (len(operations) == 0 || slices.Contains(operations, w.operation()))
	}
}

// changes are records of rows that were not loaded.
var changes = rows("insert", "update", "delete")

// definitions are records about tables.
func definitions(w whole) bool { return w["control"] != nil }

// metadata changes a member of the metadata; nil takes it away.
func metadata(wanted func(whole) bool, name string, change func(any) any) Break {
	return edited(wanted, func(w whole) { set(w.member("metadata"), name, change) })
}

// column changes a column wherever it has a value; nil takes it away.
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

// scenes of a script, by a record's data.
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

// about is the table of a record's metadata.
func about(data string) string { return gjson.Get(data, "metadata.table-name").String() }

package conformancetest

import (
	"encoding/json"
	"strings"
)

func ofTables() map[string]Break {
	return map[string]Break{
		"table-followed": {Records: func(r Record) []Record {
			if w := decode(r.Data); w != nil && definitions(w) && w.operation() == "create-table" {
				return nil
			}
			return one(r)
		}},
		"definition-key":   edited(definitions, func(w whole) { delete(definition(w), "primary-key") }),
		"definition-types": edited(definitions, unknownTypes),
		"alter-record": {Records: func(r Record) []Record {
			if w := decode(r.Data); w != nil && definitions(w) && w.operation() != "create-table" {
				return nil
			}
			return one(r)
		}},
		"control-marked": metadata(definitions, "record-type", to("definition")),
	}
}

func definition(w whole) map[string]any {
	of, _ := w.member("control")["table-def"].(map[string]any)
	return of
}

func unknownTypes(w whole) {
	columns, _ := definition(w)["columns"].(map[string]any)
	for _, c := range columns {
		if c, ok := c.(map[string]any); ok {
			c["type"] = "T_" + c["type"].(string) //nolint:forcetypeassert // a definition's types are text
		}
	}
}

func ofRecords() map[string]Break {
	return map[string]Break{
		"operations": metadata(rows("insert"), "operation", to("create")),
		"names":      metadata(changes, "schema-name", gone),
		// The Kinesis Producer Library puts these bytes before records that it has aggregated.
		"one-record": text(func(data string) string { return "\xf3\x89\x9a\xc2" + data }),
		"utf8":       replaced(`"François"`, "\"Fran\xe7ois\""),
		"whole-row": edited(rows("update"), func(w whole) {
			for name := range w.member("data") {
				if name != "id" && name != "code" && name != "tag" && name != "step" {
					delete(w.member("data"), name)
				}
			}
		}),
		"before-key": edited(rows("update"), func(w whole) { delete(w, "before-image") }),
		"key-change": {Records: inTwo},
		"delete-key": edited(rows("delete"), func(w whole) { w["data"] = map[string]any{} }),
		"multi-row":  {Records: together()},
		"record-time": metadata(changes, "timestamp", func(was any) any {
			return strings.Replace(was.(string), was.(string)[:4], "2019", 1) //nolint:forcetypeassert // a time is text
		}),
	}
}

// inTwo turns a change of the key into a delete and an insert.
func inTwo(r Record) []Record {
	w := decode(r.Data)
	if w == nil || !rows("update")(w) || w.scene() != "moved" {
		return one(r)
	}
	before, after := clone(w), clone(w)
	for name, value := range w.member("before-image") {
		before.member("data")[name] = value
	}
	for i, half := range []whole{before, after} {
		delete(half, "before-image")
		half.member("metadata")["operation"] = []string{"delete", "insert"}[i]
		half.member("metadata")["transaction-record-id"] = i + 1
	}
	return []Record{{r.Key, encode(before)}, {r.Key, encode(after)}}
}

// together joins the three records of one INSERT statement into one.
func together() func(Record) []Record {
	var data []any
	return func(r Record) []Record {
		w := decode(r.Data)
		if w == nil || !rows("insert")(w) || w.scene() != "several" {
			return one(r)
		}
		if data = append(data, w["data"]); len(data) < 3 {
			return nil
		}
		w["data"] = data
		return one(Record{r.Key, encode(w)})
	}
}

func ofLoads() map[string]Break {
	load := rows("load")
	return map[string]Break{
		"load-record": metadata(load, "operation", to("insert")),
		"load-key":    column(load, "tag", func(was any) any { return strings.TrimSuffix(was.(string), "0000") }),                 //nolint:forcetypeassert // it is text
		"load-values": column(load, "happened", func(was any) any { return strings.Replace(was.(string), ".123456", ".123", 1) }), //nolint:forcetypeassert // it is text
	}
}

func ofValues() map[string]Break {
	return map[string]Break{
		"null-absent": edited(rows(), func(w whole) {
			if _, ok := w.member("data")["nothing"]; !ok {
				w.member("data")["nothing"] = nil
			}
		}),
		"empty-text":     column(scenes("empty"), "empty_text", gone),
		"empty-key":      column(scenes("empty"), "code", gone),
		"big-key":        replaced(`"id":18446744073709551615`, `"id":1.8446744073709552e19`),
		"big-integers":   replaced(`"signed19":-9223372036854775807`, `"signed19":-9.223372036854776e18`),
		"decimal-digits": replaced(`"exact":1234567890123456789012345678.0123456789`, `"exact":1234567890123457000000000000`),
		"decimal-number": replaced(`"exact":([0-9.]+)`, `"exact":"$1"`),
		"binary-hex":     replaced(`"bytes":"0x00FF10"`, `"bytes":"AP8Q"`),
		"binary-zeros":   replaced(`"tag":"0xCAFE0000"`, `"tag":"0xCAFE"`),
		"time-text":      replaced(`"elapsed":"[^"]+"`, `"elapsed":-443045600000`),
		"json-text":      edited(rows(), parsed),
		"enum-set":       replaced(`"choice":"two"`, `"choice":2`),
		"fractions":      replaced(`\.654321Z`, `.654Z`),
		"datetime-form":  replaced(`"(happened|noticed)":"([0-9-]+)T([0-9:.]+)Z"`, `"$1":"$2 $3"`),
		"utc":            replaced(`("noticed":"[0-9-]+T)04:`, `${1}09:`),
	}
}

// parsed replaces JSON text by the JSON object.
func parsed(w whole) {
	if text, ok := w.member("data")["document"].(string); ok {
		w.member("data")["document"] = json.RawMessage(text)
	}
}

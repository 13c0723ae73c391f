package conformancetest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
)

var place = regexp.MustCompile(`^([^:]+):(\d+)`)

// lower masks the bits of a transaction id that hold an offset. It is also the greatest offset in a binlog file.
const lower = 1<<32 - 1

func ofOrder() map[string]Break {
	return map[string]Break{
		"position-form": metadata(changes, "stream-position", func(was any) any {
			return place.ReplaceAllString(was.(string), "$2") //nolint:forcetypeassert // a position is text
		}),
		"position-grows": metadata(changes, "stream-position", func(was any) any {
			m := place.FindStringSubmatch(was.(string)) //nolint:forcetypeassert // a position is text
			offset, _ := strconv.Atoi(m[2])
			return place.ReplaceAllString(was.(string), fmt.Sprintf("$1:%d", lower-offset)) //nolint:forcetypeassert // a position is text
		}),
		// PostgreSQL's transaction ids have this form: a plain counter.
		"transaction-id-form":  metadata(changes, "transaction-id", counting()),
		"transaction-id-grows": metadata(changes, "transaction-id", func(was any) any { return id(was)&^lower | (lower - id(was)&lower) }),
		"interleaved":          metadata(scenes("first"), "transaction-id", func(was any) any { return id(was)&^lower | 4 }),
		"record-number": metadata(changes, "transaction-record-id", func(was any) any {
			n, _ := strconv.Atoi(fmt.Sprint(was))
			return n - 1
		}),
		"record-numbers": metadata(changes, "transaction-record-id", to(1)),
		"commit-time":    metadata(changes, "commit-timestamp", to("2026-11-23 09:40:00")),
		"row-order":      {Records: swapped()},
		"partition-key":  {Records: byTable},
	}
}

// id parses a transaction id.
func id(value any) uint64 {
	n, _ := strconv.ParseUint(string(value.(json.Number)), 10, 64) //nolint:forcetypeassert // a transaction id is a number
	return n
}

func counting() func(any) any {
	n := 1000
	return func(any) any { n++; return n }
}

// swapped puts the third change of a row before the second.
func swapped() func(Record) []Record {
	var held *Record
	return func(r Record) []Record {
		w := decode(r.Data)
		if w == nil || !changes(w) || w.scene() != "updated" {
			return one(r)
		}
		switch step := fmt.Sprint(w.member("data")["step"]); {
		case step == "2" && held == nil:
			held = &r
			return nil
		case step == "3" && held != nil:
			return []Record{r, *held}
		}
		return one(r)
	}
}

// byTable sets the partition key of a change that DMS uses without a rule.
func byTable(r Record) []Record {
	w := decode(r.Data)
	if w == nil || !changes(w) {
		return one(r)
	}
	m := w.member("metadata")
	m["partition-key-type"] = "schema-table"
	delete(m, "partition-key-value")
	return one(Record{fmt.Sprintf("%s.%s", m["schema-name"], m["table-name"]), encode(w)})
}

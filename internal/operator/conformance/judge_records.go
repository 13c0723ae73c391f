package conformance

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// all applies a check to every row record of the first step.
func all(problem func(sighting) string) func(*Evidence) Verdict {
	return func(e *Evidence) Verdict { return every(e.rows(stepRows), problem) }
}

// operations checks that the records show the operations that the script made.
func operations(e *Evidence) Verdict {
	records := slices.Concat(e.scene(sceneValues), e.scene(sceneUpdated), e.scene(sceneSeveral))
	return every(records, func(s sighting) string {
		want := `"insert"`
		if s.step > 1 {
			want = `"update"`
		}
		return unlike("operation", s.meta("operation"), want)
	})
}

// names checks that schema and table names keep their upper and lower case.
func names(e *Evidence) Verdict {
	return every(e.rows(stepRows), func(s sighting) string {
		table := e.Table
		if s.scene == sceneNamed {
			table = e.second()
		}
		if problem := unlike("schema-name", s.meta("schema-name"), jsonText(e.Database)); problem != "" {
			return problem
		}
		return unlike("table-name", s.meta("table-name"), jsonText(table))
	})
}

func jsonText(s string) string {
	text, _ := json.Marshal(s) // text can always be encoded
	return string(text)
}

func oneRecord(s sighting) string {
	if text := strings.TrimSpace(s.Data); !gjson.Valid(text) || !strings.HasPrefix(text, "{") {
		return "it is not one JSON object: DMS may combine records, or add something before them"
	}
	return ""
}

// unicode checks that texts are in UTF-8, whatever the column's character set is.
func unicode(s sighting) string {
	if !utf8.ValidString(s.Data) {
		return "it is not UTF-8"
	}
	for column, want := range map[string]string{"words": wordsValue, "latin": latinValue} {
		if is := s.data(column); is.Exists() && is.String() != want {
			return fmt.Sprintf("%s is %s, not %s", column, is.Raw, jsonText(want))
		}
	}
	return ""
}

// wholeRow checks that an update contains unchanged columns too.
func wholeRow(e *Evidence) Verdict {
	updates := e.pick(stepRows, func(s sighting) bool { return !s.defines() && s.operation() == "update" })
	return every(updates, func(s sighting) string {
		columns := []string{"id", "code", "tag", "run", "scene", "step"}
		if s.scene == sceneUpdated {
			columns = append(columns, "exact", "happened", "words")
		}
		for _, column := range columns {
			if !s.data(column).Exists() {
				return fmt.Sprintf("an update has no column %s, which it did not change", column)
			}
		}
		return ""
	})
}

// formerKey checks that the before-image of an update has the old key.
func formerKey(e *Evidence) Verdict {
	return every(e.scene(sceneMoved, 2), func(s sighting) string {
		before := s.json.Get("before-image")
		if !before.Exists() {
			return "an update has no before-image"
		}
		if s.operation() != "update" {
			return ""
		}
		for column, want := range map[string]string{"id": "31", "code": `"k"`} {
			if problem := unlike(column+" in before-image", before.Get(column), want); problem != "" {
				return problem
			}
		}
		if !before.Get("tag").Exists() {
			return "tag in before-image is absent"
		}
		return ""
	})
}

// movedAtOnce checks that a change of the key makes only one record.
func movedAtOnce(e *Evidence) Verdict {
	return every(e.scene(sceneMoved, 2), func(s sighting) string {
		return unlike("the operation of a change of the key", s.meta("operation"), `"update"`)
	})
}

// deletedRow checks that a delete contains the row's key.
func deletedRow(e *Evidence) Verdict {
	deletes := e.pick(stepRows, func(s sighting) bool { return !s.defines() && s.operation() == "delete" })
	return every(deletes, func(s sighting) string {
		for _, column := range keyColumns {
			if !s.data(column).Exists() {
				return "a delete has no " + column + ", which is in the key"
			}
		}
		return ""
	})
}

// oneEach checks that a statement makes one record for each of its rows.
func oneEach(e *Evidence) Verdict {
	rows := e.scene(sceneSeveral, 1)
	v := every(rows, func(s sighting) string {
		if !s.json.Get("data").IsObject() {
			return "data is not the object of one row"
		}
		return ""
	})
	if v.Outcome == Held && len(rows) != 3 {
		return rows[0].verdict(NotHeld, fmt.Sprintf("3 rows that one statement inserted came as %d records", len(rows)))
	}
	return v
}

// clocksDiffer is the assumed greatest difference between this machine's clock and the clocks of AWS.
const clocksDiffer = 2 * time.Minute

// madeThen checks that the timestamp of a record is earlier than its arrival, and not earlier than the probe.
func madeThen(e *Evidence) Verdict {
	return every(e.rows(stepRows), func(s sighting) string {
		made, err := time.Parse(time.RFC3339Nano, s.meta("timestamp").String())
		switch {
		case err != nil:
			return fmt.Sprintf("timestamp is %s, which is not an RFC 3339 time", s.meta("timestamp").Raw)
		case made.After(s.At.Add(clocksDiffer)) || made.Before(e.Began.Add(-clocksDiffer)):
			return fmt.Sprintf("timestamp is %s, but the record arrived at %s", s.meta("timestamp").Raw, s.At.UTC().Format(time.RFC3339))
		}
		return ""
	})
}

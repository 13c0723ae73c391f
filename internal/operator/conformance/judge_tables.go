package conformance

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

const created = "create-table"

// followed checks that DMS announces a table that is made while the task runs.
func followed(e *Evidence) Verdict {
	for _, s := range e.definitions() {
		if s.operation() == created {
			return s.verdict(Held, "")
		}
	}
	if rows := e.rows(stepRows); len(rows) > 0 {
		return rows[0].verdict(NotHeld, "changes of the new table came, but no "+created+" record")
	}
	return Verdict{Outcome: NotSeen, Says: "no record of the new table came: DMS may find the table if you stop and start the task while this command waits (`cdc stop && cdc start`)"}
}

// definition applies a check to the record that announces the table.
func definition(problem func(sighting) string) func(*Evidence) Verdict {
	return func(e *Evidence) Verdict {
		return every(slices.DeleteFunc(e.definitions(), func(s sighting) bool { return s.operation() != created }), problem)
	}
}

func keyOfDefinition(s sighting) string {
	var named []string
	for _, column := range s.json.Get("control.table-def.primary-key").Array() {
		named = append(named, column.String())
	}
	if slices.Equal(named, keyColumns) {
		return ""
	}
	return fmt.Sprintf("primary-key is %v, not %v", named, keyColumns)
}

// typesOf lists the names that DMS gives to column types:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Reference.DataTypes.html. The number in a type's name counts
// bits in some places and bytes in others.
var typesOf = map[string][]string{
	"id": {"UINT64", "UINT8"}, "step": {"INT32", "INT4"}, "signed19": {"INT64", "INT8"}, "exact": {"NUMERIC", "DECIMAL"},
	"happened": {"TIMESTAMP", "DATETIME"}, "words": {"STRING", "WSTRING"},
}

func typesOfDefinition(s sighting) string {
	for _, column := range slices.Sorted(maps.Keys(typesOf)) {
		declared := s.json.Get("control.table-def.columns." + column + ".type").String()
		if !slices.Contains(typesOf[column], declared) {
			return fmt.Sprintf("the type of %s is %q, not %s", column, declared, strings.Join(typesOf[column], " or "))
		}
	}
	return ""
}

// altered checks that DMS describes a new column before, or together with, the rows that have it.
func altered(e *Evidence) Verdict {
	for _, s := range e.definitions() {
		if s.operation() != created && s.json.Get("control.table-def.columns.later").Exists() {
			return s.verdict(Held, "")
		}
	}
	for _, s := range e.rows(stepAlter) {
		if s.scene == sceneAltered {
			return s.verdict(NotHeld, "a row with the new column came, but no control record with the new definition of the table")
		}
	}
	return Verdict{Outcome: NotSeen, Says: "no row with the new column came"}
}

// marked checks that control records say that they are control records.
func marked(e *Evidence) Verdict {
	var found []sighting
	for _, step := range []Step{stepRows, stepAlter} {
		found = append(found, e.pick(step, func(s sighting) bool { return s.json.Get("control").Exists() })...)
	}
	return every(found, func(s sighting) string {
		return unlike("record-type", s.meta("record-type"), `"control"`)
	})
}

// unlike returns a problem if a value is not written as expected.
func unlike(name string, is gjson.Result, want string) string {
	switch {
	case !is.Exists():
		return fmt.Sprintf("%s is absent, not %s", name, want)
	case is.Raw != want:
		return fmt.Sprintf("%s is %s, not %s", name, is.Raw, want)
	}
	return ""
}

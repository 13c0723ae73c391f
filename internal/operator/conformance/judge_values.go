package conformance

import (
	"cdcpipeline/internal/change"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// column applies a check to one column of the scene with values of every kind.
func column(name string, problem func(gjson.Result) string) func(*Evidence) Verdict {
	return columnOf(sceneValues, name, problem)
}

func columnOf(scene, name string, problem func(gjson.Result) string) func(*Evidence) Verdict {
	return func(e *Evidence) Verdict {
		return every(e.scene(scene), func(s sighting) string {
			if says := problem(s.data(name)); says != "" {
				return name + " " + says
			}
			return ""
		})
	}
}

// both checks two columns.
func both(one, other func(*Evidence) Verdict) func(*Evidence) Verdict {
	return func(e *Evidence) Verdict {
		if v := one(e); v.Outcome != Held {
			return v
		}
		return other(e)
	}
}

// is checks that a value has exactly this text.
func is(want string) func(gjson.Result) string {
	return func(v gjson.Result) string {
		if v.Raw == want {
			return ""
		}
		return fmt.Sprintf("is %s, not %s", orAbsent(v.Raw), want)
	}
}

// digits checks the digits of a number or text. Another assumption covers the JSON type.
func digits(want string) func(gjson.Result) string {
	return func(v gjson.Result) string {
		if v.Exists() && trimZeros(v.String()) == want || v.Raw != "" && trimZeros(v.Raw) == want {
			return ""
		}
		return fmt.Sprintf("is %s, not %s", orAbsent(v.Raw), want)
	}
}

// trimZeros removes zeros at the end of a decimal fraction.
func trimZeros(number string) string {
	if strings.Contains(number, ".") {
		number = strings.TrimSuffix(strings.TrimRight(number, "0"), ".")
	}
	return number
}

func absent(v gjson.Result) string {
	if v.Exists() {
		return fmt.Sprintf("is %s, not absent", v.Raw)
	}
	return ""
}

func aNumber(v gjson.Result) string {
	if v.Type != gjson.Number {
		return fmt.Sprintf("is %s, not a JSON number", orAbsent(v.Raw))
	}
	return ""
}

// inHex checks that bytes are written as 0x and capital hexadecimal digits.
func inHex(want string) func(gjson.Result) string { return is(`"0x` + want + `"`) }

// ofBytes checks the bytes, in hexadecimal or not. Another assumption covers the form.
func ofBytes(want string) func(gjson.Result) string {
	return func(v gjson.Result) string {
		raw, err := hex.DecodeString(strings.TrimPrefix(v.String(), "0x"))
		if err == nil && strings.ToUpper(hex.EncodeToString(raw)) == want {
			return ""
		}
		return fmt.Sprintf("is %s, not the bytes %s", orAbsent(v.Raw), want)
	}
}

func aTime(v gjson.Result) string {
	if v.Type == gjson.String && trimZeros(v.String()) == "-123:04:05.6" {
		return ""
	}
	return fmt.Sprintf(`is %s, not "-123:04:05.600000"`, orAbsent(v.Raw))
}

// aDocument checks that JSON is text with the same meaning.
func aDocument(v gjson.Result) string {
	var got any
	want := map[string]any{"a": 1.0, "b": []any{"x", nil}}
	if v.Type == gjson.String && json.Unmarshal([]byte(v.String()), &got) == nil && reflect.DeepEqual(got, want) {
		return ""
	}
	return fmt.Sprintf("is %s, not the JSON document as text", orAbsent(v.Raw))
}

// ends checks the fraction of a second in a time.
func ends(fraction string) func(gjson.Result) string {
	return func(v gjson.Result) string {
		if strings.Contains(v.String(), "."+fraction) {
			return ""
		}
		return fmt.Sprintf("is %s, without the fraction .%s", orAbsent(v.Raw), fraction)
	}
}

var iso = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$`)

func inISO(v gjson.Result) string {
	if iso.MatchString(v.String()) {
		return ""
	}
	return fmt.Sprintf("is %s, not of the form 2026-02-03T04:05:06Z", orAbsent(v.Raw))
}

// atTheHour checks that a time shows the wall clock that was written in a UTC session.
func atTheHour(v gjson.Result) string {
	if text := strings.Replace(v.String(), " ", "T", 1); strings.HasPrefix(text, "2026-02-03T04:05:06") {
		return ""
	}
	return fmt.Sprintf("is %s, not 04:05:06 of 2026-02-03", orAbsent(v.Raw))
}

// loads returns the rows that came from the load of the first table.
func (e *Evidence) loads() []sighting {
	return slices.DeleteFunc(e.rows(stepLoad), func(s sighting) bool { return s.scene == "" })
}

func loaded(e *Evidence) Verdict {
	return every(e.loads(), func(s sighting) string { return unlike("operation of a loaded row", s.meta("operation"), `"load"`) })
}

// alike compares loaded rows with the records of their insertion or last change.
func alike(problem func(loaded, changed sighting) string) func(*Evidence) Verdict {
	return func(e *Evidence) Verdict {
		var pairs []sighting
		other := map[string]sighting{}
		for _, s := range e.loads() {
			for _, changed := range e.scene(s.scene) {
				if changed.step == s.step && changed.scene != sceneSeveral && changed.operation() != "delete" {
					pairs, other[s.Sequence+s.Shard] = append(pairs, s), changed
					break
				}
			}
		}
		return every(pairs, func(s sighting) string { return problem(s, other[s.Sequence+s.Shard]) })
	}
}

// sameKey compares the keys as the current index reads them.
func sameKey(loaded, changed sighting) string {
	one, err1 := keyOf(loaded)
	two, err2 := keyOf(changed)
	switch {
	case err1 != nil:
		return err1.Error()
	case err2 != nil:
		return err2.Error()
	case one != two:
		return fmt.Sprintf("the key of a loaded row is %s, but in its change it is %s", one, two)
	}
	return ""
}

func keyOf(s sighting) (string, error) {
	r, err := s.kind.Parse([]byte(s.Data))
	if err != nil {
		return "", err
	}
	key, err := r.Key(change.KeyColumns{Names: keyColumns})
	return key.ID(), err
}

// sameValues compares the columns outside the key.
func sameValues(loaded, changed sighting) string {
	problem := ""
	changed.json.Get("data").ForEach(func(name, value gjson.Result) bool {
		if is := loaded.data(name.String()); !slices.Contains(keyColumns, name.String()) && is.Raw != value.Raw {
			problem = fmt.Sprintf("%s of a loaded row is %s, but in its change it is %s", name, orAbsent(is.Raw), value.Raw)
		}
		return problem == ""
	})
	return problem
}

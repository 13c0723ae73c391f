package conformance

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/operator/verify"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// Evidence holds everything that a probe has seen, unchanged, by place. It holds no record of any other table.
type Evidence struct {
	// Kind is the source's kind. It is left out for MySQL.
	Kind change.Kind `json:"kind,omitempty"`
	// Database and Table name the probe's first table. The second table has the same name and a $ at its end.
	Database string `json:"database"`
	Table    string `json:"table"`
	// Run is a value that every row has in one column.
	Run string `json:"run"`
	// Began is when the tables were made, by this machine's clock.
	Began time.Time `json:"began"`
	// HistoryIndex is the alias of the daily indices. LakePrefix is the prefix of all tables, without a slash at its
	// end.
	HistoryIndex string `json:"historyIndex"`
	// OneIndex is true if HistoryIndex is the single index of a collection.
	OneIndex   bool   `json:"oneIndex,omitempty"`
	LakePrefix string `json:"lakePrefix"`

	// Stream holds the records in the order of each shard.
	Stream  []Arrival  `json:"stream"`
	History []Document `json:"history"`
	Lake    []Line     `json:"lake"`
}

// Arrival is a record from the stream.
type Arrival struct {
	// Step is the step of the probe during which the record came.
	Step     Step      `json:"step"`
	Shard    string    `json:"shard"`
	Sequence string    `json:"sequence"`
	Key      string    `json:"partitionKey"`
	At       time.Time `json:"at"`
	Data     string    `json:"data"`
}

// Document is a document in the history index.
type Document struct {
	Index  string          `json:"_index"`
	ID     string          `json:"_id"`
	Source json.RawMessage `json:"_source"`
}

// Line is a line of an object in the lake.
type Line struct {
	Object string `json:"object"`
	Text   string `json:"text"`
}

// second returns the name of the second table. The lake has to escape this name.
func (e *Evidence) second() string { return e.Table + escaped }

// escaped is a character that MySQL allows in a name and that jq's @uri escapes.
const escaped = "$"

// about reports whether a text belongs to this probe. The probe's rows contain the run, and definitions name its
// tables. A record of another table may contain either in a column; about rejects it by its table name.
func (e *Evidence) about(text string) bool {
	if !strings.Contains(text, e.Run) && !strings.Contains(text, `"`+e.Table) {
		return false
	}
	of := record(text).Get("metadata.table-name").String()
	return of == "" || strings.EqualFold(of, e.Table) || strings.EqualFold(of, e.second())
}

// records counts the row records in some texts. It counts equal texts once, because DMS and Firehose deliver at least
// once. Otherwise a copy would count as one of the missing records.
func (e *Evidence) records(texts []string) (n int) {
	seen := map[string]bool{}
	for _, text := range texts {
		if !seen[text] {
			seen[text], n = true, n+strings.Count(text, e.Run)
		}
	}
	return n
}

// sighting is a parsed record of the stream.
type sighting struct {
	Arrival
	kind change.Kind
	json gjson.Result
	// scene and step come from the record's text, so they are found even if the record is no valid JSON.
	scene string
	step  int
}

var (
	sceneOf = regexp.MustCompile(`"scene"\s*:\s*"(\w+)"`)
	stepOf  = regexp.MustCompile(`"step"\s*:\s*"?(\d+)`)
)

// record parses a record's JSON and skips everything before it.
func record(text string) gjson.Result {
	if open := strings.IndexByte(text, '{'); open >= 0 {
		return gjson.Parse(text[open:])
	}
	return gjson.Result{}
}

func sight(a Arrival) sighting {
	s := sighting{Arrival: a, json: record(a.Data)}
	if m := sceneOf.FindStringSubmatch(a.Data); m != nil {
		s.scene = m[1]
	}
	if m := stepOf.FindStringSubmatch(a.Data); m != nil {
		s.step, _ = strconv.Atoi(m[1])
	}
	return s
}

func (s sighting) data(column string) gjson.Result { return s.json.Get("data." + column) }

func (s sighting) meta(name string) gjson.Result { return s.json.Get("metadata." + name) }

func (s sighting) operation() string { return s.meta("operation").String() }

// defines reports whether the record is about a table and not about a row.
func (s sighting) defines() bool {
	return s.json.Get("control").Exists() || s.meta("record-type").String() == "control"
}

// rows returns the row records of a step.
func (e *Evidence) rows(in Step) []sighting {
	return e.pick(in, func(s sighting) bool { return !s.defines() })
}

// definitions returns the records that define the first table, from all steps.
func (e *Evidence) definitions() []sighting {
	var found []sighting
	for _, step := range []Step{stepRows, stepAlter, stepLoad} {
		found = append(found, e.pick(step, func(s sighting) bool { return s.defines() && s.meta("table-name").String() == e.Table })...)
	}
	return found
}

func (e *Evidence) pick(in Step, wanted func(sighting) bool) []sighting {
	var found []sighting
	for _, a := range e.Stream {
		if s := sight(a); a.Step == in && wanted(s) {
			s.kind = e.Kind
			found = append(found, s)
		}
	}
	return found
}

// scene returns the row records of one scene. steps selects records by their number in the script.
func (e *Evidence) scene(name string, steps ...int) []sighting {
	return e.pick(stepRows, func(s sighting) bool {
		if s.defines() || s.scene != name {
			return false
		}
		for _, step := range steps {
			if s.step == step {
				return true
			}
		}
		return len(steps) == 0
	})
}

func (s sighting) verdict(o Outcome, says string) Verdict {
	return Verdict{o, says, string(verify.HopStream) + " " + s.Shard + " " + s.Sequence, shown(s.Data)}
}

// maxShown is the greatest length in bytes of a record in a verdict. The probe's own records are shorter.
const maxShown = 4000

// shown prepares a record for use as JSON text.
func shown(text string) string {
	text = strings.TrimSpace(text)
	if len(text) > maxShown {
		text = text[:maxShown]
	}
	if utf8.ValidString(text) {
		return text
	}
	return strconv.QuoteToASCII(text)
}

// every applies the same check to all records. The first one with a problem shows that the assumption does not hold.
func every(records []sighting, problem func(sighting) string) Verdict {
	if len(records) == 0 {
		return Verdict{Outcome: NotSeen, Says: "no such record came"}
	}
	for _, s := range records {
		if says := problem(s); says != "" {
			return s.verdict(NotHeld, says)
		}
	}
	return records[0].verdict(Held, "")
}

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

// Evidence is what was seen of one probe, in each place as it was there. It holds no record of any other table.
type Evidence struct {
	// Kind of the source; left out for MySQL.
	Kind change.Kind `json:"kind,omitempty"`
	// Database and Table of the probe; a second table has the same name and a $ at its end.
	Database string `json:"database"`
	Table    string `json:"table"`
	// Run is in a column of every row.
	Run string `json:"run"`
	// Began is when the tables were made, by this machine's clock.
	Began time.Time `json:"began"`
	// HistoryIndex is the alias over the daily indices, LakePrefix is above all tables, without a slash at its end.
	HistoryIndex string `json:"historyIndex"`
	// OneIndex says that HistoryIndex is a collection's one index.
	OneIndex   bool   `json:"oneIndex,omitempty"`
	LakePrefix string `json:"lakePrefix"`

	// Stream has the records in the order of each shard.
	Stream  []Arrival  `json:"stream"`
	History []Document `json:"history"`
	Lake    []Line     `json:"lake"`
}

// Arrival is a record in the stream.
type Arrival struct {
	// Step of the probe in which it came.
	Step     Step      `json:"step"`
	Shard    string    `json:"shard"`
	Sequence string    `json:"sequence"`
	Key      string    `json:"partitionKey"`
	At       time.Time `json:"at"`
	Data     string    `json:"data"`
}

// Document is one in the history index.
type Document struct {
	Index  string          `json:"_index"`
	ID     string          `json:"_id"`
	Source json.RawMessage `json:"_source"`
}

// Line of an object in the lake.
type Line struct {
	Object string `json:"object"`
	Text   string `json:"text"`
}

// second is the table whose name the lake has to escape.
func (e *Evidence) second() string { return e.Table + escaped }

// escaped is a character that jq's @uri writes otherwise, and that MySQL takes in a name.
const escaped = "$"

// about says that a text is of this probe: its rows hold the run, definitions name its tables. A record of another table
// may mention either in a column, and is not the probe's to show.
func (e *Evidence) about(text string) bool {
	if !strings.Contains(text, e.Run) && !strings.Contains(text, `"`+e.Table) {
		return false
	}
	of := record(text).Get("metadata.table-name").String()
	return of == "" || strings.EqualFold(of, e.Table) || strings.EqualFold(of, e.second())
}

// records counts those in some texts that hold rows. What came twice counts once: DMS and Firehose deliver at least once, and
// a second copy is none of the others that are waited for.
func (e *Evidence) records(texts []string) (n int) {
	seen := map[string]bool{}
	for _, text := range texts {
		if !seen[text] {
			seen[text], n = true, n+strings.Count(text, e.Run)
		}
	}
	return n
}

// sighting is a record of the stream with what is asked of it.
type sighting struct {
	Arrival
	kind change.Kind
	json gjson.Result
	// scene and step of the probe's script, however the record is broken.
	scene string
	step  int
}

var (
	sceneOf = regexp.MustCompile(`"scene"\s*:\s*"(\w+)"`)
	stepOf  = regexp.MustCompile(`"step"\s*:\s*"?(\d+)`)
)

// record finds a record's JSON, whatever is before it.
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

// defines says that the record is about a table and not about a row.
func (s sighting) defines() bool {
	return s.json.Get("control").Exists() || s.meta("record-type").String() == "control"
}

// rows are the records about rows that came in a step.
func (e *Evidence) rows(in Step) []sighting {
	return e.pick(in, func(s sighting) bool { return !s.defines() })
}

// definitions are the records about the first table itself, of all steps.
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

// scene is what came of a scene of the script, in the order in which it was written as far as the records' steps tell.
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

// maxShown is how much of a record a verdict has, in bytes: the probe's own are shorter.
const maxShown = 4000

// shown is a record as JSON text can hold it.
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

// every judges records alike: the first one with a problem shows that the assumption does not hold.
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

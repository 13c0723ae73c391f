package conformance

import (
	"cdcpipeline/internal/lake/objects"
	"cdcpipeline/internal/operator/verify"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// documents applies a check to the history's documents. arrived is the matching record of the stream, if it was seen.
func documents(problem func(e *Evidence, d Document, arrived *sighting) string) func(*Evidence) Verdict {
	return func(e *Evidence) Verdict {
		if len(e.History) == 0 {
			return Verdict{Outcome: NotSeen, Says: "the history has no document of the command's tables"}
		}
		var first Verdict
		for i, d := range e.History {
			v := Verdict{Held, "", string(verify.HopHistory) + " " + d.Index + "/" + d.ID, shown(string(d.Source))}
			if v.Says = problem(e, d, e.arrival(string(d.Source))); v.Says != "" {
				v.Outcome = NotHeld
				return v
			}
			if i == 0 {
				first = v
			}
		}
		return first
	}
}

// arrival returns the record of the stream that matches a text. It returns nil if that was not seen.
func (e *Evidence) arrival(text string) *sighting {
	id := identity(text)
	for _, a := range e.Stream {
		if id != "" && identity(a.Data) == id {
			s := sight(a)
			return &s
		}
	}
	return nil
}

// identity returns what distinguishes a change or a loaded row from others. It leaves out long numbers, because a sink
// may write them differently.
func identity(text string) string {
	s := sight(Arrival{Data: text})
	if s.scene == "" {
		return ""
	}
	id := s.data("id").Raw
	if len(id) > 15 {
		id = ""
	}
	return strings.Join([]string{s.scene, strconv.Itoa(s.step), id, s.operation(), s.meta("timestamp").String(), s.meta("stream-position").String()}, "\x00")
}

// inItsIndex checks the index name: the alias and the UTC day of the record's arrival. In a collection it is the
// collection's index name.
func inItsIndex(e *Evidence, d Document, arrived *sighting) string {
	if e.OneIndex {
		if d.Index != e.HistoryIndex {
			return fmt.Sprintf("the index is %s, not %s", d.Index, e.HistoryIndex)
		}
		return ""
	}
	day, ok := strings.CutPrefix(d.Index, e.HistoryIndex+"-")
	at, err := time.Parse(time.DateOnly, day)
	if !ok || err != nil {
		return fmt.Sprintf("the index is %s, not %s-YYYY-MM-DD", d.Index, e.HistoryIndex)
	}
	if arrived != nil && day != arrived.At.UTC().Format(time.DateOnly) {
		return fmt.Sprintf("the index is of %s, but the record arrived at %s", at.Format(time.DateOnly), arrived.At.UTC().Format(time.RFC3339))
	}
	return ""
}

// byItself matches an id that OpenSearch makes itself.
var byItself = regexp.MustCompile(`^[A-Za-z0-9_-]{20}$`)

func withItsID(_ *Evidence, d Document, _ *sighting) string {
	if byItself.MatchString(d.ID) {
		return fmt.Sprintf("OpenSearch has made the document's ID %s: if Firehose sends the document again, there will be a second one", d.ID)
	}
	return ""
}

func asItWas(e *Evidence, d Document, arrived *sighting) string {
	switch {
	case arrived == nil && len(e.Stream) > 0:
		return "no record of the stream matches the document"
	case arrived == nil || compact(arrived.Data) == compact(string(d.Source)):
		return ""
	}
	return "the document is not the record as it is in the stream: " + shown(arrived.Data)
}

// compact removes insignificant spaces from JSON.
func compact(text string) string { return gjson.Get(text, "@ugly").Raw }

// lines applies a check to the lake's lines that hold one of the probe's records.
func lines(wanted func(*Evidence, Line) bool, problem func(*Evidence, Line) string) func(*Evidence) Verdict {
	return func(e *Evidence) Verdict {
		v := Verdict{Outcome: NotSeen, Says: "no object with such a record was found"}
		for _, l := range e.Lake {
			if !wanted(e, l) {
				continue
			}
			says := problem(e, l)
			if says != "" || v.Outcome == NotSeen {
				v = Verdict{Held, says, string(verify.HopLake) + " " + l.Object, shown(l.Text)}
			}
			if says != "" {
				v.Outcome = NotHeld
				return v
			}
		}
		return v
	}
}

func ofRows(e *Evidence, l Line) bool { return strings.Contains(l.Text, e.Run) }

func ofScene(scene string) func(*Evidence, Line) bool {
	return func(e *Evidence, l Line) bool {
		return ofRows(e, l) && strings.Contains(l.Text, `"scene":"`+scene+`"`)
	}
}

func ofDefinitions(e *Evidence, l Line) bool {
	return !ofRows(e, l) && record(l.Text).Get("control").Exists() && e.about(l.Text)
}

// folder returns the name of a table's folder, as the delivery's query makes it.
func (e *Evidence) folder(schema, table string) string {
	return objects.Lake{Prefix: e.LakePrefix}.Folder(schema, table)
}

func inItsFolder(schema func(*Evidence) string, table func(*Evidence) string) func(*Evidence, Line) string {
	return func(e *Evidence, l Line) string {
		if want := e.folder(schema(e), table(e)); !strings.HasPrefix(l.Object, want) {
			return fmt.Sprintf("the object is %s, not below %s", l.Object, want)
		}
		return ""
	}
}

// controlFolder is the schema and table name of the folder for control records (lake.ControlPartition).
const controlFolder = "_control"

func ofControl(*Evidence) string { return controlFolder }

// longestBuffer is the longest time that a delivery buffers, with the difference of clocks. An object lies in the hour
// in which its first record arrived.
const longestBuffer = 15*time.Minute + clocksDiffer

func inItsHour(e *Evidence, l Line) string {
	_, below, _ := strings.Cut(l.Object, "/dt=")
	hour, ok := objects.Hour("dt=" + below)
	if !ok {
		return fmt.Sprintf("the object is %s, without dt=YYYY-MM-DD/hour=HH", l.Object)
	}
	arrived := e.arrival(l.Text)
	if arrived == nil {
		return ""
	}
	if hour.After(arrived.At.Add(clocksDiffer)) || hour.Add(time.Hour+longestBuffer).Before(arrived.At) {
		return fmt.Sprintf("the object is of the hour %s, but the record arrived at %s", hour.Format(time.RFC3339), arrived.At.UTC().Format(time.RFC3339))
	}
	return ""
}

// aLineEach checks that a line is one record, unchanged from the stream.
func aLineEach(e *Evidence, l Line) string {
	if !gjson.Valid(l.Text) || strings.Count(l.Text, e.Run) > 1 {
		return "the line is not one record"
	}
	if arrived := e.arrival(l.Text); arrived != nil && strings.TrimSpace(arrived.Data) != strings.TrimSpace(l.Text) {
		return "the line is not the record as it is in the stream: " + shown(arrived.Data)
	}
	return ""
}

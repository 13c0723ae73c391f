// Package reconcile compares commits with arrivals, change by change.
//
// A change is identified by its table, its operation and every column's value, in one canonical form for the writer's
// journal and for the sinks' records. The comparison uses no code of the pipeline.
package reconcile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

// CanarySchema has the canary's own table, for which there is no journal.
const CanarySchema = "cdc_canary"

// Change is one row change in canonical form.
type Change struct {
	// ID is equal for equal changes: table, operation, and the non-null columns sorted by name.
	ID string
	// At is the time of the commit; zero for arrivals.
	At time.Time
}

// Journal reads the writer's journal. A non-empty operation replaces that of every line: rows from before a task's
// start arrive as "load".
func Journal(r io.Reader, operation string) ([]Change, error) {
	var changes []Change
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, 16<<20)
	for n := 1; scanner.Scan(); n++ {
		var line struct {
			Op    string         `json:"op"`
			Table string         `json:"table"`
			At    time.Time      `json:"at"`
			Row   map[string]any `json:"row"`
		}
		if err := decode(scanner.Bytes(), &line); err != nil {
			return nil, fmt.Errorf("line %d of the journal: %w", n, err)
		}
		if operation != "" {
			line.Op = operation
		}
		changes = append(changes, Change{ID: identity(line.Table, line.Op, line.Row), At: line.At})
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	return changes, nil
}

// Record parses one record of a sink. ok is false for control records, which are not row changes, and for the
// canary's.
func Record(raw []byte) (change Change, ok bool, err error) {
	var record struct {
		Data     map[string]any `json:"data"`
		Metadata struct {
			RecordType string `json:"record-type"`
			Operation  string `json:"operation"`
			Schema     string `json:"schema-name"`
			Table      string `json:"table-name"`
		} `json:"metadata"`
	}
	if err := decode(raw, &record); err != nil {
		return Change{}, false, fmt.Errorf("reading a record: %w", err)
	}
	m := record.Metadata
	switch {
	case m.RecordType == "control" || m.Schema == CanarySchema:
		return Change{}, false, nil
	case m.RecordType != "data" || m.Operation == "" || m.Schema == "" || m.Table == "":
		return Change{}, false, fmt.Errorf("the record has incomplete metadata: %.300s", raw)
	}
	return Change{ID: identity(m.Schema+"."+m.Table, m.Operation, record.Data)}, true, nil
}

// Row is a row's present state in canonical form, the same for a document of the current index and for columns read
// from the table. It ignores fields that begin with an underscore.
func Row(table string, columns map[string]any) Change {
	own := map[string]any{}
	for name, value := range columns {
		if !strings.HasPrefix(name, "_") {
			own[name] = value
		}
	}
	return Change{ID: identity(table, "row", own)}
}

// Difference compares one sink with what was written.
type Difference struct {
	// Arrived counts the written changes in the sink, each once.
	Arrived int
	// Lost were written but are not in the sink; Foreign are in the sink but were never written.
	Lost, Foreign []string
	// Duplicated counts extra copies of written changes.
	Duplicated int
}

// Compare compares as multisets: a change committed twice must arrive twice.
func Compare(written, arrived []Change) Difference {
	want := map[string]int{}
	for _, c := range written {
		want[c.ID]++
	}
	have := map[string]int{}
	for _, c := range arrived {
		have[c.ID]++
	}
	var d Difference
	for id, n := range want {
		d.Arrived += min(n, have[id])
		for range n - have[id] {
			d.Lost = append(d.Lost, id)
		}
	}
	for id, n := range have {
		switch w := want[id]; {
		case w == 0:
			d.Foreign = append(d.Foreign, id)
		case n > w:
			d.Duplicated += n - w
		}
	}
	slices.Sort(d.Lost)
	slices.Sort(d.Foreign)
	return d
}

func decode(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // 64-bit integers and decimals stay exact
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("decoding JSON: %w", err)
	}
	return nil
}

func identity(table, operation string, row map[string]any) string {
	names := make([]string, 0, len(row))
	for name, value := range row {
		if value != nil { // the envelope omits a NULL column
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", table, operation)
	for _, name := range names {
		fmt.Fprintf(&b, " %s=%s", name, canonical(row[name]))
	}
	return b.String()
}

var (
	decimal  = regexp.MustCompile(`^-?\d+\.\d+$`)
	dateTime = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?Z?$`)
)

// canonical writes equal values equally: 1.50 and 1.5; 2026-01-02 03:04:05 and 2026-01-02T03:04:05.000Z.
func canonical(value any) string {
	text := fmt.Sprint(value)
	if decimal.MatchString(text) {
		return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	if m := dateTime.FindStringSubmatch(text); m != nil {
		return strings.TrimSuffix(m[1]+"T"+m[2]+strings.TrimRight(m[3], "0"), ".")
	}
	return fmt.Sprintf("%q", text)
}

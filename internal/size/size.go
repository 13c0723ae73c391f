// Package size works out from a load what each part of a pipeline has to take, by the limits that AWS writes down, and gives the configuration that
// follows. It asks nobody and knows no speed: what depends on how fast something is stays open, with how to measure it.
//
// config warns by it, so it imports nothing of ours.
package size

import (
	"errors"
	"fmt"
	"math"
)

// Load is what is to be carried, of one source.
type Load struct {
	// RowsPerSecond are row changes committed in a second, all day; Peak are the most that come for longer than a minute.
	RowsPerSecond float64 `json:"rowsPerSecond"`
	Peak          float64 `json:"peakRowsPerSecond"`
	// RowBytes is the size of a row as JSON.
	RowBytes int `json:"rowBytes"`
	// Tables that change.
	Tables int `json:"tables"`
	// RetentionDays of the history in what is searched.
	RetentionDays int `json:"retentionDays"`
	// BinlogHours that the database keeps its binary log.
	BinlogHours int `json:"binlogHours"`
	// PresentRows are those that the tables hold; 0 leaves them out.
	PresentRows float64 `json:"presentRows"`
	// BulkRowsPerSecond is what one client of bare _bulk requests writes to the domain, measured there; 0 is not measured.
	BulkRowsPerSecond float64 `json:"bulkRowsPerSecond"`
	// Prod has three zones, copies and dedicated masters; otherwise there is one zone.
	Prod bool `json:"prod"`
}

// Validate returns every problem, joined.
func (l Load) Validate() error {
	var problems []error
	for _, of := range []struct {
		flag        string
		value       float64
		least, most float64
	}{
		{"--rows-per-second", l.RowsPerSecond, 0.001, 1e7},
		{"--peak", l.Peak, l.RowsPerSecond, 1e8},
		{"--row-bytes", float64(l.RowBytes), 1, 1e6 - Envelope},
		{"--tables", float64(l.Tables), 1, 10_000},
		{"--retention", float64(l.RetentionDays), 1, 3650},
		{"--binlog-hours", float64(l.BinlogHours), 1, mostBinlogHours},
		{"--rows", l.PresentRows, 0, 1e12},
		{"--bulk-rows-per-second", l.BulkRowsPerSecond, 0, 1e9},
	} {
		if !(of.value >= of.least && of.value <= of.most) { // so that NaN is refused
			problems = append(problems, fmt.Errorf("%s: %s is out of range: use %s to %s", of.flag, number(of.value), number(of.least), number(of.most)))
		}
	}
	return errors.Join(problems...)
}

// Envelope is what a record has around its row, in bytes: names, times, ids and places of the change.
const Envelope = 500

// record is the size of a change's record in the stream, in bytes.
func (l Load) record() float64 { return float64(l.RowBytes) + Envelope }

// gibADay are GiB of records in a day.
func (l Load) gibADay() float64 { return l.RowsPerSecond * 86_400 * l.record() / (1 << 30) }

// history is GiB of the records that are kept to be searched, present those of the rows as they are.
func (l Load) history() float64 { return l.gibADay() * float64(l.RetentionDays) }
func (l Load) present() float64 { return l.PresentRows * float64(l.RowBytes) / (1 << 30) }

// Plan is what a load asks for.
type Plan struct {
	Load    Load     `json:"load"`
	Figures []Figure `json:"figures"`
	// Settings are the configuration that follows.
	Settings []Setting `json:"settings"`
	// Open is what no limit decides, and what goes beyond one: each with what to do.
	Open []string `json:"open"`
}

// Figure is one number of a plan.
type Figure struct {
	Part string `json:"part"`
	What string `json:"what"`
	// Value is a number, or the name of a type; Unit is empty where the value says all.
	Value any    `json:"value"`
	Unit  string `json:"unit,omitempty"`
	// From says how it was reckoned.
	From  string `json:"from"`
	Limit Limit  `json:"limit"`
}

// Text of the value, for people.
func (f Figure) Text() string {
	text := fmt.Sprint(f.Value)
	switch v := f.Value.(type) {
	case int:
		text = number(float64(v))
	case float64:
		text = number(v)
	}
	if f.Unit == "" {
		return text
	}
	return text + " " + f.Unit
}

// Setting is a key of the configuration and its value.
type Setting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// For a load, which must be valid.
func For(l Load) Plan {
	p := Plan{Load: l}
	p.figure("load", "bytes of a record", l.record(), "B", fmt.Sprintf("%s + %d", number(float64(l.RowBytes)), Envelope), loadLimit)
	p.figure("load", "records at the peak", l.Peak*l.record()/1e6, "MB/s", fmt.Sprintf("%s × %s B", number(l.Peak), number(l.record())), loadLimit)
	p.stream()
	p.deliveries(p.search())
	p.replication()
	p.source()
	return p
}

func (p *Plan) figure(part, what string, value any, unit, from string, limit Limit) {
	if v, ok := value.(float64); ok {
		value = rounded(v)
	}
	p.Figures = append(p.Figures, Figure{part, what, value, unit, from, limit})
}

func (p *Plan) set(key string, value any) {
	p.Settings = append(p.Settings, Setting{key, fmt.Sprint(value)})
}

func (p *Plan) open(format string, args ...any) {
	p.Open = append(p.Open, fmt.Sprintf(format, args...))
}

// rounded to three digits, and a whole number from there on.
func rounded(v float64) float64 {
	if v == 0 || math.Abs(v) >= 100 {
		return math.Round(v)
	}
	scale := math.Pow(10, 2-math.Floor(math.Log10(math.Abs(v))))
	return math.Round(v*scale) / scale
}

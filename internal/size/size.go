// Package size computes from a load how large each part of a pipeline must be, by AWS's published limits, and returns
// the matching configuration. It makes no calls and assumes no speeds. What depends on speed stays open, with a way
// to measure it.
//
// config uses it for warnings, so it imports nothing of this project.
package size

import (
	"errors"
	"fmt"
	"math"
)

// Load is the load of one source.
type Load struct {
	// RowsPerSecond is the average of committed row changes. Peak is the maximum that lasts longer than a minute.
	RowsPerSecond float64 `json:"rowsPerSecond"`
	Peak          float64 `json:"peakRowsPerSecond"`
	// RowBytes is the size of a row as JSON.
	RowBytes int `json:"rowBytes"`
	// Tables is how many tables change.
	Tables int `json:"tables"`
	// RetentionDays of the history index.
	RetentionDays int `json:"retentionDays"`
	// BinlogHours is how long the database keeps its binary log.
	BinlogHours int `json:"binlogHours"`
	// PresentRows is the number of rows in the tables; 0 leaves them out.
	PresentRows float64 `json:"presentRows"`
	// BulkRowsPerSecond is the rate of one client with plain _bulk requests, measured on the domain; 0 means not
	// measured.
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
		if !(of.value >= of.least && of.value <= of.most) { // also refuses NaN
			problems = append(problems, fmt.Errorf("%s: %s is out of range: use %s to %s", of.flag, number(of.value), number(of.least), number(of.most)))
		}
	}
	return errors.Join(problems...)
}

// Envelope is the size of a record without its row, in bytes: names, times, ids and positions.
const Envelope = 500

// record is the size of a change's record in the stream, in bytes.
func (l Load) record() float64 { return float64(l.RowBytes) + Envelope }

// gibADay is the size of a day's records in GiB.
func (l Load) gibADay() float64 { return l.RowsPerSecond * 86_400 * l.record() / (1 << 30) }

// history is the size of the kept records in GiB.
func (l Load) history() float64 { return l.gibADay() * float64(l.RetentionDays) }
func (l Load) present() float64 { return l.PresentRows * float64(l.RowBytes) / (1 << 30) }

// Plan is the result for a load.
type Plan struct {
	Load    Load     `json:"load"`
	Figures []Figure `json:"figures"`
	// Settings are the resulting configuration.
	Settings []Setting `json:"settings"`
	// Open lists what no limit decides, and what exceeds a limit, each with what to do.
	Open []string `json:"open"`
}

// Figure is one number of a plan.
type Figure struct {
	Part string `json:"part"`
	What string `json:"what"`
	// Value is a number, or the name of a type; Unit may be empty.
	Value any    `json:"value"`
	Unit  string `json:"unit,omitempty"`
	// From explains the calculation.
	From  string `json:"from"`
	Limit Limit  `json:"limit"`
}

// Text formats the value for people.
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

// NewPlan returns the plan for a valid load.
func NewPlan(l Load) Plan {
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

// rounded rounds to three digits, and larger numbers to whole ones.
func rounded(v float64) float64 {
	if v == 0 || math.Abs(v) >= 100 {
		return math.Round(v)
	}
	scale := math.Pow(10, 2-math.Floor(math.Log10(math.Abs(v))))
	return math.Round(v*scale) / scale
}

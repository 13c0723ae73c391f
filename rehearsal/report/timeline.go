package report

import "time"

// Timeline is what a part did, and the faults and alarms meanwhile.
type Timeline struct {
	Began  time.Time `json:"began"`
	Stages []Span    `json:"stages"`
	// Faults last from the break to the repair.
	Faults []Span `json:"faults,omitempty"`
	// Alarms are those that went to ALARM, one span for each time.
	Alarms []Span `json:"alarms,omitempty"`
}

// Span of a timeline, in seconds since its start.
type Span struct {
	Name   string  `json:"name"`
	From   float64 `json:"from"`
	To     float64 `json:"to"`
	Failed bool    `json:"failed,omitempty"`
}

// Span is a span from a moment until now.
func (t *Timeline) Span(name string, began time.Time, failed bool) Span {
	return Span{Name: name, From: seconds(began.Sub(t.Began)), To: seconds(time.Since(t.Began)), Failed: failed}
}

// seconds rounded to a tenth.
func seconds(d time.Duration) float64 { return d.Round(time.Second / 10).Seconds() }

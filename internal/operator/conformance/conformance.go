// Package conformance tells whether AWS does what the project takes it to do where no document says so.
//
// Each such assumption stands once in a list ([Assumptions]): what is assumed, what rests on it, what would happen if it
// were wrong. [Run] makes tables of its own in a database that the task follows, writes rows on purpose, and collects what
// comes of them in the stream, the history index and the lake ([Evidence]). [Judge] is a function of that evidence alone.
package conformance

import "cdcpipeline/internal/operator/verify"

//go:generate go test . -run TestThePageIsCurrent -update

// Area is what an assumption is about.
type Area string

// The areas, in the order in which a record passes them.
const (
	Tables  Area = "tables"
	Records Area = "records"
	Order   Area = "order"
	Values  Area = "values"
	Loads   Area = "loads"
	History Area = "history"
	Lake    Area = "lake"
)

// hop is where an assumption of the area is seen.
func (a Area) hop() verify.Hop {
	switch a {
	case History:
		return verify.HopHistory
	case Lake:
		return verify.HopLake
	default:
		return verify.HopStream
	}
}

// Mark says how it would be noticed that an assumption does not hold.
type Mark string

// The marks.
const (
	// Loud: the record is parked with a reason, which an alarm and `cdc status` tell.
	Loud Mark = "loud"
	// Harmless: rows are the same in the current index and in Athena's views.
	Harmless Mark = "harmless"
	// Undetectable: the pipeline goes on with other rows, order or places, and only `cdc conformance` tells.
	Undetectable Mark = "undetectable"
)

// Assumption is what the project relies on, and nobody has published.
type Assumption struct {
	// ID is short and for good: issues and documents name it.
	ID   string
	Area Area
	// Text says what is assumed.
	Text string
	// RestsOn are the places in the code, as file#name, from the project's root.
	RestsOn []string
	// IfWrong says what would happen.
	IfWrong string
	Mark    Mark
	// Shown are the tests that show the mark, as folder#name; none for what is undetectable. Each has a subtest of the id.
	Shown []string

	// onDomain says that it is about a domain's documents alone, and of no meaning in a collection.
	onDomain bool
	// step is the part of the probe that shows it; stepRows by default.
	step  Step
	judge func(*Evidence) Verdict
}

// Step is a part of the probe: each begins when the rows of the one before it have been seen.
type Step string

// The steps.
const (
	stepRows  Step = "rows"
	stepAlter Step = "alter"
	stepLoad  Step = "load"
)

// Outcome of a judgement.
type Outcome string

// The outcomes. NotSeen says that no record came that could show it.
const (
	Held    Outcome = "held"
	NotHeld Outcome = "not held"
	NotSeen Outcome = "not seen"
)

// Verdict is what the evidence says of one assumption.
type Verdict struct {
	Outcome Outcome `json:"outcome"`
	// Says what was found instead, or why nothing was seen.
	Says string `json:"says,omitempty"`
	// Where the record is that shows it: a shard and sequence number, an index and document, an object.
	Where string `json:"where,omitempty"`
	// Record that shows it, as it is there; its values are the probe's.
	Record string `json:"record,omitempty"`
}

// Result is an assumption with its verdict.
type Result struct {
	ID         string   `json:"id"`
	Area       Area     `json:"area"`
	Assumption string   `json:"assumption"`
	Mark       Mark     `json:"mark"`
	IfWrong    string   `json:"ifWrong"`
	RestsOn    []string `json:"restsOn"`
	Verdict
}

// Judge says of each assumption what the evidence shows. It looks at nothing else.
func Judge(all []Assumption, e *Evidence) []Result {
	results := make([]Result, len(all))
	for i, a := range all {
		results[i] = Result{ID: a.ID, Area: a.Area, Assumption: a.Text, Mark: a.Mark, IfWrong: a.IfWrong, RestsOn: a.RestsOn, Verdict: a.judge(e)}
	}
	return results
}

// Count the results with an outcome.
func Count(results []Result, o Outcome) int {
	n := 0
	for _, r := range results {
		if r.Outcome == o {
			n++
		}
	}
	return n
}

// Named are the assumptions with these ids, in the order of the list; all of them without any. Ids that there are not come back.
func Named(ids ...string) (found []Assumption, unknown []string) {
	every := Assumptions()
	if len(ids) == 0 {
		return every, nil
	}
	wanted := map[string]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	for _, a := range every {
		if wanted[a.ID] {
			found = append(found, a)
			delete(wanted, a.ID)
		}
	}
	for _, id := range ids {
		if wanted[id] {
			unknown = append(unknown, id)
		}
	}
	return found, unknown
}

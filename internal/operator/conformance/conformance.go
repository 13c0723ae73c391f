// Package conformance checks assumptions that the project makes about AWS and that no document confirms.
//
// [Assumptions] lists them, each with the code that relies on it and the effect if it is wrong. [Run] makes tables in a
// database that the task follows, and writes rows that show the assumptions. It collects the resulting records from the
// stream, the history index and the lake as [Evidence]. [Judge] depends on that evidence alone.
package conformance

import "cdcpipeline/internal/operator/verify"

//go:generate go test . -run TestThePageIsCurrent -update

// Area groups assumptions by subject.
type Area string

// These are the areas, in the order in which a record passes them.
const (
	Tables  Area = "tables"
	Records Area = "records"
	Order   Area = "order"
	Values  Area = "values"
	Loads   Area = "loads"
	History Area = "history"
	Lake    Area = "lake"
)

// hop returns the place where assumptions of the area are observed.
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

// Mark says how a failed assumption would be noticed.
type Mark string

// These are the marks.
const (
	// Loud means that the record is parked with a reason. An alarm and `cdc status` report it.
	Loud Mark = "loud"
	// Harmless means that the rows stay the same in the current index and in Athena's views.
	Harmless Mark = "harmless"
	// Undetectable means that the pipeline goes on with wrong rows, order or places. Only `cdc conformance` reports it.
	Undetectable Mark = "undetectable"
)

// Assumption is something that the project relies on and that nobody has published.
type Assumption struct {
	// ID is short and never changes, because issues and documents use it.
	ID   string
	Area Area
	// Text states the assumption.
	Text string
	// RestsOn lists the code that relies on it, as file#name from the project's root.
	RestsOn []string
	// IfWrong says what would happen if the assumption were wrong.
	IfWrong string
	Mark    Mark
	// Shown lists the tests that prove the mark, as folder#name. Each has a subtest named by the id. An undetectable
	// assumption has none.
	Shown []string

	// onDomain is true if the assumption concerns only a domain's documents. It does not apply to a collection.
	onDomain bool
	// step is the part of the probe that tests it. The default is stepRows.
	step  Step
	judge func(*Evidence) Verdict
}

// Step is a part of the probe. It begins when the rows of the previous step have been seen.
type Step string

// These are the steps.
const (
	stepRows  Step = "rows"
	stepAlter Step = "alter"
	stepLoad  Step = "load"
)

// Outcome is the result of a judgement.
type Outcome string

// These are the outcomes. NotSeen means that no record came that could test the assumption.
const (
	Held    Outcome = "held"
	NotHeld Outcome = "not held"
	NotSeen Outcome = "not seen"
)

// Verdict says what the evidence shows about one assumption.
type Verdict struct {
	Outcome Outcome `json:"outcome"`
	// Says tells what was found instead, or why nothing was seen.
	Says string `json:"says,omitempty"`
	// Where locates the deciding record: a shard and sequence number, an index and document, or an object.
	Where string `json:"where,omitempty"`
	// Record is the unchanged text of the deciding record. It holds only values of the probe.
	Record string `json:"record,omitempty"`
}

// Result joins an assumption and its verdict.
type Result struct {
	ID         string   `json:"id"`
	Area       Area     `json:"area"`
	Assumption string   `json:"assumption"`
	Mark       Mark     `json:"mark"`
	IfWrong    string   `json:"ifWrong"`
	RestsOn    []string `json:"restsOn"`
	Verdict
}

// Judge returns a verdict on each assumption. It uses nothing but the evidence.
func Judge(all []Assumption, e *Evidence) []Result {
	results := make([]Result, len(all))
	for i, a := range all {
		results[i] = Result{ID: a.ID, Area: a.Area, Assumption: a.Text, Mark: a.Mark, IfWrong: a.IfWrong, RestsOn: a.RestsOn, Verdict: a.judge(e)}
	}
	return results
}

// Count counts the results with an outcome.
func Count(results []Result, o Outcome) int {
	n := 0
	for _, r := range results {
		if r.Outcome == o {
			n++
		}
	}
	return n
}

// Named returns the assumptions with these ids in the order of the list. Without ids it returns all. It also returns
// the ids that do not exist.
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

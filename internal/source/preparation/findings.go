package preparation

import (
	"errors"
	"fmt"
	"strings"
)

// Status is the result of a check.
type Status string

const (
	// OK means that DMS can work with it.
	OK Status = "ok"
	// Failed means that DMS would stop, or lose changes.
	Failed Status = "failed"
	// Warning means that DMS works, but somebody should look.
	Warning Status = "warning"
	// NotApplicable means that this server has no such setting.
	NotApplicable Status = "not applicable"
)

// Finding is the result of one check.
type Finding struct {
	// Check names the checked setting, e.g. binlog_format.
	Check  string `json:"check"`
	Status Status `json:"status"`
	// Value that was found.
	Value string `json:"value,omitempty"`
	// Advice says what to do; otherwise empty.
	Advice string `json:"advice,omitempty"`
	// SQL holds the statements that Advice tells the administrator to run, in order.
	SQL []string `json:"sql,omitempty"`
}

// Tell advises to run statements; otherwise adds the reason or an alternative.
func (f *Finding) Tell(status Status, otherwise string, statements ...string) {
	f.Status, f.SQL, f.Advice = status, statements, "run "+strings.Join(statements, "; ")+otherwise
}

// Column of a followed table.
type Column struct {
	Name string `json:"name"`
	// Type in the server's spelling: MySQL's bigint(20) unsigned, PostgreSQL's character varying(12).
	Type     string `json:"type"`
	Nullable bool   `json:"nullable,omitempty"`
}

// TableFound is a followed table as it exists in the database.
type TableFound struct {
	Table
	// Columns that DMS carries, without computed and invisible ones.
	Columns    []Column `json:"columns"`
	PrimaryKey []string `json:"primaryKey"`
}

// Findings are the results of a run.
type Findings struct {
	// Server is the server's version.
	Server string `json:"server"`
	// Changed lists the changes; empty when everything was already correct.
	Changed []string     `json:"changed"`
	Checks  []Finding    `json:"checks"`
	Tables  []TableFound `json:"tables"`
}

// Summary is a line per check: its status, and its value when there is one.
func (f Findings) Summary() map[string]string {
	lines := make(map[string]string, len(f.Checks))
	for _, c := range f.Checks {
		line := string(c.Status)
		if c.Value != "" {
			line += ": " + c.Value
		}
		lines[c.Check] = line
	}
	return lines
}

// Warnings has a line for each check that needs attention: what was found and what to do.
func (f Findings) Warnings() []string {
	var lines []string
	for _, c := range f.Checks {
		if c.Status == Warning {
			lines = append(lines, c.Line())
		}
	}
	return lines
}

// Line says what was found and what to do.
func (f Finding) Line() string {
	return fmt.Sprintf("%s is %s: %s", f.Check, orNothing(f.Value), f.Advice)
}

// Change adds a change.
func (f *Findings) Change(what string) { f.Changed = append(f.Changed, what) }

// Add adds the result of a check.
func (f *Findings) Add(of Finding) { f.Checks = append(f.Checks, of) }

// Failed reports whether a check failed.
func (f Findings) Failed(check string) bool {
	for _, c := range f.Checks {
		if c.Check == check && c.Status == Failed {
			return true
		}
	}
	return false
}

// Problems are all reasons why DMS could not follow the database.
type Problems []error

// Error is one line, because Lambda embeds it in JSON.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = fmt.Sprintf("%d) %s", i+1, problem)
	}
	return fmt.Sprintf("the database is not ready for DMS, %d to solve: %s", len(p), strings.Join(lines, "; "))
}

// Unwrap lets errors.Is and errors.As see every problem.
func (p Problems) Unwrap() []error { return p }

// ProblemsOf combines failed steps and failed checks; nil when there are none.
func ProblemsOf(broken []error, findings Findings) error {
	problems := Problems(broken)
	for _, c := range findings.Checks {
		if c.Status == Failed {
			problems = append(problems, errors.New(c.Line()))
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return problems
}

// orNothing replaces an empty value with a word.
func orNothing(value string) string {
	if strings.TrimSpace(value) == "" {
		return "empty"
	}
	return value
}

package preflight

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Outcome is the outcome of a check.
type Outcome string

const (
	// Passed means that a deployment can rely on it.
	Passed Outcome = "passed"
	// Failed means that it would end a deployment.
	Failed Outcome = "failed"
	// Unchecked means that AWS gave no answer, or that the caller may not ask.
	Unchecked Outcome = "unchecked"
)

// Result is a check's outcome. Its JSON is stable: keys are added, never renamed.
type Result struct {
	Check   string  `json:"check"`
	Outcome Outcome `json:"outcome"`
	// Found tells what the check found, what is wrong, or why the check could not be made.
	Found string `json:"found"`
	// Type lists the commands to type after a failed check.
	Type []string `json:"type,omitempty"`
	// Needs is the IAM action that the caller lacks. It is set if that is why the check could not be made.
	Needs string `json:"needs,omitempty"`
}

// Report collects the results of all checks.
type Report struct {
	Stack   string `json:"stack"`
	Region  string `json:"region"`
	Account string `json:"account"`
	// Deployed reports whether the stack has outputs. Resources that it already has are not counted again.
	Deployed bool `json:"deployed"`
	// Ready is true if every check has passed.
	Ready bool `json:"ready"`

	Passed    int      `json:"passed"`
	Failed    int      `json:"failed"`
	Unchecked int      `json:"unchecked"`
	Checks    []Result `json:"checks"`
}

func (s *Stack) report(results []Result) Report {
	r := Report{Stack: s.Name, Region: s.AWS.Region, Deployed: s.State.Deployed, Checks: results}
	if known := s.identity.value; known != nil {
		r.Account = known.account
	}
	for _, result := range results {
		switch result.Outcome {
		case Passed:
			r.Passed++
		case Failed:
			r.Failed++
		case Unchecked:
			r.Unchecked++
		}
	}
	r.Ready = r.Passed == len(results)
	return r
}

// words are the outcomes in the report for people. All have the same width.
var words = map[Outcome]struct {
	word  string
	color text.Color
}{
	Passed: {"ok", text.FgGreen}, Failed: {"FAILED", text.FgRed}, Unchecked: {"unknown", text.FgYellow},
}

// WriteTable prints a report for people. Each check is a line, and the commands to type follow a failed one. The lines
// have no frame, so that a command can be copied. Set color only for a terminal.
func (r Report) WriteTable(w io.Writer, color bool) error {
	paint := func(c text.Color, what string) string {
		if !color {
			return what
		}
		return text.Colors{c}.EscapeSeq() + what + text.Reset.EscapeSeq()
	}
	t := table.NewWriter()
	t.SetStyle(table.StyleDefault)
	t.Style().Options = table.OptionsNoBordersAndSeparators
	t.Style().Box.PaddingLeft, t.Style().Box.PaddingRight = "", "  "
	for _, c := range r.Checks {
		word := words[c.Outcome]
		t.AppendRow(table.Row{paint(word.color, word.word), c.Check, c.Found})
		for _, command := range c.Type {
			t.AppendRow(table.Row{"", "  type:", command})
		}
	}
	where := fmt.Sprintf("stack %s, region %s, account %s", orUnknown(r.Stack), orUnknown(r.Region), orUnknown(r.Account))
	if !r.Deployed {
		where += ": not deployed yet"
	}
	if _, err := io.WriteString(w, where+"\n\n"+trimmed(t.Render())+"\n\n"+r.verdict(paint)+"\n"); err != nil {
		return fmt.Errorf("printing the report: %w", err)
	}
	return nil
}

func orUnknown(name string) string {
	if name == "" {
		return "unknown"
	}
	return name
}

// trimmed removes spaces at the end of each line.
func trimmed(lines string) string {
	all := strings.Split(lines, "\n")
	for i, line := range all {
		all[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(all, "\n")
}

func (r Report) verdict(paint func(text.Color, string) string) string {
	said := fmt.Sprintf("%d checks: %d ok", len(r.Checks), r.Passed)
	if r.Failed > 0 {
		said += fmt.Sprintf(", %d failed", r.Failed)
	}
	if r.Unchecked > 0 {
		said += fmt.Sprintf(", %d unknown", r.Unchecked)
	}
	switch {
	case r.Failed > 0:
		return paint(text.FgRed, said)
	case r.Unchecked > 0:
		said = paint(text.FgYellow, said)
		for _, c := range r.Checks {
			if c.Needs != "" {
				return said + "\nthe policy docs/preflight-policy.json allows everything that this command asks"
			}
		}
		return said
	}
	return paint(text.FgGreen, said)
}

package report

import (
	"fmt"
	"strings"
)

// DeployerPolicy is what became of the deployer's calls under the documented policies, which a stand-in of IAM enforced.
type DeployerPolicy struct {
	// Calls that were judged.
	Calls int `json:"calls"`
	// Refused permissions, each with its resource.
	Refused []string `json:"refused"`
	// Unresolved permissions were judged by their action alone: the policies limit them to resources, and the requests do not
	// tell on which they are.
	Unresolved []string `json:"unresolved"`
	// DoneWithout are operations that were refused, which the AWS provider does without.
	DoneWithout []string `json:"done_without"`
	// Statements of the policies, and how many of them were needed: taken out alone, each of these would have had a call refused.
	Statements       int `json:"statements"`
	StatementsNeeded int `json:"statements_needed"`
	// ActionsNeeded by this run, and those that the policies allow and it did not need: not shown by it.
	ActionsNeeded int      `json:"actions_needed"`
	Uncalled      []string `json:"uncalled"`
}

// Missing says what the policies lack and what to type; empty when they lack nothing.
func (d DeployerPolicy) Missing() string {
	if len(d.Refused) == 0 {
		return ""
	}
	return "the deployer's policies do not allow " + strings.Join(d.Refused, "; ") +
		": if the program is to do that, PERMISSIONS=record make rehearse (or the part), then make permissions"
}

func (d DeployerPolicy) problems() []string {
	var p []string
	if d.Calls == 0 {
		p = append(p, "no call of the deployer was judged")
	}
	if missing := d.Missing(); missing != "" {
		p = append(p, missing)
	}
	if d.StatementsNeeded == 0 {
		p = append(p, "no statement of the deployer's policies was needed: nothing was evaluated")
	}
	return p
}

func (d DeployerPolicy) print(row func(name string, value any)) {
	row("deployer_policy.refused", list(d.Refused))
	row("deployer_policy.unresolved", list(d.Unresolved))
	row("deployer_policy.statements", fmt.Sprintf("%d of %d needed by %d calls; %d actions shown, %d not", d.StatementsNeeded, d.Statements, d.Calls, d.ActionsNeeded, len(d.Uncalled)))
}

package report

import (
	"fmt"
	"strings"
)

// DeployerPolicy is the result of the deployer's calls under the documented policies, which a stand-in of IAM
// enforced.
type DeployerPolicy struct {
	// Calls that were checked.
	Calls int `json:"calls"`
	// Refused permissions, each with its resource.
	Refused []string `json:"refused"`
	// Unresolved permissions were checked only by their action. The policies limit them to resources that the
	// requests do not show.
	Unresolved []string `json:"unresolved"`
	// DoneWithout are refused operations that the AWS provider does not need.
	DoneWithout []string `json:"done_without"`
	// Statements in the policies, and how many were needed: without any of these a call would have been refused.
	Statements       int `json:"statements"`
	StatementsNeeded int `json:"statements_needed"`
	// ActionsNeeded by this run, and allowed ones that it did not need, so it does not prove them.
	ActionsNeeded int      `json:"actions_needed"`
	Uncalled      []string `json:"uncalled"`
}

// Missing lists what the policies lack and what to type; empty when they are complete.
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

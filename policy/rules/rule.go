// Package rules are the rules of the policy pack: pure functions over typed views of resources.
//
// A rule that answers a control of AWS Security Hub is named after it (s3-8 answers S3.8); a rule that only this
// pipeline has is named for what it keeps. A value that a preview cannot see never breaks a rule: each rule runs again
// at the deployment, before the resource is made, when the value is known.
package rules

import (
	"cdcpipeline/policy/view"
	"fmt"
	"slices"
	"strings"
)

// Severity is how bad a violation is, as Security Hub rates its controls.
type Severity string

// Severities, https://docs.aws.amazon.com/securityhub/latest/userguide/controls-findings-create-update.html.
const (
	Low      Severity = "low"
	Medium   Severity = "medium"
	High     Severity = "high"
	Critical Severity = "critical"
)

// Violation is one resource that breaks a rule.
type Violation struct {
	// Message says what is wrong, without the rule's title.
	Message string
	// URN of the resource; empty when the rule looks at a single resource.
	URN string
}

// Rule is one thing that a stack must keep to. Exactly one of Check and CheckStack is set.
type Rule struct {
	// Name by which configuration and reports know the rule.
	Name string
	// Title says what holds when the rule is kept.
	Title    string
	Severity Severity
	// Controls of Security Hub that the rule answers, the first one being its name's. None for the pipeline's own.
	Controls []string
	// Types of resources that the rule looks at.
	Types []string
	// Change says what to change when the rule is broken.
	Change string
	// Unseen says what the rule takes for granted while a preview does not know the value.
	Unseen string
	// Default says how a stack with nothing configured keeps the rule.
	Default string
	// Check looks at one resource, before it is made.
	Check func(view.Resource) []Violation
	// CheckStack looks at all resources together, at the end of a preview or deployment.
	CheckStack func(view.Stack) []Violation
}

// Link is the control's description, empty for the pipeline's own rules.
func (r Rule) Link() string {
	switch {
	case len(r.Controls) == 0:
		return ""
	case r.Name != ruleName(r.Controls[0]): // it answers many
		return "https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-controls-reference.html"
	}
	return Link(r.Controls[0])
}

// Link is the description of a control: https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-8.
func Link(control string) string {
	service, number, _ := strings.Cut(strings.ToLower(control), ".")
	return fmt.Sprintf("https://docs.aws.amazon.com/securityhub/latest/userguide/%s-controls.html#%s-%s", service, service, number)
}

// All are the rules, by service and then by number, the pipeline's own last.
func All() []Rule {
	return slices.Concat(
		athena(), cloudWatch(), firehose(), dms(), ec2(), securityGroups(), vpcs(), glue(), iamRules(), kinesis(), kms(), lambda(), openSearch(), collections(),
		rds(), s3(), secretsManager(), messaging(), systemsManager(),
		own(), secrets(), tags(),
	)
}

// each makes a rule of a check on one type of resource.
func each[V any](typ string, check func(V) []Violation) func(view.Resource) []Violation {
	return func(r view.Resource) []Violation {
		if r.Type != typ {
			return nil
		}
		return check(view.Decode[V](r.Properties))
	}
}

// either is what checks of several types find.
func either(checks ...func(view.Resource) []Violation) func(view.Resource) []Violation {
	return func(r view.Resource) []Violation {
		var all []Violation
		for _, check := range checks {
			all = append(all, check(r)...)
		}
		return all
	}
}

// broken is a violation when the condition holds.
func broken(condition bool, format string, args ...any) []Violation {
	if !condition {
		return nil
	}
	return []Violation{{Message: fmt.Sprintf(format, args...)}}
}

// at names the resource of violations that a check of a single resource made.
func at(r view.Resource, violations []Violation) []Violation {
	for i := range violations {
		violations[i].URN = r.URN
	}
	return violations
}

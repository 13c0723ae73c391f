// Package rules has the rules of the policy pack: pure functions over typed views of resources.
//
// A rule for an AWS Security Hub control has the control's name: s3-8 checks S3.8. A rule that only this pipeline
// has is named after its purpose. A value that a preview does not know never breaks a rule. Each rule runs again
// at the deployment, when the value is known, before the resource is made.
package rules

import (
	"cdcpipeline/policy/view"
	"fmt"
	"slices"
	"strings"
)

// Severity is how bad a violation is, on Security Hub's scale.
type Severity string

// These severities come from
// https://docs.aws.amazon.com/securityhub/latest/userguide/controls-findings-create-update.html.
const (
	Low      Severity = "low"
	Medium   Severity = "medium"
	High     Severity = "high"
	Critical Severity = "critical"
)

// Violation is a resource that breaks a rule.
type Violation struct {
	// Message describes the problem. It does not repeat the rule's title.
	Message string
	// URN names the resource. It is empty if the rule checks a single resource.
	URN string
}

// Rule is a requirement on a stack. Exactly one of Check and CheckStack is set.
type Rule struct {
	// Name is the rule's name in the configuration and in reports.
	Name string
	// Title states the requirement.
	Title    string
	Severity Severity
	// Controls lists the Security Hub controls that the rule checks. The first one gives the rule its name. The
	// pipeline's own rules have none.
	Controls []string
	// Types lists the types of resources that the rule checks.
	Types []string
	// Change says what to change when the rule is broken.
	Change string
	// Unseen says what the rule assumes while a preview does not know the value.
	Unseen string
	// Default says how a stack with the default configuration satisfies the rule.
	Default string
	// Check checks one resource before it is made.
	Check func(view.Resource) []Violation
	// CheckStack checks all resources together, at the end of a preview or deployment.
	CheckStack func(view.Stack) []Violation
}

// Link returns the URL of the control's description. It is empty for the pipeline's own rules.
func (r Rule) Link() string {
	switch {
	case len(r.Controls) == 0:
		return ""
	case r.Name != ruleName(r.Controls[0]): // the rule checks many controls
		return "https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-controls-reference.html"
	}
	return Link(r.Controls[0])
}

// Link returns the URL of a control's description:
// https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-8.
func Link(control string) string {
	service, number, _ := strings.Cut(strings.ToLower(control), ".")
	return fmt.Sprintf("https://docs.aws.amazon.com/securityhub/latest/userguide/%s-controls.html#%s-%s", service, service, number)
}

// All returns the rules by service and number. The pipeline's own rules come last.
func All() []Rule {
	return slices.Concat(
		athena(), cloudWatch(), firehose(), dms(), ec2(), securityGroups(), vpcs(), glue(), iamRules(), kinesis(), kms(), lambda(), openSearch(), collections(),
		rds(), s3(), secretsManager(), messaging(), systemsManager(),
		own(), secrets(), tags(),
	)
}

// each turns a typed check of one resource type into a check of a rule.
func each[V any](typ string, check func(V) []Violation) func(view.Resource) []Violation {
	return func(r view.Resource) []Violation {
		if r.Type != typ {
			return nil
		}
		return check(view.Decode[V](r.Properties))
	}
}

// either combines checks of several types.
func either(checks ...func(view.Resource) []Violation) func(view.Resource) []Violation {
	return func(r view.Resource) []Violation {
		var all []Violation
		for _, check := range checks {
			all = append(all, check(r)...)
		}
		return all
	}
}

// broken returns a violation if the condition is true.
func broken(condition bool, format string, args ...any) []Violation {
	if !condition {
		return nil
	}
	return []Violation{{Message: fmt.Sprintf(format, args...)}}
}

// at sets the resource in the violations of a single-resource check.
func at(r view.Resource, violations []Violation) []Violation {
	for i := range violations {
		violations[i].URN = r.URN
	}
	return violations
}

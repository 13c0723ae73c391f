package document

import (
	"slices"
	"strings"
)

// Request is one permission that a call needs.
type Request struct {
	// Action such as kinesis:CreateStream.
	Action string
	// Resource is an ARN, which may have Unknown parts; Unknown alone when nothing is known of it.
	Resource string
	// Context is what conditions are compared with, by key: aws:RequestedRegion. A key that is not there meets no condition.
	Context map[string]string
}

// Decision is what policies say of a request.
type Decision int

const (
	// Refused is what no statement allows, whatever the unknown parts of its resource are.
	Refused Decision = iota
	// Unresolved is what depends on unknown parts: the action is allowed on some resources.
	Unresolved
	// Allowed by a statement.
	Allowed
)

// Decide says what statements allow: what none of them allows is refused,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
func Decide(statements []Statement, r Request) Decision {
	decision := Refused
	for _, s := range statements {
		decision = max(decision, s.decide(r))
		if decision == Allowed {
			break
		}
	}
	return decision
}

func (s Statement) decide(r Request) Decision {
	if !s.names(r.Action) || !s.holds(r.Context) {
		return Refused
	}
	best := no
	for _, pattern := range s.Resource {
		best = max(best, match(pattern, r.Resource))
	}
	return map[answer]Decision{no: Refused, maybe: Unresolved, yes: Allowed}[best]
}

// holds says that every condition of the statement is met. Names of keys are compared without case, and so are the values
// of Bool: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html.
func (s Statement) holds(context map[string]string) bool {
	lower := map[string]string{}
	for key, value := range context {
		lower[strings.ToLower(key)] = value
	}
	for operator, keys := range s.Condition {
		for key, wanted := range keys {
			value, ok := lower[strings.ToLower(key)]
			if !ok || !slices.ContainsFunc(wanted, func(w string) bool {
				return w == value || operator == "Bool" && strings.EqualFold(w, value)
			}) {
				return false
			}
		}
	}
	return true
}

package document

import (
	"slices"
	"strings"
)

// Request is one permission that a call needs.
type Request struct {
	// Action such as kinesis:CreateStream.
	Action string
	// Resource is an ARN, which may have Unknown parts; just Unknown when nothing about it is known.
	Resource string
	// Context has the values for conditions, by key: aws:RequestedRegion. A missing key meets no condition.
	Context map[string]string
}

// Decision is the policies' answer to a request.
type Decision int

const (
	// Refused means that no statement allows it, whatever the unknown parts of its resource are.
	Refused Decision = iota
	// Unresolved means that the answer depends on unknown parts: the action is allowed on some resources.
	Unresolved
	// Allowed means that a statement allows it.
	Allowed
)

// Decide evaluates statements: what none of them allows is refused,
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

// holds reports whether every condition of the statement is met. Key names and the values of Bool are compared
// without case:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html.
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

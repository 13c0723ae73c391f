package iam

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Request is one call: a principal, an action, a resource, and the condition keys that the service sends.
type Request struct {
	// Principal is an ARN or a service name. It is empty if identity policies alone decide.
	Principal string
	Action    string
	Resource  string
	Context   map[string]string
}

// Decision is the documents' answer to a request.
type Decision string

// These decisions follow
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html. Within one account,
// permission from an identity policy or a resource policy is enough. So Evaluate gets all documents together.
const (
	Allowed    Decision = "allowed"
	Denied     Decision = "denied" // by an explicit Deny statement
	NotAllowed Decision = "not allowed"
)

// Evaluate decides a request by all documents. A Deny statement wins over an Allow statement. Without an Allow
// statement the request is not allowed. An unknown condition operator is an error.
func Evaluate(documents []Document, r Request) (Decision, error) {
	decision := NotAllowed
	for _, d := range documents {
		for _, s := range d.Statement {
			applies, err := s.applies(r)
			switch {
			case err != nil:
				return "", err
			case applies && !s.Allows():
				return Denied, nil
			case applies:
				decision = Allowed
			}
		}
	}
	return decision, nil
}

func (s Statement) applies(r Request) (bool, error) {
	if !Covers(s.Action, r.Action) || !s.about(r.Principal) {
		return false, nil
	}
	if len(s.Resource) > 0 && !slices.ContainsFunc(s.Resource, func(p string) bool { return match(p, r.Resource) }) {
		return false, nil
	}
	for operator, keys := range s.Condition {
		for key, wanted := range keys {
			holds, err := holds(operator, r.Context, key, wanted)
			if err != nil || !holds {
				return false, err
			}
		}
	}
	return true, nil
}

// about reports whether the statement applies to the principal. A statement without principals applies to all.
func (s Statement) about(principal string) bool {
	if s.Principal == nil {
		return true
	}
	for _, names := range s.Principal {
		for _, name := range names {
			if name == "*" || name == principal || accountRoot(name) == accountOf(principal) && accountRoot(name) != "" {
				return true
			}
		}
	}
	return false
}

// accountRoot returns the account of a root ARN. That ARN stands for every principal of the account that an
// identity policy allows.
func accountRoot(arn string) string {
	if strings.HasSuffix(arn, ":root") {
		return accountOf(arn)
	}
	return ""
}

func accountOf(arn string) string {
	parts := strings.Split(arn, ":")
	if len(parts) < 6 {
		return ""
	}
	return parts[4]
}

// holds tests one condition key. The test fails if the request lacks the key, except for ...IfExists operators.
func holds(operator string, context map[string]string, key string, wanted []string) (bool, error) {
	operator, ifExists := strings.CutSuffix(operator, "IfExists")
	value, ok := lookUp(context, key)
	if !ok {
		return ifExists, nil
	}
	test, ok := tests[operator]
	if !ok {
		return false, fmt.Errorf("the condition operator %s is not understood", operator)
	}
	return slices.ContainsFunc(wanted, func(w string) bool { return test(value, w) }), nil
}

func lookUp(context map[string]string, key string) (string, bool) {
	for k, v := range context {
		if strings.EqualFold(k, key) {
			return v, true
		}
	}
	return "", false
}

// tests has the operators that the project's documents use:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html.
var tests = map[string]func(value, wanted string) bool{
	"StringEquals":    func(v, w string) bool { return v == w },
	"StringLike":      func(v, w string) bool { return match(w, v) },
	"ArnEquals":       arnLike,
	"ArnLike":         arnLike,
	"Bool":            strings.EqualFold,
	"NumericLessThan": func(v, w string) bool { a, b := number(v), number(w); return a < b },
}

// arnLike compares each of the six parts of an ARN separately. So a star matches no colon, except in the last
// part.
func arnLike(value, wanted string) bool {
	v, w := strings.SplitN(value, ":", 6), strings.SplitN(wanted, ":", 6)
	if len(v) != len(w) {
		return false
	}
	for i := range v {
		if !match(w[i], v[i]) {
			return false
		}
	}
	return true
}

func number(text string) float64 {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0
	}
	return n
}

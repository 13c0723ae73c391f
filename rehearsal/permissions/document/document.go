// Package document writes, parses and evaluates IAM policy documents that allow.
package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// version is the current version of the policy language,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html.
const version = "2012-10-17"

// Policy is an IAM policy document.
type Policy struct {
	Version   string
	Statement []Statement
}

// Statement allows some actions of one service on some resources.
type Statement struct {
	Sid      string
	Effect   string
	Action   []string
	Resource []string
	// Condition is values by key by operator: {"StringEquals": {"aws:RequestedRegion": {"us-east-1"}}}.
	Condition map[string]map[string][]string `json:",omitempty"`
}

// New returns a document of statements.
func New(statements ...Statement) Policy { return Policy{version, statements} }

// Text is the document as JSON, indented.
func (p Policy) Text() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(p); err != nil {
		return nil, fmt.Errorf("writing a policy: %w", err)
	}
	return b.Bytes(), nil
}

// Parse parses a document. It refuses what is not evaluated here (a Deny, NotAction, operators other than
// StringEquals and Bool), because ignoring it could allow or forbid wrongly.
func Parse(text []byte) (Policy, error) {
	var p Policy
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return p, fmt.Errorf("reading a policy: %w", err)
	}
	var problems []error
	if p.Version != version {
		problems = append(problems, fmt.Errorf("the policy's Version is %q: only %s is evaluated", p.Version, version))
	}
	for _, s := range p.Statement {
		problems = append(problems, s.check())
	}
	return p, errors.Join(problems...)
}

func (s Statement) check() error {
	if s.Effect != "Allow" || len(s.Action) == 0 || len(s.Resource) == 0 {
		return fmt.Errorf("the statement %s must have the Effect Allow, actions and resources: nothing else is evaluated", s.Sid)
	}
	for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
		if operator != "StringEquals" && operator != "Bool" {
			return fmt.Errorf("the statement %s has the condition operator %s, which is not evaluated: write it in permissions/document", s.Sid, operator)
		}
	}
	return nil
}

// names reports whether the statement has the action; IAM ignores the case of actions.
func (s Statement) names(action string) bool {
	return slices.ContainsFunc(s.Action, func(pattern string) bool {
		return match(strings.ToLower(pattern), strings.ToLower(action)) == yes
	})
}

// Package iam reads policy documents and decides which requests they allow. It understands the part of IAM's
// language that this project uses, and returns an error for everything else.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
package iam

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Document is a policy.
type Document struct {
	Version   string
	Statement statements
}

// Statement is a statement of a document. Parse refuses NotAction, NotResource and NotPrincipal.
type Statement struct {
	Sid       string
	Effect    string
	Principal Principals
	Action    Texts
	Resource  Texts
	Condition map[string]map[string]Texts
}

// Texts is a string or a list of strings.
type Texts []string

// Principals lists the principals of a statement by kind: AWS, Service, Federated; or "*" for everybody.
type Principals map[string]Texts

type statements []Statement

// Parse reads a document. It returns an error for elements that this package does not understand, and never
// ignores them.
func Parse(text string) (Document, error) {
	var d Document
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return Document{}, fmt.Errorf("reading a policy document: %w", err)
	}
	for i, s := range d.Statement {
		if s.Effect != "Allow" && s.Effect != "Deny" {
			return Document{}, fmt.Errorf("reading a policy document: the effect of statement %d is %q, not Allow or Deny", i+1, s.Effect)
		}
	}
	return d, nil
}

// UnmarshalJSON reads a single string as a list of one, and a number or a boolean as its text.
func (t *Texts) UnmarshalJSON(text []byte) error {
	var one any
	if err := json.Unmarshal(text, &one); err != nil {
		return fmt.Errorf("reading a string or a list: %w", err)
	}
	list, ok := one.([]any)
	if !ok {
		list = []any{one}
	}
	for _, item := range list {
		*t = append(*t, fmt.Sprint(item))
	}
	return nil
}

// UnmarshalJSON reads "*" as {"AWS": "*"}, which means the same.
func (p *Principals) UnmarshalJSON(text []byte) error {
	if string(text) == `"*"` {
		*p = Principals{"AWS": {"*"}}
		return nil
	}
	var kinds map[string]Texts
	if err := json.Unmarshal(text, &kinds); err != nil {
		return fmt.Errorf("reading a principal: %w", err)
	}
	*p = kinds
	return nil
}

// UnmarshalJSON reads a single statement as a list of one. It refuses unknown elements itself, because the strict
// mode of a decoder does not apply inside own UnmarshalJSON methods.
func (s *statements) UnmarshalJSON(text []byte) error {
	if strings.HasPrefix(strings.TrimSpace(string(text)), "{") {
		text = append(append([]byte("["), text...), ']')
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	var list []Statement
	if err := decoder.Decode(&list); err != nil {
		return fmt.Errorf("reading the statements: %w", err)
	}
	*s = list
	return nil
}

// Allows reports whether the statement's effect is Allow.
func (s Statement) Allows() bool { return s.Effect == "Allow" }

// Anyone reports whether the statement applies to every principal.
func (s Statement) Anyone() bool { return slices.Contains(s.Principal["AWS"], "*") }

// Covers reports whether a pattern matches the name by IAM's rules: * is any text, ? is one character. The case of
// actions does not matter.
func Covers(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(strings.ToLower(p), strings.ToLower(name)) })
}

// match matches a text with a pattern of * and ?.
func match(pattern, text string) bool {
	// This is the two-pointer algorithm: after a mismatch it returns to the last star and lets that match one more
	// character.
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

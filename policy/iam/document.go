// Package iam reads policy documents and answers what they allow: enough of IAM's language for the documents that
// this project writes, and an error for everything else.
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

// Statement is one of its statements. NotAction, NotResource and NotPrincipal are refused when a document is read.
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

// Principals are who a statement is about, by kind: AWS, Service, Federated; or everybody, as "*".
type Principals map[string]Texts

type statements []Statement

// Parse reads a document. Elements that this package does not understand are an error, never ignored.
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

// UnmarshalJSON takes a single string for a list of one, and a number or a boolean for its text.
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

// UnmarshalJSON takes "*" for {"AWS": "*"}, which is what it means.
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

// UnmarshalJSON takes a single statement for a list of one. Unknown elements are refused here, because a decoder's
// strictness does not reach into own unmarshallers.
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

// Allows says that the statement allows rather than denies.
func (s Statement) Allows() bool { return s.Effect == "Allow" }

// Anyone says that the statement is about every principal.
func (s Statement) Anyone() bool { return slices.Contains(s.Principal["AWS"], "*") }

// Covers says that one of the patterns matches the name, IAM's way: * is any text, ? one character. Actions are
// matched without case.
func Covers(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(strings.ToLower(p), strings.ToLower(name)) })
}

// match compares a text with a pattern of * and ?.
func match(pattern, text string) bool {
	// The classic two-pointer walk: on a mismatch it goes back to the last star and lets it take one character more.
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

package iam

import (
	"cdcpipeline/rehearsal/permissions/document"
	"maps"
	"slices"
)

// Findings are a guard's results.
type Findings struct {
	// Calls counts the calls that were checked.
	Calls int
	// Refused lists the refused permissions, each with its resource.
	Refused []string
	// Unresolved permissions are limited to resources by the policies, but the requests do not show which resources
	// they use.
	Unresolved []string
	// DoneWithout are refused operations that the caller does not need.
	DoneWithout []string
	// Actions lists the needed actions. Uncalled lists those that the policies allow but nothing needed.
	Actions, Uncalled []string
	// Statements in the policies, and how many were needed: without one of these a call would have been refused.
	Statements, StatementsNeeded int
	// Tagged are the operations that added tags to new resources.
	Tagged []string
}

// Findings returns the results so far; every list is sorted.
func (g *Guard) Findings() Findings {
	g.mu.Lock()
	defer g.mu.Unlock()
	needed := map[string]bool{}
	for _, r := range g.needed {
		needed[r.Action] = true
	}
	f := Findings{
		Calls: g.calls, Refused: sorted(g.refused), Unresolved: sorted(g.unresolved), DoneWithout: sorted(g.spared), Tagged: sorted(g.tagged),
		Actions: sorted(needed), Uncalled: []string{}, Statements: len(g.all),
	}
	for i, s := range g.all {
		if len(g.missed(slices.Delete(slices.Clone(g.all), i, i+1))) > 0 {
			f.StatementsNeeded++
		}
		for _, action := range s.Action {
			if !needed[action] {
				f.Uncalled = append(f.Uncalled, action)
			}
		}
	}
	slices.Sort(f.Uncalled)
	return f
}

// missed are the needed permissions that other statements do not allow.
func (g *Guard) missed(statements []document.Statement) []string {
	var missed []string
	for text, r := range g.needed {
		if document.Decide(statements, r) == document.Refused {
			missed = append(missed, text)
		}
	}
	return missed
}

// sorted returns a set's members; an empty list, not nil, when there are none.
func sorted(set map[string]bool) []string {
	return slices.AppendSeq(make([]string, 0, len(set)), slices.Values(slices.Sorted(maps.Keys(set))))
}

// WithoutAction removes the statements with an action until restore is called. Meanwhile the guard is not lenient.
// restore returns the refused calls, which are not among the findings.
func (g *Guard) WithoutAction(action string) (restore func() (refused []string)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	before, lenient := g.refused, g.Lenient
	g.refused, g.Lenient = map[string]bool{}, false
	g.statements = slices.DeleteFunc(slices.Clone(g.all), func(s document.Statement) bool { return slices.Contains(s.Action, action) })
	return func() []string {
		g.mu.Lock()
		defer g.mu.Unlock()
		refused := sorted(g.refused)
		g.refused, g.Lenient, g.statements = before, lenient, g.all
		return refused
	}
}

package iam

import (
	"cdcpipeline/rehearsal/permissions/document"
	"maps"
	"slices"
)

// Findings are what a guard has seen.
type Findings struct {
	// Calls that were judged.
	Calls int
	// Refused permissions, each with its resource.
	Refused []string
	// Unresolved permissions: the policies limit them to resources, and the requests do not tell on which they are.
	Unresolved []string
	// DoneWithout are operations that were refused and that the caller does without.
	DoneWithout []string
	// Actions that were needed, and Uncalled those that the policies allow and nothing needed.
	Actions, Uncalled []string
	// Statements of the policies, and how many of them were needed: without one of these a call would have been refused.
	Statements, StatementsNeeded int
	// Tagged are the operations that gave tags to what they made.
	Tagged []string
}

// Findings so far; every list is sorted.
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

// missed are the permissions that were needed so far and that other statements refuse.
func (g *Guard) missed(statements []document.Statement) []string {
	var missed []string
	for text, r := range g.needed {
		if document.Decide(statements, r) == document.Refused {
			missed = append(missed, text)
		}
	}
	return missed
}

// sorted are the members of a set; an empty list, not none, when there are none.
func sorted(set map[string]bool) []string {
	return slices.AppendSeq(make([]string, 0, len(set)), slices.Values(slices.Sorted(maps.Keys(set))))
}

// Without takes out the statements that name an action, until restore puts them back; meanwhile no guard is lenient. What was
// refused then is what restore gives; it is not among the findings.
func (g *Guard) Without(action string) (restore func() (refused []string)) {
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

// Package graph says how long a deployment takes and why: what waits for what, by the resources that the program registers, and how long each is in the
// making, by what is written down about its type. It measures nothing.
//
// "go generate ./internal/graph" writes docs/graph.md with it.
package graph

import (
	"cdcpipeline/internal/componenttest"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Step is one resource in the making.
type Step struct {
	// Name is TYPE::NAME, Type the resource's.
	Name, Type string
	// After are the steps that it waits for, sorted.
	After []string
	// Start and End since the deployment's first step.
	Start, End time.Duration
	// Last is the one of After that ends last; empty for a step that waits for none.
	Last string
}

// Takes is how long the step itself is.
func (s Step) Takes() time.Duration { return s.End - s.Start }

// Graph is all steps of a deployment, by their names.
type Graph map[string]Step

// Of are the resources as the engine orders them: each waits for those that its options and its inputs name, for its parent and for its provider. Whatever waits
// for nothing more is made at the same time: how many the engine makes at once (`pulumi up --parallel`) is not bounded here.
func Of(resources []componenttest.Registered) (Graph, error) {
	g := Graph{}
	for _, r := range resources {
		s := Step{Name: r.Type + "::" + r.Name, Type: r.Type}
		after := append(slices.Clone(r.DependsOn), r.Parent)
		for _, urns := range r.PropertyDependsOn {
			after = append(after, urns...)
		}
		if i := strings.LastIndex(r.Provider, "::"); i > 0 { // URN::ID
			after = append(after, r.Provider[:i])
		}
		for _, urn := range after {
			if name := identity(urn); name != "" {
				s.After = append(s.After, name)
			}
		}
		slices.Sort(s.After)
		s.After = slices.Compact(s.After)
		g[s.Name] = s
	}
	for name, s := range g { // default providers and the stack are there before the program runs
		s.After = slices.DeleteFunc(s.After, func(other string) bool { _, made := g[other]; return !made })
		g[name] = s
	}
	return g, g.schedule()
}

// identity is the type and name in a URN, whose types are those of all its parents: urn:pulumi:STACK::PROJECT::A$B$TYPE::NAME.
func identity(urn string) string {
	parts := strings.SplitN(urn, "::", 4)
	if len(parts) != 4 {
		return ""
	}
	return parts[2][strings.LastIndex(parts[2], "$")+1:] + "::" + parts[3]
}

// schedule starts every step when the last that it waits for has ended.
func (g Graph) schedule() error {
	done := map[string]bool{}
	for len(done) < len(g) {
		before := len(done)
		for _, name := range slices.Sorted(maps.Keys(g)) {
			s := g[name]
			if done[name] || !g.ready(s, done) {
				continue
			}
			for _, other := range s.After {
				if end := g[other].End; s.Last == "" || end > s.Start {
					s.Start, s.Last = end, other
				}
			}
			s.End = s.Start + TimeOf(s.Type).Typical()
			g[name], done[name] = s, true
		}
		if len(done) == before {
			return fmt.Errorf("%d resources wait for one another", len(g)-before)
		}
	}
	return nil
}

func (g Graph) ready(s Step, done map[string]bool) bool {
	return !slices.ContainsFunc(s.After, func(other string) bool { return !done[other] })
}

// End is when the last step ends.
func (g Graph) End() time.Duration {
	var end time.Duration
	for _, s := range g {
		end = max(end, s.End)
	}
	return end
}

// Path is the critical path, from the first step to the one that ends last: whatever on it takes longer, the deployment takes longer.
func (g Graph) Path() []Step {
	var last Step
	for _, name := range slices.Sorted(maps.Keys(g)) {
		if g[name].End > last.End {
			last = g[name]
		}
	}
	return g.To(last.Name)
}

// To is the path that a step's end hangs on. Components take no time and are left out.
func (g Graph) To(name string) []Step {
	var path []Step
	for at := name; at != ""; at = g[at].Last {
		if s := g[at]; s.Takes() > 0 {
			path = append(path, s)
		}
	}
	slices.Reverse(path)
	return path
}

// Waits reports whether a step waits for another, directly or by way of others.
func (g Graph) Waits(name, other string) bool {
	seen := map[string]bool{}
	for queue := []string{name}; len(queue) > 0; queue = queue[1:] {
		for _, next := range g[queue[0]].After {
			if next == other {
				return true
			}
			if !seen[next] {
				seen[next] = true
				queue = append(queue, next)
			}
		}
	}
	return false
}

// OfType are the steps of a type, by their start.
func (g Graph) OfType(typ string) []Step {
	var found []Step
	for _, s := range g {
		if s.Type == typ {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, func(a, b Step) int { return cmp.Or(cmp.Compare(a.Start, b.Start), strings.Compare(a.Name, b.Name)) })
	return found
}

// Long are the steps that take as long as that, by their start.
func (g Graph) Long(atLeast time.Duration) []Step {
	var found []Step
	for _, s := range g {
		if s.Takes() >= atLeast {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, func(a, b Step) int { return cmp.Or(cmp.Compare(a.Start, b.Start), strings.Compare(a.Name, b.Name)) })
	return found
}

// Package graph estimates how long a deployment takes and why. It knows from the registered resources which one waits
// for which, and from a table how long each type takes. It measures nothing.
//
// "go generate ./internal/graph" uses it to write docs/graph.md.
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

// Step is the creation of one resource.
type Step struct {
	// Name is TYPE::NAME; Type is the resource's type.
	Name, Type string
	// After lists the steps that it waits for, sorted.
	After []string
	// Start and End are times since the deployment's first step.
	Start, End time.Duration
	// Last is the step of After that ends last; empty for a step that waits for none.
	Last string
}

// Takes is the duration of the step itself.
func (s Step) Takes() time.Duration { return s.End - s.Start }

// Graph holds all steps of a deployment by name.
type Graph map[string]Step

// FromResources orders the resources like the engine: each waits for the resources in its options and inputs, for its parent and
// for its provider. All steps that are ready start at the same time: Graph ignores the engine's limit on parallel
// steps (`pulumi up --parallel`).
func FromResources(resources []componenttest.Registered) (Graph, error) {
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
	for name, s := range g { // default providers and the stack exist before the program runs
		s.After = slices.DeleteFunc(s.After, func(other string) bool { _, made := g[other]; return !made })
		g[name] = s
	}
	return g, g.schedule()
}

// identity is the type and name in a URN. The URN's types include those of all parents:
// urn:pulumi:STACK::PROJECT::A$B$TYPE::NAME.
func identity(urn string) string {
	parts := strings.SplitN(urn, "::", 4)
	if len(parts) != 4 {
		return ""
	}
	return parts[2][strings.LastIndex(parts[2], "$")+1:] + "::" + parts[3]
}

// schedule starts every step when the last step before it has ended.
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

// Path is the critical path, from the first step to the one that ends last. If a step on it takes longer, the
// deployment takes longer.
func (g Graph) Path() []Step {
	var last Step
	for _, name := range slices.Sorted(maps.Keys(g)) {
		if g[name].End > last.End {
			last = g[name]
		}
	}
	return g.PathTo(last.Name)
}

// PathTo is the path that determines a step's end. It omits components, which take no time.
func (g Graph) PathTo(name string) []Step {
	var path []Step
	for at := name; at != ""; at = g[at].Last {
		if s := g[at]; s.Takes() > 0 {
			path = append(path, s)
		}
	}
	slices.Reverse(path)
	return path
}

// Waits reports whether a step waits for another, directly or indirectly.
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

// OfType returns the steps of a type, by their start.
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

// Long returns the steps that take at least this long, by their start.
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

// Package table holds table names and the patterns that select tables. In a pattern, % matches any text, also an
// empty one. Every other character, including _, matches itself, and case matters, as in DMS.
package table

import "strings"

// Any is the only wildcard.
const Any = "%"

// IsPattern reports whether a name can match more than one name.
func IsPattern(name string) bool { return strings.Contains(name, Any) }

// Match reports whether a pattern matches a whole name. If name is a pattern too, it reports whether the first
// matches everything that the second matches.
func Match(pattern, name string) bool {
	first, rest, wild := strings.Cut(pattern, Any)
	if !wild {
		return pattern == name
	}
	name, ok := strings.CutPrefix(name, first)
	if !ok {
		return false
	}
	parts := strings.Split(rest, Any)
	last := parts[len(parts)-1]
	// The leftmost match leaves the most text for the following parts.
	for _, part := range parts[:len(parts)-1] {
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name = name[i+len(part):]
	}
	return strings.HasSuffix(name, last)
}

// Overlap reports whether some name matches both patterns.
func Overlap(a, b string) bool {
	type pair struct{ a, b string }
	seen := map[pair]bool{}
	var overlap func(a, b string) bool
	overlap = func(a, b string) bool {
		at := pair{a, b}
		if found, ok := seen[at]; ok {
			return found
		}
		var found bool
		switch {
		case a == "" && b == "":
			found = true
		case strings.HasPrefix(a, Any):
			found = overlap(a[1:], b) || b != "" && overlap(a, b[1:])
		case strings.HasPrefix(b, Any):
			found = overlap(a, b[1:]) || a != "" && overlap(a[1:], b)
		case a != "" && b != "" && a[0] == b[0]:
			found = overlap(a[1:], b[1:])
		}
		seen[at] = found
		return found
	}
	return overlap(a, b)
}

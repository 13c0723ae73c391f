// Package table holds the name of a table, and the pattern that tables are chosen by: in it, % stands for any text, none
// included. Every other character, _ among them, stands for itself; letters of different case differ, as they do for DMS.
package table

import "strings"

// Any is the one character that does not stand for itself.
const Any = "%"

// IsPattern reports whether a name can match more than one name.
func IsPattern(name string) bool { return strings.Contains(name, Any) }

// Match reports whether a pattern matches a whole name. A pattern in the name's place is matched only when everything
// that it matches is.
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
	// What is leftmost leaves the most to the parts that follow.
	for _, part := range parts[:len(parts)-1] {
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name = name[i+len(part):]
	}
	return strings.HasSuffix(name, last)
}

// Overlap reports whether some name is matched by both patterns.
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

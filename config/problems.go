package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// problems collects problems. Each is one line that begins with its key and says what to do.
type problems []error

func (p *problems) add(key, format string, args ...any) {
	*p = append(*p, fmt.Errorf("%s: %w", key, fmt.Errorf(format, args...)))
}

// join returns all problems as one error, or nil if there are none.
func (p problems) join() error { return errors.Join(p...) }

// between refuses a value outside low..high. unit names what the value counts.
func (p *problems) between(key string, value, low, high int, unit string) {
	if value < low || value > high {
		p.add(key, "%d is out of range: use %d to %d %s", value, low, high, unit)
	}
}

// optionalBetween calls between if the value is set.
func (p *problems) optionalBetween(key string, value *int, low, high int, unit string) {
	if value != nil {
		p.between(key, *value, low, high, unit)
	}
}

// matches refuses a value that does not match the whole pattern. want describes the expected form.
func (p *problems) matches(key, value string, pattern *regexp.Regexp, want string) bool {
	if pattern.MatchString(value) {
		return true
	}
	p.add(key, "%q must be %s", value, want)
	return false
}

// oneOf refuses a value that is not one of the choices.
func oneOf[T ~string | ~int](p *problems, key string, value T, choices ...T) {
	if slices.Contains(choices, value) {
		return
	}
	words := make([]string, len(choices))
	for i, choice := range choices {
		words[i] = fmt.Sprint(choice)
	}
	p.add(key, "%s is not allowed here: use one of %s", quoted(value), strings.Join(words, ", "))
}

// apart refuses a key that must not be set together with another key.
func apart[T comparable](p *problems, key string, value T, other, instead string) {
	var unset T
	if value != unset {
		p.add(key, "cannot be set together with %s: %s", other, instead)
	}
}

// distinct refuses empty and repeated values in a list.
func (p *problems) distinct(key string, values []string) {
	for i, value := range values {
		switch first := slices.Index(values, value); {
		case value == "":
			p.add(fmt.Sprintf("%s[%d]", key, i), "is empty: give a value, or remove the entry")
		case first < i:
			p.add(fmt.Sprintf("%s[%d]", key, i), "%q is already %s[%d]: remove one of them", value, key, first)
		}
	}
}

func quoted(value any) string {
	if n, ok := value.(int); ok {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%q", fmt.Sprint(value))
}

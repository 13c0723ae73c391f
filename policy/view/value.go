package view

import "fmt"

// state says what is known of a value.
type state int

const (
	unset   state = iota // nobody gave it: the service's default holds
	unknown              // it depends on something that a preview cannot know
	known
)

// Of is one input or output of a resource: set, not set, or not known before the deployment.
//
// The zero Of is not set.
type Of[T any] struct {
	value  T
	state  state
	secret bool
}

// Known is a value that is there.
func Known[T any](value T) Of[T] { return Of[T]{value: value, state: known} }

// Unknown is a value that a preview cannot see.
func Unknown[T any]() Of[T] { return Of[T]{state: unknown} }

// Secret is a known value that Pulumi keeps encrypted.
func Secret[T any](value T) Of[T] { return Of[T]{value: value, state: known, secret: true} }

// Get is the value and whether it is known.
func (o Of[T]) Get() (T, bool) { return o.value, o.state == known }

// Unset says that nobody gave the value.
func (o Of[T]) Unset() bool { return o.state == unset }

// Unknown says that the value is given but cannot be seen yet.
func (o Of[T]) Unknown() bool { return o.state == unknown }

// IsSecret says that Pulumi keeps the value encrypted.
func (o Of[T]) IsSecret() bool { return o.secret }

// Is says that the value is known to be want.
func (o Of[T]) Is(want T) bool { return o.state == known && any(o.value) == any(want) }

// Isnt says that the value is certainly not want: it is known and another, or nobody gave it. An unknown value is
// neither Is nor Isnt, which is how a rule keeps quiet until the value can be seen.
func (o Of[T]) Isnt(want T) bool { return o.state != unknown && !o.Is(want) }

// String shows the value to a person, never a secret.
func (o Of[T]) String() string {
	switch {
	case o.secret:
		return "a secret"
	case o.state == unset:
		return "not set"
	case o.state == unknown:
		return "not known yet"
	}
	return fmt.Sprint(o.value)
}

// Strings is a list whose items may be unknown one by one.
type Strings = Of[[]Of[string]]

// List makes a Strings of known items.
func List(items ...string) Strings {
	list := make([]Of[string], len(items))
	for i, item := range items {
		list[i] = Known(item)
	}
	return Known(list)
}

// Has says that a list certainly holds the item.
func Has(list Strings, item string) bool {
	items, _ := list.Get()
	for _, each := range items {
		if each.Is(item) {
			return true
		}
	}
	return false
}

// Lacks says that a list certainly does not hold the item: all of its items are known.
func Lacks(list Strings, item string) bool {
	if list.Unknown() {
		return false
	}
	items, _ := list.Get()
	for _, each := range items {
		if each.Unknown() || each.Is(item) {
			return false
		}
	}
	return true
}

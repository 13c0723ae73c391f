package view

import "fmt"

// state is how much is known of a value.
type state int

const (
	unset   state = iota // no value is given, so the service's default applies
	unknown              // the value depends on something that a preview does not know
	known
)

// Of is an input or output of a resource: set, unset, or unknown before the deployment.
//
// The zero Of is unset.
type Of[T any] struct {
	value  T
	state  state
	secret bool
}

// Known returns a known value.
func Known[T any](value T) Of[T] { return Of[T]{value: value, state: known} }

// Unknown returns a value that a preview does not know.
func Unknown[T any]() Of[T] { return Of[T]{state: unknown} }

// Secret returns a known value that Pulumi encrypts.
func Secret[T any](value T) Of[T] { return Of[T]{value: value, state: known, secret: true} }

// Get returns the value and whether it is known.
func (o Of[T]) Get() (T, bool) { return o.value, o.state == known }

// Unset reports whether no value is given.
func (o Of[T]) Unset() bool { return o.state == unset }

// Unknown reports whether a value is given but not known yet.
func (o Of[T]) Unknown() bool { return o.state == unknown }

// IsSecret reports whether Pulumi encrypts the value.
func (o Of[T]) IsSecret() bool { return o.secret }

// Is reports whether the value is known and equals want.
func (o Of[T]) Is(want T) bool { return o.state == known && any(o.value) == any(want) }

// Isnt reports whether the value is certainly not want: it is known and different, or it is unset. For an unknown
// value both Is and Isnt return false, so a rule reports nothing until the value is known.
func (o Of[T]) Isnt(want T) bool { return o.state != unknown && !o.Is(want) }

// String formats the value for people. It never shows a secret.
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

// Strings is a list whose items may be unknown individually.
type Strings = Of[[]Of[string]]

// List returns a list of known items.
func List(items ...string) Strings {
	list := make([]Of[string], len(items))
	for i, item := range items {
		list[i] = Known(item)
	}
	return Known(list)
}

// Has reports whether a list certainly contains the item.
func Has(list Strings, item string) bool {
	items, _ := list.Get()
	for _, each := range items {
		if each.Is(item) {
			return true
		}
	}
	return false
}

// Lacks reports whether a list certainly does not contain the item, because all its items are known.
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

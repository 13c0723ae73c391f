// Package view is what a rule sees of a stack: resources with values that are set, not set or not known yet, and how
// the resources refer to each other.
//
// It knows neither the engine's protocol nor AWS, so that rules stay pure functions.
package view

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// Resource is one resource of the stack.
type Resource struct {
	URN, Type, Name string
	// Properties are the checked inputs when a single resource is looked at, and the outputs, which hold the inputs,
	// when the stack is.
	Properties property.Map
	Protect    bool
	// IgnoreChanges are the properties whose changes are ignored.
	IgnoreChanges []string
	Provider      Provider
	// Parent, Dependencies and PropertyDependencies are URNs; only a look at the stack has the latter two.
	Parent               string
	Dependencies         []string
	PropertyDependencies map[string][]string
}

// Provider is what a resource is managed through.
type Provider struct {
	URN, Type, Name string
	Properties      property.Map
}

// Stack is every resource of a deployment.
type Stack struct {
	resources []Resource
	byURN     map[string]int
}

// NewStack indexes the resources.
func NewStack(resources []Resource) Stack {
	s := Stack{resources: resources, byURN: make(map[string]int, len(resources))}
	for i, r := range resources {
		s.byURN[r.URN] = i
	}
	return s
}

// All are the resources in the order in which the engine gave them.
func (s Stack) All() []Resource { return s.resources }

// OfType are the resources of any of the types.
func (s Stack) OfType(types ...string) []Resource {
	var found []Resource
	for _, r := range s.resources {
		if slices.Contains(types, r.Type) {
			found = append(found, r)
		}
	}
	return found
}

// Referred are the resources of a type that a property of r was made from.
func (s Stack) Referred(r Resource, propertyName, typ string) []Resource {
	var found []Resource
	for _, urn := range r.PropertyDependencies[propertyName] {
		if i, ok := s.byURN[urn]; ok && s.resources[i].Type == typ {
			found = append(found, s.resources[i])
		}
	}
	return found
}

// Refers says that a property of r names the target: it was made from it, or it is known to hold one of the target's
// own names (id, arn, name, bucket).
func (s Stack) Refers(r Resource, propertyName string, target Resource) bool {
	if slices.Contains(r.PropertyDependencies[propertyName], target.URN) {
		return true
	}
	names := Decode[names](target.Properties)
	hit := false
	visit := func(_ string, leaf property.Value) {
		if leaf.IsString() {
			text := leaf.AsString()
			hit = hit || names.ID.Is(text) || names.Arn.Is(text) || names.Name.Is(text) || names.Bucket.Is(text)
		}
	}
	if v, ok := r.Properties.GetOk(propertyName); ok {
		leaves(propertyName, v, visit)
	}
	return hit
}

type names struct {
	ID     Of[string] `prop:"id"`
	Arn    Of[string] `prop:"arn"`
	Name   Of[string] `prop:"name"`
	Bucket Of[string] `prop:"bucket"`
}

// Pointing are the resources of a type whose property names the target.
func (s Stack) Pointing(typ, propertyName string, target Resource) []Resource {
	var found []Resource
	for _, r := range s.OfType(typ) {
		if s.Refers(r, propertyName, target) {
			found = append(found, r)
		}
	}
	return found
}

// WaitsFor says that r is made after the target: it depends on it, directly or through others.
func (s Stack) WaitsFor(r, target Resource) bool {
	seen := map[string]bool{}
	var reach func(urn string) bool
	reach = func(urn string) bool {
		if urn == target.URN {
			return true
		}
		if seen[urn] {
			return false
		}
		seen[urn] = true
		i, ok := s.byURN[urn]
		return ok && slices.ContainsFunc(s.before(s.resources[i]), reach)
	}
	return slices.ContainsFunc(s.before(r), reach)
}

// before are the URNs that r names as made before it.
func (s Stack) before(r Resource) []string {
	all := slices.Clone(r.Dependencies)
	for _, urns := range r.PropertyDependencies {
		all = append(all, urns...)
	}
	return all
}

// AWS says that the resource is made by the AWS provider.
func (r Resource) AWS() bool { return strings.HasPrefix(r.Type, "aws:") }

// Package view has a rule's view of a stack: its resources, their values, which are set, unset or still unknown,
// and the references between resources.
//
// It depends neither on the engine's protocol nor on AWS, so that rules stay pure functions.
package view

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// Resource is one resource of the stack.
type Resource struct {
	URN, Type, Name string
	// Properties are the checked inputs when a rule checks a single resource. When it checks the whole stack, they
	// are the outputs, which include the inputs.
	Properties property.Map
	Protect    bool
	// IgnoreChanges lists the properties whose changes are ignored.
	IgnoreChanges []string
	Provider      Provider
	// Parent, Dependencies and PropertyDependencies are URNs. The latter two are set only when a rule checks the
	// whole stack.
	Parent               string
	Dependencies         []string
	PropertyDependencies map[string][]string
}

// Provider is the provider that manages a resource.
type Provider struct {
	URN, Type, Name string
	Properties      property.Map
}

// Stack has all resources of a deployment.
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

// All returns the resources in the engine's order.
func (s Stack) All() []Resource { return s.resources }

// OfType returns the resources of any of the types.
func (s Stack) OfType(types ...string) []Resource {
	var found []Resource
	for _, r := range s.resources {
		if slices.Contains(types, r.Type) {
			found = append(found, r)
		}
	}
	return found
}

// Referred returns the resources of a type from which a property of r was made.
func (s Stack) Referred(r Resource, propertyName, typ string) []Resource {
	var found []Resource
	for _, urn := range r.PropertyDependencies[propertyName] {
		if i, ok := s.byURN[urn]; ok && s.resources[i].Type == typ {
			found = append(found, s.resources[i])
		}
	}
	return found
}

// Refers reports whether a property of r refers to the target: it was made from the target, or its known value
// contains one of the target's names (id, arn, name, bucket).
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

// Pointing returns the resources of a type whose property refers to the target.
func (s Stack) Pointing(typ, propertyName string, target Resource) []Resource {
	var found []Resource
	for _, r := range s.OfType(typ) {
		if s.Refers(r, propertyName, target) {
			found = append(found, r)
		}
	}
	return found
}

// WaitsFor reports whether r depends on the target, directly or through other resources.
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

// before returns the URNs that r directly depends on.
func (s Stack) before(r Resource) []string {
	all := slices.Clone(r.Dependencies)
	for _, urns := range r.PropertyDependencies {
		all = append(all, urns...)
	}
	return all
}

// AWS reports whether the AWS provider makes the resource.
func (r Resource) AWS() bool { return strings.HasPrefix(r.Type, "aws:") }

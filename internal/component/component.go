// Package component is what the constructors of all components have in common.
//
// Each is the same five steps: fill in the defaults, check, register, provision, register the outputs. A component says
// what is particular to it; the order, and the words of an error, are here.
package component

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Kind is a component as the program that uses it writes it: stream.ChangeStream.
type Kind string

// Token is the type of the component's resource in a stack: cdcpipeline:stream:ChangeStream.
func (k Kind) Token() string { return "cdcpipeline:" + strings.ReplaceAll(string(k), ".", ":") }

// Args copies the arguments of a constructor, so that it can fill in defaults and leave the caller's as they are.
func Args[A any](k Kind, args *A) (*A, error) {
	if args == nil {
		return nil, fmt.Errorf("%s needs args: pass at least &%sArgs{}", k, k)
	}
	copied := *args
	return &copied, nil
}

// Given says of each argument that has no default whether the caller gave it.
type Given map[string]bool

// Required names every argument that is missing, each in an error of its own.
func Required(given Given) error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !given[name] {
			problems = append(problems, fmt.Errorf("%s: is missing", name))
		}
	}
	return errors.Join(problems...)
}

// Check is every problem with the arguments in one error, and nil when there is none.
func (k Kind) Check(problems ...error) error {
	if err := errors.Join(problems...); err != nil {
		return &CheckError{Kind: k, Problems: err}
	}
	return nil
}

// CheckError is what is wrong with the arguments of a component.
type CheckError struct {
	Kind Kind
	// Problems are joined, each a line that begins with what it is about.
	Problems error
}

func (e *CheckError) Error() string {
	return fmt.Sprintf("checking the arguments of %s: %v", e.Kind, e.Problems)
}

func (e *CheckError) Unwrap() error { return e.Problems }

// Steps are what follows the check.
type Steps struct {
	// Inputs show in the stack what the component was asked for.
	Inputs pulumi.Map
	// Provision makes the component's resources, and sets the fields that callers read.
	Provision func() error
	// Outputs show in the stack what the component gives; called after Provision.
	Outputs func() pulumi.Map
}

// Make registers the component c, provisions it and registers its outputs.
func Make[C pulumi.ComponentResource](ctx *pulumi.Context, k Kind, name string, c C, steps Steps, opts ...pulumi.ResourceOption) (C, error) {
	var none C
	if err := ctx.RegisterComponentResourceV2(k.Token(), name, steps.Inputs, c, opts...); err != nil {
		return none, fmt.Errorf("registering %s %s: %w", k, name, err)
	}
	if err := steps.Provision(); err != nil {
		return none, err
	}
	if err := ctx.RegisterResourceOutputs(c, steps.Outputs()); err != nil {
		return none, fmt.Errorf("registering the outputs of %s %s: %w", k, name, err)
	}
	return c, nil
}

// Package component holds the code that the constructors of all components share.
//
// Each constructor has the same five steps: fill in the defaults, check, register, provision, register the outputs. A
// component supplies the details; the order and the wording of errors are here.
package component

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Kind is a component's name in a Go program: stream.ChangeStream.
type Kind string

// Token is the type of the component's resource in a stack: cdcpipeline:stream:ChangeStream.
func (k Kind) Token() string { return "cdcpipeline:" + strings.ReplaceAll(string(k), ".", ":") }

// Args copies a constructor's arguments. So it can fill in defaults without changing the caller's value.
func Args[A any](k Kind, args *A) (*A, error) {
	if args == nil {
		return nil, fmt.Errorf("%s needs args: pass at least &%sArgs{}", k, k)
	}
	copied := *args
	return &copied, nil
}

// Given reports, for each required argument, whether the caller set it.
type Given map[string]bool

// Required reports every missing argument, each in its own error.
func Required(given Given) error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !given[name] {
			problems = append(problems, fmt.Errorf("%s: is missing", name))
		}
	}
	return errors.Join(problems...)
}

// Check returns all problems with the arguments in one error, or nil.
func (k Kind) Check(problems ...error) error {
	if err := errors.Join(problems...); err != nil {
		return &CheckError{Kind: k, Problems: err}
	}
	return nil
}

// CheckError holds the problems with a component's arguments.
type CheckError struct {
	Kind Kind
	// Problems are joined. Each is a line that begins with the argument.
	Problems error
}

func (e *CheckError) Error() string {
	return fmt.Sprintf("checking the arguments of %s: %v", e.Kind, e.Problems)
}

func (e *CheckError) Unwrap() error { return e.Problems }

// Steps are the steps after the check.
type Steps struct {
	// Inputs are the arguments that the stack shows.
	Inputs pulumi.Map
	// Provision makes the component's resources and sets the fields that callers read.
	Provision func() error
	// Outputs are the results that the stack shows. Called after Provision.
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

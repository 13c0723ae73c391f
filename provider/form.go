package provider

import (
	"cdcpipeline/internal/component"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	sdk "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
)

// form describes a component to all languages.
type form struct {
	kind component.Kind
	// component is the component's type; inputs and giving are structs. Their fields with the tag pulumi:"name" are its inputs and outputs. Fields
	// without the tag exist only in Go.
	component      reflect.Type
	inputs, giving []reflect.Type
	// make makes the component from correct inputs and returns structs with its outputs.
	make func(ctx *pulumi.Context, name string, inputs sdk.ConstructInputs, opts []pulumi.ResourceOption) (pulumi.ComponentResource, []any, error)
	// validate checks the values of inputs that have the right types. If it is nil, the embedded sections check them.
	validate func(inputs sdk.ConstructInputs) ([]problem, error)
	// held checks inputs that depend on each other. It is nil if none do.
	held func(inputs sdk.ConstructInputs) ([]problem, error)
	// settled sets the component's own defaults, before those of the environment. It is nil without any.
	settled func(args any)
}

// constructor is the signature of a component's constructor.
type constructor[A any, C pulumi.ComponentResource] func(*pulumi.Context, string, *A, ...pulumi.ResourceOption) (C, error)

// of returns the form of a component whose arguments and outputs are the same in all languages.
func of[A any, C pulumi.ComponentResource](kind component.Kind, construct constructor[A, C]) form {
	return taking(kind, func(ctx *pulumi.Context, name string, args *A, _ *struct{}, opts ...pulumi.ResourceOption) (C, error) {
		return construct(ctx, name, args, opts...)
	})
}

// taking returns the form of a component with more inputs than the tagged arguments. These replace arguments that only Go has.
func taking[A, M any, C pulumi.ComponentResource](
	kind component.Kind, construct func(*pulumi.Context, string, *A, *M, ...pulumi.ResourceOption) (C, error),
) form {
	read := func(inputs sdk.ConstructInputs) (*A, *M, error) {
		args, more := new(A), new(M)
		if err := errors.Join(copyTo(inputs, args), copyTo(inputs, more)); err != nil {
			return nil, nil, fmt.Errorf("reading the inputs of %s: %w", kind, err)
		}
		return args, more, nil
	}
	f := form{
		kind: kind, component: reflect.TypeFor[C]().Elem(), giving: []reflect.Type{reflect.TypeFor[C]().Elem()},
		inputs: []reflect.Type{reflect.TypeFor[A](), reflect.TypeFor[M]()},
		make: func(ctx *pulumi.Context, name string, inputs sdk.ConstructInputs, opts []pulumi.ResourceOption) (pulumi.ComponentResource, []any, error) {
			args, more, err := read(inputs)
			if err != nil {
				return nil, nil, err
			}
			if err := startAfter(args, opts); err != nil {
				return nil, nil, err
			}
			made, err := construct(ctx, name, args, more, opts...)
			if err != nil {
				return nil, nil, err
			}
			return made, []any{made}, nil
		},
	}
	if _, ok := any(new(M)).(holder[A]); ok {
		f.held = func(inputs sdk.ConstructInputs) ([]problem, error) {
			args, more, err := read(inputs)
			if err != nil {
				return nil, err
			}
			return any(more).(holder[A]).hold(args), nil
		}
	}
	return f
}

// holder checks inputs that depend on each other.
type holder[A any] interface{ hold(args *A) []problem }

// copyTo reads inputs into a struct and into its embedded structs, which Pulumi's SDK omits.
func copyTo(inputs sdk.ConstructInputs, into any) error {
	if err := inputs.CopyTo(into); err != nil {
		return err //nolint:wrapcheck // wrapped by the caller
	}
	all := reflect.ValueOf(into).Elem()
	for i := range all.NumField() {
		if embedded(all.Type().Field(i)) {
			if err := copyTo(inputs, all.Field(i).Addr().Interface()); err != nil {
				return err
			}
		}
	}
	return nil
}

// giving adds outputs that are not fields of the component.
func giving[C pulumi.ComponentResource, O any](f form, outputs func(C) O) form {
	makeComponent := f.make
	f.giving = append(slices.Clone(f.giving), reflect.TypeFor[O]())
	f.make = func(ctx *pulumi.Context, name string, inputs sdk.ConstructInputs, opts []pulumi.ResourceOption) (pulumi.ComponentResource, []any, error) {
		made, values, err := makeComponent(ctx, name, inputs, opts)
		if err != nil {
			return nil, nil, err
		}
		return made, append(values, outputs(made.(C))), nil
	}
	return f
}

// settling adds defaults that take precedence over those of the environment.
func settling[A any](f form, settle func(*A)) form {
	f.settled = func(args any) { settle(args.(*A)) }
	return f
}

// startAfter makes the component's first resources wait for the resources of the option dependsOn. The engine does not pass a component's
// dependencies on to its children, and only Go has the argument that does.
func startAfter(args any, opts []pulumi.ResourceOption) error {
	after, err := dependsOn(opts)
	for _, name := range []string{"StartAfter", "DependsOn", "ReachedAfter"} {
		if field := reflect.ValueOf(args).Elem().FieldByName(name); field.IsValid() {
			field.Set(reflect.ValueOf(after))
		}
	}
	return err
}

// dependsOn returns the resources that the option names.
func dependsOn(opts []pulumi.ResourceOption) ([]pulumi.Resource, error) {
	given, err := pulumi.NewResourceOptions(opts...)
	if err != nil {
		return nil, fmt.Errorf("reading the resource options: %w", err)
	}
	return given.DependsOn, nil
}

// construct makes the component, unless its inputs have problems.
func (f form) construct(
	ctx *pulumi.Context, name string, inputs sdk.ConstructInputs, opt pulumi.ResourceOption, problems []problem,
) (*sdk.ConstructResult, error) {
	if err := f.refuses(inputs, problems); err != nil {
		return nil, err
	}
	made, outputs, err := f.make(ctx, name, inputs, []pulumi.ResourceOption{opt})
	if err != nil {
		return nil, f.inTheLanguage(err)
	}
	state := pulumi.Map{}
	for _, o := range outputs {
		if given, ok := o.(pulumi.Map); ok {
			maps.Copy(state, given)
			continue
		}
		addOutputs(state, reflect.Indirect(reflect.ValueOf(o)))
	}
	return &sdk.ConstructResult{URN: made.URN(), State: state}, nil
}

// refuses returns an error with all problems of the inputs: those found already, and those that the form's own checks find.
func (f form) refuses(inputs sdk.ConstructInputs, problems []problem) error {
	if f.held != nil {
		more, err := f.held(inputs)
		if err != nil {
			return err
		}
		for _, p := range more {
			if !slices.ContainsFunc(problems, func(said problem) bool { return said.path == p.path }) {
				problems = append(problems, p)
			}
		}
	}
	if len(problems) == 0 {
		return nil
	}
	validate := f.validate
	if validate == nil {
		validate = f.validateSections
	}
	more, err := validate(inputs)
	if err != nil {
		return err
	}
	return refuse(f.kind, append(problems, more...))
}

// addOutputs adds the tagged fields of a struct and of the structs embedded in it without a tag.
func addOutputs(state pulumi.Map, from reflect.Value) {
	for i := range from.NumField() {
		field := from.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("pulumi"), ",")
		switch value := from.Field(i); {
		case embedded(field):
			addOutputs(state, value)
		case name == "":
		case unset(value):
		default:
			state[name] = pulumi.ToOutput(value.Interface())
		}
	}
}

// embedded reports whether the fields of this field count as fields of the outer struct.
func embedded(f reflect.StructField) bool {
	return f.Anonymous && f.Type.Kind() == reflect.Struct && f.Tag.Get("pulumi") == "" && f.Type != reflect.TypeFor[pulumi.ResourceState]()
}

// unset reports whether the component did not set this output.
func unset(value reflect.Value) bool {
	if value.Kind() != reflect.Struct {
		return value.Kind() == reflect.Interface && value.IsNil()
	}
	state := value.FieldByName("OutputState")
	return state.IsValid() && state.IsNil()
}

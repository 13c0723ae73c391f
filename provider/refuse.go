package provider

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/component"
	"errors"
	"fmt"
	"reflect"
	"strings"

	sdkerrors "github.com/pulumi/pulumi/sdk/v3/go/pulumi/errors"
	sdk "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
)

// refuse returns an error that lets the engine show each problem beside its input.
func refuse(kind component.Kind, problems []problem) error {
	details := make([]sdkerrors.InputPropertyErrorDetails, len(problems))
	for i, p := range problems {
		details[i] = sdkerrors.InputPropertyErrorDetails{PropertyPath: p.path, Reason: p.reason}
	}
	return &sdkerrors.InputPropertiesError{Message: "the inputs of " + kind.Token(), Errors: details}
}

// validateSections checks the values of each section of the configuration. The component checks them too, but it is not made while other inputs are
// wrong. So the user sees all problems at once.
func (f form) validateSections(inputs sdk.ConstructInputs) ([]problem, error) {
	args := reflect.New(f.inputs[0])
	if err := copyTo(inputs, args.Interface()); err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", f.kind, err)
	}
	if f.settled != nil {
		f.settled(args.Interface())
	}
	environment := config.Dev
	if given := args.Elem().FieldByName("Environment"); given.IsValid() {
		environment = given.Interface().(config.Environment).WithDefault()
	}
	var problems []problem
	for i := range f.inputs[0].NumField() {
		if field := f.inputs[0].Field(i); field.Anonymous {
			problems = append(problems, problemsOf(validate(args.Elem().Field(i), environment))...)
		}
	}
	return problems, nil
}

// validate checks a section with its defaults filled in.
func validate(section reflect.Value, environment config.Environment) error {
	if defaults := section.MethodByName("WithDefaults"); defaults.IsValid() {
		section = defaults.Call([]reflect.Value{reflect.ValueOf(environment)})[0]
	}
	if checked, ok := section.Interface().(interface{ Validate() error }); ok {
		return checked.Validate()
	}
	return nil
}

// problemsOf splits an error that has one problem per line, each beginning with its key.
func problemsOf(err error) []problem {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // of this error, and not of one that it wraps
		var all []problem
		for _, one := range joined.Unwrap() {
			all = append(all, problemsOf(one)...)
		}
		return all
	}
	key, reason, found := strings.Cut(err.Error(), ": ")
	if !found {
		return []problem{{"", err.Error()}}
	}
	return []problem{{key, reason}}
}

// inTheLanguage renames the inputs in a component's own check to the names of all languages. Other errors stay as they are.
func (f form) inTheLanguage(err error) error {
	checked := (*component.CheckError)(nil)
	if !errors.As(err, &checked) {
		return err
	}
	problems := problemsOf(checked.Problems)
	for i, p := range problems {
		if field, ok := f.inputs[0].FieldByName(p.path); ok && field.Tag.Get("pulumi") != "" {
			problems[i].path, _, _ = strings.Cut(field.Tag.Get("pulumi"), ",")
		}
	}
	return refuse(f.kind, problems)
}

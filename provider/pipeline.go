package provider

import (
	"cdcpipeline/components/pipeline"
	"cdcpipeline/config"
	"cdcpipeline/internal/outputs"
	"cdcpipeline/program"
	"fmt"
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	sdk "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
)

// FunctionCodes are the zips of the functions, for functions.architecture. Default of each: the one that is released with this provider.
type FunctionCodes struct {
	// Bootstrap prepares and checks the databases.
	Bootstrap pulumi.Archive `pulumi:"bootstrap,optional"`
	// Rotation rotates passwords; not needed when source.rotationDays is 0.
	Rotation pulumi.Archive `pulumi:"rotation,optional"`
	// CurrentState keeps rows as they are; not needed when search.current.enabled is false.
	CurrentState pulumi.Archive `pulumi:"currentState,optional"`
	// Canary changes a row and looks for it; not needed when no source has one.
	Canary pulumi.Archive `pulumi:"canary,optional"`
}

// PipelineCode is what a pipeline takes besides the configuration.
type PipelineCode struct {
	// Code of the functions. Default: what is released with this provider.
	Code FunctionCodes `pulumi:"code,optional"`
}

// given is the code of a function, nil when it is the release's.
func (c FunctionCodes) given(name string) pulumi.Archive {
	return map[string]pulumi.Archive{"bootstrap": c.Bootstrap, "rotation": c.Rotation, "currentstate": c.CurrentState, "canary": c.Canary}[name]
}

// PipelineOutputs are those of the stack, by the same names.
type PipelineOutputs = outputs.Set[pulumi.StringOutput, pulumi.IntOutput, pulumi.StringArrayOutput, pulumi.StringMapOutput]

// pipelineForm is the stack program as a component: what the program reads from the stack's configuration are its inputs, and what the stack gives are its
// outputs. The plugin opens the way to what is searched, which closes with the plugin when the engine is done; and it ends when the tasks run.
var pipelineForm = form{
	kind: "pipeline.Pipeline", component: reflect.TypeFor[pipeline.Pipeline](),
	inputs: []reflect.Type{reflect.TypeFor[config.Config](), reflect.TypeFor[PipelineCode]()}, giving: []reflect.Type{reflect.TypeFor[PipelineOutputs]()},
	make: func(ctx *pulumi.Context, name string, inputs sdk.ConstructInputs, opts []pulumi.ResourceOption) (pulumi.ComponentResource, []any, error) {
		cfg, err := readConfig(inputs, ctx.Stack())
		if err != nil {
			return nil, nil, err
		}
		if problems := problemsOf(cfg.Validate()); len(problems) > 0 {
			return nil, nil, refuse("pipeline.Pipeline", problems)
		}
		var more PipelineCode
		if err := inputs.CopyTo(&more); err != nil {
			return nil, nil, fmt.Errorf("reading the code of the functions: %w", err)
		}
		d, err := program.Make(ctx, name, cfg, func(function string) (pulumi.Archive, error) {
			return functionCode(more.Code.given(function), function, cfg.Functions)
		}, opts...)
		if err != nil {
			return nil, nil, err
		}
		given, err := d.Outputs(ctx)
		if err != nil {
			return nil, nil, err
		}
		return d, []any{given}, d.TaskRuns(ctx)
	},
	validate: func(inputs sdk.ConstructInputs) ([]problem, error) {
		cfg, err := readConfig(inputs, config.DefaultStack)
		return problemsOf(cfg.Validate()), err
	},
}

// readConfig is the configuration that the inputs are, complete, with the names that a stack's resources have.
func readConfig(inputs sdk.ConstructInputs, stack string) (config.Config, error) {
	var cfg config.Config
	// Pulumi's SDK leaves out what is embedded in a struct: what a named source has of any source.
	var named struct {
		Sources map[string]config.Source `pulumi:"sources"`
	}
	for _, into := range []any{&cfg, &named} {
		if err := inputs.CopyTo(into); err != nil {
			return cfg, fmt.Errorf("reading the configuration: %w", err)
		}
	}
	for name, of := range named.Sources {
		source := cfg.Sources[name]
		source.Source = of
		cfg.Sources[name] = source
	}
	return cfg.Named(stack).WithDefaults(), nil
}

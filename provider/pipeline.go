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

// FunctionCodes are the zips of the functions, compiled for functions.architecture. Default of each: the zip that is released with the plugin.
type FunctionCodes struct {
	// Bootstrap prepares and checks the databases.
	Bootstrap pulumi.Archive `pulumi:"bootstrap,optional"`
	// Rotation rotates passwords. Not needed if source.rotationDays is 0.
	Rotation pulumi.Archive `pulumi:"rotation,optional"`
	// CurrentState writes present rows. Not needed if search.current.enabled is false.
	CurrentState pulumi.Archive `pulumi:"currentState,optional"`
	// Canary changes a row and looks for the change. Not needed if no source has a canary.
	Canary pulumi.Archive `pulumi:"canary,optional"`
}

// PipelineCode are the inputs of a pipeline besides the configuration.
type PipelineCode struct {
	// Code holds the zips of the functions. Default: the zips that are released with the plugin.
	Code FunctionCodes `pulumi:"code,optional"`
}

// given returns the code of a function, nil for the release's own.
func (c FunctionCodes) given(name string) pulumi.Archive {
	return map[string]pulumi.Archive{"bootstrap": c.Bootstrap, "rotation": c.Rotation, "currentstate": c.CurrentState, "canary": c.Canary}[name]
}

// PipelineOutputs are the outputs of the stack, with the same names.
type PipelineOutputs = outputs.Set[pulumi.StringOutput, pulumi.IntOutput, pulumi.StringArrayOutput, pulumi.StringMapOutput]

// pipelineForm is the stack program as a component. Its inputs are the stack's configuration, its outputs those of the stack. The plugin opens the
// tunnel to the search destination, which closes when the engine stops the plugin. The component is done when the tasks run.
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

// readConfig returns the configuration from the inputs, with its defaults and the names of a stack's resources.
func readConfig(inputs sdk.ConstructInputs, stack string) (config.Config, error) {
	var cfg config.Config
	// Pulumi's SDK omits embedded structs, such as the settings that a named source shares with any source.
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

// Package program is the Pulumi program: it turns the stack's configuration into a pipeline and writes the stack's outputs.
//
// It does what components must not: it reads files, compiles the functions, opens the way to the domain or the collections, and asks DMS.
package program

import (
	"cdcpipeline/components/pipeline"
	"cdcpipeline/components/source"
	"cdcpipeline/config"
	"cdcpipeline/internal/footprint"
	"cdcpipeline/internal/lambdabuild"
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Deploy is the Pulumi program: configuration in, pipeline and stack outputs out.
// All problems of the configuration come back together, before the first resource.
// It ends when the replication task runs, and fails when the task does not.
func Deploy(ctx *pulumi.Context) error {
	d, err := FromConfig(ctx)
	if err != nil {
		return err
	}
	return d.TaskRuns(ctx)
}

// Deployment is a pipeline whose replication task is being started.
type Deployment struct {
	*pipeline.Pipeline

	running pulumi.StringOutput
}

// FromConfig is Deploy for a program that goes on building upon the pipeline. Such a program calls TaskRuns when all of its
// own resources are declared.
func FromConfig(ctx *pulumi.Context) (*Deployment, error) {
	cfg, err := config.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	bundle := source.RDSCertificates()
	if cfg.Source.CaFile != "" {
		pem, err := os.ReadFile(cfg.Source.CaFile)
		if err != nil {
			return nil, fmt.Errorf("source.caFile: %w", err)
		}
		bundle = string(pem)
	}
	root, err := os.Getwd() // the project's root; the engine, which reads the zip, may be elsewhere
	if err != nil {
		return nil, fmt.Errorf("finding the project's root: %w", err)
	}
	compile := func(name string, needed bool) (pulumi.Archive, error) {
		if !needed {
			return nil, nil
		}
		zip, err := lambdabuild.Build(ctx.Context(), root, name, cfg.Functions.Architecture)
		if err != nil {
			return nil, fmt.Errorf("compiling the functions: %w", err)
		}
		return pulumi.NewFileArchive(zip), nil
	}
	settings, err := awsSettings(ctx)
	if err != nil {
		return nil, err
	}
	args := &pipeline.Args{Config: cfg, CaBundle: bundle, Remove: removeInside(cfg.WithDefaults().Search), StopTask: stopByDMS(settings), Check: func() error { return compare(ctx, cfg.WithDefaults()) }}
	if args.BootstrapCode, err = compile("bootstrap", true); err != nil {
		return nil, err
	}
	if args.RotationCode, err = compile("rotation", cfg.Source.Rotates()); err != nil {
		return nil, err
	}
	if args.CurrentStateCode, err = compile("currentstate", cfg.Search.Current.On()); err != nil {
		return nil, err
	}
	way, err := openTunnel(ctx, cfg.Search)
	if err != nil {
		return nil, err
	}
	door, err := openDoorway(ctx, cfg.Search)
	if err != nil {
		return nil, err
	}
	args.Gateway = door.url()
	p, err := pipeline.New(ctx, footprint.Pipeline, args)
	if err != nil {
		return nil, err
	}
	lead(way, p)
	door.lead(ctx, p)
	d := &Deployment{Pipeline: p, running: runTask(ctx, p, keepByDMS(settings))}
	return d, export(ctx, d, cfg, askDMS(settings))
}

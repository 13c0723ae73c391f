// Package program is the Pulumi program: it turns the stack's configuration into a pipeline and writes the stack's outputs.
//
// It does what components must not: it reads files, compiles the functions, opens the way to the domain or the collections, and asks DMS.
package program

import (
	"cdcpipeline/components/bastion"
	"cdcpipeline/components/pipeline"
	"cdcpipeline/components/source"
	"cdcpipeline/config"
	"cdcpipeline/internal/footprint"
	"cdcpipeline/internal/lambdabuild"
	"fmt"
	"os"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Deploy is the Pulumi program: configuration in, pipeline and stack outputs out.
// All problems of the configuration come back together, before the first resource.
// It ends when the replication task of each source runs, and fails when one does not.
func Deploy(ctx *pulumi.Context) error {
	d, err := FromConfig(ctx)
	if err != nil {
		return err
	}
	return d.TaskRuns(ctx)
}

// Deployment is a pipeline whose replication tasks are being started.
type Deployment struct {
	*pipeline.Pipeline

	// running says of each feed why its task does not run; see [runTask].
	running []pulumi.StringOutput
}

// readBundles are the certificates of the sources that have a file of them, by the sources' names.
func readBundles(feeds []config.Feed) (map[string]string, error) {
	bundles := map[string]string{}
	for _, f := range feeds {
		if f.Source.CaFile == "" {
			bundles[f.Name] = source.RDSCertificates()
			continue
		}
		pem, err := os.ReadFile(f.Source.CaFile)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Key("source.caFile"), err)
		}
		bundles[f.Name] = string(pem)
	}
	return bundles, nil
}

// FromConfig is Deploy for a program that goes on building upon the pipeline. Such a program calls TaskRuns when all of its
// own resources are declared.
func FromConfig(ctx *pulumi.Context) (*Deployment, error) {
	cfg, err := config.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	for _, warning := range cfg.Warnings() {
		_ = ctx.Log.Warn(warning, nil)
	}
	bundles, err := readBundles(cfg.Feeds())
	if err != nil {
		return nil, err
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
	args := &pipeline.Args{Config: cfg, CaBundles: bundles, Remove: removeInside(cfg.WithDefaults().Search), StopTask: stopByDMS(settings), Check: func() error { return compare(ctx, cfg.WithDefaults()) }}
	if args.Code.Bootstrap, err = compile("bootstrap", true); err != nil {
		return nil, err
	}
	rotates := slices.ContainsFunc(cfg.Feeds(), func(f config.Feed) bool { return f.Source.Rotates() })
	if args.Code.Rotation, err = compile("rotation", rotates); err != nil {
		return nil, err
	}
	if args.Code.CurrentState, err = compile("currentstate", cfg.Search.Current.On()); err != nil {
		return nil, err
	}
	watched := slices.ContainsFunc(cfg.WithDefaults().Feeds(), func(f config.Feed) bool { return f.Canary })
	if args.Code.Canary, err = compile("canary", watched); err != nil {
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
	args.Lead = func(through *bastion.Bastion, to *pipeline.Place) {
		lead(way, through, to.Domain)
		door.lead(ctx, through, to.Collections)
	}
	p, err := pipeline.New(ctx, footprint.Pipeline, args)
	if err != nil {
		return nil, err
	}
	d := &Deployment{Pipeline: p}
	for _, f := range p.Feeds {
		d.running = append(d.running, runTask(ctx, f, keepByDMS(settings)))
	}
	return d, export(ctx, d, cfg, askDMS(settings))
}

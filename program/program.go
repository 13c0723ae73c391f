// Package program is the Pulumi program. It turns the stack's configuration into a pipeline and writes the stack's
// outputs.
//
// It does what components must not do: it reads files, compiles the functions, opens the connection to the domain or
// the collections, and calls DMS.
package program

import (
	"cdcpipeline/components/bastion"
	"cdcpipeline/components/feed"
	"cdcpipeline/components/pipeline"
	"cdcpipeline/components/source"
	"cdcpipeline/config"
	"cdcpipeline/internal/footprint"
	"cdcpipeline/internal/lambdabuild"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Deploy is the Pulumi program: configuration in, pipeline and stack outputs out. It reports all problems of the
// configuration together, before the first resource. It ends when the replication task of each source runs, and fails
// when one does not.
func Deploy(ctx *pulumi.Context) error {
	d, err := FromConfig(ctx)
	if err != nil {
		return err
	}
	return d.TaskRuns(ctx)
}

// Deployment is a pipeline whose replication tasks are starting.
type Deployment struct {
	*pipeline.Pipeline

	// running holds, for each feed, the reason why its task does not run; see [runTask].
	running []pulumi.StringOutput
	// cfg has all defaults filled in; unloaded finds the tables that a task never loaded.
	cfg      config.Config
	unloaded unloadedTables
}

// readBundles reads the certificate files of the sources that have one, by the sources' names.
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

// FromConfig is Deploy for a program that builds upon the pipeline. Such a program calls TaskRuns after it has
// declared all of its own resources.
func FromConfig(ctx *pulumi.Context) (*Deployment, error) {
	cfg, err := config.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	root, err := os.Getwd() // the project's root; the engine, which reads the zip, may run elsewhere
	if err != nil {
		return nil, fmt.Errorf("finding the project's root: %w", err)
	}
	sources := sync.OnceValues(func() (*lambdabuild.Sources, error) {
		return lambdabuild.Read(ctx.Context(), root, cfg.Functions.Architecture, needed(cfg)...)
	})
	d, err := Make(ctx, footprint.Pipeline, cfg, func(name string) (pulumi.Archive, error) {
		all, err := sources()
		if err != nil {
			return nil, fmt.Errorf("compiling the functions: %w", err)
		}
		zip, err := all.Build(ctx.Context(), name)
		if err != nil {
			return nil, fmt.Errorf("compiling the functions: %w", err)
		}
		return pulumi.NewFileArchive(zip), nil
	})
	if err != nil {
		return nil, err
	}
	return d, d.export(ctx)
}

// Make makes a configuration's pipeline, opens the connection to the search destination and starts the replication
// tasks. Code returns a function's zip by name, for the architecture in the configuration. The connection lasts as
// long as the process.
func Make(ctx *pulumi.Context, name string, cfg config.Config, code func(name string) (pulumi.Archive, error), opts ...pulumi.ResourceOption) (*Deployment, error) {
	for _, warning := range cfg.Warnings() {
		_ = ctx.Log.Warn(warning, nil)
	}
	bundles, err := readBundles(cfg.Feeds())
	if err != nil {
		return nil, err
	}
	settings, err := awsSettings(ctx)
	if err != nil {
		return nil, err
	}
	args := &pipeline.Args{Config: cfg, CaBundles: bundles, Remove: RemoveInside(cfg.WithDefaults().Search), StopTask: stopByDMS(settings), Check: func() error { return compare(ctx, cfg.WithDefaults()) }}
	if args.Code, err = functions(cfg, code); err != nil {
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
	p, err := pipeline.New(ctx, name, args, opts...)
	if err != nil {
		return nil, err
	}
	d := &Deployment{Pipeline: p, cfg: cfg.WithDefaults(), unloaded: askDMS(settings)}
	for _, f := range p.Feeds {
		d.running = append(d.running, runTask(ctx, f, keepByDMS(settings)))
	}
	return d, nil
}

// zips are the functions by name, with whether the configuration needs them and where their zips go.
func zips(cfg config.Config, all *feed.Code) []struct {
	name   string
	needed bool
	into   *pulumi.Archive
} {
	return []struct {
		name   string
		needed bool
		into   *pulumi.Archive
	}{
		{"bootstrap", true, &all.Bootstrap},
		{"rotation", slices.ContainsFunc(cfg.Feeds(), func(f config.Feed) bool { return f.Source.Rotates() }), &all.Rotation},
		{"currentstate", cfg.Search.Current.On(), &all.CurrentState},
		{"canary", slices.ContainsFunc(cfg.WithDefaults().Feeds(), func(f config.Feed) bool { return f.Canary }), &all.Canary},
	}
}

// needed are the names of the functions that the configuration needs.
func needed(cfg config.Config) (names []string) {
	for _, f := range zips(cfg, &feed.Code{}) {
		if f.needed {
			names = append(names, f.name)
		}
	}
	return names
}

// functions are the zips that the configuration needs.
func functions(cfg config.Config, code func(name string) (pulumi.Archive, error)) (feed.Code, error) {
	var all feed.Code
	for _, f := range zips(cfg, &all) {
		if !f.needed {
			continue
		}
		var err error
		if *f.into, err = code(f.name); err != nil {
			return all, err
		}
	}
	return all, nil
}

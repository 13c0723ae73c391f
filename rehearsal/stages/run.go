// Package stages is what a rehearsal does, stage by stage: each stage is a function of a [Run]. Stages are put together
// to parts, which stand alone: each begins with nothing deployed.
package stages

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/lambdabuild"
	"cdcpipeline/program"
	"cdcpipeline/rehearsal/engine"
	"cdcpipeline/rehearsal/engine/schema"
	"cdcpipeline/rehearsal/engine/stack"
	"cdcpipeline/rehearsal/machine"
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/report/progress"
	"cdcpipeline/rehearsal/stages/tool"
	"cdcpipeline/rehearsal/standins/controlplane"
	"cdcpipeline/rehearsal/stores"
	"cdcpipeline/rehearsal/world"
	"cdcpipeline/rehearsal/world/inventory"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"golang.org/x/sync/errgroup"
)

const (
	// loaded rows are in the tables before the task starts; they arrive as its full load.
	loaded = 1000
	// minimum is what a successful rehearsal has to carry.
	minimum = 10000
)

// tables are those of the rehearsal's stack file.
var tables = []string{"testdb.retail_trans", "shop.ledger"}

// Run is one run of a part: what several of its stages share.
type Run struct {
	// Project is the project's root, Cache the folder of downloads and results.
	Project, Cache string
	// Count is how many row changes the stage rows makes.
	Count int
	Log   *progress.Log
	// commit that is run; empty where there is no git.
	commit string
	// chosen are the names of the faults to run; none for all that are left.
	chosen []string
	Report *report.Report

	// Engine, Tool and Pack are compiled by the first stage.
	Engine engine.Engine
	Tool   *tool.Tool
	Pack   stack.Pack
	// World is started by the second stage.
	World *world.World
	// Stack is the one that stages work on, made by the first that needs it; Outputs are those of its last deployment.
	Stack   *stack.Stack
	Outputs map[string]any

	// program is what the rehearsal's stack runs: the project's own, unless a stage puts another in its place.
	program pulumi.RunFunc
	// before is what the account held before the first deployment.
	before []string
	// rounds of rows written by rowsReach and the like; each has a seed of its own.
	rounds int
	// tunnelPort is held for this run; the program listens there for the domain.
	tunnelPort int
	// gatewayPort is the same for collections.
	gatewayPort int
	// timeline is what this run did, and when.
	timeline *report.Timeline
	// passages are what has passed the hops of the world.
	passages *passages
	// alarms are what is known of the stack's.
	alarms *watched
	// onFunction runs after a function has succeeded, where a stage wants it.
	onFunction func(name string)
	// sources are those of the stack, the unnamed one first; source is the one that a stage works on.
	sources []*origin
	source  *origin
}

func newRun(o Options) (*Run, error) {
	r := &Run{
		Project: o.Project, Cache: filepath.Join(o.Project, ".cache"), Count: o.Count, chosen: o.Faults, passages: newPassages(), timeline: &report.Timeline{Began: time.Now().UTC().Round(time.Second / 10)}, alarms: &watched{}, program: program.Deploy,
		Report: &report.Report{Machine: machine.Describe(), Date: time.Now().UTC().Format(time.DateOnly), Versions: versions()},
	}
	usual, err := progress.Remembered(r.results("durations.json"))
	r.Log = progress.New(os.Stderr, usual)
	return r, err
}

// results is a file or folder in which a rehearsal keeps what it has found.
func (r *Run) results(name string) string { return filepath.Join(r.Cache, "rehearsal", name) }

// Prepare makes ready what is kept in the cache: the engine with its plugins, the functions, the operator's tool and the
// policy pack are compiled, and meanwhile the servers are downloaded. The engine takes longest; much of that time it uses
// one core, or none.
func Prepare(ctx context.Context, r *Run) error {
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() (err error) { r.Engine, err = provideEngine(inner, r); return err })
	group.Go(func() error { return compile(inner, r) })
	group.Go(func() error { return stores.Fetch(inner, r.Cache, func(what string) { r.Log.Detail("%s", what) }) })
	return group.Wait() //nolint:wrapcheck // each says what it was doing
}

// compile compiles what is the project's own. The first previews want the functions for Lambda's default architecture,
// the deployment wants them for this machine's.
func compile(ctx context.Context, r *Run) (err error) {
	r.Log.Detail("compile the functions")
	for _, arch := range []config.Architecture{config.ARM64, config.Architecture(architecture())} {
		for _, name := range []string{"bootstrap", "rotation", "currentstate", "canary"} {
			if _, err := lambdabuild.Build(ctx, r.Project, name, arch); err != nil {
				return fmt.Errorf("making the functions ready: %w", err)
			}
		}
	}
	r.Log.Detail("compile cdc")
	r.Tool = &tool.Tool{Binary: filepath.Join(r.Cache, "bin", "cdc"), Sessions: r.results("sessions"), Log: r.Log}
	if err := tool.Compile(ctx, r.Tool.Binary); err != nil {
		return err
	}
	r.Log.Detail("compile the policy pack")
	r.Pack, err = compilePack(ctx, r.Project, r.Cache)
	return err
}

// provideEngine takes the engine on PATH when ENGINE=installed asks for it, else it compiles one.
func provideEngine(ctx context.Context, r *Run) (engine.Engine, error) {
	switch wish := os.Getenv("ENGINE"); wish {
	case "":
	case "installed":
		return installedEngine(ctx, r)
	default:
		return engine.Engine{}, fmt.Errorf("ENGINE=%s is not known: it may be installed, for the Pulumi CLI on PATH, or not set", wish)
	}
	e, err := compileEngine(ctx, r.Project, r.Cache, r.Log)
	if err != nil {
		return e, err
	}
	if e.Cached {
		r.Log.Detail("the engine is taken from the cache")
	}
	r.Report.Engine = report.Engine{CLI: e.CLI(), Version: e.Version}
	r.Log.Detail("compare the plugins' schemas with the committed ones")
	return e, schema.Check(ctx, e, r.Project)
}

// installedEngine is the one on PATH, with the plugins that it has or fetches.
func installedEngine(ctx context.Context, r *Run) (engine.Engine, error) {
	e, err := engine.Installed(ctx, r.Project, r.Cache)
	if err != nil {
		return e, fmt.Errorf("ENGINE=installed: %w", err)
	}
	r.Log.Detail("%s is %s", e.CLI(), e.Version)
	r.Report.Engine = report.Engine{Installed: true, CLI: e.Path, Version: e.Version}
	r.Report.Versions["pulumi"] = e.Version
	return e, nil
}

// Schemas writes the committed schemas anew from the plugins of a built engine.
func Schemas(ctx context.Context, project string) error {
	log := progress.New(os.Stderr, nil)
	return log.Run("schemas", func() error {
		e, err := compileEngine(ctx, project, filepath.Join(project, ".cache"), log)
		if err != nil {
			return err
		}
		return schema.Write(ctx, e, project)
	})
}

func compileEngine(ctx context.Context, project, cache string, log *progress.Log) (engine.Engine, error) {
	e, err := engine.Build(ctx, filepath.Join(project, "rehearsal", "engine", "source"), cache, func(step string) { log.Detail("%s", step) })
	if err != nil {
		return e, fmt.Errorf("building the engine: %w", err)
	}
	return e, nil
}

// StartWorld starts the stores and the stand-ins, and makes this process take the stand-ins for AWS.
func StartWorld(ctx context.Context, r *Run) (err error) {
	wish := os.Getenv("PERMISSIONS")
	if wish != "" && wish != "record" {
		return fmt.Errorf("PERMISSIONS=%s is not known: it may be record, to refuse the deployer nothing and record what it calls, or not set", wish)
	}
	r.World, err = world.Start(ctx, world.Options{
		Project: r.Project, Cache: r.Cache, Progress: r.Log.Detail, RefuseNothing: wish == "record",
		OnPassed: r.passages.record,
		OnFunction: func(name string) {
			seed(ctx, r, name)
			if r.onFunction != nil {
				r.onFunction(name)
			}
		},
	})
	if err != nil {
		return fmt.Errorf("starting the world: %w", err)
	}
	r.source = &origin{database: r.World.Database}
	r.sources = []*origin{r.source}
	for _, port := range []*int{&r.tunnelPort, &r.gatewayPort} {
		if *port, err = r.World.Site.Port(); err != nil {
			return err
		}
	}
	for name, value := range r.World.Env() {
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("setting %s: %w", name, err)
		}
	}
	r.Tool.CA, r.Tool.Journals, r.Tool.Stacks = r.World.Site.Authority.File(), r.World.Site.Dir, stacks(r)
	r.Tool.Env = toolEnvironment(r)
	if r.before, err = inventory.List(ctx, r.World.Account.Config()); err != nil {
		return fmt.Errorf("listing the account: %w", err)
	}
	return nil
}

// stacks is the work directory of all stacks.
func stacks(r *Run) string { return filepath.Join(r.World.Site.Dir, "pulumi") }

// toolEnvironment is that of somebody who has logged in to the account and to the stack's backend.
func toolEnvironment(r *Run) []string {
	return append(r.Engine.Environ(),
		"PULUMI_BACKEND_URL=file://"+filepath.Join(stacks(r), "state"), "PULUMI_CONFIG_PASSPHRASE=rehearsal",
		controlplane.AppID+"="+controlplane.ToolApp,
		"PATH="+filepath.Dir(r.Engine.CLI())+string(os.PathListSeparator)+os.Getenv("PATH"))
}

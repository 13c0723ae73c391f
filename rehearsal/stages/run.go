// Package stages contains the stages of a rehearsal. Each stage is a function of a [Run]. Stages are combined to
// parts, which are independent: each begins with nothing deployed.
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
	// loaded rows are in the tables before the task starts and arrive in its full load.
	loaded = 1000
	// minimum is how many changes a successful rehearsal must carry.
	minimum = 10000
)

// tables are those of the rehearsal's stack file.
var tables = []string{"testdb.retail_trans", "shop.ledger"}

// Run is one run of a part, with the state that its stages share.
type Run struct {
	// Project is the project's root folder, Cache the folder for downloads and results.
	Project, Cache string
	// Count is how many row changes the stage rows makes.
	Count int
	Log   *progress.Log
	// commit that runs; empty without git.
	commit string
	// chosen are the names of the faults to run; empty means all that are left.
	chosen []string
	// since is an earlier commit whose faults are not run again.
	since  string
	Report *report.Report

	// Engine, Tool and Pack are compiled by the first stage.
	Engine engine.Engine
	Tool   *tool.Tool
	Pack   stack.Pack
	// World is started by the second stage.
	World *world.World
	// Stack is the stages' stack, made by the first that needs it. Outputs are those of its last deployment.
	Stack   *stack.Stack
	Outputs map[string]any

	// program of the rehearsal's stack: the project's own, unless a stage replaces it.
	program pulumi.RunFunc
	// before is what the account contained before the first deployment.
	before []string
	// rounds counts the rounds of rows, for instance by rowsReach; each has its own seed.
	rounds int
	// tunnelPort is reserved for this run; the program listens on it for the domain.
	tunnelPort int
	// gatewayPort is the same for collections.
	gatewayPort int
	// timeline records what this run did, and when.
	timeline *report.Timeline
	// passages record what has passed the hops of the world.
	passages *passages
	// alarms is the run's knowledge of the stack's alarms.
	alarms *watched
	// onFunction is called after a function has succeeded, if a stage sets it.
	onFunction func(name string)
	// sources are the stack's sources, the unnamed one first; source is the one that a stage works on.
	sources []*origin
	source  *origin
	// stock is the database of a source that only examples in other languages have.
	stock *world.Database
}

func newRun(o Options) (*Run, error) {
	r := &Run{
		Project: o.Project, Cache: filepath.Join(o.Project, ".cache"), Count: o.Count, chosen: o.Faults, since: o.Since, passages: newPassages(), timeline: &report.Timeline{Began: time.Now().UTC().Round(time.Second / 10)}, alarms: &watched{}, program: program.Deploy,
		Report: &report.Report{Machine: machine.Describe(), Date: time.Now().UTC().Format(time.DateOnly), Versions: versions()},
	}
	usual, err := progress.Remembered(r.results("durations.json"))
	r.Log = progress.New(os.Stderr, usual)
	return r, err
}

// results is a file or folder for a rehearsal's results.
func (r *Run) results(name string) string { return filepath.Join(r.Cache, "rehearsal", name) }

// Prepare prepares the cache. It compiles the engine with its plugins, the functions, the operator's tool and the
// policy pack, and downloads the servers meanwhile. The engine takes longest; much of that time it uses at most one
// core.
func Prepare(ctx context.Context, r *Run) error {
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() (err error) { r.Engine, err = provideEngine(inner, r); return err })
	group.Go(func() error { return compile(inner, r) })
	group.Go(func() error { return stores.Fetch(inner, r.Cache, func(what string) { r.Log.Detail("%s", what) }) })
	return group.Wait() //nolint:wrapcheck // each error names what was being done
}

// compile compiles the project's own parts. The first previews need the functions for Lambda's default architecture,
// the deployment for this machine's.
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

// provideEngine uses the engine on PATH with ENGINE=installed; otherwise it compiles one.
func provideEngine(ctx context.Context, r *Run) (engine.Engine, error) {
	switch wish := os.Getenv("ENGINE"); wish {
	case "":
	case "installed":
		return installedEngine(ctx, r)
	default:
		return engine.Engine{}, fmt.Errorf("ENGINE=%s is unknown: set it to installed, to use the Pulumi CLI on PATH, or unset it", wish)
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

// installedEngine is the one on PATH, with plugins that it has or downloads.
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

// Schemas regenerates the committed schemas from a built engine's plugins.
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

// StartWorld starts the stores and the stand-ins, and directs this process's AWS calls to the stand-ins.
func StartWorld(ctx context.Context, r *Run) (err error) {
	wish := os.Getenv("PERMISSIONS")
	if wish != "" && wish != "record" {
		return fmt.Errorf("PERMISSIONS=%s is unknown: set it to record, which allows the deployer everything and records its calls, or unset it", wish)
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

// stacks is the working folder of all stacks.
func stacks(r *Run) string { return filepath.Join(r.World.Site.Dir, "pulumi") }

// toolEnvironment is the environment of a user who is logged in to the account and to the stack's backend.
func toolEnvironment(r *Run) []string {
	return append(r.Engine.Environ(),
		"PULUMI_BACKEND_URL=file://"+filepath.Join(stacks(r), "state"), "PULUMI_CONFIG_PASSPHRASE=rehearsal",
		controlplane.AppID+"="+controlplane.ToolApp,
		"PATH="+filepath.Dir(r.Engine.CLI())+string(os.PathListSeparator)+os.Getenv("PATH"))
}

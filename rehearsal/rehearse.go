package main

import (
	"bytes"
	"cdcpipeline/rehearsal/engine"
	"cdcpipeline/rehearsal/engine/stack"
	"cdcpipeline/rehearsal/machine/family"
	"cdcpipeline/rehearsal/permissions"
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/report/progress"
	"cdcpipeline/rehearsal/report/reconcile"
	"cdcpipeline/rehearsal/stores"
	"cdcpipeline/rehearsal/world"
	"cdcpipeline/rehearsal/world/inventory"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// length says how much of the rehearsal is run.
type length int

const (
	short length = iota
	full
	look
)

const (
	// loaded rows are in the tables before the task starts; they arrive as its full load.
	loaded = 1000
	// minimum is what a successful rehearsal has to carry.
	minimum = 10000
)

// rehearsal is one run.
type rehearsal struct {
	project, cache string
	count          int
	length         length
	only           []string // parts of the names of the stages that are wanted; none for all

	log     *progress.Log
	report  *report.Report
	engine  engine.Engine
	world   *world.World
	stack   *stack.Stack
	program *program
	outputs map[string]any
	cdc     string
	pack    stack.Pack
	before  []string // the account before the first deployment
	rounds  int      // of rows written since, each with a seed of its own
	// tunnelPort is free on this machine; the program listens there for the domain.
	tunnelPort int

	mu       sync.Mutex
	arrivals map[string][]arrival
	seedErr  error
}

// arrival is a batch of records that reached a destination at one moment.
type arrival struct {
	at      time.Time
	records [][]byte
}

func run(ctx context.Context, count int, how length, only []string) error {
	root, err := project()
	if err != nil {
		return err
	}
	if err := os.Chdir(root); err != nil { // the program runs where the CLI would run it
		return fmt.Errorf("entering the project: %w", err)
	}
	r := &rehearsal{
		project: root, cache: filepath.Join(root, ".cache"), count: count, length: how, only: only,
		log: progress.New(os.Stderr), arrivals: map[string][]arrival{}, program: newProgram(),
		report: &report.Report{Machine: machine(), Date: time.Now().UTC().Format(time.DateOnly), Versions: versions()},
	}
	peak := family.Watch(ctx, 2*time.Second)
	err = r.perform(ctx)
	r.report.Seconds = round(r.log.Elapsed().Seconds())
	r.report.PeakMemoryMb = int(peak() >> 20)
	failed := r.failedChecks()
	if err == nil && how != look && len(only) == 0 { // a part of the stages makes a part of the calls
		err = permissions.Write(filepath.Join(r.cache, "rehearsal", "calls.json"), r.world.Proxy.Calls())
	}
	if err != nil || failed != nil {
		r.keepLogs()
	}
	r.world.Close()
	switch {
	case err != nil || how == look:
		return err
	case len(only) > 0:
		return failed
	}
	return r.conclude()
}

// step is one stage of a run.
type step struct {
	name string
	run  func(context.Context) error
}

// steps are the stages of a run of this length, in order. What is only looked at is not destroyed: it goes away whole.
func (r *rehearsal) steps() []step {
	begin := []step{
		{"engine", r.buildEngine},
		{"stores and stand-ins", r.startWorld},
		{"preview with nothing configured", r.previewMinimal},
		{"preview of prod under the policy pack", r.previewProd},
	}
	carry := []step{{"preview", r.preview}, {"up", r.up}, {"rows", r.rows}, {"verify", r.verify}}
	again := []step{{"second up", r.secondUp}}
	end := []step{{"destroy", r.destroy}}
	wanted := func(steps ...[]step) []step {
		return slices.DeleteFunc(slices.Concat(steps...), func(s step) bool { return !r.wanted(s.name) })
	}
	switch r.length {
	case look:
		return slices.Concat(begin, carry, []step{{"leave it running", r.stay}})
	case full:
		return slices.Concat(begin, wanted([]step{
			{"policies in the engine", r.rehearsePolicyInEngine},
			{"account roles: absent, present, again", r.rehearseAccountRoles},
		}, carry, again, []step{
			{"a grant taken out of the program", r.rehearseGrantRemoved},
			{"replays", r.rehearseReplay},
			{"the operator's tool", r.rehearseOperator},
			{"a column added", r.rehearseColumnAdded},
			{"faults while rows are written", r.rehearseFaults},
			{"the task and an endpoint changed", r.rehearseTaskChange},
			{"a table added", r.rehearseTableAdded},
			{"passwords rotated", r.rehearseRotation},
			{"another source", r.rehearseAnotherSource},
			{"a domain replaced", r.rehearseDomainReplaced},
		}, end, []step{{"everything adopted", r.rehearseAdopted}}))
	case short:
	}
	return slices.Concat(begin, carry, again, end)
}

// failedChecks are the variants that did not do what they should.
func (r *rehearsal) failedChecks() error {
	var problems []error
	for name, c := range r.report.Checks {
		if !c.OK {
			problems = append(problems, fmt.Errorf("%s: %s", name, c.Detail))
		}
	}
	return errors.Join(problems...)
}

// wanted says whether a stage was asked for.
func (r *rehearsal) wanted(name string) bool {
	return len(r.only) == 0 || slices.ContainsFunc(r.only, func(part string) bool { return strings.Contains(name, part) })
}

// perform runs the stages until one fails.
func (r *rehearsal) perform(ctx context.Context) error {
	for _, s := range r.steps() {
		if err := r.log.Run(s.name, func() error { return s.run(ctx) }); err != nil {
			return err
		}
	}
	return nil
}

func (r *rehearsal) buildEngine(ctx context.Context) (err error) {
	r.engine, err = engine.Build(ctx, filepath.Join(r.project, "rehearsal", "engine", "source"), r.cache, func(step string) { r.log.Detail("%s", step) })
	if err != nil {
		return fmt.Errorf("building the engine: %w", err)
	}
	if r.engine.Cached {
		r.log.Detail("taken from the cache")
	}
	if err := r.checkSchemas(ctx); err != nil {
		return err
	}
	r.cdc = filepath.Join(r.cache, "bin", "cdc")
	if err := r.compileTool(ctx); err != nil {
		return err
	}
	return r.compilePack(ctx)
}

func (r *rehearsal) startWorld(ctx context.Context) (err error) {
	r.world, err = world.Start(ctx, world.Options{
		Project: r.project, Cache: r.cache, Progress: r.log.Detail,
		OnDelivered: r.record,
		OnFunction:  func(name string) { r.seed(ctx, name) },
	})
	if err != nil {
		return fmt.Errorf("starting the world: %w", err)
	}
	if r.tunnelPort, err = freePort(); err != nil {
		return err
	}
	for name, value := range r.world.Env() {
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("setting %s: %w", name, err)
		}
	}
	if r.before, err = inventory.List(ctx, r.world.Account.Config()); err != nil {
		return fmt.Errorf("listing the account: %w", err)
	}
	return nil
}

// freePort is one that nobody listens on now.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	defer listener.Close()
	address, _ := listener.Addr().(*net.TCPAddr)
	return address.Port, nil
}

// record keeps what a delivery has delivered, for the latencies.
func (r *rehearsal) record(stream string, _ int, at time.Time, records [][]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.arrivals[stream] = append(r.arrivals[stream], arrival{at: at, records: records})
}

func (r *rehearsal) conclude() error {
	r.report.Tunnel = report.Tunnel{Used: r.world.Sessions.Bytes() > 0, Sessions: r.world.Sessions.Sessions(), Bytes: r.world.Sessions.Bytes()}
	r.report.NotRun = append(r.world.Domains.NotRun(), notRun...)
	path := filepath.Join(r.cache, "rehearsal", "report.json")
	if err := r.report.Write(path); err != nil {
		return fmt.Errorf("keeping the report: %w", err)
	}
	r.report.Print(os.Stdout)
	if problems := r.report.Problems(minimum); len(problems) > 0 {
		return fmt.Errorf("%s (report: %s)", strings.Join(problems, "; "), path)
	}
	fmt.Printf("REHEARSAL OK: %d changes written, all found in OpenSearch and in the lake, none lost; %.0f s; report: %s\n", r.report.Events.Written, r.report.Seconds, path)
	return nil
}

func (r *rehearsal) keepLogs() {
	if r.world == nil || r.world.Site == nil {
		return
	}
	dir := filepath.Join(r.cache, "rehearsal", "logs")
	if err := r.world.KeepLogs(dir); err == nil {
		fmt.Fprintln(os.Stderr, "the logs of all parts are kept in", dir)
	}
}

// notRun is what the rehearsal cannot show, beyond what its parts say of themselves.
var notRun = []string{
	"AWS itself: nothing here has run against an AWS account",
	"IAM: roles are assumed, but policies of AWS APIs are not evaluated; only OpenSearch's own roles are",
	"network: VPC, subnets, security groups and endpoints are made in the control plane, no packet passes them",
	"KMS: keys are declared; nothing is encrypted with them",
	"Aurora MySQL: the database is MariaDB 11.4.5; checks of variables that it lacks are reported as not applicable",
	"DMS and Firehose: stand-ins that act on the declared settings; their throughput and time-outs are not AWS's",
	"Systems Manager: its sessions are a stand-in that speaks the protocol of AWS's agent; the service itself, its agent and its VPC endpoints are not run",
	"Lambda: event source mappings are a stand-in, enhanced fan-out is a faster poll there; schedules are kept and not fired",
	"Athena and Glue: the views' SQL is translated by sqlglot and run by DuckDB; AWS's own view format is not published",
	"secret rotation: schedules and Secrets Manager's own retries are not run; MySQL's accounts are MariaDB's here",
	"CDC stream-position: its MySQL format is not published; the stand-in's is inferred",
	"64-bit integers of 19 and 20 digits arrive exactly here; AWS documents useLargeIntegerValue without saying so for all of them",
	"ARM: functions run as x86_64 here when this machine is",
	"the Go language host of the CLI: the program runs through the Automation API with the same engine",
	"the AWS provider is Terraform's 5.82.2 with useLargeIntegerValue added, one minor line older than pulumi-aws 6.83.4",
}

func versions() map[string]string {
	return map[string]string{
		"go": runtime.Version(), "pulumi": engine.CLIVersion, "pulumi-aws (plugin name)": engine.AWSPluginVersion, "terraform-provider-aws": "5.82.2",
		"pulumi-random (plugin name)": engine.RandomPluginVersion, "pulumi-terraform-provider": engine.BridgePluginVersion,
		"terraform-provider-opensearch": engine.OpenSearchProviderVersion,
		"opensearch":                    stores.OpenSearchVersion, "mariadb": stores.MariaDBVersion, "moto": stores.MotoVersion,
	}
}

func machine() string {
	text := fmt.Sprintf("%s/%s, %d cores", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	info, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return text
	}
	var kb int
	if _, err := fmt.Fscanf(bytes.NewReader(info), "MemTotal: %d kB", &kb); err == nil {
		text += fmt.Sprintf(", %d GiB", kb>>20)
	}
	return text
}

func round(x float64) float64 { return float64(int(x*10+0.5)) / 10 }

// quantiles of durations.
func quantiles(d []time.Duration) report.Quantiles {
	return report.Quantiles{P50: reconcile.Quantile(d, 0.5), P99: reconcile.Quantile(d, 0.99)}
}

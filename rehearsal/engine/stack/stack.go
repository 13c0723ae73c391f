// Package stack deploys the project's own program with the real engine: with its Pulumi.yaml, a stack file that
// directs the AWS provider to the stand-in, and a file backend of its own.
package stack

import (
	"cdcpipeline/internal/tunnel"
	"cdcpipeline/program"
	"context"
	"embed"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

//go:embed files
var files embed.FS

// Settings are the values for the stack file.
type Settings struct {
	// Endpoint for all AWS services.
	Endpoint string
	// DatabasePort of the stand-in's database.
	DatabasePort int
	// CaFile verifies its certificate.
	CaFile string
	// Architecture of this machine, in Lambda's terms.
	Architecture string
	// TunnelPort is a free port on which the program listens for the domain.
	TunnelPort int
	// Values override keys such as cdc-pipeline:search.domainName.
	Values map[string]string
}

// Services are the aws:endpoints names of all services that the program calls.
func (Settings) Services() []string {
	return []string{
		"athena", "cloudwatch", "cloudwatchlogs", "dms", "ec2", "firehose", "glue", "iam", "kinesis", "kms", "lambda", "logs", "opensearch", "opensearchserverless",
		"rds", "s3", "secretsmanager", "sns", "sqs", "ssm", "sts",
	}
}

// Stack is a stack in its own working folder.
type Stack struct {
	auto auto.Stack
	dir  string
	log  string
	// listening is the address of the program's tunnel.
	listening string
	env       map[string]string
}

// Options describe a stack's environment.
type Options struct {
	// Name of the stack; files/Pulumi.NAME.yaml is its configuration.
	Name string
	// Project is the project's root, whose Pulumi.yaml is the stack's: the program runs there, as under the CLI.
	Project string
	// Dir is the working folder; it is made when missing.
	Dir string
	// CLI is the pulumi command; Env is the environment with which it finds its plugins.
	CLI string
	Env map[string]string
	// Program replaces the project's own, for variants.
	Program pulumi.RunFunc
	// Impatient makes the program wait only seconds for a domain, for an engine whose AWS provider waits as long as
	// AWS needs.
	Impatient bool
	// Host makes the CLI itself run a program, in a process of its own: what its environment has so that it finds the language host.
	Host map[string]string
}

// New prepares the stack without deploying it.
func New(ctx context.Context, o Options, settings Settings) (*Stack, error) {
	if err := os.MkdirAll(filepath.Join(o.Dir, "state"), 0o700); err != nil {
		return nil, fmt.Errorf("making the stack's directory: %w", err)
	}
	project, err := os.ReadFile(filepath.Join(o.Project, "Pulumi.yaml"))
	if err != nil {
		return nil, fmt.Errorf("reading the project file: %w", err)
	}
	if err := os.WriteFile(filepath.Join(o.Dir, "Pulumi.yaml"), project, 0o600); err != nil {
		return nil, fmt.Errorf("copying the project file: %w", err)
	}
	if err := writeStackFile(o, settings); err != nil {
		return nil, err
	}
	env := maps.Clone(o.Env)
	env["PULUMI_BACKEND_URL"] = "file://" + filepath.Join(o.Dir, "state")
	env["PULUMI_CONFIG_PASSPHRASE"] = "rehearsal"
	command, err := auto.NewPulumiCommand(&auto.PulumiCommandOptions{Root: filepath.Dir(filepath.Dir(o.CLI)), SkipVersionCheck: true})
	if err != nil {
		return nil, fmt.Errorf("finding the pulumi command: %w", err)
	}
	options := []auto.LocalWorkspaceOption{auto.EnvVars(env), auto.Pulumi(command)}
	switch {
	case o.Host != nil:
		maps.Copy(env, o.Host)
	default:
		run := program.Deploy
		if o.Program != nil {
			run = o.Program
		}
		if o.Impatient {
			run = impatient(run)
		}
		options = append(options, auto.Program(run))
	}
	s, err := auto.UpsertStackLocalSource(ctx, o.Name, o.Dir, options...)
	if err != nil {
		return nil, fmt.Errorf("making the stack %s: %w", o.Name, err)
	}
	for key, value := range settings.Values {
		if err := s.SetConfigWithOptions(ctx, key, auto.ConfigValue{Value: value}, &auto.ConfigOptions{Path: true}); err != nil {
			return nil, fmt.Errorf("setting %s: %w", key, err)
		}
	}
	return &Stack{
		auto: s, dir: o.Dir, log: filepath.Join(o.Dir, o.Name+".log"),
		listening: net.JoinHostPort("127.0.0.1", strconv.Itoa(settings.TunnelPort)), env: env,
	}, nil
}

// impatient is the only addition to the program: the AWS provider sleeps ten minutes before its first check of a
// domain, unless its timeout is shorter.
func impatient(program pulumi.RunFunc) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		err := ctx.RegisterResourceTransform(func(_ context.Context, a *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
			if a.Type != "aws:opensearch/domain:Domain" {
				return nil
			}
			a.Opts.CustomTimeouts = &pulumi.CustomTimeouts{Create: "15s", Update: "15s", Delete: "15s"}
			return &pulumi.ResourceTransformResult{Props: a.Props, Opts: a.Opts}
		})
		if err != nil {
			return fmt.Errorf("registering the transform: %w", err)
		}
		return program(ctx)
	}
}

func writeStackFile(o Options, settings Settings) error {
	name := "Pulumi." + o.Name + ".yaml"
	text, err := template.New(name).ParseFS(files, "files/"+name)
	if err != nil {
		return fmt.Errorf("reading the stack file %s: %w", name, err)
	}
	var b strings.Builder
	if err := text.Execute(&b, settings); err != nil {
		return fmt.Errorf("filling the stack file %s: %w", name, err)
	}
	if err := os.WriteFile(filepath.Join(o.Dir, name), []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("writing the stack file %s: %w", name, err)
	}
	return nil
}

// Result is an operation's result.
type Result struct {
	Seconds float64
	// Changes counts resources by operation: create, update, replace, delete, same.
	Changes map[string]int
	// Gone are the replaced or deleted resources, type::name.
	Gone    []string
	Outputs auto.OutputMap
}

// Touched counts everything except same (and reads).
func (r Result) Touched() int {
	n := 0
	for op, count := range r.Changes {
		if op != "same" && op != "read" {
			n += count
		}
	}
	return n
}

// Total counts all resources of the stack.
func (r Result) Total() int {
	n := 0
	for _, count := range r.Changes {
		n += count
	}
	return n
}

// Pack is a built policy pack with its configuration, by absolute paths; empty for none.
type Pack struct{ Path, Config string }

// Preview previews under the pack, without changes. It reports no progress, because the Automation API leaves an
// interrupted preview's event stream open.
func (s *Stack) Preview(ctx context.Context, pack Pack) (Result, error) {
	file, err := s.openLog()
	if err != nil {
		return Result{}, err
	}
	defer file.Close()
	defer s.closeTunnel()
	began := time.Now()
	options := []optpreview.Option{optpreview.ProgressStreams(file), optpreview.Color("never")}
	if pack.Path != "" {
		options = append(options, optpreview.PolicyPacks(pack.Path), optpreview.PolicyPackConfigs(pack.Config))
	}
	p, err := s.auto.Preview(ctx, options...)
	if err != nil {
		return Result{}, s.failure("preview", err)
	}
	changes := map[string]int{}
	for op, n := range p.ChangeSummary {
		changes[string(op)] = n
	}
	return Result{Seconds: time.Since(began).Seconds(), Changes: changes}, nil
}

// Up deploys, under the pack.
func (s *Stack) Up(ctx context.Context, pack Pack, progress func(string)) (Result, error) {
	out, stream, done, err := s.follow(progress)
	if err != nil {
		return Result{}, err
	}
	defer s.closeTunnel()
	began := time.Now()
	options := []optup.Option{optup.ProgressStreams(out), optup.EventStreams(stream), optup.Diff(), optup.Color("never")}
	if pack.Path != "" {
		options = append(options, optup.PolicyPacks(pack.Path), optup.PolicyPackConfigs(pack.Config))
	}
	u, err := s.auto.Up(ctx, options...)
	gone := done()
	if err != nil {
		return Result{}, s.failure("up", err)
	}
	changes := map[string]int{}
	if u.Summary.ResourceChanges != nil {
		changes = *u.Summary.ResourceChanges
	}
	return Result{Seconds: time.Since(began).Seconds(), Changes: changes, Gone: gone, Outputs: u.Outputs}, nil
}

// closeTunnel ends the program's tunnel with its deployment, like the end of the program's process under the CLI.
// Listening again on an address of this process would return the same tunnel.
func (s *Stack) closeTunnel() {
	if t, err := tunnel.Listen(context.Background(), tunnel.Options{Address: s.listening}); err == nil {
		_ = t.Close()
	}
}

// Destroy deletes everything.
func (s *Stack) Destroy(ctx context.Context, progress func(string)) (Result, error) {
	out, stream, done, err := s.follow(progress)
	if err != nil {
		return Result{}, err
	}
	defer done()
	began := time.Now()
	if _, err := s.auto.Destroy(ctx, optdestroy.ProgressStreams(out), optdestroy.EventStreams(stream), optdestroy.Color("never")); err != nil {
		return Result{}, s.failure("destroy", err)
	}
	return Result{Seconds: time.Since(began).Seconds()}, nil
}

// Refresh reads every resource again, or only the named ones, without the program. It returns how many differed from the state.
func (s *Stack) Refresh(ctx context.Context, urns ...string) (int, error) {
	file, err := s.openLog()
	if err != nil {
		return 0, err
	}
	defer file.Close()
	r, err := s.auto.Refresh(ctx, optrefresh.ProgressStreams(file), optrefresh.Color("never"), optrefresh.Target(urns))
	if err != nil {
		return 0, s.failure("refresh", err)
	}
	changed := 0
	if r.Summary.ResourceChanges != nil {
		for op, n := range *r.Summary.ResourceChanges {
			if op != "same" {
				changed += n
			}
		}
	}
	return changed, nil
}

// SetConfig sets one key of the stack's configuration, e.g. cdc-pipeline:search.domainName.
func (s *Stack) SetConfig(ctx context.Context, key, value string) error {
	if err := s.auto.SetConfigWithOptions(ctx, key, auto.ConfigValue{Value: value}, &auto.ConfigOptions{Path: true}); err != nil {
		return fmt.Errorf("setting %s: %w", key, err)
	}
	return nil
}

// RemoveConfig removes one key from the stack's configuration.
func (s *Stack) RemoveConfig(ctx context.Context, key string) error {
	if err := s.auto.RemoveConfigWithOptions(ctx, key, &auto.ConfigOptions{Path: true}); err != nil {
		return fmt.Errorf("removing %s: %w", key, err)
	}
	return nil
}

// Environ is what the CLI needs besides to work on this stack, for whoever calls it otherwise.
func (s *Stack) Environ() []string {
	var environ []string
	for name, value := range s.env {
		environ = append(environ, name+"="+value)
	}
	return environ
}

// Dir is the work directory, for `pulumi --cwd`.
func (s *Stack) Dir() string { return s.dir }

// Cancel releases the stack's lock after an interrupted operation.
func (s *Stack) Cancel(ctx context.Context) error {
	if err := s.auto.Cancel(ctx); err != nil {
		return fmt.Errorf("cancelling: %w", err)
	}
	return nil
}

// follow writes the engine's text to the log and reports how many resources are done. The returned function ends
// that, and returns the replaced or deleted resources.
func (s *Stack) follow(progress func(string)) (io.Writer, chan events.EngineEvent, func() []string, error) {
	file, err := s.openLog()
	if err != nil {
		return nil, nil, nil, err
	}
	stream := make(chan events.EngineEvent)
	finished := make(chan []string, 1)
	go func() {
		gone := map[string]bool{}
		defer func() { finished <- slices.Sorted(maps.Keys(gone)) }()
		begun, ended := 0, 0
		for e := range stream {
			if e.ResourcePreEvent != nil && ends(e.ResourcePreEvent.Metadata.Op) {
				_, resource, _ := strings.Cut(e.ResourcePreEvent.Metadata.URN, "::")
				_, resource, _ = strings.Cut(resource, "::") // without stack and project
				gone[resource[strings.LastIndex(resource, "$")+1:]] = true
			}
			switch {
			case e.ResourcePreEvent != nil && e.ResourcePreEvent.Metadata.Op != apitype.OpSame:
				begun++
			case e.ResOutputsEvent != nil && e.ResOutputsEvent.Metadata.Op != apitype.OpSame:
				ended++
				if progress != nil && ended%20 == 0 {
					progress(fmt.Sprintf("%d resources done, %d under way", ended, begun-ended))
				}
			}
		}
	}()
	done := func() (gone []string) {
		select {
		case gone = <-finished:
		case <-time.After(5 * time.Second): // an interrupted operation may leave its stream open
		}
		_ = file.Close()
		return gone
	}
	return file, stream, done, nil
}

// ends reports whether an operation ends an existing resource.
func ends(op apitype.OpType) bool {
	return slices.Contains([]apitype.OpType{apitype.OpReplace, apitype.OpDelete, apitype.OpDeleteReplaced, apitype.OpCreateReplacement}, op)
}

func (s *Stack) openLog() (*os.File, error) {
	file, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the engine's log: %w", err)
	}
	return file, nil
}

// failure extracts the reason from the CLI's output: violated policies and diagnostics.
func (s *Stack) failure(what string, err error) error {
	text := err.Error()
	for _, heading := range []string{"\nPolicies:", "\nDiagnostics:"} {
		if _, why, found := strings.Cut(text, heading); found {
			for _, end := range []string{"\nstderr:", "\nOutputs:"} {
				why, _, _ = strings.Cut(why, end)
			}
			return fmt.Errorf("%s failed:%s", what, strings.TrimRight(why, " \n"))
		}
	}
	if _, printed, found := strings.Cut(text, "\nstderr:"); found { // the program itself failed, so only its message matters
		return fmt.Errorf("%s failed: %s", what, strings.TrimSpace(printed))
	}
	return fmt.Errorf("%s failed: %w", what, err)
}

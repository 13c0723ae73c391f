package stages

import (
	"cdcpipeline/rehearsal/engine/stack"
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/world/inventory"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"
	"gopkg.in/yaml.v3"
)

// pluginVersion is the plugin's version in this part. The committed SDKs require it.
const pluginVersion = "0.1.0"

// Languages prepares what programs in other languages need. It builds and installs the plugin as
// docs/components/README.md says, and installs the language host of YAML.
//
// In this part the deployer may do everything, because its documented policies allow only the names that the
// project's own program uses.
func Languages(ctx context.Context, r *Run) error {
	r.World.Guard.Lenient = true
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() error {
		r.Log.Detail("compile the language host of YAML")
		return r.Engine.YAMLHost(inner, r.Project)
	})
	group.Go(func() error { return installPlugin(inner, r) })
	return group.Wait() //nolint:wrapcheck // each says what it was doing
}

// installPlugin builds the plugin's release and installs it, together with the code of the functions.
func installPlugin(ctx context.Context, r *Run) error {
	r.Log.Detail("make plugin: the plugin and the code of its functions")
	release := filepath.Join(r.Cache, "provider")
	for _, command := range [][]string{
		{"make", "-C", r.Project, "plugin", "VERSION=" + pluginVersion},
		{r.Engine.CLI(), "plugin", "install", "resource", "cdcpipeline", pluginVersion, "--file", release, "--reinstall"},
	} {
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		cmd.Env = r.Engine.Environ()
		if text, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w: %s", command, err, text)
		}
	}
	return nil
}

// example is a YAML program in a folder of examples/.
type example struct {
	name string
	// besides has additional inputs that the run needs, by resource.
	besides map[string]any
	// policies is the policy pack with the example's exceptions. Without these exceptions the rules refuse the
	// example.
	policies stack.Pack
	rules    []string
}

// StreamAndLakeInYAML deploys the example of single components, with its policy exceptions.
func StreamAndLakeInYAML(ctx context.Context, r *Run) error {
	const name = "yaml-stream-and-lake"
	return r.runExample(ctx, "yaml", example{
		name: name, policies: stack.Pack{Path: r.Pack.Path, Config: filepath.Join(r.Project, "examples", name, "policy.json")},
		rules: []string{"s3-9", "failures-are-told"},
	})
}

// PipelineInYAML deploys the example of the whole pipeline. The plugin's process opens the tunnel to the domain.
func PipelineInYAML(ctx context.Context, r *Run) error {
	besides, err := r.besidesOfThePipeline(ctx)
	if err != nil {
		return err
	}
	defer r.unseeded()()
	return r.runExample(ctx, "yaml_pipeline", example{name: "yaml-pipeline", policies: r.Pack, besides: map[string]any{"cdc": besides}})
}

// besidesOfThePipeline returns the additional inputs of an example of the whole pipeline: this machine's processor
// architecture, ports and certificates. It also makes a database for the second source.
func (r *Run) besidesOfThePipeline(ctx context.Context) (map[string]any, error) {
	if r.stock == nil {
		var err error
		if r.stock, err = r.World.StartPostgres(ctx, "stock", "warehouse"); err != nil {
			return nil, fmt.Errorf("the example's second source: %w", err)
		}
	}
	authority := r.World.Site.Authority.File()
	return map[string]any{
		"functions": map[string]any{"architecture": architecture()},
		"search":    map[string]any{"tunnelPort": r.tunnelPort},
		"source":    map[string]any{"port": r.World.Database.Port, "caFile": authority},
		"sources":   map[string]any{"stock": map[string]any{"port": r.stock.Port, "caFile": authority}},
	}, nil
}

// unseeded stops the writing of rows into the tables of the stack's own sources, until the returned function is
// called.
func (r *Run) unseeded() (again func()) {
	sources := r.sources
	r.sources = nil
	return func() { r.sources = sources }
}

// runExample deploys an example twice, destroys it, and reports the results under the name.
func (r *Run) runExample(ctx context.Context, name string, e example) error {
	before, err := inventory.List(ctx, r.World.Account.Config())
	if err != nil {
		return fmt.Errorf("listing the account: %w", err)
	}
	s, err := r.exampleStack(ctx, e)
	if err != nil {
		return err
	}
	if err := r.refusedByPolicies(ctx, s, e.rules); err != nil {
		return err
	}
	var found report.Language
	defer func() { r.reportLanguage(name, found) }()
	first, err := s.Up(ctx, e.policies, r.tell)
	if err != nil {
		return err //nolint:wrapcheck // says what failed
	}
	found.Resources = first.Total()
	second, err := s.Up(ctx, e.policies, r.tell)
	if err != nil {
		return fmt.Errorf("the second up: %w", err)
	}
	if found.SecondUpChanges = second.Touched(); found.SecondUpChanges > 0 {
		r.Log.Detail("the second up: %v", second.Changes)
	}
	if _, err := s.Destroy(ctx, r.tell); err != nil {
		return err //nolint:wrapcheck // as above
	}
	found.Left, _, err = r.leftSince(ctx, before)
	return err
}

// refusedByPolicies previews a program without its exceptions. Policies must refuse it.
func (r *Run) refusedByPolicies(ctx context.Context, s *stack.Stack, rules []string) error {
	if len(rules) == 0 {
		return nil
	}
	_, err := s.Preview(ctx, r.Pack)
	if err == nil {
		return fmt.Errorf("the policy pack let pass what breaks %s", strings.Join(rules, ", "))
	}
	for _, rule := range rules {
		if !strings.Contains(err.Error(), rule) {
			return fmt.Errorf("the preview failed, but not by %s: %w", rule, err)
		}
	}
	return nil
}

// reportLanguage adds an example's results to the report.
func (r *Run) reportLanguage(name string, found report.Language) {
	if r.Report.Languages == nil {
		r.Report.Languages = map[string]report.Language{}
	}
	r.Report.Languages[name] = found
	r.Log.Detail("%s: %+v", name, found)
}

// exampleStack makes a stack of an example in a new folder.
func (r *Run) exampleStack(ctx context.Context, e example) (*stack.Stack, error) {
	dir := filepath.Join(r.World.Site.Dir, e.name)
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(r.Project, "examples", e.name))); err != nil {
		return nil, fmt.Errorf("copying the example %s: %w", e.name, err)
	}
	if len(e.besides) > 0 {
		if err := besides(filepath.Join(dir, "Pulumi.yaml"), e.besides); err != nil {
			return nil, err
		}
	}
	return r.yamlStack(ctx, dir, nil)
}

// yamlStack makes a stack of the YAML program in a folder.
func (r *Run) yamlStack(ctx context.Context, dir string, values map[string]string) (*stack.Stack, error) {
	return makeStack(ctx, r, stack.Options{Name: "languages", Project: dir, Dir: dir, Host: map[string]string{}}, values)
}

// besides adds inputs to the resources of a YAML program.
func besides(file string, inputs map[string]any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("reading the example: %w", err)
	}
	var program map[string]any
	if err := yaml.Unmarshal(text, &program); err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	added := map[string]any{}
	for name, of := range inputs {
		added[name] = map[string]any{"properties": of}
	}
	if text, err = yaml.Marshal(merged(program, map[string]any{"resources": added})); err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return fmt.Errorf("writing the example: %w", err)
	}
	return nil
}

// merged adds another object's properties to an object, recursively.
func merged(into, from map[string]any) map[string]any {
	all := maps.Clone(into)
	if all == nil {
		all = map[string]any{}
	}
	for key, value := range from {
		if inner, ok := value.(map[string]any); ok {
			former, _ := all[key].(map[string]any)
			value = merged(former, inner)
		}
		all[key] = value
	}
	return all
}

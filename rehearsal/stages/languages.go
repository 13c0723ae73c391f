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

// pluginVersion is that of the plugin in this part, which the committed SDKs ask for.
const pluginVersion = "0.1.0"

// Languages makes ready what programs of other languages need: the plugin, made and installed as docs/components/README.md says, and the
// language host of YAML.
//
// The deployer is refused nothing in this part: its documented policies name what the project's own program makes, by that program's names.
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

// installPlugin makes the plugin's release and installs it, with the code of the functions beside it.
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

// example is a program of YAML: a folder of examples/.
type example struct {
	name string
	// besides is what it needs besides in this run's world: inputs, by the resource.
	besides map[string]any
	// policies hold it; without its exceptions from them the rules refuse it.
	policies stack.Pack
	rules    []string
}

// StreamAndLakeInYAML deploys the example of single components, with its exceptions from policies.
func StreamAndLakeInYAML(ctx context.Context, r *Run) error {
	const name = "yaml-stream-and-lake"
	return r.runExample(ctx, "yaml", example{
		name: name, policies: stack.Pack{Path: r.Pack.Path, Config: filepath.Join(r.Project, "examples", name, "policy.json")},
		rules: []string{"s3-9", "failures-are-told"},
	})
}

// PipelineInYAML deploys the example of the whole pipeline. The plugin's own process opens the tunnel to the domain.
func PipelineInYAML(ctx context.Context, r *Run) error {
	besides, err := r.besidesOfThePipeline(ctx)
	if err != nil {
		return err
	}
	defer r.unseeded()()
	return r.runExample(ctx, "yaml_pipeline", example{name: "yaml-pipeline", policies: r.Pack, besides: map[string]any{"cdc": besides}})
}

// besidesOfThePipeline are what an example of the whole pipeline needs besides: this machine's processor, ports and certificates. Its second
// source gets a database.
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

// unseeded has nobody write rows into the tables of the stack's own sources until what it gives is called.
func (r *Run) unseeded() (again func()) {
	sources := r.sources
	r.sources = nil
	return func() { r.sources = sources }
}

// runExample deploys an example twice and destroys it, and reports what it came to under the name.
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

// refusedByPolicies previews a program that breaks rules, without its exceptions.
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

// reportLanguage keeps what an example came to.
func (r *Run) reportLanguage(name string, found report.Language) {
	if r.Report.Languages == nil {
		r.Report.Languages = map[string]report.Language{}
	}
	r.Report.Languages[name] = found
	r.Log.Detail("%s: %+v", name, found)
}

// exampleStack is a stack of an example, in a folder of its own.
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

// yamlStack is a stack of the program of YAML in a folder.
func (r *Run) yamlStack(ctx context.Context, dir string, values map[string]string) (*stack.Stack, error) {
	return makeStack(ctx, r, stack.Options{Name: "languages", Project: dir, Dir: dir, Host: map[string]string{}}, values)
}

// besides adds inputs to the resources of a program of YAML.
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

// merged is an object with another's properties in it, down to single values.
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

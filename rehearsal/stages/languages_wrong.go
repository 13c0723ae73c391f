package stages

import (
	"cdcpipeline/rehearsal/engine/stack"
	"cdcpipeline/rehearsal/world/inventory"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// wrong is a component with an invalid input, and the expected error of its deployment.
type wrong struct {
	component string
	// inputs are in the program. configured has sections that the program reads from the stack's configuration, by
	// path.
	inputs, configured map[string]any
	says               []string
}

// misspelt has sections of the stack's configuration with an unknown key. The language host knows no types there,
// so the plugin must report the key.
var misspelt = []wrong{
	{component: "pipeline:Pipeline", configured: map[string]any{"search.instanceTyp": "m7g.large.search"}, says: []string{"search.instanceTyp", "did you mean search.instanceType?"}},
	{component: "pipeline:Pipeline", configured: map[string]any{"lake.tables.formt": "iceberg"}, says: []string{"lake.tables.formt", "did you mean lake.tables.format?"}},
	{component: "pipeline:Pipeline", configured: map[string]any{"source.rotationDay": 30}, says: []string{"source.rotationDay", "did you mean source.rotationDays?"}},
	{component: "stream:ChangeStream", inputs: key, configured: map[string]any{"stream.retentionHour": 200}, says: []string{"stream.retentionHour", "did you mean stream.retentionHours?"}},
	{component: "lake:Bucket", inputs: key, configured: map[string]any{"lake.bufferSecond": 120}, says: []string{"lake.bufferSecond", "did you mean lake.bufferSeconds?"}},
}

// valued has values of the right type that are invalid, once two together. It also has a wrong name in a program,
// which the language host itself reports.
var valued = []wrong{
	{
		component: "pipeline:Pipeline",
		inputs:    map[string]any{"search": map[string]any{"kind": "serverless", "instanceType": "m7g.large.search"}, "stream": map[string]any{"retentionHours": 12}},
		says:      []string{"search.instanceType", "is a setting of a domain", "stream.retentionHours", "12 is out of range"},
	},
	{
		component: "stream:ChangeStream", inputs: merged(key, map[string]any{"stream": map[string]any{"retentionHour": 200}}),
		says: []string{"Property retentionHour does not exist", "Existing properties are: retentionHours"},
	},
}

var key = map[string]any{"kmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"}

// WrongInYAML deploys YAML programs with one error each. Each deployment must report its error and make nothing.
func WrongInYAML(ctx context.Context, r *Run) error {
	before, err := inventory.List(ctx, r.World.Account.Config())
	if err != nil {
		return fmt.Errorf("listing the account: %w", err)
	}
	var problems []error
	for i, w := range slices.Concat(misspelt, valued) {
		if err := r.refusesInYAML(ctx, "wrong"+strconv.Itoa(i), w); err != nil {
			problems = append(problems, err)
		}
	}
	after, err := inventory.List(ctx, r.World.Account.Config())
	if err != nil {
		return fmt.Errorf("listing the account: %w", err)
	}
	if made := inventory.Added(before, after); len(made) > 0 {
		problems = append(problems, fmt.Errorf("programs that are wrong have made %s", strings.Join(made, ", ")))
	}
	return errors.Join(problems...)
}

func (r *Run) refusesInYAML(ctx context.Context, name string, w wrong) error {
	dir := filepath.Join(r.World.Site.Dir, name)
	values, err := writeWrong(dir, name, w)
	if err != nil {
		return err
	}
	s, err := r.yamlStack(ctx, dir, values)
	if err != nil {
		return err
	}
	_, err = s.Up(ctx, stack.Pack{}, r.tell)
	if err == nil {
		return fmt.Errorf("%s with %v %v was deployed", w.component, w.inputs, w.configured)
	}
	for _, text := range w.says {
		if !strings.Contains(err.Error(), text) {
			return fmt.Errorf("%s with %v %v was not told %q: %w", w.component, w.inputs, w.configured, text, err)
		}
	}
	return nil
}

// writeWrong writes a program with one component, and returns the stack's configuration.
func writeWrong(dir, name string, w wrong) (values map[string]string, err error) {
	values, configuration, inputs := map[string]string{}, map[string]any{}, merged(w.inputs, nil)
	for path, value := range w.configured {
		section, _, _ := strings.Cut(path, ".")
		configuration[section], inputs[section] = map[string]any{"type": "object"}, "${"+section+"}"
		values[name+":"+path] = fmt.Sprint(value)
	}
	text, err := yaml.Marshal(map[string]any{
		"name": name, "runtime": "yaml", "config": configuration,
		"resources": map[string]any{"it": map[string]any{"type": "cdcpipeline:" + w.component, "properties": inputs}},
	})
	if err != nil {
		return nil, fmt.Errorf("writing a program that is wrong: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("writing a program that is wrong: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), text, 0o600); err != nil {
		return nil, fmt.Errorf("writing a program that is wrong: %w", err)
	}
	return values, nil
}

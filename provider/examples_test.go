package provider

import (
	"cdcpipeline/internal/componenttest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// yamlProgram is what these tests read of a program in YAML.
type yamlProgram struct {
	Variables map[string]any `yaml:"variables"`
	Resources map[string]struct {
		Type       string         `yaml:"type"`
		Properties map[string]any `yaml:"properties"`
	} `yaml:"resources"`
	Outputs map[string]any `yaml:"outputs"`
}

var reference = regexp.MustCompile(`^\$\{(\w+)(?:\.(\w+))?(?:\[\d+\])?\}$`)

// value is what a value of the program comes to: of another resource's output only that there is such a one.
func (p yamlProgram) value(t *testing.T, s spec, v any) resource.PropertyValue {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		all := resource.PropertyMap{}
		for key, inner := range v {
			all[resource.PropertyKey(key)] = p.value(t, s, inner)
		}
		return resource.NewProperty(all)
	case []any:
		var all []resource.PropertyValue
		for _, inner := range v {
			all = append(all, p.value(t, s, inner))
		}
		return resource.NewProperty(all)
	case string:
		found := reference.FindStringSubmatch(v)
		if found == nil {
			return resource.NewProperty(v)
		}
		if variable, ok := p.Variables[found[1]]; ok {
			return p.value(t, s, variable)
		}
		of := p.Resources[found[1]].Type
		if found[2] == "" {
			return resource.MakeComponentResourceReference(resource.NewURN("stack", "project", "", tokens.Type(of), found[1]), "")
		}
		if strings.HasPrefix(of, Name+":") {
			require.Containsf(t, s.Resources[of].Properties, found[2], "%s: %s has no such output", v, of)
		}
		if s.Resources[of].Properties[found[2]].Plain {
			return resource.NewProperty("known")
		}
		return resource.MakeComputed(resource.NewProperty(""))
	}
	return resource.NewPropertyValue(v)
}

// Every input and every output that an example names is one.
func TestExamplesFitTheSchema(t *testing.T) {
	s, err := readSchema()
	require.NoError(t, err)
	files, err := filepath.Glob("../examples/*/Pulumi.yaml")
	require.NoError(t, err)
	alone, err := filepath.Glob("examples/*.yaml")
	require.NoError(t, err)
	require.Len(t, alone, len(s.Resources), "an example of each component")
	for _, file := range append(files, alone...) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var p yamlProgram
		require.NoError(t, yaml.Unmarshal(text, &p))
		for name, r := range p.Resources {
			if !strings.HasPrefix(r.Type, Name+":") {
				continue
			}
			require.Contains(t, s.Resources, r.Type)
			written, err := plugin.MarshalProperties(p.value(t, s, r.Properties).ObjectValue(), plugin.MarshalOptions{KeepUnknowns: true, KeepResources: true})
			require.NoError(t, err)
			problems, err := checkInputs(s, &pulumirpc.ConstructRequest{Type: r.Type, Inputs: written})
			require.NoError(t, err)
			require.Emptyf(t, problems, "%s: %s", file, name)
		}
		for _, v := range p.Outputs {
			p.value(t, s, v)
		}
	}
}

// `pulumi package add` looks for this file in the folder that it is given; in the project's own it would take the stack program for a plugin.
func TestThePluginIsFoundBesideItsMain(t *testing.T) {
	text, err := os.ReadFile("../cmd/pulumi-resource-cdcpipeline/PulumiPlugin.yaml")
	require.NoError(t, err)
	require.Equal(t, "runtime: go\n", string(text))
	require.FileExists(t, "../cmd/pulumi-resource-cdcpipeline/main.go")
	require.NoFileExists(t, "../PulumiPlugin.yaml")
}

// The example of a component makes it: of components that are made before it, as an engine would in the order of the file.
func TestExamplesMakeTheirComponents(t *testing.T) {
	releasedFunctions(t)
	files, err := filepath.Glob("examples/*.yaml")
	require.NoError(t, err)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			path, err := filepath.Abs(file)
			require.NoError(t, err)
			t.Chdir("testdata") // where the files are that the programs name
			made := inLanguages(t).runExample(path)
			require.Contains(t, made, Name+":"+strings.ReplaceAll(strings.TrimSuffix(filepath.Base(file), ".yaml"), ".", ":"))
		})
	}
}

// runExample makes the resources of a program of YAML that has no variables, and gives back their types.
func (l languages) runExample(file string) (made []string) {
	l.t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(l.t, err)
	var ordered struct {
		Resources yaml.Node `yaml:"resources"`
	}
	require.NoError(l.t, yaml.Unmarshal(text, &ordered))
	outputs, urns := map[string]map[string]any{}, map[string]resource.URN{}
	look := func(name, output string) any {
		if output == "" {
			return resource.MakeComponentResourceReference(urns[name], "")
		}
		return outputs[name][output]
	}
	for i := 0; i < len(ordered.Resources.Content); i += 2 {
		name := ordered.Resources.Content[i].Value
		var r struct {
			Type       string         `yaml:"type"`
			Properties map[string]any `yaml:"properties"`
			Options    struct {
				DependsOn []string `yaml:"dependsOn"`
			} `yaml:"options"`
		}
		require.NoError(l.t, ordered.Resources.Content[i+1].Decode(&r))
		var after []string
		for _, of := range r.Options.DependsOn {
			after = append(after, string(urns[reference.FindStringSubmatch(of)[1]]))
		}
		given, _ := resolved(r.Properties, look).(map[string]any)
		if r.Type == collectionsToken { // whose gateway listens on this machine, beside those of other tests
			given["search"].(inputs)["gatewayPort"] = freePort(l.t)
		}
		if r.Type == pipelineToken {
			outputs[name] = l.preview(r.Type, name, given)
		} else {
			outputs[name] = l.make(r.Type, name, given, after...)
		}
		urns[name] = resource.NewURN(componenttest.Stack, componenttest.Project, "", tokens.Type(r.Type), name)
		made = append(made, r.Type)
	}
	return made
}

// resolved is a value with what it names: outputs of resources that are made, or such a resource itself.
func resolved(v any, look func(name, output string) any) any {
	switch v := v.(type) {
	case map[string]any:
		all := map[string]any{}
		for key, inner := range v {
			all[key] = resolved(inner, look)
		}
		return all
	case []any:
		all := make([]any, len(v))
		for i, inner := range v {
			all[i] = resolved(inner, look)
		}
		return all
	case string:
		if found := reference.FindStringSubmatch(v); found != nil {
			return look(found[1], found[2])
		}
	}
	return v
}

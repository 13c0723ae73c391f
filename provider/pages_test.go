package provider

import (
	"bytes"
	"cdcpipeline/internal/componenttest"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
)

const pages = "../docs/components"

func TestComponentsPagesAreCurrent(t *testing.T) {
	s, err := readSchema()
	require.NoError(t, err)
	want := map[string]string{"README.md": contents(s)}
	runs := append(madeAlone(t), aPipeline(t))
	made, owned := typesByParent(slices.Concat(runs...)), byOwner(s, runs...)
	for token, r := range s.Resources {
		want[fileOf(token)] = componentPage(s, token, r, examplesOf(t, strings.TrimSuffix(fileOf(token), ".md")), made[token], rolesOf(t, owned[token]))
	}
	if *update {
		require.NoError(t, os.RemoveAll(pages))
		require.NoError(t, os.MkdirAll(pages, 0o755))
		for name, text := range want {
			require.NoError(t, os.WriteFile(filepath.Join(pages, name), []byte(text), 0o644))
		}
	}
	files, err := os.ReadDir(pages)
	require.NoError(t, err)
	have := map[string]string{}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(pages, f.Name()))
		require.NoError(t, err)
		have[f.Name()] = string(text)
	}
	require.Equal(t, want, have, "stale: go generate ./provider")
}

// fileOf is the page of a component: stream.ChangeStream.md.
func fileOf(token string) string {
	return strings.ReplaceAll(strings.TrimPrefix(token, Name+":"), ":", ".") + ".md"
}

// madeAlone are the resources of all components but the pipeline, as the tests make them: one program for each way to search, because names repeat.
func madeAlone(t *testing.T) [][]componenttest.Registered {
	releasedFunctions(t)
	l := inLanguages(t)
	l.chain()
	l.make(streamToken, "changes", inputs{"kmsKeyArn": keyArn})
	l.make("cdcpipeline:lake:Bucket", "lake", inputs{"kmsKeyArn": keyArn, "environment": "prod"})
	l.make("cdcpipeline:lake:Delivery", "delivery", inputs{"kmsKeyArn": keyArn, "streamArn": "arn:aws:kinesis:us-east-1:123456789012:stream/x", "bucketArn": "arn:aws:s3:::lake"})
	runs := [][]componenttest.Registered{l.recorder.Resources()}
	for _, searched := range []func(languages){languages.searchedDomain, func(l languages) { l.searchedCollections(freePort(t)) }} {
		l := inLanguages(t)
		searched(l)
		runs = append(runs, l.recorder.Resources())
	}
	return runs
}

// typesByParent are the types of what each component makes itself.
func typesByParent(resources []componenttest.Registered) map[string][]string {
	all := map[string][]string{}
	for _, r := range resources {
		if r.Parent == "" {
			continue
		}
		parent := string(resource.URN(r.Parent).Type())
		all[parent] = append(all[parent], r.Type)
	}
	for parent, types := range all {
		slices.Sort(types)
		all[parent] = slices.Compact(types)
	}
	return all
}

const generated = "<!-- Generated from the provider's schema by `go generate ./provider`: do not edit. -->\n"

func contents(s spec) string {
	var out bytes.Buffer
	out.WriteString(generated + `# Components in every language

The plugin ` + "`pulumi-resource-cdcpipeline`" + ` gives these components to Pulumi's languages. It is released beside the other programs; from a checkout it is installed by

` + "```sh" + `
make plugin VERSION=0.1.0
pulumi plugin install resource cdcpipeline 0.1.0 --file .cache/provider
` + "```" + `

An engine takes the newest plugin that is installed, unless the program asks for a version, as the SDKs do. The folder has to stay as it is: the functions' code is in it.

## How to use it

- YAML needs nothing else: ` + "`cd examples/yaml-stream-and-lake && pulumi up`" + ` deploys [a stream and a lake](../../examples/yaml-stream-and-lake/Pulumi.yaml),
  ` + "`examples/yaml-own-stream`" + ` [a lake and a catalog around a stream of your own](../../examples/yaml-own-stream/Pulumi.yaml), ` + "`examples/yaml-pipeline`" + `
  [all of it](../../examples/yaml-pipeline/Pulumi.yaml), and ` + "`examples/yaml-components`" + ` [all of it, component by component](../../examples/yaml-components/Pulumi.yaml).
- TypeScript takes the SDK of [sdks/nodejs](../../sdks/nodejs), of which the program's ` + "`package.json`" + ` says ` + "`\"@pulumi/cdcpipeline\": \"file:../../sdks/nodejs\"`" + `: see
  [examples/typescript-pipeline](../../examples/typescript-pipeline/program.ts).
- Python takes the SDK of [sdks/python](../../sdks/python), a line of its ` + "`requirements.txt`" + `: see [examples/python-search](../../examples/python-search/program.py).
- Go imports the components themselves, without the plugin.

Outside this repository, ` + "`pulumi package add cdcpipeline@0.1.0`" + ` in the program's folder makes the SDK of its language from the plugin that is installed. ` + "`cmd/pulumi-resource-cdcpipeline/PulumiPlugin.yaml`" + `
is what ` + "`pulumi package add`" + ` looks for when it is given the repository's folder instead, and has Go compile the plugin there. That was not run, and such a plugin has
no functions' code beside it: give the zips as ` + "`code`" + `, or take the plugin from a release.

The programs of YAML, TypeScript and Python, but for ` + "`yaml-own-stream`" + ` and ` + "`yaml-components`" + `, are deployed twice and destroyed by [a part of the rehearsal](../architecture.md#programs-in-other-languages). A section of the stack's configuration
can be taken as it is, and is then checked by the plugin alone:

` + "```" + `yaml
config:
  search: {type: object} # pulumi config set --path search.instanceType m7g.large.search
resources:
  cdc:
    type: cdcpipeline:pipeline:Pipeline
    properties:
      search: ${search}
` + "```" + `

## What holds in all of them

An input is a section of the [configuration](../configuration.md), with the same keys and defaults, or an ARN, an id or a name, which
may be the output of any resource. What says which resources there are must be a value that is known; a preview says of which input it is not.
What is wrong with the inputs comes all at once, by the path that one writes: ` + "`search.instanceType`" + `. The language host of YAML refuses inputs of unknown names, or of another type,
by itself before the plugin is asked, and lists those that there are, the most like one first.

An input whose type is a component, such as ` + "`access`" + ` of [search.Delivery](search.Delivery.md), takes that component itself: ` + "`access: ${access}`" + ` in YAML,
` + "`access`" + ` in other languages. A component that writes there makes its own permissions.

What a component needs to be there first goes into the resource option ` + "`dependsOn`" + `, and reaches what the component makes. A component is done when all
of it is made, so that whatever depends on it, or takes an output of it, comes after all of it.

Nothing else configures the plugin: credentials and region are those of Pulumi's AWS provider. What the plugin itself does in AWS (the tunnel into the VPC, starting and stopping
tasks) it does as the default one, by the stack's ` + "`aws:`" + ` configuration or the environment, whatever provider a component is given. Files that an input names, such as ` + "`source.schemaFiles`" + `,
are looked for in the program's folder. The functions' code comes with the plugin. ` + "`cdc`" + ` reads a stack's outputs: it works with a stack that gives out those of a pipeline by their own names.

Each page has an example in every language, which is run or type-checked, inputs and outputs, what the component makes and what its roles may do.

| component | is |
|---|---|
`)
	for _, token := range slices.Sorted(maps.Keys(s.Resources)) {
		first, _, _ := strings.Cut(s.Resources[token].Description, ". ")
		fmt.Fprintf(&out, "| [`%s`](%s) | %s |\n", token, fileOf(token), cell(strings.TrimSuffix(first, ".")+"."))
	}
	out.WriteString(`
` + "`feed.Feed`" + `, which the pipeline makes for each source, is the only component that the plugin does not give: it makes the components above for one source and names them after it.
`)
	return out.String()
}

func componentPage(s spec, token string, r resourceSpec, examples string, made []string, roles []role) string {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s# %s\n\n%s\n\n## Examples\n\n%s## Inputs\n\n", generated, token, strings.ReplaceAll(r.Description, "<", `\<`), examples)
	writeInputs(&out, s, r.InputProperties, r.RequiredInputs)
	var types []string
	for _, p := range r.InputProperties {
		types = appendTypes(types, s, p.valueSpec)
	}
	slices.Sort(types)
	for _, ref := range slices.Compact(types) {
		of := s.Types[ref]
		fmt.Fprintf(&out, "\n### %s\n\n%s\n\n", nameOf(ref), of.Description)
		writeInputs(&out, s, of.Properties, of.Required)
	}
	out.WriteString("\n## Outputs\n\n")
	writeOutputs(&out, s, r.Properties)
	if len(made) > 0 {
		fmt.Fprintf(&out, "\n## What it makes\n\nSome of it depends on the inputs.\n\n")
		for _, typ := range made {
			fmt.Fprintf(&out, "- `%s`\n", typ)
		}
	}
	writeRoles(&out, roles)
	return out.String()
}

// appendTypes are the objects below an input that are no section of the configuration: those have a page of their own.
func appendTypes(all []string, s spec, v valueSpec) []string {
	if v.Items != nil {
		return appendTypes(all, s, *v.Items)
	}
	ref := strings.TrimPrefix(v.Ref, typeRef)
	if len(s.Types[ref].Properties) == 0 || strings.HasPrefix(ref, Name+":config:") {
		return all
	}
	return append(all, ref)
}

func nameOf(ref string) string { return ref[strings.LastIndex(ref, ":")+1:] }

func writeInputs(out *bytes.Buffer, s spec, inputs map[string]propertySpec, required []string) {
	if len(inputs) == 0 {
		out.WriteString("None.\n")
		return
	}
	out.WriteString("| name | type | required | may be an output | meaning |\n|---|---|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(inputs)) {
		p := inputs[name]
		fmt.Fprintf(out, "| `%s` | %s | %s | %s | %s |\n", name, section(name, p, typeInWords(s, p.valueSpec)), yes(slices.Contains(required, name)), yes(!p.literal()), cell(p.Description))
	}
}

func writeOutputs(out *bytes.Buffer, s spec, outputs map[string]propertySpec) {
	if len(outputs) == 0 {
		out.WriteString("None.\n")
		return
	}
	out.WriteString("| name | type | meaning |\n|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		fmt.Fprintf(out, "| `%s` | %s | %s |\n", name, typeInWords(s, outputs[name].valueSpec), cell(outputs[name].Description))
	}
}

// section leads to the part of the configuration's page that has the keys of an input.
func section(name string, p propertySpec, words string) string {
	if strings.HasPrefix(p.Description, "As the section ") {
		return strings.Replace(words, "configuration.md", "configuration.md#"+name, 1)
	}
	return words
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return ""
}

// cell is a text of a table, in which < begins no tag.
func cell(text string) string { return strings.NewReplacer("|", `\|`, "<", `\<`).Replace(text) }

// typeInWords is a type as a table has it; choices are spelled out, sections lead to the configuration's page.
func typeInWords(s spec, v valueSpec) string {
	ref := strings.TrimPrefix(v.Ref, typeRef)
	switch {
	case v.Ref == archiveRef:
		return "archive"
	case v.Items != nil:
		return "list of " + typeInWords(s, *v.Items)
	case v.AdditionalProperties != nil:
		return typeInWords(s, *v.AdditionalProperties) + " by name"
	case len(s.Types[ref].Enum) > 0:
		var words []string
		for _, c := range s.Types[ref].Enum {
			words = append(words, "`"+c.Value+"`")
		}
		return strings.Join(words, ", ")
	case strings.HasPrefix(v.Ref, componentRef):
		token := strings.TrimPrefix(v.Ref, componentRef)
		return "[" + strings.TrimSuffix(fileOf(token), ".md") + "](" + fileOf(token) + ") itself"
	case strings.HasPrefix(ref, Name+":config:"):
		return "[" + nameOf(ref) + "](../configuration.md)"
	case v.Ref != "":
		if nameOf(ref) == "Any" || strings.HasSuffix(ref, "Any") {
			return "any"
		}
		return "[" + nameOf(ref) + "](#" + strings.ToLower(nameOf(ref)) + ")"
	case v.Type == "string":
		return "text"
	case v.Type == "integer":
		return "number"
	}
	return v.Type
}

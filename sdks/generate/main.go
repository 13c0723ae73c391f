// Command generate writes the Go SDK of the OpenSearch provider from the provider's schema, with Pulumi's own generator.
//
// The provider has no published SDK: Pulumi serves it through its terraform-provider plugin. The result has the module
// path and layout that a published SDK would have, so that the day one is published only a replace line goes away.
//
//	go run . ../opensearch/schema.json ../opensearch
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// language is what the generator is told about the Go SDK: the paths that a published SDK would have.
const language = `{
	"importBasePath": "github.com/pulumi/pulumi-opensearch/sdk/v2/go/opensearch",
	"modulePath": "github.com/pulumi/pulumi-opensearch/sdk/v2",
	"rootPackageName": "opensearch",
	"generateExtraInputTypes": true,
	"respectSchemaVersion": true
}`

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: generate SCHEMA DIRECTORY")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(schemaFile, dir string) error {
	files, err := generate(schemaFile)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(dir, "go")); err != nil {
		return fmt.Errorf("removing the previous SDK: %w", err)
	}
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("writing the SDK: %w", err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil { // source code is for everybody to read
			return fmt.Errorf("writing the SDK: %w", err)
		}
	}
	return nil
}

// generate is the SDK's Go files by path below the SDK's folder; its go.mod is kept by hand beside them.
func generate(schemaFile string) (map[string][]byte, error) {
	raw, err := os.ReadFile(schemaFile)
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal(raw, &spec); err != nil {
		return nil, fmt.Errorf("reading the schema %s: %w", schemaFile, err)
	}
	if spec.Meta == nil {
		spec.Meta = &schema.MetadataSpec{}
	}
	spec.Meta.SupportPack = true
	if spec.Language == nil {
		spec.Language = map[string]schema.RawMessage{}
	}
	spec.Language["go"] = schema.RawMessage(language)
	pkg, diags, err := schema.BindSpec(spec, schema.NewNullLoader(), schema.ValidationOptions{AllowDanglingReferences: true})
	if err != nil {
		return nil, fmt.Errorf("binding the schema %s: %w", schemaFile, err)
	}
	if diags.HasErrors() {
		return nil, fmt.Errorf("binding the schema %s: %w", schemaFile, diags)
	}
	generated, err := gogen.GeneratePackage("pulumi", pkg, nil)
	if err != nil {
		return nil, fmt.Errorf("generating the SDK: %w", err)
	}
	files := map[string][]byte{}
	for name, content := range generated {
		if filepath.Base(name) == "go.mod" {
			continue
		}
		files[filepath.Join("go", name)] = content
	}
	return files, nil
}

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/blang/semver"
	"github.com/hashicorp/hcl/v2"
	"github.com/pulumi/pulumi-yaml/pkg/pulumiyaml"
	yamlgen "github.com/pulumi/pulumi-yaml/pkg/pulumiyaml/codegen"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/pcl"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// examples are in YAML by hand, one of each component: from the folder of SDKs.
const examples = "../provider/examples"

// translations are what an example becomes: the ending of its file, what makes it, and the file of what is made that is the program.
var translations = []struct {
	ending, program string
	generate        func(*pcl.Program) (map[string][]byte, hcl.Diagnostics, error)
}{
	{".ts", "index.ts", nodejs.GenerateProgram},
	{".py", "__main__.py", python.GenerateProgram},
}

// translate makes the examples in other languages, beside those in YAML.
func translate(dir string) (map[string][]byte, error) {
	pkg, err := bind(filepath.Join(dir, components), released)
	if err != nil {
		return nil, err
	}
	sources, err := filepath.Glob(filepath.Join(dir, examples, "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("finding the examples: %w", err)
	}
	all := map[string][]byte{}
	for _, source := range sources {
		for _, to := range translations {
			// Binding changes a program: each language has its own.
			program, err := readExample(source, pkg)
			if err != nil {
				return nil, err
			}
			files, problems, err := to.generate(program)
			if err != nil {
				return nil, fmt.Errorf("translating %s: %w", source, err)
			}
			if problems.HasErrors() {
				return nil, fmt.Errorf("translating %s: %w", source, problems)
			}
			all[filepath.Join(examples, strings.TrimSuffix(filepath.Base(source), ".yaml")+to.ending)] = files[to.program]
		}
	}
	return all, nil
}

// readExample reads a program of YAML that uses our own package only.
func readExample(file string, pkg *schema.Package) (*pcl.Program, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading an example: %w", err)
	}
	template, problems, err := pulumiyaml.LoadYAMLBytes(file, text)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	if problems.HasErrors() {
		return nil, fmt.Errorf("reading %s: %w", file, problems)
	}
	program, found, err := yamlgen.EjectProgram(template, ours{pkg})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	if found.HasErrors() {
		return nil, fmt.Errorf("reading %s: %w", file, found)
	}
	return program, nil
}

// ours loads our own package and no other.
type ours struct{ pkg *schema.Package }

func (o ours) LoadPackage(name string, _ *semver.Version) (*schema.Package, error) {
	if name != o.pkg.Name {
		return nil, fmt.Errorf("an example uses the package %s: only %s is known here", name, o.pkg.Name)
	}
	return o.pkg, nil
}

func (o ours) LoadPackageV2(_ context.Context, of *schema.PackageDescriptor) (*schema.Package, error) {
	return o.LoadPackage(of.Name, of.Version)
}

func (o ours) LoadPackageReference(name string, of *semver.Version) (schema.PackageReference, error) {
	pkg, err := o.LoadPackage(name, of)
	if err != nil {
		return nil, err
	}
	return pkg.Reference(), nil
}

func (o ours) LoadPackageReferenceV2(_ context.Context, of *schema.PackageDescriptor) (schema.PackageReference, error) {
	return o.LoadPackageReference(of.Name, of.Version)
}

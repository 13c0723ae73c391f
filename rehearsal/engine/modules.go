package engine

import (
	"bytes"
	"cdcpipeline/rehearsal/engine/shake"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// module is a Go module that is compiled from an edited copy. Its version and checksum are in the engine's
// edited.sum, which works like go.sum.
type module struct {
	what, path string
	folder     string // location of the copy in the engine's go.mod
	edit       func(folder string) error
}

// modules are the edited modules.
var modules = []module{
	// The variant of 5.82.2 that exports a constructor.
	{"the AWS provider", "github.com/upbound/terraform-provider-aws", "upstream", addLargeIntegers},
	// Pulumi's Terraform bridge, in the newest available version; it was written for an older engine than this one.
	{"the Terraform bridge", "github.com/pulumi/pulumi-terraform-bridge/v3", "bridge", followEngine},
	{"the Terraform plugin SDK", "github.com/pulumi/terraform-plugin-sdk/v2", "plugin-sdk", lookAtOnce},
}

// copySources copies the engine's own sources beside the edited modules.
func (b *builder) copySources(source string) error {
	if err := os.RemoveAll(b.src); err != nil {
		return fmt.Errorf("clearing %s: %w", b.src, err)
	}
	if err := os.CopyFS(b.src, os.DirFS(source)); err != nil {
		return fmt.Errorf("copying the engine's sources: %w", err)
	}
	return nil
}

// fetchModules puts the edited modules where the engine's go.mod expects them.
func (b *builder) fetchModules(ctx context.Context) error {
	scratch, err := os.MkdirTemp("", "rehearsal-fetch-")
	if err != nil {
		return fmt.Errorf("making a folder to fetch from: %w", err)
	}
	defer os.RemoveAll(scratch)
	for _, m := range modules {
		b.progress("fetch " + m.what)
		if err := b.fetch(ctx, scratch, m); err != nil {
			return fmt.Errorf("fetching %s: %w", m.what, err)
		}
	}
	return nil
}

func (b *builder) fetch(ctx context.Context, scratch string, m module) error {
	version, sum, err := b.pinned(m)
	if err != nil {
		return err
	}
	text, err := b.run(ctx, scratch, "go", "mod", "download", "-json", m.path+"@"+version)
	if err != nil {
		return err
	}
	var got struct{ Dir, Sum, Error string }
	if err := json.Unmarshal(text, &got); err != nil {
		return fmt.Errorf("reading what go mod download prints: %w", err)
	}
	if got.Sum != sum {
		return fmt.Errorf("its checksum is %q, want %q: refusing to build it %s", got.Sum, sum, got.Error)
	}
	folder := filepath.Join(b.src, m.folder)
	if err := copyModule(ctx, got.Dir, folder); err != nil {
		return err
	}
	return m.edit(folder)
}

// pinned are a module's required version and checksum.
func (b *builder) pinned(m module) (version, sum string, err error) {
	pins, err := os.ReadFile(filepath.Join(b.src, "edited.sum"))
	if err != nil {
		return "", "", fmt.Errorf("reading what is pinned: %w", err)
	}
	for line := range strings.Lines(string(pins)) {
		if pin := strings.Fields(line); len(pin) == 3 && pin[0] == m.path {
			return pin[1], pin[2], nil
		}
	}
	return "", "", fmt.Errorf("edited.sum does not pin %s", m.path)
}

// listed is a package in `go list` output.
type listed struct {
	shake.Package
	Module struct {
		Path, Version, Dir string
		Replace            *struct{ Dir string }
	}
}

// narrow keeps only what the offered resources need, in the AWS provider and in its AWS SDK. Compiling everything
// would take many times as long.
func (b *builder) narrow(ctx context.Context) error {
	b.progress("leave out of the AWS provider what the pipeline does not use")
	o, err := readOffered(filepath.Join(b.src, "aws", "main.go"))
	if err != nil {
		return err
	}
	upstream := filepath.Join(b.src, "upstream")
	if err := narrow(upstream, o); err != nil {
		return err
	}
	packages, err := b.list(ctx)
	if err != nil {
		return err
	}
	b.packages = len(packages)
	var replace []string
	copied := map[string]string{}
	for i, p := range packages {
		switch {
		case strings.HasPrefix(p.Dir, upstream+string(filepath.Separator)):
			packages[i].Shake, packages[i].Thin = true, []string{"AWSClient"}
		case strings.HasPrefix(p.ImportPath, sdkServices) && !strings.HasPrefix(p.ImportPath, sdkServices+"internal/"):
			to, ok := copied[p.Module.Path]
			if !ok {
				to = filepath.Join("aws-sdk", strings.TrimPrefix(p.Module.Path, sdkServices))
				if err := copyModule(ctx, p.Module.Dir, filepath.Join(b.src, to)); err != nil {
					return err
				}
				copied[p.Module.Path] = to
				replace = append(replace, "-replace="+p.Module.Path+"=./"+filepath.ToSlash(to))
			}
			packages[i].Dir = filepath.Join(b.src, to, strings.TrimPrefix(p.Dir, p.Module.Dir))
			packages[i].Shake, packages[i].Thin = true, []string{"Client"}
		}
	}
	shaken := make([]shake.Package, len(packages))
	for i, p := range packages {
		shaken[i] = p.Package
	}
	if err := shake.Shake(ctx, shaken); err != nil {
		return fmt.Errorf("leaving out what is not used: %w", err)
	}
	_, err = b.run(ctx, b.src, "go", append([]string{"mod", "edit"}, replace...)...)
	return err
}

// sdkServices is the path of the AWS SDK's service clients, one module each.
const sdkServices = "github.com/aws/aws-sdk-go-v2/service/"

// list lists the packages in the engine's programs.
func (b *builder) list(ctx context.Context) ([]listed, error) {
	args := []string{"list", "-deps", "-json=ImportPath,Name,Dir,GoFiles,Imports,Module"}
	text, err := b.run(ctx, b.src, "go", append(args, slices.Sorted(maps.Keys(programs()))...)...)
	if err != nil {
		return nil, err
	}
	var all []listed
	for decoder := json.NewDecoder(bytes.NewReader(text)); ; {
		var p listed
		switch err := decoder.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("reading what go list prints: %w", err)
		}
		all = append(all, p)
	}
}

// copyModule copies a module from the module cache, whose files are read-only, without files that no program needs.
func copyModule(ctx context.Context, from, to string) error {
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err := errors.Join(err, context.Cause(ctx)); err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err //nolint:wrapcheck // wrapped below
		}
		if d.IsDir() {
			if slices.Contains([]string{"testdata", "test-fixtures", "website", "docs", "examples"}, d.Name()) {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		}
		if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, ".md") {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err //nolint:wrapcheck // wrapped below
		}
		return os.WriteFile(filepath.Join(to, name), content, 0o600)
	})
	if err != nil {
		return fmt.Errorf("copying %s: %w", from, err)
	}
	return nil
}

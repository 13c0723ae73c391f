package lambdabuild

import (
	"cdcpipeline/config"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// goPackage is the part of `go list -json` that determines what is compiled.
type goPackage struct {
	ImportPath string
	Dir        string
	Standard   bool
	// DepOnly is true if the package is only a dependency of the named packages.
	DepOnly    bool
	Imports    []string
	GoFiles    []string
	SFiles     []string
	HFiles     []string
	EmbedFiles []string
	Module     *goModule
}

type goModule struct {
	Path, Version, Sum, GoMod string
	Main                      bool
	Replace                   *goModule
}

// local reports whether a package's files can change while its module's version stays the same.
func (p goPackage) local() bool {
	return p.Module == nil || p.Module.Main || p.Module.Replace != nil && p.Module.Replace.Version == ""
}

// Sources describes the present sources of functions. Listing them would take half of a preview's time, so it is done
// once for all functions, and not again while the files are the same.
//
// Building all functions would detect changes as well, but it takes seven times as long even with a full cache,
// because go build links again: 2.0 to 3.3 s against 0.28 to 0.44 s in every preview (three functions, 2 cores in
// use, linux/amd64, 2026-11-28).
type Sources struct {
	builder

	version  []byte
	packages map[string]goPackage // by import path
	// sums has the hashes of files that were read, by path. Listing and building need most files several times.
	sums map[string][sha256.Size]byte
}

// Read lists the sources of functions ("bootstrap", ...) in the module at moduleDir. They will be compiled for
// arch, default arm64.
func Read(ctx context.Context, moduleDir string, arch config.Architecture, names ...string) (*Sources, error) {
	s, err := read(ctx, moduleDir, arch, names)
	if err != nil {
		return nil, fmt.Errorf("compiling function %s: %w", strings.Join(names, ", "), err)
	}
	return s, nil
}

func read(ctx context.Context, moduleDir string, arch config.Architecture, names []string) (*Sources, error) {
	goarch, err := goArchitecture(arch)
	if err != nil {
		return nil, err
	}
	if _, err := exec.LookPath("go"); err != nil {
		return nil, errors.New("the go command is not on PATH: install the Go release that go.mod names")
	}
	s := &Sources{builder: builder{dir: moduleDir, goarch: goarch}, sums: map[string][sha256.Size]byte{}}
	args := []string{"list", "-deps", "-tags=lambda.norpc", "-json=ImportPath,Dir,Standard,DepOnly,Imports,GoFiles,SFiles,HFiles,EmbedFiles,Module"}
	for _, name := range names {
		args = append(args, folder(name))
	}
	if s.version, err = s.compiler(ctx); err != nil {
		return nil, err
	}
	key := sha256.Sum256([]byte(strings.Join(append(args, goarch), " ")))
	file := filepath.Join(moduleDir, ".cache", "functions", fmt.Sprintf("listed-%x.json", key[:6]))
	if s.packages = s.remembered(file, args); s.packages != nil {
		return s, nil
	}
	listed, err := s.run(ctx, args...)
	if err != nil {
		return nil, err
	}
	if s.packages, err = readList(listed); err != nil {
		return nil, err
	}
	// If the list cannot be kept, for example in a folder that may not be written, the next preview lists again.
	_ = s.remember(file, args)
	return s, nil
}

// compiler returns the version of the compiler. A release is the one that compiled this program.
func (b builder) compiler(ctx context.Context) ([]byte, error) {
	if version := toolchain(runtime.Version()); version != anyToolchain {
		return []byte(version + "\n"), nil // as go env writes it
	}
	return b.run(ctx, "env", "GOVERSION")
}

// folder returns a function's folder in the go command's notation.
func folder(name string) string { return "./functions/" + name }

// of returns a function's package and all its direct and indirect imports, except the standard library, in a fixed
// order.
func (s *Sources) of(name string) ([]goPackage, error) {
	found := map[string]goPackage{}
	var add func(path string)
	add = func(path string) {
		p, listed := s.packages[path]
		if _, known := found[path]; known || !listed {
			return
		}
		found[path] = p
		for _, imported := range p.Imports {
			add(imported)
		}
	}
	for path, p := range s.packages {
		if !p.DepOnly && strings.HasSuffix(path, strings.TrimPrefix(folder(name), ".")) {
			add(path)
		}
	}
	if len(found) == 0 {
		return nil, errors.New("its sources were not read")
	}
	all := make([]goPackage, 0, len(found))
	for _, path := range slices.Sorted(maps.Keys(found)) {
		all = append(all, found[path])
	}
	return all, nil
}

// hash covers everything that can change the binary: the compiler, its settings, every compiled or embedded file
// of the module, and the version and checksum of every other module.
func (s *Sources) hash(name string) (string, error) {
	packages, err := s.of(name)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s%s\n%s\n", s.version, strings.Join(flags, " "), strings.Join(s.environment(), " "))
	for _, p := range packages {
		if err := s.writeTo(sum, p); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// writeTo hashes everything of a package that can change a binary.
func (s *Sources) writeTo(sum hash.Hash, p goPackage) error {
	fmt.Fprintf(sum, "package %s\n", p.ImportPath)
	if !p.local() {
		m := p.Module
		if m.Replace != nil {
			m = m.Replace
		}
		fmt.Fprintf(sum, "module %s %s %s\n", m.Path, m.Version, m.Sum)
		return nil
	}
	for _, files := range [][]string{p.GoFiles, p.SFiles, p.HFiles, p.EmbedFiles} {
		for _, name := range files {
			content, err := s.sum(filepath.Join(p.Dir, name))
			if err != nil {
				return err
			}
			fmt.Fprintf(sum, "file %s %x\n", name, content)
		}
	}
	return nil
}

// sum returns the hash of a file. It reads each file once.
func (s *Sources) sum(file string) ([sha256.Size]byte, error) {
	if known, ok := s.sums[file]; ok {
		return known, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("reading a source file: %w", err)
	}
	s.sums[file] = sha256.Sum256(content)
	return s.sums[file], nil
}

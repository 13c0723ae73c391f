package lambdabuild

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// listing is the output of a former `go list`, without the standard library. It is valid while its inputs are the
// same: the compiler, the arguments, the modules' versions, and the files in the folders of all packages that can
// change. A package can only be added by changing one of those files.
type listing struct {
	Inputs   string
	Packages map[string]goPackage // by import path
}

// remembered returns the former listing in a file, or nothing if the file is absent, damaged or no longer valid.
func (s *Sources) remembered(file string, args []string) map[string]goPackage {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	var l listing
	if err := json.Unmarshal(text, &l); err != nil || len(l.Packages) == 0 {
		return nil
	}
	if inputs, err := s.inputs(args, l.Packages); err != nil || inputs != l.Inputs {
		return nil
	}
	return l.Packages
}

// remember writes the listing for the next preview.
func (s *Sources) remember(file string, args []string) error {
	inputs, err := s.inputs(args, s.packages)
	if err != nil {
		return err
	}
	text, err := json.Marshal(listing{inputs, s.packages})
	if err != nil {
		return fmt.Errorf("writing the list of packages: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("making the cache: %w", err)
	}
	unfinished, err := os.CreateTemp(filepath.Dir(file), ".listed-")
	if err != nil {
		return fmt.Errorf("writing the list of packages: %w", err)
	}
	_, err = unfinished.Write(text)
	if err = errors.Join(err, unfinished.Close()); err == nil {
		err = os.Rename(unfinished.Name(), file) // another process writes the same list
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing the list of packages: %w", err), os.Remove(unfinished.Name()))
	}
	return nil
}

// inputs hashes what determines the output of `go list` with these arguments.
func (s *Sources) inputs(args []string, packages map[string]goPackage) (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s%s\n%s\n", s.version, strings.Join(args, " "), strings.Join(s.environment(), " "))
	modules := []string{filepath.Join(s.dir, "go.mod"), filepath.Join(s.dir, "go.sum")}
	for _, path := range slices.Sorted(maps.Keys(packages)) {
		p := packages[path]
		if !p.local() {
			continue
		}
		if p.Module != nil && !p.Module.Main {
			modules = append(modules, p.Module.GoMod)
		}
		if err := s.folder(sum, p); err != nil {
			return "", err
		}
	}
	for _, file := range slices.Compact(modules) {
		if err := s.sumFile(sum, file); err != nil && !errors.Is(err, fs.ErrNotExist) { // a module without others has no go.sum
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// folder hashes all files that the package has or could have.
func (s *Sources) folder(sum hash.Hash, p goPackage) error {
	fmt.Fprintf(sum, "folder %s\n", p.Dir)
	err := filepath.WalkDir(p.Dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != p.Dir && len(p.EmbedFiles) == 0:
			return fs.SkipDir // only what it embeds can be below other folders
		case entry.IsDir() || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		return s.sumFile(sum, path)
	})
	if err != nil {
		return fmt.Errorf("reading the files of a package: %w", err)
	}
	return nil
}

func (s *Sources) sumFile(sum hash.Hash, file string) error {
	content, err := s.sum(file)
	if err != nil {
		return err
	}
	fmt.Fprintf(sum, "file %s %x\n", file, content)
	return nil
}

// readList decodes the output of `go list -json`, and leaves out the standard library.
func readList(listed []byte) (map[string]goPackage, error) {
	packages := map[string]goPackage{}
	for decoder := json.NewDecoder(bytes.NewReader(listed)); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading the list of packages: %w", err)
		}
		if !p.Standard {
			packages[p.ImportPath] = p
		}
	}
}

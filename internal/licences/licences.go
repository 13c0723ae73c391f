// Package licences lists the licences of everything that is compiled into the project's programs.
package licences

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// Module is a module with the licences found in its root, SPDX identifiers.
type Module struct {
	Path, Version string
	Licences      []string
}

// minCoverage is the percentage of a file's words that must belong to a known licence.
const minCoverage = 75

// Compiled lists the modules that are compiled into the packages of a folder (patterns such as ./...), for Linux on
// any machine. It omits the folder's own module and those that it replaces with local folders.
func Compiled(folder string, packages ...string) ([]Module, error) {
	cmd := exec.Command("go", append([]string{"list", "-deps", "-json=Module"}, packages...)...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing what is compiled: %w", err)
	}
	found := map[string]Module{}
	for d := json.NewDecoder(strings.NewReader(string(text))); ; {
		var p struct {
			Module *struct {
				Path, Version, Dir string
				Main               bool
				Replace            *struct{ Version string }
			}
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("reading what is compiled: %w", err)
		}
		m := p.Module
		if m == nil || m.Main || m.Replace != nil && m.Replace.Version == "" || found[m.Path].Path != "" {
			continue
		}
		licences, err := licencesIn(m.Dir)
		if err != nil {
			return nil, fmt.Errorf("reading the licence of %s: %w", m.Path, err)
		}
		found[m.Path] = Module{m.Path, m.Version, licences}
	}
	modules := make([]Module, 0, len(found))
	for _, m := range found {
		modules = append(modules, m)
	}
	slices.SortFunc(modules, func(a, b Module) int { return strings.Compare(a.Path, b.Path) })
	return modules, nil
}

// licencesIn returns the licences in a module's root.
func licencesIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("looking for its files: %w", err)
	}
	var found []string
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		if e.IsDir() || !strings.HasPrefix(name, "LICEN") && !strings.HasPrefix(name, "COPYING") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("reading it: %w", err)
		}
		if coverage := licensecheck.Scan(text); coverage.Percent >= minCoverage {
			for _, match := range coverage.Match {
				if !slices.Contains(found, match.ID) {
					found = append(found, match.ID)
				}
			}
		}
	}
	slices.Sort(found)
	return found, nil
}

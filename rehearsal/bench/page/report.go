package page

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Report returns the path of the report in which benchmarks leave their figures.
func Report(project string) string { return filepath.Join(project, ".cache", "bench", "report.json") }

// Join writes the members of a measurement into .cache/bench/report.json. Members of other measurements stay there.
// The member bench, which has the figures that have goals, is joined member by member.
func Join(project string, measurement any) error {
	path := Report(project)
	all := map[string]json.RawMessage{}
	former, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(former, &all)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the report: %w", err)
	}
	own := map[string]json.RawMessage{}
	if err := again(measurement, &own); err != nil {
		return err
	}
	ratios := map[string]json.RawMessage{}
	for _, from := range []json.RawMessage{all[figures], own[figures]} {
		if from != nil {
			if err := json.Unmarshal(from, &ratios); err != nil {
				return fmt.Errorf("reading the report: its member %s: %w", figures, err)
			}
		}
	}
	maps.Copy(all, own)
	if all[figures], err = json.Marshal(ratios); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return Write(path, all)
}

// Write writes a measurement as JSON, for people too.
func Write(path string, measurement any) error {
	text, err := json.MarshalIndent(measurement, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the run: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("writing the run: %w", err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil { // documentation
		return fmt.Errorf("writing the run: %w", err)
	}
	return nil
}

// Known returns an error for a part that a benchmark does not have.
func Known(only, parts []string) error {
	for _, name := range only {
		if !slices.Contains(parts, name) {
			return fmt.Errorf("--only: there is no part %q: choose of %s", name, strings.Join(parts, ", "))
		}
	}
	return nil
}

// figures is the member with the figures that have goals.
const figures = "bench"

// again decodes a value's JSON into another value.
func again(from, into any) error {
	text, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

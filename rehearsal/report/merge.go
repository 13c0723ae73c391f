package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Part is the result of a part's last run.
type Part struct {
	// Commit that ran, with "-dirty" when files had changed since; empty without git.
	Commit  string  `json:"commit"`
	OK      bool    `json:"ok"`
	Seconds float64 `json:"seconds"`
	Date    string  `json:"date"`
	// Stale means that another part has run another commit since.
	Stale bool `json:"stale,omitempty"`
	// Problems are the reasons why it is not OK.
	Problems []string `json:"problems,omitempty"`
	// Timeline is nil when none was recorded.
	Timeline *Timeline `json:"timeline,omitempty"`
}

// always are the keys that every part reports.
var always = []string{"machine", "date", "seconds", "peak_memory_mb", "engine", "not_run", "versions"}

// Parts reads each part's result from a report's file; none when there is no file.
func Parts(path string) (map[string]Part, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the report: %w", err)
	}
	var found struct {
		Parts map[string]Part `json:"parts"`
	}
	if err := json.Unmarshal(text, &found); err != nil {
		return nil, fmt.Errorf("reading the report %s: %w; remove it to begin a new one", path, err)
	}
	return found.Parts, nil
}

// Merge writes this part's keys to the file and keeps all others. Parts of another commit become stale.
func (r *Report) Merge(path, name string, part Part) error {
	whole, err := read(path)
	if err != nil {
		return err
	}
	own, err := object(r)
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	for _, key := range slices.Concat(always, r.filled) {
		replace(whole, own, strings.Split(key, "."))
	}
	parts, err := Parts(path)
	if err != nil {
		return err
	}
	all := map[string]Part{}
	for other, p := range parts {
		p.Stale = p.Commit != part.Commit
		all[other] = p
	}
	all[name] = part
	whole["parts"] = all
	return write(path, whole)
}

// replace copies the value at a path from one object to another, or removes it there when the first lacks it.
func replace(into, from map[string]any, path []string) {
	name, rest := path[0], path[1:]
	if len(rest) == 0 {
		if value, ok := from[name]; ok {
			into[name] = value
		} else {
			delete(into, name)
		}
		return
	}
	inner, ok := into[name].(map[string]any)
	if !ok {
		inner = map[string]any{}
		into[name] = inner
	}
	given, _ := from[name].(map[string]any)
	replace(inner, given, rest)
}

// read returns the file as an object, empty when it is missing.
func read(path string) (map[string]any, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return map[string]any{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the report: %w", err)
	}
	whole, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("reading the report %s: %w", path, err)
	}
	return whole, nil
}

func object(value any) (map[string]any, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("encoding JSON: %w", err)
	}
	return decode(text)
}

// decode keeps every digit.
func decode(text []byte) (map[string]any, error) {
	var found map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&found); err != nil {
		return nil, fmt.Errorf("decoding JSON: %w", err)
	}
	return found, nil
}

// write replaces the file in one step, so a reader never sees a partial report.
func write(path string, whole map[string]any) (err error) {
	text, err := json.MarshalIndent(whole, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	file, err := os.CreateTemp(dir, filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	_, err = file.Write(append(text, '\n'))
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
)

// Whole is a report's file: every part's results.
type Whole struct {
	*Report
	Parts map[string]Part
}

// Read reads a report's file, which must exist.
func Read(path string) (Whole, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Whole{}, fmt.Errorf("reading the report: %w", err)
	}
	var parts struct {
		Parts map[string]Part `json:"parts"`
	}
	var keys map[string]json.RawMessage
	w := Whole{Report: &Report{}}
	for _, into := range []any{w.Report, &parts, &keys} {
		if err := json.Unmarshal(text, into); err != nil {
			return Whole{}, fmt.Errorf("reading the report %s: %w", path, err)
		}
	}
	w.Parts = parts.Parts
	w.Fill(slices.Sorted(maps.Keys(keys))...)
	return w, nil
}

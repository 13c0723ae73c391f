package stores

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

//go:embed marker.py
var markerProgram string

// Marked is an object version that contains a text.
type Marked struct {
	Key     string   `json:"key"`
	Version string   `json:"version"`
	Latest  bool     `json:"latest"`
	How     []string `json:"how"`
}

// FindText looks for a text in every version of every object of a bucket: in the bytes, in compressed parts, and in
// Parquet values. Seen is the number of versions.
func (s *Site) FindText(ctx context.Context, o SparkOptions, bucket, text string) (found []Marked, seen int, err error) {
	python, err := s.environment(ctx, "readers", readerRequirements)
	if err != nil {
		return nil, 0, fmt.Errorf("installing the readers: %w", err)
	}
	cmd := exec.CommandContext(ctx, python, "-c", markerProgram, bucket, text)
	cmd.Env = append(os.Environ(), o.environment()...)
	out, err := cmd.Output()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		return nil, 0, fmt.Errorf("looking for a text in %s: %w\n%s", bucket, err, failed.Stderr)
	} else if err != nil {
		return nil, 0, fmt.Errorf("looking for a text in %s: %w", bucket, err)
	}
	for line := range strings.Lines(string(out)) {
		var one struct {
			Marked
			Seen int `json:"seen"`
		}
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			return nil, 0, fmt.Errorf("looking for a text in %s: %w", bucket, err)
		}
		if one.Key == "" {
			seen = one.Seen
			continue
		}
		found = append(found, one.Marked)
	}
	return found, seen, nil
}

package stores

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Readers are engines that share no code with Spark, by the format that they read.
var Readers = map[string][]string{
	"iceberg": {"pyiceberg", "duckdb-iceberg"},
	"delta":   {"delta-rs", "duckdb-delta"},
	"hudi":    {"hudi-rs"},
}

//go:embed readers.txt
var readerRequirements []byte

//go:embed readers.py
var readerProgram string

// ReadTable reads a table that changes in place by one of [Readers]: a line of JSON for each row, numbers with a point and times
// as text. The table is database.table of the Data Catalog, its location s3://bucket/folder.
func (s *Site) ReadTable(ctx context.Context, o SparkOptions, reader, table, location string) ([]string, error) {
	python, err := s.environment(ctx, "readers", readerRequirements)
	if err != nil {
		return nil, fmt.Errorf("installing the readers: %w", err)
	}
	cmd := exec.CommandContext(ctx, python, "-c", readerProgram, reader, table, location)
	cmd.Env = append(os.Environ(), o.environment()...)
	out, err := cmd.Output()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		return nil, fmt.Errorf("reading %s by %s: %w\n%s", table, reader, err, failed.Stderr)
	} else if err != nil {
		return nil, fmt.Errorf("reading %s by %s: %w", table, reader, err)
	}
	text := strings.TrimSpace(string(out))
	if text == "" {
		return nil, nil
	}
	return strings.Split(text, "\n"), nil
}

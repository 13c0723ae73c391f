package stores

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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

// ReadTable reads a table with one of [Readers]: one line of JSON per row, with numbers that have a point and times
// as text. The table is database.table in the Data Catalog, its location s3://bucket/folder.
func (s *Site) ReadTable(ctx context.Context, o SparkOptions, reader, table, location string) ([]string, error) {
	return s.ReadBy(ctx, o, readerProgram, reader, table, location)
}

// ReadBy runs a Python program in the readers' environment and returns its output lines. It may import readers.
func (s *Site) ReadBy(ctx context.Context, o SparkOptions, program string, arguments ...string) ([]string, error) {
	python, err := s.environment(ctx, "readers", readerRequirements)
	if err != nil {
		return nil, fmt.Errorf("installing the readers: %w", err)
	}
	if err := os.WriteFile(filepath.Join(s.Dir, "readers.py"), []byte(readerProgram), 0o600); err != nil {
		return nil, fmt.Errorf("writing the readers: %w", err)
	}
	cmd := exec.CommandContext(ctx, python, append([]string{"-c", program}, arguments...)...)
	cmd.Env = append(append(os.Environ(), o.environment()...), "PYTHONPATH="+s.Dir, "PYTHONDONTWRITEBYTECODE=1")
	out, err := cmd.Output()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		return nil, fmt.Errorf("reading %s: %w\n%s", strings.Join(arguments, " "), err, failed.Stderr)
	} else if err != nil {
		return nil, fmt.Errorf("reading %s: %w", strings.Join(arguments, " "), err)
	}
	text := strings.TrimSpace(string(out))
	if text == "" {
		return nil, nil
	}
	return strings.Split(text, "\n"), nil
}

package athena

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed query.py
var program []byte

// duckDB is an engine without a server. In a Python program sqlglot translates Athena's SQL to DuckDB's dialect, and
// DuckDB runs it. It takes seconds where Trino takes minutes, but supports only the SQL of the views.
type duckDB struct {
	cmd        *exec.Cmd
	in         io.WriteCloser
	out        *bufio.Reader
	complaints strings.Builder
	version    string
}

// question is the program's first line of input: objects are files by URL.
type question struct {
	Tables  []table           `json:"tables"`
	Objects map[string]string `json:"objects"`
}

// startDuckDB makes the tables with their objects, and the views. An error names what cannot be made, or a view whose
// columns and types differ from its declaration.
func startDuckDB(ctx context.Context, python, dir string, q question) (*duckDB, error) {
	file := filepath.Join(dir, "query.py")
	if err := os.WriteFile(file, program, 0o600); err != nil {
		return nil, fmt.Errorf("writing the program that queries: %w", err)
	}
	d := &duckDB{cmd: exec.CommandContext(ctx, python, file)}
	d.cmd.Env = append(os.Environ(), "CATALOG_DIR="+dir, "PYTHONUTF8=1", "PYTHONDONTWRITEBYTECODE=1")
	d.cmd.Stderr = &d.complaints
	in, err := d.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("asking the program that queries: %w", err)
	}
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("hearing the program that queries: %w", err)
	}
	d.in, d.out = in, bufio.NewReader(out)
	if err := d.cmd.Start(); err != nil {
		return nil, fmt.Errorf("running the program that queries: %w", err)
	}
	var made struct{ Version string }
	if err := d.call(q, &made); err != nil {
		d.Close()
		return nil, fmt.Errorf("making the tables and views: %w", err)
	}
	d.version = made.Version
	return d, nil
}

// Name is the engine's name.
func (d *duckDB) Name() string { return "duckdb " + d.version }

// Query runs a statement.
func (d *duckDB) Query(_ context.Context, sql string) (Answer, error) {
	var answer Answer
	err := d.call(map[string]string{"sql": sql}, &answer)
	return answer, err
}

// Close ends the program.
func (d *duckDB) Close() {
	_ = d.in.Close()
	_ = d.cmd.Wait() // the call already returned its errors
}

// call sends a line and reads one.
func (d *duckDB) call(asked, answer any) error {
	if err := json.NewEncoder(d.in).Encode(asked); err != nil {
		return errors.Join(fmt.Errorf("asking: %w", err), d.said())
	}
	line, err := d.out.ReadBytes('\n')
	if err != nil {
		_ = d.in.Close()
		_ = d.cmd.Wait()
		return errors.Join(fmt.Errorf("hearing the answer: %w", err), d.said())
	}
	var failed struct{ Error string }
	if err := json.Unmarshal(line, &failed); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if failed.Error != "" {
		return errors.New(failed.Error)
	}
	if err := json.Unmarshal(line, answer); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	return nil
}

func (d *duckDB) said() error { return errors.New(strings.TrimSpace(d.complaints.String())) }

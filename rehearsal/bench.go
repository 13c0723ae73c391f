package main

import (
	"cdcpipeline/rehearsal/bench"
	"cdcpipeline/rehearsal/report/progress"
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// measure runs the benchmark and writes its page anew.
func measure(ctx context.Context) error {
	root, err := project()
	if err != nil {
		return err
	}
	cache := filepath.Join(root, ".cache")
	r, err := bench.Run(ctx, cache, machine(), progress.New(os.Stderr))
	if err != nil {
		return fmt.Errorf("measuring: %w", err)
	}
	if err := r.Write(filepath.Join(cache, "bench", "report.json")); err != nil {
		return err
	}
	r.Print(os.Stdout)
	for name, write := range map[string]func(*bench.Report) ([]byte, error){"performance.md": bench.Page, "performance.svg": bench.Picture} {
		content, err := write(r)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(root, "docs", name), content, 0o644); err != nil { // documentation
			return fmt.Errorf("writing docs/%s: %w", name, err)
		}
	}
	return nil
}

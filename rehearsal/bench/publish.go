package bench

import (
	"cdcpipeline/rehearsal/bench/page"
	"cdcpipeline/rehearsal/report/progress"
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Publish measures and writes the page in docs/. A run with fewer rows (divided by fewer) writes no page, because
// its figures mean nothing.
func Publish(ctx context.Context, project, machine string, fewer int) error {
	r, err := Run(ctx, project, machine, fewer, progress.New(os.Stderr, nil))
	if err != nil {
		return fmt.Errorf("measuring: %w", err)
	}
	if err := page.Join(project, r); err != nil {
		return err //nolint:wrapcheck // it names the report
	}
	r.Print(os.Stdout)
	if fewer > 1 {
		return nil
	}
	for name, write := range map[string]func(*Report) ([]byte, error){"performance.md": Page, "performance.svg": Picture} {
		content, err := write(r)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(project, "docs", name), content, 0o644); err != nil { // documentation
			return fmt.Errorf("writing docs/%s: %w", name, err)
		}
	}
	return nil
}

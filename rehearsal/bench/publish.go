package bench

import (
	"cdcpipeline/rehearsal/bench/page"
	"cdcpipeline/rehearsal/report/progress"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
)

// Publish measures, prints the figures, joins them to .cache/bench/report.json, and writes the page in docs/. If only
// some parts are measured, the others on the page are those of that report; without them Publish writes no page. A run
// with fewer rows (divided by fewer) is not joined and writes no page, because its figures mean nothing.
func Publish(ctx context.Context, project, machine string, fewer int, only []string) error {
	if err := page.Known(only, Parts()); err != nil {
		return err //nolint:wrapcheck // it names the flag
	}
	if fewer < 1 {
		return fmt.Errorf("--fewer is %d: set it to 1 or more", fewer)
	}
	r, err := Run(ctx, project, machine, fewer, only, progress.New(os.Stderr, nil))
	if err != nil {
		return fmt.Errorf("measuring: %w", err)
	}
	r.Print(os.Stdout)
	if fewer > 1 {
		return nil
	}
	if len(only) > 0 {
		former, err := readReport(project)
		if err != nil {
			return err
		}
		r = r.completedBy(former)
	}
	r.Bench = r.summary()
	if err := page.Join(project, r); err != nil {
		return err //nolint:wrapcheck // it names the report
	}
	if !r.whole() {
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

// readReport reads the report of earlier measurements. It is empty if there were none.
func readReport(project string) (*Report, error) {
	text, err := os.ReadFile(page.Report(project))
	if errors.Is(err, fs.ErrNotExist) {
		return &Report{}, nil
	}
	var r Report
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return nil, fmt.Errorf("reading earlier measurements: %w", err)
	}
	return &r, nil
}

// completedBy takes missing parts from an earlier report of the same machine. The report then has both dates.
func (r *Report) completedBy(former *Report) *Report {
	if former.Machine != r.Machine {
		return r
	}
	all := *r
	all.Versions = maps.Clone(former.Versions)
	maps.Copy(all.Versions, r.Versions)
	if len(all.Parsing) == 0 {
		all.Parsing = former.Parsing
	}
	if all.Program == (Program{}) {
		all.Program = former.Program
	}
	if len(all.Writing) == 0 {
		all.Writing = former.Writing
	}
	if all.Visible == (Visible{}) {
		all.Visible = former.Visible
	}
	if !strings.Contains(former.Date, r.Date) {
		all.Date = former.Date + " and " + r.Date
	}
	return &all
}

// whole reports whether all parts were measured.
func (r *Report) whole() bool {
	return len(r.Parsing) > 0 && r.Program != (Program{}) && len(r.Writing) == len(shapes) && r.Visible != (Visible{})
}

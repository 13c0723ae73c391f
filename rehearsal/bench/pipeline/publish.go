package pipeline

import (
	"bytes"
	"cdcpipeline/rehearsal/bench/page"
	"cdcpipeline/rehearsal/report/progress"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
)

// measured is the run that docs/performance.md shows, or null without a run.
//
//go:embed measured.json
var measured []byte

//go:embed section.md.tmpl
var sectionTemplate string

// Publish measures, prints the figures, and writes them into .cache/bench/pipeline.json. It joins those with goals to
// .cache/bench/report.json. If a run has all parts at full scale, Publish also writes the figures to the file that the
// next build of [Section] embeds, and replaces the section in docs/performance.md.
func Publish(ctx context.Context, project, machine string, scale Scale, only []string) error {
	if err := errors.Join(scale.check(), page.Known(only, Parts())); err != nil {
		return err
	}
	r, err := Run(ctx, project, machine, scale, only, progress.New(os.Stderr, nil))
	if err != nil {
		return fmt.Errorf("measuring: %w", err)
	}
	r.Print(os.Stdout)
	if err := page.Write(filepath.Join(project, ".cache", "bench", "pipeline.json"), r); err != nil {
		return err //nolint:wrapcheck // it says what
	}
	if len(r.Peer.Contenders) > 0 {
		if err := page.Join(project, map[string]any{"bench": r.Bench}); err != nil {
			return err //nolint:wrapcheck // it names the report
		}
	}
	if scale != Full || len(only) > 0 {
		return nil
	}
	if err := page.Write(filepath.Join(project, "rehearsal", "bench", "pipeline", "measured.json"), r); err != nil {
		return err //nolint:wrapcheck // it says what
	}
	section, err := r.section()
	if err != nil {
		return err
	}
	return page.Replace(project, heading, section) //nolint:wrapcheck // it names the page
}

// check returns an error for each number that is too small.
func (s Scale) check() error {
	var problems []error
	for _, one := range []struct {
		flag         string
		value, least int
	}{
		{"--load", s.Load, least.Load},
		{"--growth", s.Growth, least.Growth},
		{"--rows", s.Rows, least.Rows},
		{"--warming", s.Warming, least.Warming},
		{"--rounds", s.Rounds, least.Rounds},
		{"--commits", s.Commits, least.Commits},
	} {
		if one.value < one.least {
			problems = append(problems, fmt.Errorf("%s is %d: set it to %d or more", one.flag, one.value, one.least))
		}
	}
	if s.Warming%defaults.BatchSize != 0 {
		problems = append(problems, fmt.Errorf("--warming is %d: set it to a multiple of %d, the records of a batch", s.Warming, defaults.BatchSize))
	}
	return errors.Join(problems...)
}

const heading = "## The pipeline under load, beside a peer\n"

// Section returns the section of docs/performance.md about the latest measured run. Without a run it is empty.
func Section() (string, error) {
	var r *Report
	if err := json.Unmarshal(measured, &r); err != nil {
		return "", fmt.Errorf("reading what was measured: %w", err)
	}
	if r == nil {
		return "", nil
	}
	text, err := r.section()
	return "\n" + text, err
}

func (r *Report) section() (string, error) {
	parsed, err := template.New("section").Parse(sectionTemplate)
	if err != nil {
		return "", fmt.Errorf("reading the section's template: %w", err)
	}
	var out bytes.Buffer
	err = parsed.Execute(&out, map[string]any{
		"Heading": heading, "Report": r, "Missed": r.Missed(), "Knee": r.Knee(), "Memory": fmt.Sprintf("%.2f", r.Memory()),
		"Load": r.load().RenderMarkdown(), "Growth": r.growth().RenderMarkdown(), "Peer": r.peer().RenderMarkdown(), "Ratios": r.ratios().RenderMarkdown(), "Visible": r.visible().RenderMarkdown(),
		"GoalPeer": goalPeer, "GoalMemory": goalMemory, "Bounded": bounded.Seconds(), "Holding": holding.Seconds(), "Heap": heap, "Glance": glance.Milliseconds(),
		"BatchSize": defaults.BatchSize, "BatchSeconds": *defaults.BatchSeconds, "PerTransaction": perTransaction, "PerSecond": perSecondLive, "Sample": sample, "Says": saysVersion,
	})
	if err != nil {
		return "", fmt.Errorf("writing the section: %w", err)
	}
	return out.String(), nil
}

package tables

import (
	"bytes"
	"cdcpipeline/rehearsal/bench/page"
	"cdcpipeline/rehearsal/report/progress"
	"cdcpipeline/rehearsal/stores"
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

// Publish measures and prints the figures. At full scale it writes them to the file that the next build of
// [Section] embeds, beside earlier figures of parts that were not measured now. It also replaces the section in
// docs/performance.md.
func Publish(ctx context.Context, project, machine string, scale Scale, only []string) error {
	if err := errors.Join(scale.check(), page.Known(only, Parts())); err != nil {
		return err
	}
	r, err := Run(ctx, project, machine, scale, only, progress.New(os.Stderr, nil))
	if err != nil {
		return fmt.Errorf("measuring: %w", err)
	}
	r.Print(os.Stdout)
	if scale != Full {
		return nil
	}
	before, err := latest()
	if err != nil {
		return err
	}
	if before != nil {
		r = before.with(r)
	}
	if err := page.Write(filepath.Join(project, "rehearsal", "bench", "tables", "measured.json"), r); err != nil {
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
	}{{"--rows", s.Rows, 1000}, {"--changes", s.Changes, few}, {"--times", s.Times, 1}} {
		if one.value < one.least {
			problems = append(problems, fmt.Errorf("%s is %d: set it to %d or more", one.flag, one.value, one.least))
		}
	}
	if s.Changes > s.Rows {
		problems = append(problems, fmt.Errorf("--changes is %d and --rows is %d: set --changes to no more than --rows", s.Changes, s.Rows))
	}
	return errors.Join(problems...)
}

const heading = "## The lake's tables\n"

// Section returns the section of docs/performance.md about the latest measured run. Without a run it is empty.
func Section() (string, error) {
	r, err := latest()
	if r == nil || err != nil {
		return "", err
	}
	text, err := r.section()
	return "\n" + text, err
}

// latest returns the figures that were written last, or nil if there are none.
func latest() (*Report, error) {
	var r *Report
	if err := json.Unmarshal(measured, &r); err != nil {
		return nil, fmt.Errorf("reading what was measured: %w", err)
	}
	return r, nil
}

func (r *Report) section() (string, error) {
	parsed, err := template.New("section").Parse(sectionTemplate)
	if err != nil {
		return "", fmt.Errorf("reading the section's template: %w", err)
	}
	var out bytes.Buffer
	err = parsed.Execute(&out, map[string]any{
		"Heading": heading, "Report": r, "Missed": r.Missed(), "Merged": r.Taken[merging], "Grown": r.Taken[growing], "Read": r.Taken[reading], "Merging": r.merging().RenderMarkdown(), "Growing": r.growing().RenderMarkdown(), "Reading": r.reading().RenderMarkdown(),
		"Peer": peerName, "GoalPeer": goalPeer, "GoalPoint": goalPoint, "GoalGrowth": goalGrowth, "Few": r.Scale.Changes / few, "Large": many * r.Scale.Rows, "Records": 2 * r.Scale.Rows,
		"Spark": stores.SparkVersion,
	})
	if err != nil {
		return "", fmt.Errorf("writing the section: %w", err)
	}
	return out.String(), nil
}

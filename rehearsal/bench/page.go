package bench

import (
	"bytes"
	"cdcpipeline/rehearsal/bench/firstrun"
	"cdcpipeline/rehearsal/bench/neighbours"
	"cdcpipeline/rehearsal/bench/pipeline"
	"cdcpipeline/rehearsal/bench/tables"
	_ "embed"
	"fmt"
	"math"
	"strings"
	"text/template"
)

//go:embed page.md.tmpl
var pageTemplate string

// vcpu is the memory in MB at which a Lambda function has one core. With less memory it has a proportional share:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html.
const vcpu = 1769

// Page returns docs/performance.md.
func Page(r *Report) ([]byte, error) {
	parsed, err := template.New("page").Parse(pageTemplate)
	if err != nil {
		return nil, fmt.Errorf("reading the page's template: %w", err)
	}
	core := float64(defaults.MemoryMb) / vcpu
	var out bytes.Buffer
	err = parsed.Execute(&out, map[string]any{
		"Report": r, "Writing": r.writing().RenderMarkdown(), "Parsing": r.parsing().RenderMarkdown(), "Visible": r.visible().RenderMarkdown(),
		"Beside": r.beside().RenderMarkdown(), "Program": r.alone().RenderMarkdown(), "Before": Before,
		"GoalRatio": goalRatio, "GoalCPU": goalCPU, "GoalReading": goalReading, "GoalProgram": goalProgram, "GoalVisible": goalVisible / 1000,
		"Heap": heap, "Rounds": rounds, "Sights": sights, "Warming": int(warming.Seconds()), "Glance": glance.Milliseconds(), "Rows": rowsOfShapes(r),
		"BatchSize": defaults.BatchSize, "Setups": setupsInWords(), "MemoryMb": defaults.MemoryMb, "Core": core,
		"LambdaRows": math.Round(core*1e6/r.Writing[0].Default.OwnMicros.Median/100) * 100,
	})
	if err != nil {
		return nil, fmt.Errorf("writing the page: %w", err)
	}
	waiting, err := firstrun.Section()
	if err != nil {
		return nil, err
	}
	out.WriteString(waiting)
	kept, err := tables.Section()
	if err != nil {
		return nil, err
	}
	out.WriteString(kept)
	beside, err := neighbours.Section()
	if err != nil {
		return nil, err
	}
	out.WriteString(beside)
	loaded, err := pipeline.Section()
	if err != nil {
		return nil, err
	}
	out.WriteString(loaded)
	return out.Bytes(), nil
}

func rowsOfShapes(r *Report) string {
	var out bytes.Buffer
	for i, w := range r.Writing {
		if i > 0 && w.Rows == r.Writing[i-1].Rows {
			continue
		}
		if i > 0 {
			out.WriteString(", ")
		}
		fmt.Fprintf(&out, "%d of %d KB", w.Rows, w.RowBytes>>10)
	}
	return out.String()
}

// setupsInWords lists the settings among which the function's best ones are.
func setupsInWords() string {
	names := make([]string, len(setups))
	for i, s := range setups {
		names[i] = s.String()
	}
	return strings.Join(names, "; ")
}

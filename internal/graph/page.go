package graph

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"time"
)

//go:embed page.md.tmpl
var pageTemplate string

// shown is the minimum duration of the steps that the page shows beside the critical path.
const shown = 20 * time.Second

// Page is docs/graph.md for a dev and a prod deployment.
func Page(dev, prod Graph) ([]byte, error) {
	page, err := template.New("graph").Funcs(template.FuncMap{
		"clock": clock, "picture": dev.picture, "path": func() string { return dev.table(dev.Path()) }, "beside": func() string { return dev.beside() },
		"inLine": func() time.Duration { return InLine(Walkthrough) }, "stacks": func() string { return stacks(Walkthrough) },
		"times": times, "sources": sources, "ratio": func(a, b time.Duration) string { return fmt.Sprintf("%.1f", a.Seconds()/b.Seconds()) },
	}).Parse(pageTemplate)
	if err != nil {
		return nil, fmt.Errorf("parsing the page: %w", err)
	}
	var out bytes.Buffer
	if err := page.Execute(&out, map[string]any{"Dated": Dated, "Dev": dev, "Prod": prod, "Other": Other}); err != nil {
		return nil, fmt.Errorf("writing the page: %w", err)
	}
	return out.Bytes(), nil
}

// clock formats minutes and seconds.
func clock(d time.Duration) string {
	return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}

// label is a resource's own name and type, for people.
func label(name string) string {
	typ, own, _ := strings.Cut(name, "::")
	_, what, _ := strings.Cut(typ, ":")
	_, what, _ = strings.Cut(what, ":")
	return strings.TrimSuffix(what, "V2") + " " + strings.TrimPrefix(own, "cdc-")
}

// picture is a Gantt chart of the long steps, with the critical path in another colour. Mermaid takes a start in
// milliseconds.
func (g Graph) picture() string {
	var out strings.Builder
	out.WriteString("```mermaid\ngantt\n  dateFormat x\n  axisFormat %s s\n  todayMarker off\n")
	path := g.Path()
	section := func(title, mark string, steps []Step) {
		fmt.Fprintf(&out, "  section %s\n", title)
		for _, s := range steps {
			fmt.Fprintf(&out, "  %s :%s%d, %ds\n", label(s.Name), mark, s.Start.Milliseconds(), int(s.Takes().Seconds()))
		}
	}
	section("critical path", "crit, ", slices.DeleteFunc(slices.Clone(path), func(s Step) bool { return s.Takes() < 10*time.Second }))
	section("beside it", "", slices.DeleteFunc(g.Long(shown), func(s Step) bool { return contains(path, s) }))
	out.WriteString("```")
	return out.String()
}

func contains(path []Step, s Step) bool {
	return slices.ContainsFunc(path, func(other Step) bool { return other.Name == s.Name })
}

func (g Graph) table(steps []Step) string {
	var out strings.Builder
	out.WriteString("| starts | takes | what | waits last for |\n|---:|---:|---|---|\n")
	for _, s := range steps {
		last := "nothing"
		if before := g.PathTo(s.Last); len(before) > 0 {
			last = label(before[len(before)-1].Name)
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s |\n", clock(s.Start), clock(s.Takes()), label(s.Name), last)
	}
	return out.String()
}

// beside lists the long steps outside the critical path.
func (g Graph) beside() string {
	path := g.Path()
	return g.table(slices.DeleteFunc(g.Long(shown), func(s Step) bool { return contains(path, s) }))
}

func stacks(all []Stack) string {
	var out strings.Builder
	out.WriteString("| stack | takes | its longest chain |\n|---|---:|---|\n")
	for _, s := range all {
		var chain []string
		for _, typ := range s.Types {
			chain = append(chain, strings.TrimSpace(label(typ+"::")))
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s |\n", s.Name, clock(s.Takes()), strings.Join(chain, ", "))
	}
	return out.String()
}

func times() string {
	var out strings.Builder
	out.WriteString("| type | seconds | read in | note |\n|---|---:|---|---|\n")
	for _, t := range append(slices.Clone(Times), Other) {
		typ, seconds, source := "`"+t.Type+"`", fmt.Sprintf("%.0f to %.0f", t.Least, t.Most), "not found: taken"
		if t.Type == "" {
			typ = "every other of AWS's"
		}
		if t.Least == t.Most {
			seconds = fmt.Sprintf("%.0f", t.Least)
		}
		if t.Source != "" {
			source = "*" + t.Source + "*"
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s |\n", typ, seconds, source, t.Note)
	}
	return out.String()
}

func sources() string {
	var out strings.Builder
	for _, s := range Sources {
		fmt.Fprintf(&out, "- [%s](%s): %s.\n", s.Key, s.URL, s.What)
	}
	return out.String()
}

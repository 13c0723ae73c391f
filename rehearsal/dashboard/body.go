// Package dashboard draws a declared CloudWatch dashboard with the values that a rehearsal published.
package dashboard

import (
	"cdcpipeline/rehearsal/standins/cloudwatch"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Body is a dashboard's body,
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html.
type Body struct {
	Widgets []Widget `json:"widgets"`
}

// Widget is a rectangle in a grid that is 24 units wide.
type Widget struct {
	// Type is metric, text or alarm.
	Type       string `json:"type"`
	X          int    `json:"x"`
	Y          int    `json:"y"`
	Width      int    `json:"width"`
	Height     int    `json:"height"`
	Properties struct {
		Title    string            `json:"title"`
		Markdown string            `json:"markdown"`
		Stat     string            `json:"stat"`
		Period   int               `json:"period"`
		Metrics  []json.RawMessage `json:"metrics"`
		Alarms   []string          `json:"alarms"`
		YAxis    map[string]struct {
			Label string `json:"label"`
		} `json:"yAxis"`
	} `json:"properties"`
}

// Line is one metric of a widget.
type Line struct {
	cloudwatch.Metric
	Label, Stat string
	Period      time.Duration
	// Right means that it uses the right axis.
	Right bool
}

// Parse reads a body.
func Parse(text string) (*Body, error) {
	b := &Body{}
	if err := json.Unmarshal([]byte(text), b); err != nil {
		return nil, fmt.Errorf("reading the dashboard: %w", err)
	}
	for _, w := range b.Widgets {
		if w.Width <= 0 || w.Height <= 0 || w.X < 0 || w.X+w.Width > gridWidth {
			return nil, fmt.Errorf("the widget %q is not in the grid: %d units wide at %d", w.name(), w.Width, w.X)
		}
		if _, err := w.Lines(); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// gridWidth of every dashboard, in units.
const gridWidth = 24

func (w Widget) name() string {
	if w.Properties.Title != "" {
		return w.Properties.Title
	}
	return strings.TrimLeft(w.Properties.Markdown, "# ")
}

// options of a metric, the last element of its array.
type options struct {
	Label   string `json:"label"`
	Stat    string `json:"stat"`
	Period  int    `json:"period"`
	YAxis   string `json:"yAxis"`
	Visible *bool  `json:"visible"`
}

// Lines are the metrics that a widget draws. In an array, "." and "..." repeat the previous metric's elements at that
// position.
func (w Widget) Lines() ([]Line, error) {
	var lines []Line
	var before []string
	for _, raw := range w.Properties.Metrics {
		var members []json.RawMessage
		if err := json.Unmarshal(raw, &members); err != nil {
			return nil, fmt.Errorf("a metric of the widget %q: %w", w.name(), err)
		}
		names, o, err := split(members)
		if err != nil {
			return nil, fmt.Errorf("a metric of the widget %q: %w", w.name(), err)
		}
		names = resolve(names, before)
		before = names
		if len(names) < 2 || len(names)%2 != 0 {
			return nil, fmt.Errorf("a metric of the widget %q is not a namespace, a name and dimensions: %s", w.name(), raw)
		}
		if o.Visible != nil && !*o.Visible {
			continue
		}
		line := Line{Metric: cloudwatch.Metric{Namespace: names[0], Name: names[1], Dimensions: map[string]string{}}, Label: o.Label, Stat: o.Stat, Right: o.YAxis == "right"}
		for i := 2; i < len(names); i += 2 {
			line.Dimensions[names[i]] = names[i+1]
		}
		line.defaults(w, o.Period)
		lines = append(lines, line)
	}
	return lines, nil
}

func (l *Line) defaults(w Widget, period int) {
	if l.Label == "" {
		l.Label = l.Name
	}
	if l.Stat == "" {
		l.Stat = w.Properties.Stat
	}
	if l.Stat == "" {
		l.Stat = "Average"
	}
	for _, seconds := range []int{300, w.Properties.Period, period} { // later ones override earlier ones
		if seconds > 0 {
			l.Period = time.Duration(seconds) * time.Second
		}
	}
}

// split removes the options from the end of an array.
func split(members []json.RawMessage) (names []string, o options, err error) {
	for i, m := range members {
		var name string
		if json.Unmarshal(m, &name) == nil {
			names = append(names, name)
			continue
		}
		if i != len(members)-1 {
			return nil, o, fmt.Errorf("%s stands in its midst", m)
		}
		if err := json.Unmarshal(m, &o); err != nil {
			return nil, o, fmt.Errorf("reading its options: %w", err)
		}
	}
	return names, o, nil
}

// resolve replaces "." and "..." by the previous metric's elements.
func resolve(names, before []string) []string {
	var all []string
	for _, name := range names {
		switch {
		case name == "..." && len(before) >= len(names)-1:
			all = append(all, before[:len(before)-(len(names)-1)]...)
		case name == "." && len(all) < len(before):
			all = append(all, before[len(all)])
		default:
			all = append(all, name)
		}
	}
	return all
}

package dashboard

import (
	"bytes"
	"cdcpipeline/rehearsal/standins/cloudwatch"
	"cdcpipeline/rehearsal/standins/cloudwatch/evaluation"
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Values are a rehearsal's published values, and its alarms' final states.
type Values interface {
	Published(m cloudwatch.Metric) evaluation.Series
	States() map[string]cloudwatch.State
	// OnlyAWS reports that nothing in a rehearsal measures a metric.
	OnlyAWS(m cloudwatch.Metric) bool
	// Pass is a period's length in the clock of the values.
	Pass(period time.Duration) time.Duration
}

var _ Values = (*cloudwatch.Alarms)(nil)

// The picture has no background: its colours suit a light and a dark page.
var (
	ink   = color.RGBA{0x74, 0x7b, 0x84, 0xff}
	frame = color.RGBA{0x4d, 0x50, 0x54, 0x80} // premultiplied by its alpha
	lines = []color.RGBA{{0x2f, 0x81, 0xf7, 0xff}, {0xe3, 0x6d, 0x25, 0xff}, {0x2e, 0xa0, 0x43, 0xff}, {0xa3, 0x71, 0xf7, 0xff}, {0xd2, 0x3f, 0x7e, 0xff}, {0x8a, 0x92, 0x00, 0xff}}
	// Colours of alarms, as in the console: none when silent, red, grey.
	alarmInks = map[string]color.RGBA{evaluation.OK: {0x2e, 0xa0, 0x43, 0xff}, evaluation.Alarm: {0xd1, 0x24, 0x2f, 0xff}, evaluation.InsufficientData: frame}
)

const (
	unit    = 1.5 * vg.Centimeter // of the grid, horizontally
	unitTop = 0.7 * vg.Centimeter
	gap     = 0.12 * vg.Centimeter
	inset   = 0.15 * vg.Centimeter
	small   = vg.Length(8)
	large   = vg.Length(13)
	caption = 0.7 * vg.Centimeter
)

// Draw draws the dashboard as an SVG, with a sentence about the values' origin below it.
func Draw(b *Body, from string, values Values) ([]byte, error) {
	height := 0
	for _, w := range b.Widgets {
		height = max(height, w.Y+w.Height)
	}
	whole := vgsvg.New(gridWidth*unit, vg.Length(height)*unitTop+caption)
	canvas := draw.New(whole)
	top := canvas.Max.Y
	began := start(b, values)
	for _, w := range b.Widgets {
		at := draw.Canvas{Canvas: canvas.Canvas, Rectangle: vg.Rectangle{
			Min: vg.Point{X: vg.Length(w.X)*unit + gap, Y: top - vg.Length(w.Y+w.Height)*unitTop + gap},
			Max: vg.Point{X: vg.Length(w.X+w.Width)*unit - gap, Y: top - vg.Length(w.Y)*unitTop - gap},
		}}
		if err := drawWidget(at, w, values, began); err != nil {
			return nil, fmt.Errorf("drawing the widget %q: %w", w.name(), err)
		}
	}
	canvas.FillText(letters(small), vg.Point{X: gap, Y: canvas.Min.Y + gap}, from)
	var out bytes.Buffer
	if _, err := whole.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("writing the picture: %w", err)
	}
	// Without the font on the reader's machine, Arial has letters of the same width.
	return bytes.ReplaceAll(out.Bytes(), []byte("font-family:Liberation Sans"), []byte("font-family:Liberation Sans,Arial,sans-serif")), nil
}

// start is the time of the first drawn value.
func start(b *Body, values Values) time.Time {
	var began time.Time
	for _, w := range b.Widgets {
		all, _ := w.Lines() // they were parsed before
		for _, l := range all {
			if s := values.Published(l.Metric); len(s) > 0 && (began.IsZero() || s[0].At.Before(began)) {
				began = s[0].At
			}
		}
	}
	return began
}

func letters(size vg.Length) draw.TextStyle {
	return draw.TextStyle{Color: ink, Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}, Handler: plot.DefaultTextHandler}
}

func drawWidget(c draw.Canvas, w Widget, values Values, began time.Time) error {
	switch w.Type {
	case "text":
		style := letters(large)
		style.YAlign = text.YCenter
		c.FillText(style, vg.Point{X: c.Min.X + inset, Y: (c.Min.Y + c.Max.Y) / 2}, w.name())
		return nil
	case "alarm":
		box(c)
		drawAlarms(title(c, w.name()), w.Properties.Alarms, values.States())
		return nil
	case "metric":
		box(c)
		return drawLines(title(c, w.name()), w, values, began)
	}
	return fmt.Errorf("its type %q is not known", w.Type)
}

// box is the widget's border.
func box(c draw.Canvas) {
	c.StrokeLines(draw.LineStyle{Color: frame, Width: vg.Points(0.5)}, []vg.Point{
		c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}, c.Min,
	})
}

// title writes a widget's title and returns the space below it.
func title(c draw.Canvas, name string) draw.Canvas {
	style := letters(small + 1)
	style.YAlign = text.YTop
	c.FillText(style, vg.Point{X: c.Min.X + inset, Y: c.Max.Y - inset}, name)
	return draw.Crop(c, inset, -inset, inset, -(2*inset + style.Font.Size))
}

// drawAlarms draws a coloured mark and a name for each alarm, in as many columns as needed.
func drawAlarms(c draw.Canvas, arns []string, states map[string]cloudwatch.State) {
	style := letters(small - 2)
	style.YAlign = text.YCenter
	line := style.Font.Size * 1.5
	rows := max(1, int((c.Max.Y-c.Min.Y)/line))
	columns := (len(arns) + rows - 1) / rows
	if columns == 0 {
		return
	}
	width := (c.Max.X - c.Min.X) / vg.Length(columns)
	letters := int((width - 2*line) / (style.Font.Size * 0.5))
	for i, arn := range arns {
		name := arn[strings.LastIndex(arn, ":")+1:]
		at := vg.Point{X: c.Min.X + vg.Length(i/rows)*width + line/2, Y: c.Max.Y - (vg.Length(i%rows)+0.5)*line}
		state := evaluation.InsufficientData
		if s, ok := states[name]; ok {
			state = s.Value
		}
		c.DrawGlyph(draw.GlyphStyle{Color: alarmInks[state], Radius: line / 4, Shape: draw.CircleGlyph{}}, at)
		c.FillText(style, vg.Point{X: at.X + line/2, Y: at.Y}, shortened(name, letters))
	}
}

// shortened keeps the end of a name, which distinguishes alarms.
func shortened(name string, most int) string {
	if len(name) <= most || most < 2 {
		return name
	}
	return "…" + name[len(name)-most+1:]
}

// drawLines draws the lines of the left axis, and below them those of the right axis, which has another unit.
func drawLines(c draw.Canvas, w Widget, values Values, began time.Time) error {
	all, err := w.Lines()
	if err != nil {
		return err
	}
	var sides [2][]Line
	for _, l := range all {
		side := 0
		if l.Right {
			side = 1
		}
		sides[side] = append(sides[side], l)
	}
	var used []int
	for side, of := range sides {
		if len(of) > 0 {
			used = append(used, side)
		}
	}
	ink := 0
	for i, side := range used {
		height := (c.Max.Y - c.Min.Y) / vg.Length(len(used))
		part := c
		part.Max.Y = c.Max.Y - vg.Length(i)*height
		part.Min.Y = part.Max.Y - height
		axis := []string{"left", "right"}[side]
		if err := drawAxis(part, sides[side], w.Properties.YAxis[axis].Label, values, began, ink); err != nil {
			return err
		}
		ink += len(sides[side])
	}
	return nil
}

// drawAxis draws lines of one unit over the rehearsal's minutes.
func drawAxis(c draw.Canvas, all []Line, unit string, values Values, began time.Time, first int) error {
	p := plot.New()
	p.BackgroundColor = nil
	p.Y.Min, p.X.Min = 0, 0
	p.Y.Label.Text = unit
	p.X.Tick.Marker, p.Y.Tick.Marker = clock{}, short{}
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.ThumbnailWidth = vg.Points(8)
	for i, l := range all {
		points, err := l.points(values, began)
		if err != nil {
			return err
		}
		label := l.Label
		if values.OnlyAWS(l.Metric) {
			label += " (AWS only)"
		}
		if len(points) == 0 {
			points = plotter.XYs{{X: 0, Y: 0}}
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return fmt.Errorf("drawing %s: %w", l.Name, err)
		}
		line.Color, line.Width = lines[(first+i)%len(lines)], vg.Points(1)
		p.Add(line)
		p.Legend.Add(label, line)
		p.X.Max, p.Y.Max = max(p.X.Max, line.XYs[len(line.XYs)-1].X), max(p.Y.Max, 1.5*highest(points))
	}
	p.X.Max, p.Y.Max = max(p.X.Max, 1), max(p.Y.Max, 1)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Color, axis.Tick.Color = ink, ink
		axis.Padding = 0
		for _, style := range []*draw.TextStyle{&axis.Label.TextStyle, &axis.Tick.Label} {
			style.Color, style.Font = letters(small-1).Color, letters(small-1).Font
		}
	}
	p.Legend.TextStyle.Color, p.Legend.TextStyle.Font = letters(small-1).Color, letters(small-1).Font
	p.Draw(c)
	return nil
}

func highest(points plotter.XYs) float64 {
	most := 0.0
	for _, p := range points {
		most = max(most, p.Y)
	}
	return most
}

// points are the line's statistic in each period with values, by the seconds since the rehearsal's first value.
func (l Line) points(values Values, began time.Time) (plotter.XYs, error) {
	all := values.Published(l.Metric)
	if len(all) == 0 || values.OnlyAWS(l.Metric) {
		return nil, nil
	}
	var points plotter.XYs
	period := values.Pass(l.Period)
	for from := all[0].At.Truncate(period); !from.After(all[len(all)-1].At); from = from.Add(period) {
		value, ok, err := all.Between(from, from.Add(period)).Statistic(l.Stat)
		if err != nil {
			return nil, fmt.Errorf("drawing %s: %w", l.Name, err)
		}
		if ok && !math.IsNaN(value) {
			points = append(points, plotter.XY{X: max(0, from.Sub(began).Seconds()), Y: value})
		}
	}
	return thinned(points), nil
}

// most is the maximum number of points that a reader can distinguish in a line.
const most = 100

// thinned keeps the highest of points that are too close together.
func thinned(points plotter.XYs) plotter.XYs {
	of := (len(points) + most - 1) / most
	if of <= 1 {
		return points
	}
	var kept plotter.XYs
	for group := range slices.Chunk(points, of) {
		kept = append(kept, slices.MaxFunc(group, func(a, b plotter.XY) int { return cmp.Compare(a.Y, b.Y) }))
	}
	return kept
}

// clock formats seconds as minutes and seconds.
type clock struct{}

// Ticks returns at most five.
func (clock) Ticks(least, most float64) []plot.Tick {
	step := 15.0
	for (most-least)/step > 4 {
		step *= 2
	}
	var ticks []plot.Tick
	for at := math.Ceil(least/step) * step; at <= most; at += step {
		ticks = append(ticks, plot.Tick{Value: at, Label: fmt.Sprintf("%d:%02d", int(at)/60, int(at)%60)})
	}
	return ticks
}

// short labels an axis with a few short numbers.
type short struct{}

// Ticks are the usual ones, without those between them.
func (short) Ticks(least, most float64) []plot.Tick {
	var ticks []plot.Tick
	for _, t := range (plot.DefaultTicks{}).Ticks(least, most) {
		if !t.IsMinor() {
			t.Label = number(t.Value)
			ticks = append(ticks, t)
		}
	}
	return ticks
}

func number(value float64) string {
	for _, scale := range []struct {
		by   float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(value) >= scale.by {
			return strings.TrimSuffix(fmt.Sprintf("%.1f", value/scale.by), ".0") + scale.name
		}
	}
	return fmt.Sprintf("%.3g", value)
}

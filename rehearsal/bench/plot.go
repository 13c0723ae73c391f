package bench

import (
	"bytes"
	"fmt"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// The picture has no background, so these colours suit a light and a dark page.
var (
	ink       = color.RGBA{0x74, 0x7b, 0x84, 0xff}
	writerInk = color.RGBA{0x2f, 0x81, 0xf7, 0xff}
	rawInk    = color.RGBA{0x9a, 0xa0, 0xa8, 0xff}
)

const (
	pictureWidth, pictureHeight = 18 * vg.Centimeter, 9 * vg.Centimeter
	barWidth                    = 1.2 * vg.Centimeter
	margin                      = 0.2 * vg.Centimeter
)

// Picture draws docs/performance.svg: the rows per second of function and baseline, for each shape.
func Picture(r *Report) ([]byte, error) {
	p := plot.New()
	p.BackgroundColor = nil
	p.Y.Label.Text, p.Y.Min = "rows per second", 0
	p.Legend.Top = true
	names := make([]string, len(r.Writing))
	for i, w := range r.Writing {
		names[i] = w.Name()
	}
	p.NominalX(names...)
	p.X.Min, p.X.Max = -0.6, float64(len(names))-0.4
	p.Y.Tick.Marker = whole{}
	for _, series := range []struct {
		name   string
		ink    color.Color
		offset vg.Length
		side   func(Pair) Side
	}{
		{"the function", writerInk, -barWidth / 2, func(p Pair) Side { return p.Writer }},
		{"bare _bulk with versions", rawInk, barWidth / 2, func(p Pair) Side { return p.Raw }},
	} {
		var heights plotter.Values
		var tops plotter.XYLabels
		for i, w := range r.Writing {
			rate := series.side(w.Best).RowsPerSecond.Median
			heights = append(heights, rate)
			tops.XYs, tops.Labels = append(tops.XYs, plotter.XY{X: float64(i), Y: rate}), append(tops.Labels, fmt.Sprintf("%.0f", rate))
		}
		bars, err := plotter.NewBarChart(heights, barWidth)
		if err != nil {
			return nil, fmt.Errorf("drawing the bars: %w", err)
		}
		bars.Color, bars.Offset, bars.LineStyle.Width = series.ink, series.offset, 0
		labels, err := plotter.NewLabels(tops)
		if err != nil {
			return nil, fmt.Errorf("drawing the figures: %w", err)
		}
		labels.Offset = vg.Point{X: series.offset, Y: vg.Points(3)}
		for i := range labels.TextStyle {
			labels.TextStyle[i].XAlign = text.XCenter
			plain(&labels.TextStyle[i])
		}
		p.Add(bars, labels)
		p.Legend.Add(series.name, bars)
	}
	p.Y.Max *= 1.2 // space for the legend
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Color, axis.Tick.Color = ink, ink
		plain(&axis.Label.TextStyle)
		plain(&axis.Tick.Label)
	}
	plain(&p.Legend.TextStyle)
	p.Legend.Padding = vg.Points(2)
	canvas := vgsvg.New(pictureWidth, pictureHeight)
	p.Draw(draw.Crop(draw.New(canvas), margin, -margin, margin, -margin))
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("writing the picture: %w", err)
	}
	// If a reader's machine lacks the font, Arial has the same letter widths.
	return bytes.ReplaceAll(out.Bytes(), []byte("font-family:Liberation Sans"), []byte("font-family:Liberation Sans,Arial,sans-serif")), nil
}

// whole labels an axis with whole numbers.
type whole struct{ plot.DefaultTicks }

// Ticks returns the default ticks with labels of whole numbers.
func (w whole) Ticks(least, most float64) []plot.Tick {
	ticks := w.DefaultTicks.Ticks(least, most)
	for i, t := range ticks {
		if !t.IsMinor() {
			ticks[i].Label = fmt.Sprintf("%.0f", t.Value)
		}
	}
	return ticks
}

// plain sets the picture's text colour.
func plain(s *draw.TextStyle) {
	s.Color = ink
	s.Font = font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Points(10)}
}

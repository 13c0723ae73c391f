package main

import (
	"context"
	"fmt"
	"log/slog"

	"oss.terrastruct.com/d2/d2graph"
	"oss.terrastruct.com/d2/d2layouts/d2dagrelayout"
	"oss.terrastruct.com/d2/d2lib"
	"oss.terrastruct.com/d2/d2renderers/d2svg"
	"oss.terrastruct.com/d2/d2target"
	"oss.terrastruct.com/d2/d2themes/d2themescatalog"
	d2log "oss.terrastruct.com/d2/lib/log"
	"oss.terrastruct.com/d2/lib/textmeasure"
)

// render converts D2 text into an SVG that follows the reader's preference for light or dark.
func render(source string) ([]byte, error) {
	ruler, err := textmeasure.NewRuler()
	if err != nil {
		return nil, fmt.Errorf("measuring text: %w", err)
	}
	pad, plain := int64(12), true
	options := &d2svg.RenderOpts{
		Pad: &pad, OmitVersion: &plain, NoXMLTag: &plain,
		ThemeID: &d2themescatalog.NeutralDefault.ID, DarkThemeID: &d2themescatalog.DarkMauve.ID,
	}
	ctx := d2log.With(context.Background(), slog.New(slog.DiscardHandler))
	diagram, _, err := d2lib.Compile(ctx, source, &d2lib.CompileOptions{
		Ruler:          ruler,
		LayoutResolver: func(string) (d2graph.LayoutGraph, error) { return d2dagrelayout.DefaultLayout, nil },
	}, options)
	if err != nil {
		return nil, fmt.Errorf("laying out the picture: %w", err)
	}
	paint(diagram)
	svg, err := d2svg.Render(diagram, options)
	if err != nil {
		return nil, fmt.Errorf("drawing the picture: %w", err)
	}
	return svg, nil
}

// colors maps each class to places in a theme: fill, stroke, text. D2's own language cannot name these places.
// With them the colours follow the reader's preference.
var colors = map[string][3]string{
	"store":  {"B4", "B1", "N1"},
	"queue":  {"B4", "B1", "N1"},
	"step":   {"B5", "B1", "N1"},
	"helper": {"N7", "N3", "N2"},
	"place":  {"N7", "N3", "N2"},
	"legend": {"N7", "N7", "N2"},
	"flow":   {"", "B1", "N2"},
	"wait":   {"", "N3", "N3"},
}

func paint(diagram *d2target.Diagram) {
	for i := range diagram.Shapes {
		s := &diagram.Shapes[i]
		for _, class := range s.Classes {
			if c, ok := colors[class]; ok {
				s.Fill, s.Stroke, s.Color = c[0], c[1], c[2]
			}
		}
	}
	for i := range diagram.Connections {
		c := &diagram.Connections[i]
		for _, class := range c.Classes {
			if paint, ok := colors[class]; ok {
				c.Stroke, c.Color = paint[1], paint[2]
			}
		}
	}
}

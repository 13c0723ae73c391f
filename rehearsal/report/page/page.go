// Package page draws a rehearsal's report as one page for people: what went through each part of the pipeline, how
// long it took, what broke, and what was not run. The page is a single file without external requests; it also shows
// a running pipeline live.
package page

import (
	"bytes"
	"cdcpipeline/rehearsal/report"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"os"
)

var (
	//go:embed page.html.tmpl
	markup string
	//go:embed page.css
	style string

	tmpl = template.Must(template.New("page").Parse(markup))
)

// Policy is the page's Content-Security-Policy: it allows its one style and a tab icon, and refuses everything else.
func Policy() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; img-src data:; base-uri 'none'; form-action 'none'"
}

// Write writes the page of a report's file in one step, so a reader never sees a partial page.
func Write(reportFile, pageFile string) error {
	whole, err := report.Read(reportFile)
	if err != nil {
		return err //nolint:wrapcheck // the error names the file
	}
	var text bytes.Buffer
	if err := Render(&text, whole, nil); err != nil {
		return err
	}
	next := pageFile + ".new"
	if err := os.WriteFile(next, text.Bytes(), 0o600); err != nil {
		return fmt.Errorf("writing the report's page: %w", err)
	}
	if err := os.Rename(next, pageFile); err != nil {
		return fmt.Errorf("writing the report's page: %w", err)
	}
	return nil
}

// Render writes the page of a report; live is nil except for a running pipeline.
func Render(out io.Writer, whole report.Whole, live *Live) error {
	if err := tmpl.Execute(out, newView(whole, live)); err != nil {
		return fmt.Errorf("drawing the report's page: %w", err)
	}
	return nil
}

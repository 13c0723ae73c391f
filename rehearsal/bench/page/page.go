// Package page publishes measurements: sections of docs/performance.md, and figures as JSON. It also checks which parts
// of a benchmark a person chose.
package page

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Replace replaces the section with the same heading: "## …" and a newline. If there is none, it appends the
// section to the page.
func Replace(project, heading, section string) error {
	path := filepath.Join(project, "docs", "performance.md")
	page, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the page: %w", err)
	}
	before, rest, found := strings.Cut(string(page), heading)
	if !found {
		before += "\n"
	}
	if next := strings.Index(rest, "\n## "); next >= 0 {
		rest = rest[next+1:]
	} else {
		rest = ""
	}
	if err := os.WriteFile(path, []byte(before+section+"\n"+rest), 0o644); err != nil { // documentation
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

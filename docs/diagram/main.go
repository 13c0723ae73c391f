// Command diagram draws docs/architecture.svg from the program itself. It runs the pipeline under mocks to find
// the resources, those inside the VPC, and the dependencies.
//
// A short list claims which arrows carry data (flows). If the program contradicts a claim, the command fails.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

const (
	sourceFile  = "architecture.d2"
	pictureFile = "architecture.svg"
)

func main() {
	if err := write(".."); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// write writes the picture and its D2 source into a directory.
func write(dir string) error {
	g, err := observe()
	if err != nil {
		return err
	}
	p, err := draw(g, parts, flows)
	if err != nil {
		return err
	}
	svg, err := render(p.source())
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{sourceFile: []byte(p.source()), pictureFile: svg} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil { //nolint:gosec // documentation
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	return nil
}

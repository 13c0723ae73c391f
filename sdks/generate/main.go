// Command generate writes the SDKs of this repository with Pulumi's own generators.
//
// The OpenSearch provider has no published SDK for Go: Pulumi serves it through its terraform-provider plugin. That one gets the
// module path and layout that a published SDK would have, so that the day one is published only a replace line goes away.
// Our own plugin gets one for TypeScript and one for Python, as `pulumi package add` makes them, and so do the examples of its pages.
//
//	go run . ..
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: generate FOLDER-OF-SDKS")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// run writes all SDKs below a folder anew, and the examples in their languages.
func run(dir string) error {
	files, err := generate(dir)
	if err != nil {
		return err
	}
	for _, of := range sdks {
		if err := os.RemoveAll(filepath.Join(dir, of.folder)); err != nil {
			return fmt.Errorf("removing the previous SDK: %w", err)
		}
	}
	for name, content := range files {
		if err := write(filepath.Join(dir, name), content); err != nil {
			return err
		}
	}
	return nil
}

// generate is every generated file by its path from the folder of SDKs.
func generate(dir string) (map[string][]byte, error) {
	all, err := translate(dir)
	if err != nil {
		return nil, err
	}
	for _, of := range sdks {
		files, err := of.files(dir)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, files)
	}
	return all, nil
}

func write(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil { // source code is for everybody to read
		return fmt.Errorf("writing what was generated: %w", err)
	}
	return nil
}

package lambdabuild

import (
	"archive/zip"
	"fmt"
	"os"
	"time"
)

// written is the time of every file in a zip: the earliest that the format supports.
var written = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// writeZip packs one executable so that equal executables give equal zips.
func writeZip(path, binary string) error {
	content, err := os.ReadFile(binary)
	if err != nil {
		return fmt.Errorf("reading the executable: %w", err)
	}
	out, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("making the zip: %w", err)
	}
	defer func() { _ = out.Close() }()
	archive := zip.NewWriter(out)
	header := &zip.FileHeader{Name: executable, Method: zip.Deflate, Modified: written}
	header.SetMode(0o755)
	file, err := archive.CreateHeader(header)
	if err != nil {
		return fmt.Errorf("adding the executable to the zip: %w", err)
	}
	if _, err := file.Write(content); err != nil {
		return fmt.Errorf("writing the executable into the zip: %w", err)
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("finishing the zip: %w", err)
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("closing the zip: %w", err)
	}
	return nil
}

package tables

import (
	"archive/zip"
	"bytes"
	job "cdcpipeline/functions/tables"
	"fmt"
	"io/fs"
	"time"
)

// Script is the script that Glue starts.
func Script() string { return job.Script }

// written is the time of every file in the zip: the earliest that the format supports.
var written = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// Zip is the code that the script imports. Equal code gives equal bytes: names are sorted, and times fixed.
func Zip() ([]byte, error) {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	err := fs.WalkDir(job.Code, ".", func(path string, entry fs.DirEntry, err error) error { // in lexical order
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := job.Code.ReadFile(path)
		if err != nil {
			return fmt.Errorf("reading %s: %w", path, err)
		}
		header := &zip.FileHeader{Name: path, Method: zip.Deflate, Modified: written}
		header.SetMode(0o644)
		file, err := archive.CreateHeader(header)
		if err != nil {
			return fmt.Errorf("adding %s: %w", path, err)
		}
		_, err = file.Write(content)
		return err //nolint:wrapcheck // a buffer never fails
	})
	if err != nil {
		return nil, fmt.Errorf("packing the code of the tables' job: %w", err)
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("packing the code of the tables' job: %w", err)
	}
	return out.Bytes(), nil
}

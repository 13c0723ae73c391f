package artifact

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/ulikunitz/xz"
)

// Tree returns the folder `name` of the cache. When it is missing, build fills an empty folder first, which appears
// only if build succeeds. Include the inputs in the name, because the folder is never rebuilt.
func (c *Cache) Tree(ctx context.Context, name string, build func(dir string) error) (string, error) {
	path := filepath.Join(c.dir, name)
	err := c.Locked(ctx, name, func() error {
		if _, err := os.Stat(path); err == nil {
			return nil
		}
		part, err := os.MkdirTemp(c.dir, ".part-"+name+"-")
		if err != nil {
			return fmt.Errorf("making a folder for %s: %w", name, err)
		}
		defer os.RemoveAll(part)
		if err := os.Chmod(part, 0o755); err != nil {
			return fmt.Errorf("opening the folder for %s: %w", name, err)
		}
		if err := build(part); err != nil {
			return fmt.Errorf("making %s: %w", name, err)
		}
		if err := os.Rename(part, path); err != nil {
			return fmt.Errorf("keeping %s: %w", name, err)
		}
		return nil
	})
	return path, err
}

// Unzip unpacks the entries of a zip or jar below prefix into dir. It keeps modes, but makes everything readable for
// all. An entry that would land outside dir is an error.
func Unzip(archive, prefix, dir string) error {
	r, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("opening %s: %w", filepath.Base(archive), err)
	}
	defer r.Close()
	for _, entry := range r.File {
		name, ok := strings.CutPrefix(entry.Name, prefix)
		if !ok || name == "" {
			continue
		}
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return fmt.Errorf("unpacking %s: %q leaves its folder", filepath.Base(archive), entry.Name)
		}
		if err := unzipEntry(entry, filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			return fmt.Errorf("unpacking %s: %w", filepath.Base(archive), err)
		}
	}
	return nil
}

func unzipEntry(entry *zip.File, path string) error {
	if entry.FileInfo().IsDir() {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return fmt.Errorf("making %s: %w", entry.Name, err)
		}
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("making the folder of %s: %w", entry.Name, err)
	}
	in, err := entry.Open()
	if err != nil {
		return fmt.Errorf("reading %s: %w", entry.Name, err)
	}
	defer in.Close()
	return write(path, in, entry.Mode().Perm()|0o444)
}

// Untar unpacks files of a gzipped tar, or of an xz one if its name ends in .txz, below prefix into dir. It takes the
// files whose names keep selects. It keeps modes, but makes everything readable for all. A link to another file in
// the archive, hard or symbolic, becomes a copy. An entry that would land outside dir is an error.
func Untar(archive, prefix, dir string, keep func(name string) bool) error {
	copies := map[string][]string{} // by the linked file
	err := eachEntry(archive, func(entry *tar.Header, _ io.Reader) error {
		if name, ok := strings.CutPrefix(entry.Name, prefix); ok && linked(entry) != "" && keep(name) {
			copies[linked(entry)] = append(copies[linked(entry)], name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return eachEntry(archive, func(entry *tar.Header, content io.Reader) error {
		if entry.Typeflag != tar.TypeReg {
			return nil
		}
		names := copies[entry.Name]
		if name, ok := strings.CutPrefix(entry.Name, prefix); ok && keep(name) {
			names = append(names, name)
		}
		return untar(archive, entry, content, dir, names)
	})
}

// linked is the name of the file to which an entry links; empty for other entries. A symbolic link is relative to its
// own folder.
func linked(entry *tar.Header) string {
	switch entry.Typeflag {
	case tar.TypeLink:
		return entry.Linkname
	case tar.TypeSymlink:
		return path.Join(path.Dir(entry.Name), entry.Linkname)
	}
	return ""
}

// eachEntry visits the entries of a compressed tar.
func eachEntry(archive string, visit func(*tar.Header, io.Reader) error) error {
	file, err := os.Open(archive)
	if err != nil {
		return fmt.Errorf("opening %s: %w", filepath.Base(archive), err)
	}
	defer file.Close()
	content, err := decompress(file)
	if err != nil {
		return fmt.Errorf("reading %s: %w", filepath.Base(archive), err)
	}
	for entries := tar.NewReader(content); ; {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", filepath.Base(archive), err)
		}
		if err := visit(entry, entries); err != nil {
			return err
		}
	}
}

func decompress(file *os.File) (io.Reader, error) {
	if strings.HasSuffix(file.Name(), ".txz") {
		return xz.NewReader(bufio.NewReader(file)) //nolint:wrapcheck // the caller names the file
	}
	return gzip.NewReader(file) //nolint:wrapcheck // the caller names the file
}

// untar writes a file, and hard links to it, under names below dir.
func untar(archive string, entry *tar.Header, content io.Reader, dir string, names []string) error {
	first := ""
	for _, name := range names {
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return fmt.Errorf("unpacking %s: %q leaves its folder", filepath.Base(archive), name)
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("making the folder of %s: %w", name, err)
		}
		if first != "" {
			if err := os.Link(first, path); err != nil {
				return fmt.Errorf("unpacking %s: %w", filepath.Base(archive), err)
			}
			continue
		}
		if err := write(path, content, entry.FileInfo().Mode().Perm()|0o444); err != nil {
			return err
		}
		first = path
	}
	return nil
}

// Clone makes the tree src appear at dst without unpacking it again: files are hard links where the file system
// allows it, copies elsewhere. So a server that runs as another user can read it, although the cache is below a
// private home folder. The files are shared: nobody may write to them.
func Clone(src, dst string) error {
	return reproduce(src, dst, func(from, to string) error {
		if os.Link(from, to) == nil {
			return nil
		}
		return copyFile(from, to)
	})
}

// Copy copies a file or a tree. The copies may be changed and given away.
func Copy(src, dst string) error { return reproduce(src, dst, copyFile) }

// reproduce makes the folders of src at dst and calls put for each file.
func reproduce(src, dst string, put func(from, to string) error) error {
	err := filepath.WalkDir(src, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(src, path)
		if err != nil {
			return fmt.Errorf("placing %s: %w", path, err)
		}
		target := filepath.Join(dst, rel)
		if !entry.IsDir() {
			return put(path, target)
		}
		if err := os.MkdirAll(target, 0o755); err != nil {
			return fmt.Errorf("making %s: %w", target, err)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reproducing %s: %w", filepath.Base(src), err)
	}
	return nil
}

func copyFile(src, dst string) error {
	in, err := os.Open(src)
	if err != nil {
		return fmt.Errorf("reading %s: %w", src, err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return fmt.Errorf("reading %s: %w", src, err)
	}
	return write(dst, in, info.Mode().Perm())
}

func write(path string, content io.Reader, mode fs.FileMode) error {
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return fmt.Errorf("making %s: %w", path, err)
	}
	_, err = io.Copy(out, content)
	if closeErr := out.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	// The umask may have removed permissions that a server's own user needs.
	if err := os.Chmod(path, mode); err != nil {
		return fmt.Errorf("opening %s: %w", path, err)
	}
	return nil
}

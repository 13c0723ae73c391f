package lambda

import (
	"archive/zip"
	"crypto/sha256"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// upload is the code in a request; only a zip in the request is supported.
type upload struct {
	ZipFile  []byte
	S3Bucket string
}

// keep stores the uploaded code for the next environment.
func (r *Runner) keep(name string, code upload) error {
	if len(code.ZipFile) == 0 {
		return fmt.Errorf("the function %s: the rehearsal runs code that is uploaded as a zip, not from a bucket or an image", name)
	}
	path := filepath.Join(r.dir, fmt.Sprintf("%s-%x.zip", name, sha256.Sum256(code.ZipFile)))
	if err := os.WriteFile(path, code.ZipFile, 0o600); err != nil {
		return fmt.Errorf("keeping the code of %s: %w", name, err)
	}
	f := r.function(name)
	f.codeMu.Lock()
	defer f.codeMu.Unlock()
	f.zip = path
	return nil
}

// unzip returns the folder of the function's newest code, with its program.
func (r *Runner) unzip(f *function) (root, program string, err error) {
	f.codeMu.Lock()
	path := f.zip
	f.codeMu.Unlock()
	if path == "" {
		return "", "", errors.New("its code was not uploaded during this rehearsal")
	}
	archive, err := zip.OpenReader(path)
	if err != nil {
		return "", "", fmt.Errorf("reading its zip: %w", err)
	}
	defer archive.Close()
	if root, err = os.MkdirTemp(r.dir, f.name+"-"); err != nil {
		return "", "", fmt.Errorf("making its folder: %w", err)
	}
	for _, file := range archive.File {
		if err := extract(root, file); err != nil {
			return "", "", err
		}
	}
	program = filepath.Join(root, "bootstrap")
	if err := runnable(program); err != nil {
		return "", "", err
	}
	return root, program, nil
}

func extract(root string, file *zip.File) error {
	if !filepath.IsLocal(file.Name) {
		return fmt.Errorf("its zip holds %q, which lies outside of it", file.Name)
	}
	path := filepath.Join(root, file.Name)
	if file.FileInfo().IsDir() {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return fmt.Errorf("unzipping %s: %w", file.Name, err)
		}
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("unzipping %s: %w", file.Name, err)
	}
	in, err := file.Open()
	if err != nil {
		return fmt.Errorf("unzipping %s: %w", file.Name, err)
	}
	defer in.Close()
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, file.Mode().Perm()|0o600)
	if err != nil {
		return fmt.Errorf("unzipping %s: %w", file.Name, err)
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("unzipping %s: %w", file.Name, err)
	}
	return nil
}

// machines maps Go's names to ELF machines.
var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// runnable explains why a program cannot run here; the kernel would only say "exec format error".
func runnable(program string) error {
	info, err := os.Stat(program)
	if err != nil {
		return errors.New("its zip holds no file named bootstrap")
	}
	if info.Mode()&0o111 == 0 {
		return errors.New("bootstrap in its zip is not executable")
	}
	if runtime.GOOS != "linux" {
		return fmt.Errorf("functions are Linux programs, and this is %s", runtime.GOOS)
	}
	binary, err := elf.Open(program)
	if err != nil {
		return nil // not a binary but a script, which runs anywhere
	}
	defer binary.Close()
	if binary.Machine != machines[runtime.GOARCH] {
		return fmt.Errorf("bootstrap is compiled for %s, and this machine is %s: set functions.architecture", binary.Machine, runtime.GOARCH)
	}
	return nil
}

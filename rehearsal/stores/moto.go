package stores

import (
	"cdcpipeline/rehearsal/machine/process"
	"context"
	"crypto/sha256" // the pinned requirements
	_ "embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// MotoVersion is the version of moto, the stand-in for AWS's control plane.
const MotoVersion = "5.2.5"

const (
	motoHost  = "127.0.0.1"
	motoReady = 2 * time.Minute
)

//go:embed requirements.txt
var motoRequirements []byte

// MotoOptions configure the stand-in.
type MotoOptions struct {
	// Program is the Python file or folder that extends moto and then runs its server, with the arguments -H host -p
	// port.
	Program string
	// Env adds NAME=value to the rehearsal's own environment.
	Env []string
}

// Moto is the running stand-in, plain http on loopback.
type Moto struct {
	// URL of the server.
	URL string
	// Log is the file that holds the server's output.
	Log string

	process *process.Process
}

// StartMoto installs moto into the cache if needed, and returns when the server answers. It ends with ctx. AWS's
// managed policies exist, because programs look them up.
func (s *Site) StartMoto(ctx context.Context, o MotoOptions) (*Moto, error) {
	python, err := s.Python(ctx)
	if err != nil {
		return nil, fmt.Errorf("installing moto: %w", err)
	}
	program, err := filepath.Abs(o.Program)
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", o.Program, err)
	}
	dir, err := s.folder("moto")
	if err != nil {
		return nil, err
	}
	port, err := s.Port()
	if err != nil {
		return nil, err
	}
	moto := &Moto{URL: "http://" + motoHost + ":" + strconv.Itoa(port), Log: filepath.Join(dir, "moto.log")}
	moto.process, err = process.Start(ctx, process.Command{
		Name: "moto", Path: python, Args: []string{program, "-H", motoHost, "-p", strconv.Itoa(port)}, Dir: dir, Log: moto.Log,
		// Otherwise compiled Python would be written beside the program, into the clone.
		Env: append(append(os.Environ(), "MOTO_IAM_LOAD_MANAGED_POLICIES=true", "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"), o.Env...),
	})
	if err != nil {
		return nil, fmt.Errorf("running moto: %w", err)
	}
	client := &http.Client{Timeout: 5 * time.Second}
	err = moto.process.WaitReady(ctx, motoReady, func(ctx context.Context) error { return answers(ctx, client, moto.URL+"/moto-api/") })
	if err != nil {
		moto.Stop()
		return nil, fmt.Errorf("starting moto: %w", err)
	}
	return moto, nil
}

// Stop ends moto and discards everything made in it.
func (m *Moto) Stop() { m.process.Stop() }

// PID of the process.
func (m *Moto) PID() int { return m.process.PID() }

// Done is closed when moto has ended; Err then says why, unless it was stopped.
func (m *Moto) Done() <-chan struct{} { return m.process.Done() }

// Err is the reason why moto ended by itself.
func (m *Moto) Err() error {
	if err := m.process.Err(); err != nil {
		return fmt.Errorf("the stand-in of AWS is gone: %w", err)
	}
	return nil
}

// Python is the interpreter of a virtual environment with exactly the pinned requirements: moto, and the lake's query
// tools. It is made in the cache if needed.
func (s *Site) Python(ctx context.Context) (string, error) {
	return s.environment(ctx, "moto-"+MotoVersion, motoRequirements)
}

// environment is the interpreter of a virtual environment with pinned requirements.
func (s *Site) environment(ctx context.Context, what string, pinned []byte) (string, error) {
	system, err := exec.LookPath("python3")
	if err != nil {
		return "", fmt.Errorf("%s needs Python 3.11 or newer with venv, and python3 is not on PATH: %w", what, err)
	}
	version, err := output(ctx, system, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(pinned)
	name := fmt.Sprintf("%s-python%s-%s", what, version, hex.EncodeToString(sum[:6]))
	tree, err := s.Cache.Tree(ctx, name, func(dir string) error {
		requirements := filepath.Join(dir, "requirements.txt")
		if err := os.WriteFile(requirements, pinned, 0o644); err != nil {
			return fmt.Errorf("writing the requirements: %w", err)
		}
		if _, err := output(ctx, system, "-m", "venv", dir); err != nil {
			return err
		}
		_, err := output(ctx, filepath.Join(dir, "bin", "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", requirements)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("making the virtual environment: %w", err)
	}
	// Use only its interpreter: the scripts beside it contain the folder's temporary name.
	return filepath.Join(tree, "bin", "python"), nil
}

// output runs a program and returns its output; an error contains its error output.
func output(ctx context.Context, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("running %s %s: %w\n%s", filepath.Base(program), strings.Join(args, " "), err, strings.TrimSpace(complaints.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// answers checks that a server answers 200.
func answers(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("asking %s: %w", url, err)
	}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("asking: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("asking %s: status %d", url, res.StatusCode)
	}
	return nil
}

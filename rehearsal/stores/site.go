// Package stores starts a rehearsal's servers. All are real, and none needs root or a container engine: an OpenSearch
// node with its security plugin, a MariaDB set up like RDS, and the moto server, a stand-in for AWS's control plane.
//
// Everything listens on a free loopback port, uses TLS with certificates of the rehearsal's own [Authority] where the
// real service does, and ends with the context that it was started with.
package stores

import (
	"cdcpipeline/internal/port"
	"cdcpipeline/rehearsal/machine/artifact"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// Host is the host name of all servers, in every certificate of the [Authority].
const Host = "localhost"

// Site is the environment of one rehearsal's servers: a permanent cache and a temporary run folder.
type Site struct {
	Cache     *artifact.Cache
	Authority *Authority
	// Dir is the run folder with configuration, data and logs. It is in the system's temporary folder, because
	// servers that refuse root run as another user, who cannot read a clone below a private home folder.
	Dir string

	cloning sync.Mutex
	mu      sync.Mutex
	ports   []*port.Held
}

// NewSite makes a run folder with a new authority. Cached files are in cacheDir.
func NewSite(cacheDir string) (*Site, error) {
	cache, err := artifact.NewCache(cacheDir)
	if err != nil {
		return nil, fmt.Errorf("opening the cache: %w", err)
	}
	dir, err := os.MkdirTemp("", "cdc-rehearsal-")
	if err != nil {
		return nil, fmt.Errorf("making the run folder: %w", err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the run folder to the servers' user: %w", err), os.RemoveAll(dir))
	}
	authority, err := NewAuthority(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &Site{Cache: cache, Authority: authority, Dir: dir}, nil
}

// Remove deletes the run folder and releases the ports. Stop the servers first.
func (s *Site) Remove() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, held := range s.ports {
		held.Release()
	}
	if err := os.RemoveAll(s.Dir); err != nil {
		return fmt.Errorf("removing the run folder: %w", err)
	}
	return nil
}

// folder makes a new folder for one server: NAME, or NAME-2 when the first is taken.
func (s *Site) folder(name string) (string, error) {
	dir := filepath.Join(s.Dir, name)
	err := os.Mkdir(dir, 0o755)
	for n := 2; errors.Is(err, fs.ErrExist); n++ {
		dir = filepath.Join(s.Dir, name+"-"+strconv.Itoa(n))
		err = os.Mkdir(dir, 0o755)
	}
	if err != nil {
		return "", fmt.Errorf("making the folder of %s: %w", name, err)
	}
	return dir, nil
}

// Port reserves a loopback port for the site until it is removed, even before somebody listens on it.
func (s *Site) Port() (int, error) {
	held, err := port.Hold()
	if err != nil {
		return 0, fmt.Errorf("taking a port: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ports = append(s.ports, held)
	return held.Number, nil
}

// clone makes a cached server readable for its user, below the run folder, once per rehearsal.
func (s *Site) clone(tree, name string) (string, error) {
	s.cloning.Lock()
	defer s.cloning.Unlock()
	dir := filepath.Join(s.Dir, "servers", name)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := artifact.Clone(tree, dir); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}

package artifact

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// lockPoll is the interval of checks whether another run has finished with the same part of the cache.
const lockPoll = 200 * time.Millisecond

// Locked runs f while no other process or goroutine holds the same name in this cache. The operating system releases
// the lock when its holder dies.
func (c *Cache) Locked(ctx context.Context, name string, f func() error) error {
	dir := filepath.Join(c.dir, "locks")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the lock folder: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return fmt.Errorf("opening the lock of %s: %w", name, err)
	}
	defer file.Close()
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f()
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("locking %s: %w", name, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for another run to finish with %s: %w", name, ctx.Err())
		case <-time.After(lockPoll):
		}
	}
}

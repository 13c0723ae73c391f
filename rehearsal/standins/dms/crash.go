package dms

import (
	"context"
	"fmt"
	"time"
)

// crash ends an attempt without warning, like a power failure. down is how long the next attempt waits.
type crash struct{ down time.Duration }

func (c *crash) Error() string { return "what ran the task is gone" }

// Crash ends a task's attempt without warning. Records that it has read but not written to the stream are lost. After
// the downtime another attempt resumes from the task's last stored position, so some records come twice.
func (s *Service) Crash(arn string, down time.Duration) error {
	t := s.task(arn)
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.active() || t.crash == nil {
		return fmt.Errorf("the task %s does not run", arn)
	}
	t.crash(&crash{down})
	return nil
}

// live is an attempt's lifetime, which only a crash ends early.
func (t *task) live() context.Context {
	t.mu.Lock()
	defer t.mu.Unlock()
	life, end := context.WithCancelCause(context.Background())
	t.crash = end
	return life
}

package dms

import (
	"context"
	"fmt"
	"time"
)

// crash is what ends an attempt as if its machine had lost power, and how long it stays down.
type crash struct{ down time.Duration }

func (c *crash) Error() string { return "what ran the task is gone" }

// Crash ends what runs a task, without a word: what it has read and not yet put into the stream is gone. After so long another one goes on
// from the last place that the task has noted, so some records come twice.
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

// live is the life of an attempt, which only a crash ends before its work does.
func (t *task) live() context.Context {
	t.mu.Lock()
	defer t.mu.Unlock()
	life, end := context.WithCancelCause(context.Background())
	t.crash = end
	return life
}

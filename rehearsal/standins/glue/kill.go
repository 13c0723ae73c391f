package glue

import (
	"cdcpipeline/rehearsal/stores"
	"context"
	"strings"
	"time"
)

// KillNext kills a run's next attempt as soon as it has reported a commit, like a power failure. Glue retries if the
// job says so. The returned channel is closed then.
func (s *Service) KillNext() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kill = make(chan struct{})
	return s.kill
}

// mayKill kills a started program if KillNext was called.
func (s *Service) mayKill(ctx context.Context, p *stores.Program) {
	s.mu.Lock()
	killed := s.kill
	s.kill = nil
	s.mu.Unlock()
	if killed == nil {
		return
	}
	for ctx.Err() == nil {
		lines, err := p.Lines()
		if err == nil && committed(lines) {
			p.Kill()
			close(killed)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// committed reports whether the job has reported a commit.
func committed(lines []string) bool {
	for _, line := range lines {
		if strings.HasPrefix(line, `{"table"`) && strings.Contains(line, `"states"`) {
			return true
		}
	}
	return false
}

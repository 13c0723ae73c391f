package glue

import (
	"cdcpipeline/rehearsal/stores"
	"context"
	"strings"
	"time"
)

// KillNext has the next attempt of a run die as soon as it has told of a commit, as when its machine loses power. Glue tries again if
// the job says so. What is given is closed then.
func (s *Service) KillNext() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kill = make(chan struct{})
	return s.kill
}

// mayKill kills a program that was started if KillNext has said so.
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

// committed says that the job has told of a commit.
func committed(lines []string) bool {
	for _, line := range lines {
		if strings.HasPrefix(line, `{"table"`) && strings.Contains(line, `"states"`) {
			return true
		}
	}
	return false
}

package stores

import (
	"cdcpipeline/rehearsal/machine/process"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// server is a process, replaced after each crash.
type server struct {
	life    context.Context // which it ends with
	command process.Command
	what    string        // its name in messages
	ready   time.Duration // maximum time until it answers
	done    chan struct{}
	end     func() // closes done, once

	mu      sync.Mutex
	process *process.Process // nil before the first start
	crashed bool             // killed and not restarted yet
	stopped bool
}

func newServer(life context.Context, command process.Command, what string, ready time.Duration) *server {
	s := &server{life: life, command: command, what: what, ready: ready, done: make(chan struct{})}
	s.end = sync.OnceFunc(func() { close(s.done) })
	return s
}

// start runs a process and returns when the probe succeeds.
func (s *server) start(probe func(context.Context) error) error {
	one, err := s.run()
	if err != nil {
		return fmt.Errorf("running the server: %w", err)
	}
	return one.WaitReady(s.life, s.ready, probe)
}

func (s *server) run() (*process.Process, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil, errors.New("it was stopped")
	}
	one, err := process.Start(s.life, s.command)
	if err != nil {
		return nil, err
	}
	s.process, s.crashed = one, false
	go func() {
		<-one.Done()
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.crashed {
			s.end()
		}
	}()
	return one, nil
}

// crash kills the process and returns after the downtime.
func (s *server) crash(ctx context.Context, down time.Duration) {
	s.kill()
	s.stayDown(ctx, down)
}

// kill ends the process like a crash.
func (s *server) kill() {
	s.mu.Lock()
	s.crashed = true
	one := s.process
	s.mu.Unlock()
	one.Kill()
}

func (s *server) stayDown(ctx context.Context, down time.Duration) {
	select {
	case <-time.After(down):
	case <-ctx.Done():
	case <-s.life.Done():
	}
}

// Stop ends the server; its data is deleted with the run folder.
func (s *server) Stop() {
	s.mu.Lock()
	s.stopped = true
	one := s.process
	s.mu.Unlock()
	if one != nil {
		one.Stop()
	}
	s.end()
}

// Done is closed when the server has ended; then Err gives the reason, unless it was stopped. A crash does not count
// as an end.
func (s *server) Done() <-chan struct{} { return s.done }

// Err is the reason why the server ended by itself.
func (s *server) Err() error {
	s.mu.Lock()
	one := s.process
	s.mu.Unlock()
	if one == nil {
		return nil
	}
	if err := one.Err(); err != nil {
		return fmt.Errorf("%s is gone: %w", s.what, err)
	}
	return nil
}

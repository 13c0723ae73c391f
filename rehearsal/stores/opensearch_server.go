package stores

import (
	"cdcpipeline/rehearsal/machine/process"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// server is what runs a node: one process, and another one after each crash.
type server struct {
	life    context.Context // which it ends with
	command process.Command
	done    chan struct{}
	end     func() // closes done, once

	mu      sync.Mutex
	process *process.Process // nil before the first start
	crashed bool             // and not started again yet
	stopped bool
}

func newServer(life context.Context, command process.Command) *server {
	s := &server{life: life, command: command, done: make(chan struct{})}
	s.end = sync.OnceFunc(func() { close(s.done) })
	return s
}

// start runs a process and returns when the probe succeeds.
func (s *server) start(probe func(context.Context) error) error {
	one, err := s.run()
	if err != nil {
		return fmt.Errorf("running the server: %w", err)
	}
	return one.WaitReady(s.life, openSearchReady, probe)
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

// crash kills the process and returns after so long.
func (s *server) crash(ctx context.Context, down time.Duration) {
	s.mu.Lock()
	s.crashed = true
	one := s.process
	s.mu.Unlock()
	one.Kill()
	select {
	case <-time.After(down):
	case <-ctx.Done():
	case <-s.life.Done():
	}
}

// Stop ends the node; its data go with the run folder.
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

// Done is closed when the node has ended; Err then says why, unless it was stopped. A crash is no end.
func (s *server) Done() <-chan struct{} { return s.done }

// Err says why the node ended by itself.
func (s *server) Err() error {
	s.mu.Lock()
	one := s.process
	s.mu.Unlock()
	if one == nil {
		return nil
	}
	if err := one.Err(); err != nil {
		return fmt.Errorf("the OpenSearch node is gone: %w", err)
	}
	return nil
}

// Crash kills the node (SIGKILL), leaves it down for so long, and starts it again with the same data, port and
// certificates. It returns when the node answers and has all its primary shards. What it had acknowledged is in them: a
// translog is on disk before the answer (index.translog.durability is request by default),
// https://docs.opensearch.org/latest/install-and-configure/configuring-opensearch/index-settings/.
func (n *OpenSearch) Crash(ctx context.Context, down time.Duration) error {
	n.crash(ctx, down)
	err := n.start(func(ctx context.Context) error {
		// Not the master user, whose password may be another one by now.
		header, err := n.Authorization("rehearsal", MasterBackendRole)
		if err != nil {
			return err
		}
		return n.Client(header).Do(ctx, http.MethodGet, "/_cluster/health?wait_for_status=yellow&timeout=1s", nil, nil)
	})
	if err != nil {
		n.end()
		return fmt.Errorf("starting the node again: %w", err)
	}
	return nil
}

// Package ssm is a stand-in for AWS Systems Manager's sessions: the API that starts them, hooked into the control
// plane, and the service and agent behind it, on loopback. As in AWS, a forwarded port ends at a connection to the
// requested host and port.
//
// It is written from the agent's side, https://github.com/aws/amazon-ssm-agent, and its message code differs from the
// tunnel's. So a misunderstanding of the protocol would have to occur twice.
package ssm

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/account/ec2"
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// Options configure the stand-in.
type Options struct {
	// RegistrationDelay is how long after its launch SSM does not know an instance yet.
	RegistrationDelay time.Duration
}

// Service is the stand-in. Its methods are safe for concurrent use.
type Service struct {
	options Options
	log     *slog.Logger
	ec2     *ec2.Client
	server  http.Server
	ctx     context.Context // the service's own lifetime
	cancel  context.CancelFunc
	running sync.WaitGroup
	started atomic.Int64
	bytes   atomic.Int64

	mu       sync.Mutex
	listener net.Listener
	sessions map[string]*session
}

// New returns SSM for an account's instances. Its data channels use a free port of loopback from the first session
// on.
func New(acc account.Account, log *slog.Logger, o Options) *Service {
	s := &Service{options: o, log: log, ec2: ec2.NewFromConfig(acc.Config()), sessions: map[string]*session{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.server = http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: time.Minute}
	return s
}

// Attach adds the stand-in's hooks to the control plane.
func (s *Service) Attach(p *controlplane.Proxy) {
	on := func(name string, f controlplane.BeforeFunc) {
		p.Before(controlplane.Action{Service: "ssm", Name: name}, f)
	}
	on("StartSession", s.startSession)
	on("ResumeSession", s.resumeSession)
	on("TerminateSession", s.terminateSession)
	on("DescribeInstanceInformation", s.describeInstanceInformation)
	on("GetConnectionStatus", s.getConnectionStatus)
}

// Sessions counts the started sessions.
func (s *Service) Sessions() int { return int(s.started.Load()) }

// Bytes counts the bytes in all sessions, in both directions.
func (s *Service) Bytes() int64 { return s.bytes.Load() }

// Cut ends all sessions at once, like a failed instance: they cannot be resumed.
func (s *Service) Cut() {
	for _, one := range s.all() {
		s.remove(one.id)
		one.end()
	}
}

// Interrupt breaks the connections of all sessions, like a network failure: they can be resumed.
func (s *Service) Interrupt() {
	for _, one := range s.all() {
		one.detach()
	}
}

// Close ends everything.
func (s *Service) Close() {
	s.cancel()
	s.Cut()
	if err := s.server.Close(); err != nil {
		s.log.Warn("closing the SSM data channels", "error", err)
	}
	s.running.Wait()
}

func (s *Service) all() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*session, 0, len(s.sessions))
	for _, one := range s.sessions {
		all = append(all, one)
	}
	return all
}

// start makes a session, unless the service is closed.
func (s *Service) start(instance, destination string) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return nil, errors.New("the rehearsal's SSM is closed")
	}
	if err := s.listen(); err != nil {
		return nil, err
	}
	one := newSession(s, "rehearsal-"+uuid.NewString(), instance, destination)
	s.sessions[one.id] = one
	s.started.Add(1)
	s.running.Go(one.forward)
	return one, nil
}

// listen requires the lock.
func (s *Service) listen() error {
	if s.listener != nil {
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(s.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening for SSM data channels: %w", err)
	}
	s.listener = listener
	s.running.Go(func() {
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("the SSM data channels ended", "error", err)
		}
	})
	return nil
}

func (s *Service) find(id string) (*session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.sessions[id]
	return one, ok
}

func (s *Service) remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, id)
}

// streamURL is the URL of a session's data channel.
func (s *Service) streamURL(id string) string {
	return fmt.Sprintf("ws://%s%s%s?role=publish_subscribe", s.listener.Addr(), channelPath, id)
}

package ssm

import (
	"encoding/binary"
	"io"
	"net"
	"sync"

	"github.com/mmmorris1975/ssm-session-client/datachannel"
	"github.com/xtaci/smux"
)

// forward connects each stream of the session with its destination, as the agent does:
// https://github.com/aws/amazon-ssm-agent/blob/mainline/agent/session/plugins/port/port_mux.go.
func (s *session) forward() {
	select {
	case <-s.ready:
	case <-s.done():
		return
	}
	config := smux.DefaultConfig()
	config.KeepAliveDisabled = true // as in this agent version, so that an idle session can end
	mux, err := smux.Server(s, config)
	if err != nil {
		s.service.log.Error("multiplexing an SSM session", "error", err)
		s.end()
		return
	}
	var streams sync.WaitGroup
	for {
		stream, err := mux.AcceptStream()
		if err != nil {
			break
		}
		destination, err := (&net.Dialer{}).DialContext(s.service.ctx, "tcp", s.destination)
		if err != nil {
			s.service.log.Warn("an instance cannot connect", "instance", s.instance, "destination", s.destination, "error", err)
			s.refused()
			_ = stream.Close() // no server listens there
			continue
		}
		streams.Go(func() { join(stream, destination) })
	}
	_ = mux.Close() // the session has ended
	streams.Wait()
}

// refused tells the client that the destination could not be reached.
func (s *session) refused() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.enqueue(datachannel.Flag, binary.BigEndian.AppendUint32(nil, uint32(datachannel.ConnectToPortError))) // fails only after the session's end
}

// join copies in both directions; the end of one ends both.
func join(stream, destination net.Conn) {
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(destination, stream) // the reason for the end does not matter
		_ = destination.Close()
	})
	both.Go(func() {
		_, _ = io.Copy(stream, destination)
		_ = stream.Close()
	})
	both.Wait()
}

// done is closed when the session has ended.
func (s *session) done() <-chan struct{} {
	done := make(chan struct{})
	s.service.running.Go(func() {
		defer close(done)
		s.mu.Lock()
		defer s.mu.Unlock()
		for !s.ended {
			s.changed.Wait()
		}
	})
	return done
}

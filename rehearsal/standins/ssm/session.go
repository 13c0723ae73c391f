package ssm

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"github.com/mmmorris1975/ssm-session-client/datachannel"
)

const (
	agentVersion = "3.3.3050.0"
	// chunk is the payload size of one message (StreamDataPayloadSize). window is how many messages the agent may
	// have unacknowledged: far fewer than its OutgoingMessageBufferCapacity, but enough for loopback.
	chunk        = 1024
	window       = 1000
	writeTimeout = 10 * time.Second
)

var errEnded = errors.New("the session has ended")

// session is the agent's end of one session. It outlives its web sockets: after a resumption it continues where the
// last one broke.
type session struct {
	service     *Service
	id          string
	instance    string
	destination string
	ready       chan struct{} // closed after the handshake

	mu       sync.Mutex
	changed  *sync.Cond
	tokens   map[string]bool
	ws       *websocket.Conn
	ended    bool
	queue    [][]byte
	next     int64
	unacked  []numbered
	expected int64
	early    map[int64]received
	inbox    []byte
}

type numbered struct {
	sequence int64
	frame    []byte
}

func newSession(s *Service, id, instance, destination string) *session {
	one := &session{
		service: s, id: id, instance: instance, destination: destination,
		ready: make(chan struct{}), tokens: map[string]bool{}, early: map[int64]received{},
	}
	one.changed = sync.NewCond(&one.mu)
	return one
}

// issue returns a token for one web socket.
func (s *session) issue() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := uuid.NewString()
	s.tokens[token] = true
	return token
}

// attach connects a web socket to the session. Then the handshake begins, or unacknowledged messages are repeated.
func (s *session) attach(ws *websocket.Conn, token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.tokens[token] {
		return errors.New("the token is wrong or was used before")
	}
	delete(s.tokens, token)
	if s.ended {
		return errEnded
	}
	if s.ws != nil {
		_ = s.ws.Close() // a client has one web socket
	}
	s.ws, s.queue = ws, nil
	for _, n := range s.unacked {
		s.queue = append(s.queue, n.frame)
	}
	s.service.running.Go(func() { s.transmit(ws) })
	if s.next > 0 {
		return nil
	}
	request, err := json.Marshal(datachannel.HandshakeRequestPayload{
		AgentVersion: agentVersion,
		RequestedClientActions: []datachannel.RequestedClientAction{{
			ActionType: datachannel.SessionType,
			ActionParameters: datachannel.SessionTypeRequest{
				SessionType: "Port", Properties: map[string]string{"type": "LocalPortForwarding", "portNumber": s.destination},
			},
		}},
	})
	if err != nil {
		return fmt.Errorf("asking for a handshake: %w", err)
	}
	return s.enqueue(datachannel.HandshakeRequest, request)
}

// detach breaks the web socket, not the session.
func (s *session) detach() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ws != nil {
		_ = s.ws.Close() // breaking it is the purpose
		s.ws = nil
	}
	s.changed.Broadcast()
}

// end ends the session: it informs the client and breaks the connections.
func (s *session) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.ended = true
	if frame, err := closed(s.id, "the session was terminated"); err == nil {
		s.queue = append(s.queue, frame)
	}
	s.changed.Broadcast()
}

// enqueue requires the lock.
func (s *session) enqueue(kind datachannel.PayloadType, payload []byte) error {
	if s.ended {
		return errEnded
	}
	frame, err := stream(s.next, kind, payload)
	if err != nil {
		return err
	}
	s.unacked = append(s.unacked, numbered{s.next, frame})
	s.queue = append(s.queue, frame)
	s.next++
	s.changed.Broadcast()
	return nil
}

// transmit writes queued messages to one web socket, and closes it after the session's end.
func (s *session) transmit(ws *websocket.Conn) {
	for {
		s.mu.Lock()
		for len(s.queue) == 0 && s.ws == ws && !s.ended {
			s.changed.Wait()
		}
		if s.ws != ws {
			s.mu.Unlock()
			return
		}
		frames, ended := s.queue, s.ended
		s.queue = nil
		s.mu.Unlock()
		for _, frame := range frames {
			if ws.SetWriteDeadline(time.Now().Add(writeTimeout)) != nil || ws.WriteMessage(websocket.BinaryMessage, frame) != nil {
				break // repeated when the client resumes
			}
		}
		if ended {
			_ = ws.Close() // nothing more to send
			return
		}
	}
}

// Read passes the client's data to the multiplexer.
func (s *session) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.inbox) == 0 && !s.ended {
		s.changed.Wait()
	}
	if len(s.inbox) == 0 {
		return 0, errEnded
	}
	n := copy(p, s.inbox)
	s.inbox = s.inbox[n:]
	s.service.bytes.Add(int64(n))
	return n, nil
}

// Write sends the multiplexer's data to the client.
func (s *session) Write(p []byte) (int, error) {
	for done := 0; done < len(p); {
		n := min(chunk, len(p)-done)
		if err := s.send(p[done : done+n]); err != nil {
			return done, err
		}
		done += n
	}
	s.service.bytes.Add(int64(len(p)))
	return len(p), nil
}

func (s *session) send(payload []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.unacked) >= window && !s.ended {
		s.changed.Wait()
	}
	return s.enqueue(datachannel.Output, payload)
}

// Close is called by the multiplexer.
func (s *session) Close() error {
	s.end()
	return nil
}

var _ io.ReadWriteCloser = (*session)(nil)

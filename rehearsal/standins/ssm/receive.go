package ssm

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gorilla/websocket"
	"github.com/mmmorris1975/ssm-session-client/datachannel"
)

// receive reads one web socket until it breaks.
func (s *session) receive(ws *websocket.Conn) {
	for {
		_, frame, err := ws.ReadMessage()
		if err != nil {
			return
		}
		m, err := parse(frame)
		if err == nil {
			err = s.handle(m)
		}
		if err != nil {
			s.service.log.Warn("an SSM session is ended", "session", s.id, "reason", err)
			s.service.remove(s.id)
			s.end()
			return
		}
	}
}

func (s *session) handle(m received) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch m.MessageType {
	case datachannel.Acknowledge:
		var ack acknowledgeContent
		if err := json.Unmarshal(m.Payload, &ack); err != nil {
			return fmt.Errorf("an acknowledgement: %w", err)
		}
		for i, n := range s.unacked {
			if n.sequence == ack.SequenceNumber {
				s.unacked = append(s.unacked[:i], s.unacked[i+1:]...)
				s.changed.Broadcast()
				break
			}
		}
		return nil
	case datachannel.InputStreamData:
	default:
		return fmt.Errorf("a client sends no %s", m.MessageType)
	}
	if m.SequenceNumber < s.expected {
		return nil // a repeated message: the agent does not acknowledge it again
	}
	frame, err := acknowledgement(m)
	if err != nil {
		return err
	}
	s.queue = append(s.queue, frame)
	s.early[m.SequenceNumber] = m
	for {
		due, ok := s.early[s.expected]
		if !ok {
			s.changed.Broadcast()
			return nil
		}
		delete(s.early, s.expected)
		s.expected++
		if err := s.deliver(due); err != nil {
			return err
		}
	}
}

// deliver requires the lock.
func (s *session) deliver(m received) error {
	switch m.PayloadType {
	case datachannel.HandshakeResponse:
		return s.shaken(m.Payload)
	case datachannel.Output:
		select {
		case <-s.ready:
			s.inbox = append(s.inbox, m.Payload...)
			return nil
		default:
			return errors.New("data before the handshake was complete")
		}
	case datachannel.Flag:
		if len(m.Payload) == 4 && binary.BigEndian.Uint32(m.Payload) == uint32(datachannel.TerminateSession) {
			return errors.New("the client has terminated it")
		}
		return nil
	default: // the agent ignores messages that do not concern ports
		return nil
	}
}

// shaken completes the handshake with a client that can multiplex.
func (s *session) shaken(payload []byte) error {
	var response datachannel.HandshakeResponsePayload
	if err := json.Unmarshal(payload, &response); err != nil {
		return fmt.Errorf("a handshake response: %w", err)
	}
	if len(response.ProcessedClientActions) != 1 || response.ProcessedClientActions[0].ActionType != datachannel.SessionType ||
		response.ProcessedClientActions[0].ActionStatus != datachannel.Success {
		return fmt.Errorf("the client refuses the session: %v", response.Errors)
	}
	if !multiplexes(response.ClientVersion) {
		return fmt.Errorf("client version %q gets one connection a session from the agent, which the rehearsal does not play", response.ClientVersion)
	}
	complete, err := json.Marshal(datachannel.HandshakeCompletePayload{})
	if err != nil {
		return fmt.Errorf("completing the handshake: %w", err)
	}
	select {
	case <-s.ready:
		return errors.New("a second handshake response")
	default:
		close(s.ready)
	}
	return s.enqueue(datachannel.HandshakeComplete, complete)
}

// multiplexes reports whether the agent multiplexes for a client version: from 1.1.70 on.
func multiplexes(version string) bool {
	var major, minor, patch int
	if n, _ := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); n < 3 {
		return false
	}
	return major > 1 || major == 1 && (minor > 1 || minor == 1 && patch >= 70)
}

package ssm

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"github.com/mmmorris1975/ssm-session-client/datachannel"
)

const (
	channelPath = "/v1/data-channel/"
	// longestMessage is much larger than any client's message.
	longestMessage = 1 << 20
)

// These are positions of fields in a frame. The library does not export them:
// https://github.com/aws/amazon-ssm-agent/blob/mainline/agent/session/contracts/agentmessage.go.
const (
	atID         = 64
	atDigest     = 80
	atType       = 112
	headerLength = 116
	lengthSize   = 4
)

var upgrader = websocket.Upgrader{}

// serve is the service's end of a data channel. The first message must be a token from StartSession or ResumeSession.
func (s *Service) serve(w http.ResponseWriter, r *http.Request) {
	one, ok := s.find(strings.TrimPrefix(r.URL.Path, channelPath))
	if !ok {
		http.Error(w, "no such session", http.StatusNotFound)
		return
	}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // answered already
	}
	ws.SetReadLimit(longestMessage)
	if err := one.admit(ws); err != nil {
		s.log.Warn("an SSM data channel was refused", "session", one.id, "reason", err)
		_ = ws.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.ClosePolicyViolation, err.Error()))
		_ = ws.Close() // refused either way
		return
	}
	one.receive(ws)
}

// admit reads OpenDataChannelInput.
func (s *session) admit(ws *websocket.Conn) error {
	var hello struct{ MessageSchemaVersion, RequestId, TokenValue string } //nolint:revive // AWS's name
	kind, body, err := ws.ReadMessage()
	if err != nil {
		return fmt.Errorf("reading the token: %w", err)
	}
	if err := json.Unmarshal(body, &hello); err != nil || kind != websocket.TextMessage {
		return errors.New("the first message is not OpenDataChannelInput")
	}
	if hello.MessageSchemaVersion != "1.0" || uuid.Validate(hello.RequestId) != nil {
		return fmt.Errorf("the schema version %q or the request id %q is not one", hello.MessageSchemaVersion, hello.RequestId)
	}
	return s.attach(ws, hello.TokenValue)
}

// received is a message from the client with its id.
type received struct {
	datachannel.AgentMessage
	id uuid.UUID
}

// parse makes the agent's checks that the library omits: lengths (it would panic) and the digest (it overwrites it).
func parse(frame []byte) (received, error) {
	var m received
	if len(frame) < headerLength+lengthSize {
		return m, fmt.Errorf("a message of %d bytes is too short", len(frame))
	}
	payload := frame[headerLength+lengthSize:]
	if digest := sha256.Sum256(payload); !bytes.Equal(digest[:], frame[atDigest:atType]) {
		return m, errors.New("a message's digest is wrong")
	}
	if !bytes.Equal(frame[:lengthSize], []byte{0, 0, 0, headerLength}) || !bytes.Equal(frame[headerLength:][:lengthSize], bigEndian(len(payload))) {
		return m, errors.New("a message's lengths are wrong")
	}
	copy(m.id[:8], frame[atID+8:])
	copy(m.id[8:], frame[atID:])
	if err := m.UnmarshalBinary(frame); err != nil {
		return m, fmt.Errorf("a message is malformed: %w", err)
	}
	return m, nil
}

func bigEndian(n int) []byte { return []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)} }

// stream is a frame of the agent's numbered output.
func stream(sequence int64, kind datachannel.PayloadType, payload []byte) ([]byte, error) {
	m := datachannel.NewAgentMessage()
	m.MessageType, m.SequenceNumber, m.PayloadType, m.Payload = datachannel.OutputStreamData, sequence, kind, payload
	if sequence == 0 {
		m.Flags = datachannel.Syn
	}
	return marshal(m)
}

func acknowledgement(of received) ([]byte, error) {
	payload, err := json.Marshal(acknowledgeContent{
		MessageType: string(of.MessageType), MessageID: of.id.String(), SequenceNumber: of.SequenceNumber, IsSequentialMessage: true,
	})
	if err != nil {
		return nil, fmt.Errorf("acknowledging: %w", err)
	}
	m := datachannel.NewAgentMessage()
	m.MessageType, m.Flags, m.Payload = datachannel.Acknowledge, datachannel.Ack, payload
	return marshal(m)
}

func closed(session, reason string) ([]byte, error) {
	payload, err := json.Marshal(datachannel.ChannelClosedPayload{MessageType: string(datachannel.ChannelClosed), SessionID: session, SchemaVersion: 1, Output: reason})
	if err != nil {
		return nil, fmt.Errorf("closing: %w", err)
	}
	m := datachannel.NewAgentMessage()
	m.MessageType, m.Payload = datachannel.ChannelClosed, payload
	return marshal(m)
}

func marshal(m *datachannel.AgentMessage) ([]byte, error) {
	frame, err := m.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("writing a message: %w", err)
	}
	return frame, nil
}

type acknowledgeContent struct {
	MessageType         string `json:"AcknowledgedMessageType"`
	MessageID           string `json:"AcknowledgedMessageId"`
	SequenceNumber      int64  `json:"AcknowledgedMessageSequenceNumber"`
	IsSequentialMessage bool   `json:"IsSequentialMessage"`
}

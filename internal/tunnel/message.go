package tunnel

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// message is one frame of a session's data channel, as the SSM agent defines it:
// https://github.com/aws/amazon-ssm-agent/blob/mainline/agent/session/contracts/agentmessage.go.
type message struct {
	Type        string
	Sequence    int64
	Flags       uint64
	ID          uuid.UUID
	PayloadType uint32
	Payload     []byte
}

const (
	typeInput       = "input_stream_data"
	typeOutput      = "output_stream_data"
	typeAcknowledge = "acknowledge"
	typeClosed      = "channel_closed"
	typePause       = "pause_publication"
	typeStart       = "start_publication"

	payloadOutput            = 1
	payloadHandshakeRequest  = 5
	payloadHandshakeResponse = 6
	payloadHandshakeComplete = 7
	payloadChallenge         = 8
	payloadFlag              = 10

	flagTerminateSession   = 2
	flagConnectToPortError = 3
	flagSize               = 4 // bytes, big-endian

	// acknowledgeFlags is the value that AWS's own client sets on acknowledgements.
	acknowledgeFlags = 3
)

// A frame consists of this big-endian header, the payload's length (4 bytes) and the payload.
const (
	atType       = 4
	atSchema     = 36
	atCreated    = 40
	atSequence   = 48
	atFlags      = 56
	atID         = 64 // the second half comes first
	atDigest     = 80
	atPayload    = 112 // the payload's type
	headerLength = 116
	// shortHeaderLength is the header length of channel_closed, which has no payload type.
	shortHeaderLength = 112
	lengthSize        = 4
)

func (m message) encode(created time.Time) []byte {
	frame := make([]byte, headerLength+lengthSize+len(m.Payload))
	binary.BigEndian.PutUint32(frame, headerLength)
	copy(frame[atType:], m.Type+strings.Repeat(" ", atSchema-atType-len(m.Type)))
	binary.BigEndian.PutUint32(frame[atSchema:], 1)
	binary.BigEndian.PutUint64(frame[atCreated:], uint64(created.UnixMilli()))
	binary.BigEndian.PutUint64(frame[atSequence:], uint64(m.Sequence))
	binary.BigEndian.PutUint64(frame[atFlags:], m.Flags)
	copy(frame[atID:], m.ID[8:])
	copy(frame[atID+8:], m.ID[:8])
	digest := sha256.Sum256(m.Payload)
	copy(frame[atDigest:], digest[:])
	binary.BigEndian.PutUint32(frame[atPayload:], m.PayloadType)
	binary.BigEndian.PutUint32(frame[headerLength:], uint32(len(m.Payload)))
	copy(frame[headerLength+lengthSize:], m.Payload)
	return frame
}

var errFrame = errors.New("malformed message on the data channel")

// decode parses a frame; the payload shares its memory. It refuses stream data with a wrong digest.
func decode(frame []byte) (message, error) {
	if len(frame) < shortHeaderLength+lengthSize {
		return message{}, fmt.Errorf("%w: %d bytes are too few", errFrame, len(frame))
	}
	header := int(binary.BigEndian.Uint32(frame))
	if header != headerLength && header != shortHeaderLength || len(frame) < header+lengthSize {
		return message{}, fmt.Errorf("%w: a header of %d bytes", errFrame, header)
	}
	payload := frame[header+lengthSize:]
	if length := binary.BigEndian.Uint32(frame[header:]); uint64(length) != uint64(len(payload)) {
		return message{}, fmt.Errorf("%w: %d bytes of payload announced, %d received", errFrame, length, len(payload))
	}
	m := message{
		Type:     string(bytes.Trim(frame[atType:atSchema], " \x00")), // channel_closed is padded with zeros
		Sequence: int64(binary.BigEndian.Uint64(frame[atSequence:])),
		Flags:    binary.BigEndian.Uint64(frame[atFlags:]),
		Payload:  payload,
	}
	copy(m.ID[8:], frame[atID:])
	copy(m.ID[:8], frame[atID+8:])
	if header == headerLength {
		m.PayloadType = binary.BigEndian.Uint32(frame[atPayload:])
	}
	if digest := sha256.Sum256(payload); m.Type == typeOutput && !bytes.Equal(digest[:], frame[atDigest:atPayload]) {
		return message{}, fmt.Errorf("%w: the payload of message %d does not match its digest", errFrame, m.Sequence)
	}
	return m, nil
}

// acknowledgement is the payload of an acknowledge message.
type acknowledgement struct {
	Type         string `json:"AcknowledgedMessageType"`
	ID           string `json:"AcknowledgedMessageId"`
	Sequence     int64  `json:"AcknowledgedMessageSequenceNumber"`
	IsSequential bool   `json:"IsSequentialMessage"`
}

func acknowledge(m message) (message, error) {
	payload, err := json.Marshal(acknowledgement{Type: m.Type, ID: m.ID.String(), Sequence: m.Sequence, IsSequential: true})
	if err != nil {
		return message{}, fmt.Errorf("acknowledging message %d: %w", m.Sequence, err)
	}
	return message{Type: typeAcknowledge, Flags: acknowledgeFlags, ID: uuid.New(), Payload: payload}, nil
}

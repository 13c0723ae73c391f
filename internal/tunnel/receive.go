package tunnel

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gorilla/websocket"
)

// receive reads the web socket and its successors.
func (c *channel) receive() {
	ws := c.ws
	for {
		_, frame, err := ws.ReadMessage()
		if err != nil {
			if ws, err = c.replace(err); err != nil {
				c.fail(err)
				return
			}
			continue
		}
		if err := c.handle(frame); err != nil {
			c.fail(err)
			return
		}
	}
}

// replace resumes the session on another web socket and resends unacknowledged messages. The agent does not
// acknowledge a message that it already has, and acknowledgements may have been lost with the old web socket. So a
// probe follows: its acknowledgement means that everything before it has arrived.
func (c *channel) replace(broken error) (*websocket.Conn, error) {
	if err := c.cause(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(c.ctx, resumeTimeout)
	defer cancel()
	ws, err := c.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("the session broke (%w) and could not be resumed: %w", broken, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		_ = ws.Close() // closed in the meantime
		return nil, c.err
	}
	_ = c.ws.Close()
	c.ws, c.queue = ws, nil
	for _, s := range c.unacked {
		c.queue = append(c.queue, s.frame)
	}
	c.probe = c.next
	return ws, c.enqueue(payloadFlag, make([]byte, flagSize)) // no flag
}

func (c *channel) handle(frame []byte) error {
	m, err := decode(frame)
	if err != nil {
		return err
	}
	switch m.Type {
	case typeAcknowledge:
		return c.acknowledged(m)
	case typeOutput:
		return c.accept(m)
	case typeClosed:
		var closed struct{ Output string }
		if err := json.Unmarshal(m.Payload, &closed); err != nil || closed.Output == "" {
			closed.Output = "without a reason"
		}
		return fmt.Errorf("SSM closed the session: %s", closed.Output)
	case typePause, typeStart: // AWS's client ignores them too: unacknowledged messages are resent
		return nil
	default:
		return nil // newer than this client
	}
}

func (c *channel) acknowledged(m message) error {
	var a acknowledgement
	if err := json.Unmarshal(m.Payload, &a); err != nil {
		return fmt.Errorf("%w: an acknowledgement: %w", errFrame, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unacked = slices.DeleteFunc(c.unacked, func(s *sent) bool {
		return s.sequence == a.Sequence || a.Sequence == c.probe && s.sequence < c.probe
	})
	c.progress = time.Now()
	c.changed.Broadcast()
	return nil
}

// accept acknowledges a message, even a repeated one, and delivers the messages whose turn has come.
func (c *channel) accept(m message) error {
	reply, err := acknowledge(m)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.Sequence >= c.expected+reorderLimit {
		return nil // it is unacknowledged, so it will be resent
	}
	c.queue = append(c.queue, reply.encode(time.Now()))
	c.changed.Broadcast()
	if m.Sequence >= c.expected {
		c.early[m.Sequence] = m
	}
	for {
		due, ok := c.early[c.expected]
		if !ok {
			return nil
		}
		delete(c.early, c.expected)
		c.expected++
		if err := c.deliver(due); err != nil {
			return err
		}
	}
}

// deliver requires the lock, and releases it while it waits for a reader.
func (c *channel) deliver(m message) error {
	switch m.PayloadType {
	case payloadOutput:
		for len(c.inbox) > inboxLimit && c.err == nil {
			c.changed.Wait()
		}
		c.inbox = append(c.inbox, m.Payload...)
		c.changed.Broadcast()
		return c.err
	case payloadHandshakeRequest:
		return c.shake(m.Payload)
	case payloadHandshakeComplete:
		select {
		case <-c.ready:
		default:
			close(c.ready)
		}
	case payloadChallenge:
		return errors.New("the SSM agent asks for an encrypted session, which is not supported: turn KMS encryption off in Session Manager's preferences")
	case payloadFlag:
		if len(m.Payload) == flagSize && binary.BigEndian.Uint32(m.Payload) == flagConnectToPortError {
			go c.refused()
		}
	}
	return nil
}

func (c *channel) shake(payload []byte) error {
	var request handshakeRequest
	if err := json.Unmarshal(payload, &request); err != nil {
		return fmt.Errorf("%w: a handshake request: %w", errFrame, err)
	}
	response, refusal := request.answer()
	body, err := json.Marshal(response)
	if err != nil {
		return fmt.Errorf("answering the SSM agent's handshake: %w", err)
	}
	c.agent = request.AgentVersion
	return errors.Join(c.enqueue(payloadHandshakeResponse, body), refusal)
}

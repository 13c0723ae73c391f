package tunnel

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
)

const (
	// chunk is the payload size of one message, as in AWS's client (StreamDataPayloadSize).
	chunk = 1024
	// window is how many messages may be unacknowledged. The service passes some 60 KB/s
	// (https://github.com/aws/amazon-ssm-agent/issues/664), so more would only queue there.
	window = 128
	// inboxLimit is how many bytes may wait for a reader before the channel stops reading the web socket.
	// reorderLimit is how many messages may arrive too early (IncomingMessageBufferCapacity of AWS's client).
	inboxLimit   = 4 << 20
	reorderLimit = 10_000

	pingInterval  = 30 * time.Second // shorter than the idle timeouts of proxies on the way
	writeTimeout  = 30 * time.Second
	resumeTimeout = 30 * time.Second
)

var errEnded = errors.New("the session was ended")

// channel turns a session's web socket into an ordered, reliable byte stream to and from the agent. It keeps sent
// messages until the agent acknowledges them, sorts received ones, and replaces a broken web socket while the session
// lasts.
//
// Three goroutines serve it until it fails or is closed. The reading one never waits for a writing one; otherwise two
// full directions would wait for each other.
type channel struct {
	// dial opens another web socket for the same session.
	dial   func(context.Context) (*websocket.Conn, error)
	limits limits
	// refused is called when the agent could not connect to its destination.
	refused func()

	ctx    context.Context // the channel's own lifetime
	cancel context.CancelFunc
	ready  chan struct{} // closed after the handshake
	alive  sync.WaitGroup

	mu       sync.Mutex
	changed  *sync.Cond
	ws       *websocket.Conn
	err      error  // why it ended
	ending   bool   // terminated by this side
	agent    string // version of the agent
	queue    [][]byte
	next     int64
	unacked  []*sent
	probe    int64     // its acknowledgement covers all earlier messages; 0 before the first resumption
	progress time.Time // time of the last acknowledgement, or of the first message that waits for one
	expected int64
	early    map[int64]message
	inbox    []byte
}

// sent is a message that waits for its acknowledgement.
type sent struct {
	sequence int64
	frame    []byte
	due      time.Time
	pause    time.Duration
}

func newChannel(ws *websocket.Conn, dial func(context.Context) (*websocket.Conn, error), l limits, refused func()) *channel {
	c := &channel{dial: dial, limits: l, refused: refused, ws: ws, ready: make(chan struct{}), early: map[int64]message{}}
	c.changed = sync.NewCond(&c.mu)
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.alive.Go(c.receive)
	c.alive.Go(c.transmit)
	c.alive.Go(c.watch)
	return c
}

// Read returns what the agent sent. It never returns io.EOF, because the end of a channel breaks its connections.
func (c *channel) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.inbox) == 0 && c.err == nil {
		c.changed.Wait()
	}
	if len(c.inbox) == 0 {
		return 0, c.err
	}
	n := copy(p, c.inbox)
	c.inbox = c.inbox[n:]
	c.changed.Broadcast()
	return n, nil
}

// Write returns when all of p has been sent, which may have to wait for the agent's acknowledgement of earlier bytes.
func (c *channel) Write(p []byte) (int, error) {
	for done := 0; done < len(p); {
		n := min(chunk, len(p)-done)
		if err := c.send(payloadOutput, p[done:done+n]); err != nil {
			return done, err
		}
		done += n
	}
	return len(p), nil
}

// Close ends the channel, but not the session. It does not wait; wait does.
func (c *channel) Close() error {
	c.fail(errEnded)
	return nil
}

func (c *channel) wait() { c.alive.Wait() }

// settle waits until the agent has acknowledged everything written so far.
func (c *channel) settle(ctx context.Context) error {
	defer context.AfterFunc(ctx, c.wake)()
	c.mu.Lock()
	defer c.mu.Unlock()
	for last := c.next; ; c.changed.Wait() {
		switch {
		case c.err != nil:
			return c.err
		case len(c.unacked) == 0 || c.unacked[0].sequence >= last:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("the agent does not answer: %w", ctx.Err())
		}
	}
}

// terminate tells the agent that the session is over.
func (c *channel) terminate(ctx context.Context) error {
	c.mu.Lock()
	c.ending = true
	c.mu.Unlock()
	if err := c.send(payloadFlag, binary.BigEndian.AppendUint32(nil, flagTerminateSession)); err != nil {
		return err
	}
	return c.settle(ctx)
}

func (c *channel) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changed.Broadcast()
}

func (c *channel) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	if c.ending {
		err = errEnded // the agent may have closed it first
	}
	c.err = err
	c.cancel()
	_ = c.ws.Close() // it is no longer needed, in whatever state
	c.changed.Broadcast()
}

// cause is the reason why the channel ended; nil while it has not.
func (c *channel) cause() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *channel) send(payloadType uint32, payload []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.unacked) >= window && c.err == nil {
		c.changed.Wait()
	}
	return c.enqueue(payloadType, payload)
}

// enqueue ignores the window. The caller must hold the lock.
func (c *channel) enqueue(payloadType uint32, payload []byte) error {
	if c.err != nil {
		return c.err
	}
	now := time.Now()
	frame := message{Type: typeInput, Sequence: c.next, ID: uuid.New(), PayloadType: payloadType, Payload: payload}.encode(now)
	if len(c.unacked) == 0 {
		c.progress = now
	}
	c.unacked = append(c.unacked, &sent{c.next, frame, now.Add(c.limits.resend), c.limits.resend})
	c.queue = append(c.queue, frame)
	c.next++
	c.changed.Broadcast()
	return nil
}

// transmit sends queued frames. A frame that cannot be written is not lost: it is still unacknowledged, and is sent
// again over the next web socket. The present one accepts no more, even if it can still be read. Closing it wakes the
// reader, which replaces it.
func (c *channel) transmit() {
	for {
		c.mu.Lock()
		for len(c.queue) == 0 && c.err == nil {
			c.changed.Wait()
		}
		frames, ws := c.queue, c.ws
		c.queue = nil
		ended := c.err != nil
		c.mu.Unlock()
		if ended {
			return
		}
		for _, frame := range frames {
			if ws.SetWriteDeadline(time.Now().Add(writeTimeout)) != nil || ws.WriteMessage(websocket.BinaryMessage, frame) != nil {
				_ = ws.Close()
				break
			}
		}
	}
}

// watch resends the oldest unacknowledged message, and gives up when the agent stays silent.
func (c *channel) watch() {
	ticker, ping := time.NewTicker(c.limits.resend/8), time.NewTicker(pingInterval)
	defer ticker.Stop()
	defer ping.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-ping.C:
			c.mu.Lock()
			ws := c.ws
			c.mu.Unlock()
			_ = ws.WriteControl(websocket.PingMessage, []byte("keepalive"), time.Now().Add(writeTimeout)) // the reader notices a broken one
		case now := <-ticker.C:
			if silent := c.repeat(now); silent > c.limits.silence {
				c.fail(fmt.Errorf("the SSM agent has not answered for %s", silent.Round(time.Second)))
			}
		}
	}
}

// repeat returns how long the agent has owed an answer.
func (c *channel) repeat(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.unacked) == 0 {
		return 0
	}
	if oldest := c.unacked[0]; now.After(oldest.due) {
		oldest.pause = min(2*oldest.pause, 8*c.limits.resend)
		oldest.due = now.Add(oldest.pause)
		c.queue = append(c.queue, oldest.frame)
		c.changed.Broadcast()
	}
	return now.Sub(c.progress)
}

// version of the agent, valid once ready is closed.
func (c *channel) version() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.agent
}

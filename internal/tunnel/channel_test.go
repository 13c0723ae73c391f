package tunnel

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// unreliable is an echoing agent behind an unreliable service: together they lose, repeat and reorder some messages.
type unreliable struct {
	mu       sync.Mutex
	chance   *rand.Rand
	loss     float64
	expected int64
	early    map[int64][]byte
	next     int64
	unacked  map[int64][]byte
	late     []byte // a frame delayed until after the next one
}

func (u *unreliable) happens() bool { return u.chance.Float64() < u.loss }

func (u *unreliable) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	done := make(chan struct{})
	var repeating sync.WaitGroup
	repeating.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
				u.mu.Lock()
				for _, frame := range u.unacked {
					u.send(ws, frame)
				}
				u.mu.Unlock()
			}
		}
	})
	for {
		_, frame, err := ws.ReadMessage()
		if err != nil {
			break
		}
		u.mu.Lock()
		u.handle(ws, frame)
		u.mu.Unlock()
	}
	close(done)
	repeating.Wait()
	_ = ws.Close()
}

func (u *unreliable) send(ws *websocket.Conn, frame []byte) {
	if u.happens() {
		return
	}
	if u.late == nil && u.happens() {
		u.late = frame
		return
	}
	_ = ws.WriteMessage(websocket.BinaryMessage, frame)
	if u.happens() {
		_ = ws.WriteMessage(websocket.BinaryMessage, frame)
	}
	if late := u.late; late != nil {
		u.late = nil
		_ = ws.WriteMessage(websocket.BinaryMessage, late)
	}
}

func (u *unreliable) handle(ws *websocket.Conn, frame []byte) {
	m, err := decode(frame)
	if err != nil || u.happens() {
		return
	}
	if m.Type == typeAcknowledge {
		var a acknowledgement
		if json.Unmarshal(m.Payload, &a) == nil {
			delete(u.unacked, a.Sequence)
		}
		return
	}
	reply, _ := acknowledge(m)
	u.send(ws, reply.encode(time.Now()))
	if m.Sequence >= u.expected {
		u.early[m.Sequence] = m.Payload
	}
	for payload, ok := u.early[u.expected]; ok; payload, ok = u.early[u.expected] {
		delete(u.early, u.expected)
		u.expected++
		out := message{Type: typeOutput, Sequence: u.next, ID: uuid.New(), PayloadType: payloadOutput, Payload: payload}.encode(time.Now())
		u.unacked[u.next] = out
		u.next++
		u.send(ws, out)
	}
}

// channelTo is a channel to a handler; it cannot be resumed.
func channelTo(t require.TestingT, address string, l limits) *channel {
	ws, response, err := websocket.DefaultDialer.Dial(strings.Replace(address, "http", "ws", 1), nil)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return newChannel(ws, func(context.Context) (*websocket.Conn, error) { return nil, errors.New("not resumed") }, l, func() {})
}

func TestTheChannelIsReliableOverAnUnreliableService(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		agent := &unreliable{
			chance: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)), loss: rapid.Float64Range(0, 0.2).Draw(t, "loss"),
			early: map[int64][]byte{}, unacked: map[int64][]byte{},
		}
		server := httptest.NewServer(agent)
		defer server.Close()
		l := defaultLimits
		l.resend, l.silence = 8*time.Millisecond, 20*time.Second
		c := channelTo(t, server.URL, l)
		defer c.wait()
		defer c.Close()
		content := make([]byte, rapid.IntRange(1, 200_000).Draw(t, "length"))
		for i := range content {
			content[i] = byte(agent.chance.Uint32())
		}
		var writing sync.WaitGroup
		writing.Go(func() { _, _ = c.Write(content) })
		got := make([]byte, len(content))
		_, err := io.ReadFull(c, got)
		require.NoError(t, err)
		require.True(t, bytes.Equal(content, got))
		writing.Wait()
	})
}

// A proxy that inspects TLS presents its certificate on the data channel too.
func TestTheDataChannelTrustsWhomTheCallsTrust(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil); err == nil {
			_ = ws.Close()
		}
	}))
	defer server.Close()
	bundle := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("us-east-1"), config.WithCustomCABundle(bytes.NewReader(bundle)))
	require.NoError(t, err)
	url := strings.Replace(server.URL, "https", "wss", 1)
	ws, err := dial(t.Context(), dialer(cfg), url, "token")
	require.NoError(t, err)
	_ = ws.Close() // the server did
	_, err = dial(t.Context(), dialer(aws.Config{}), url, "token")
	require.ErrorContains(t, err, "certificate")
}

func TestASilentAgentIsGivenUp(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		for err == nil {
			_, _, err = ws.ReadMessage()
		}
		_ = ws.Close()
	}))
	defer server.Close()
	l := defaultLimits
	l.resend, l.silence = 10*time.Millisecond, 100*time.Millisecond
	c := channelTo(t, server.URL, l)
	defer c.wait()
	_, err := c.Write([]byte("anybody?"))
	require.NoError(t, err)
	_, err = c.Read(make([]byte, 1))
	require.ErrorContains(t, err, "has not answered")
}

// A write may fail while reads still wait: on a stalled network only writes reach their deadline.
func TestAWebSocketThatTakesNoMoreIsReplaced(t *testing.T) {
	mute := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil); err == nil {
			t.Cleanup(func() { _ = ws.Close() })
		}
	}))
	defer mute.Close()
	agent := httptest.NewServer(&unreliable{chance: rand.New(rand.NewPCG(1, 0)), early: map[int64][]byte{}, unacked: map[int64][]byte{}})
	defer agent.Close()
	dial := func(server *httptest.Server) *websocket.Conn {
		ws, response, err := websocket.DefaultDialer.Dial(strings.Replace(server.URL, "http", "ws", 1), nil)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return ws
	}
	broken := dial(mute)
	require.NoError(t, broken.SetWriteDeadline(time.Now()))
	require.Error(t, broken.WriteMessage(websocket.BinaryMessage, nil), "from then on it takes nothing")
	l := defaultLimits
	l.resend, l.silence = 10*time.Millisecond, 2*time.Second
	c := newChannel(broken, func(context.Context) (*websocket.Conn, error) { return dial(agent), nil }, l, func() {})
	defer c.wait()
	defer c.Close()
	_, err := c.Write([]byte("again"))
	require.NoError(t, err)
	got := make([]byte, len("again"))
	_, err = io.ReadFull(c, got)
	require.NoError(t, err)
	require.Equal(t, "again", string(got))
}

func TestOldAgentsAndEncryptionAreRefusedWithAReason(t *testing.T) {
	for _, c := range []struct{ request, want string }{
		{`{"AgentVersion": "2.3.1509.0", "RequestedClientActions": [{"ActionType": "SessionType", "ActionParameters": {"SessionType": "Port"}}]}`, "update the agent"},
		{`{"AgentVersion": "3.3.1.0", "RequestedClientActions": [{"ActionType": "KMSEncryption"}]}`, "turn it off"},
		{`{"AgentVersion": "3.3.1.0", "RequestedClientActions": [{"ActionType": "SessionType", "ActionParameters": {"SessionType": "Standard_Stream"}}]}`, "Standard_Stream"},
		{`{"AgentVersion": "3.3.1.0", "RequestedClientActions": [{"ActionType": "Dance"}]}`, "Dance"},
	} {
		var request handshakeRequest
		require.NoError(t, json.Unmarshal([]byte(c.request), &request))
		_, err := request.answer()
		require.ErrorContains(t, err, c.want)
	}
}

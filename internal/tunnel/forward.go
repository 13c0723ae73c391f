package tunnel

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/xtaci/smux"
)

// forward copies both ways until both are done, and closes both.
//
// The agent knows no half-close: told of the end of one direction it closes both. So a client that ends its half (and one that has
// gone altogether, which looks the same) is answered on until the far end is silent for a while.
func forward(client *net.TCPConn, stream *smux.Stream, l limits) {
	var clientDone atomic.Bool
	up := make(chan struct{})
	go func() {
		defer close(up)
		_, err := io.Copy(stream, client)
		clientDone.Store(true)
		if err != nil {
			_ = stream.Close()
			return
		}
		_ = stream.SetReadDeadline(time.Now().Add(l.halfClosed))
	}()
	clean := download(client, stream, &clientDone, l)
	_ = stream.Close()
	if !clean {
		reset(client)
		<-up
		return
	}
	// All bytes are with the client's system; until the client has taken them, closing could destroy them.
	_ = client.CloseWrite()
	_ = client.SetReadDeadline(time.Now().Add(l.halfClosed))
	<-up
	_ = client.Close()
}

// reset closes a connection that broke, so that it does not look like one that ended.
func reset(client *net.TCPConn) {
	_ = client.SetLinger(0) // both fail only on what is closed already
	_ = client.Close()
}

// download says whether the connection ended rather than broke.
func download(client *net.TCPConn, stream *smux.Stream, clientDone *atomic.Bool, l limits) (clean bool) {
	buffer := make([]byte, 32<<10)
	for {
		if clientDone.Load() {
			_ = stream.SetReadDeadline(time.Now().Add(l.halfClosed))
		}
		n, err := stream.Read(buffer)
		if n > 0 {
			_ = client.SetWriteDeadline(time.Now().Add(l.stalled)) // one that does not read would hold up all others
			if _, err := client.Write(buffer[:n]); err != nil {
				return false
			}
		}
		if err != nil {
			return errors.Is(err, io.EOF) || errors.Is(err, smux.ErrTimeout) && clientDone.Load()
		}
	}
}

package tunnel

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/xtaci/smux"
)

// forward copies in both directions until both are done, and closes both ends.
//
// The agent does not support half-closing: when one direction ends, it closes both. So a client that ended its half
// (or disappeared, which looks the same) still receives data until the far end has been silent for a while.
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
	// The client's system has all bytes, but closing before the client has read them could destroy them.
	_ = client.CloseWrite()
	_ = client.SetReadDeadline(time.Now().Add(l.halfClosed))
	<-up
	_ = client.Close()
}

// reset aborts a broken connection, so that it does not look like one that ended normally.
func reset(client *net.TCPConn) {
	_ = client.SetLinger(0) // both fail only on a closed connection
	_ = client.Close()
}

// download reports whether the connection ended normally.
func download(client *net.TCPConn, stream *smux.Stream, clientDone *atomic.Bool, l limits) (clean bool) {
	buffer := make([]byte, 32<<10)
	for {
		if clientDone.Load() {
			_ = stream.SetReadDeadline(time.Now().Add(l.halfClosed))
		}
		n, err := stream.Read(buffer)
		if n > 0 {
			_ = client.SetWriteDeadline(time.Now().Add(l.stalled)) // a client that does not read would block all others
			if _, err := client.Write(buffer[:n]); err != nil {
				return false
			}
		}
		if err != nil {
			return errors.Is(err, io.EOF) || errors.Is(err, smux.ErrTimeout) && clientDone.Load()
		}
	}
}

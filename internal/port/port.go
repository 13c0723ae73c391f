// Package port reserves free ports of this machine, so that no other program takes them before they are used. A
// rehearsal needs a port minutes after choosing it, and tests choose ports side by side.
package port

import (
	"context"
	"fmt"
	"net"
	"syscall"
)

// Held is a reserved port of the loopback address. Servers of the same user may listen on it, repeatedly. The system
// does not give it to programs that ask for any free port.
type Held struct {
	// Number of the port.
	Number int

	socket int
	bound  bool
}

// Hold reserves a free port.
func Hold() (*Held, error) {
	if !holds {
		return look()
	}
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return nil, fmt.Errorf("choosing a free port: %w", err)
	}
	syscall.CloseOnExec(socket)
	h := &Held{socket: socket, bound: true}
	if err := h.bind(); err != nil {
		h.Release()
		return nil, fmt.Errorf("choosing a free port: %w", err)
	}
	return h, nil
}

// bind takes a port without listening on it. Linux lets a server with SO_REUSEADDR, as set by Go, Java, Python and
// MariaDB, listen on such a port, but never picks it for others (net/ipv4/inet_connection_sock.c,
// inet_bind_conflict).
func (h *Held) bind() error {
	if err := syscall.SetsockoptInt(h.socket, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return fmt.Errorf("sharing the address: %w", err)
	}
	if err := syscall.Bind(h.socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return fmt.Errorf("binding: %w", err)
	}
	name, err := syscall.Getsockname(h.socket)
	if err != nil {
		return fmt.Errorf("asking which port it is: %w", err)
	}
	address, ok := name.(*syscall.SockaddrInet4)
	if !ok {
		return fmt.Errorf("%T is no IPv4 address", name)
	}
	h.Number = address.Port
	return nil
}

// Release returns the port. It may be called twice.
func (h *Held) Release() {
	if h.bound {
		h.bound = false
		_ = syscall.Close(h.socket) // nothing was written to it
	}
}

// look finds a port that is free now, where ports cannot be reserved.
func look() (*Held, error) {
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("looking for a free port: %w", err)
	}
	defer listener.Close()
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return nil, fmt.Errorf("looking for a free port: %v is no TCP address", listener.Addr())
	}
	return &Held{Number: address.Port}, nil
}

package port

import (
	"net"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// choose asks the system for any free port in a range of just one.
func choose(t *testing.T, number int) error {
	t.Helper()
	var config net.ListenConfig
	config.Control = func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			require.NoError(t, unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_LOCAL_PORT_RANGE, number|number<<16))
		})
	}
	listener, err := config.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err == nil {
		require.NoError(t, listener.Close())
	}
	return err
}

func TestAHeldPortIsGivenToNobodyElse(t *testing.T) {
	held, err := Hold()
	require.NoError(t, err)
	require.ErrorIs(t, choose(t, held.Number), syscall.EADDRINUSE)
	held.Release()
	held.Release()
	require.NoError(t, choose(t, held.Number))
}

func TestAServerListensOnAHeldPortAgainAndAgain(t *testing.T) {
	held, err := Hold()
	require.NoError(t, err)
	defer held.Release()
	for range 3 {
		var config net.ListenConfig
		listener, err := config.Listen(t.Context(), "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(held.Number)))
		require.NoError(t, err)
		require.NoError(t, listener.Close())
		require.ErrorIs(t, choose(t, held.Number), syscall.EADDRINUSE)
	}
}

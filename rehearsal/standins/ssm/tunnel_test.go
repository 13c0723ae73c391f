package ssm

import (
	"bytes"
	"cdcpipeline/internal/tunnel"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"
)

func noise(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.Read(b)
	return b
}

// exchange sends data in pieces of the given sizes, repeatedly, and requires all of it back.
func exchange(conn *net.TCPConn, content []byte, sizes []int) error {
	var both errgroup.Group
	both.Go(func() error {
		for i, rest := 0, content; len(rest) > 0; i++ {
			n := min(len(rest), sizes[i%len(sizes)])
			if _, err := conn.Write(rest[:n]); err != nil {
				return err
			}
			rest = rest[n:]
		}
		return nil
	})
	both.Go(func() error {
		got := sha256.New()
		if n, err := io.CopyN(got, conn, int64(len(content))); err != nil {
			return fmt.Errorf("after %d of %d bytes: %w", n, len(content), err)
		}
		if want := sha256.Sum256(content); !bytes.Equal(got.Sum(nil), want[:]) {
			return errors.New("what came back is not what was sent")
		}
		return nil
	})
	return both.Wait()
}

func TestWhatGoesInComesOut(t *testing.T) {
	s := newScene(t, Options{})
	opened := s.tunnelTo(echo(t))
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(1, 64), rapid.IntRange(1000, 1050), rapid.IntRange(1, 100_000)), 1, 5).Draw(t, "sizes")
		content := noise(rapid.IntRange(1, 60*sizes[0]).Draw(t, "length"))
		conn := dialled(t, opened)
		require.NoError(t, exchange(conn, content, sizes))
		require.NoError(t, conn.Close())
	})
	require.Equal(t, 1, opened.Sessions(), "all connections share one session")
	require.Equal(t, 1, s.service.Sessions())
}

func TestManyConnectionsAtOnce(t *testing.T) {
	s := newScene(t, Options{})
	opened := s.tunnelTo(echo(t))
	const connections, size = 24, 2 << 20
	var all errgroup.Group
	for range connections {
		all.Go(func() error {
			conn, err := net.DialTCP("tcp", nil, opened.Addr())
			if err != nil {
				return err
			}
			defer conn.Close()
			return exchange(conn, noise(size), []int{1 << 16, 1})
		})
	}
	require.NoError(t, all.Wait())
	require.Equal(t, 1, opened.Sessions())
	require.GreaterOrEqual(t, s.service.Bytes(), int64(2*connections*size))
}

func TestHTTPSVerifiesTheHostBehindTheTunnel(t *testing.T) {
	s := newScene(t, Options{})
	far := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // send everything first; HTTP/1 answers afterwards
		_, _ = w.Write(body)
	}))
	far.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	far.StartTLS()
	t.Cleanup(far.Close)
	opened := s.tunnelTo(far.Listener.Addr().String())
	roots := x509.NewCertPool()
	roots.AddCert(far.Certificate())
	transport := &http.Transport{
		MaxIdleConnsPerHost: 32, TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, opened.Addr().String())
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	var all errgroup.Group
	for range 60 {
		all.Go(func() error {
			content := noise(200_000)
			response, err := (&http.Client{Transport: transport}).Post("https://example.com/", "application/octet-stream", bytes.NewReader(content))
			if err != nil {
				return err
			}
			defer response.Body.Close()
			got, err := io.ReadAll(response.Body)
			if err == nil && !bytes.Equal(got, content) {
				err = errors.New("the answer is not what was sent")
			}
			return err
		})
	}
	require.NoError(t, all.Wait())
	_, err := (&http.Client{Transport: transport}).Get("https://other.invalid/") //nolint:bodyclose // there is none
	require.ErrorContains(t, err, "certificate")
}

func TestHalfClosedConnectionsGetTheirAnswer(t *testing.T) {
	s := newScene(t, Options{})
	opened := s.tunnelTo(echo(t))
	conn := dialled(t, opened)
	content := noise(300_000)
	go func() {
		_, _ = conn.Write(content)
		_ = conn.CloseWrite()
	}()
	got, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.True(t, bytes.Equal(content, got), "%d of %d bytes", len(got), len(content))
	require.NoError(t, conn.Close())
}

func TestATransferSurvivesABrokenWebSocket(t *testing.T) {
	s := newScene(t, Options{})
	opened := s.tunnelTo(echo(t))
	var all errgroup.Group
	for range 4 {
		all.Go(func() error {
			conn, err := net.DialTCP("tcp", nil, opened.Addr())
			if err != nil {
				return err
			}
			defer conn.Close()
			return exchange(conn, noise(3<<20), []int{10_000})
		})
	}
	for n := range 5 {
		require.Eventually(t, func() bool { return s.service.Bytes() > int64(n+1)<<21 }, 20*time.Second, time.Millisecond)
		s.service.Interrupt()
	}
	require.NoError(t, all.Wait())
	require.NoError(t, opened.Connect(t.Context()), "and takes new connections")
	require.Equal(t, 1, opened.Sessions(), "the session was resumed, not replaced")
}

func TestACutSessionResetsItsConnectionsAndTheNextOneWorks(t *testing.T) {
	s := newScene(t, Options{})
	opened := s.tunnelTo(echo(t))
	conn := dialled(t, opened)
	require.NoError(t, exchange(conn, noise(10_000), []int{999}))
	s.service.Cut()
	_, err := io.ReadAll(conn)
	require.Error(t, err, "a connection that broke must not look like one that ended")
	require.NoError(t, conn.Close())

	require.Eventually(t, func() bool { return s.heard("SSM closed the session") == 1 }, 5*time.Second, time.Millisecond, "and why is told")

	again := dialled(t, opened)
	require.NoError(t, exchange(again, noise(10_000), []int{999}))
	require.NoError(t, again.Close())
	require.Equal(t, 2, opened.Sessions())
}

func TestAnInstanceThatHasJustStartedIsWaitedFor(t *testing.T) {
	s := newScene(t, Options{RegistrationDelay: 2 * time.Second})
	s.launched = time.Now()
	opened := s.tunnelTo(echo(t))
	require.NoError(t, opened.Connect(t.Context()))
	require.GreaterOrEqual(t, time.Since(s.launched), 2*time.Second)
	require.Equal(t, 1, s.heard("has not registered with SSM yet"))
}

func TestOtherAccountsCredentialsAreRefused(t *testing.T) {
	s := newScene(t, Options{})
	opened, err := tunnel.Listen(t.Context(), tunnel.Options{AWS: s.account.Config(), Account: "999999999999", Address: "127.0.0.1:0", Log: s.log})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })
	opened.SetTarget(tunnel.Target{InstanceID: bastion, Host: "127.0.0.1", Port: 1})
	require.ErrorContains(t, opened.Connect(t.Context()), "999999999999")
	require.Zero(t, s.service.Sessions())
}

func TestAMissingPermissionIsNamedOnce(t *testing.T) {
	s := newScene(t, Options{})
	denied := controlplane.New(&url.URL{Scheme: "http", Host: "127.0.0.1:1"}, s.service.log)
	denied.Before(controlplane.Action{Service: "ssm", Name: "StartSession"}, func(context.Context, *controlplane.Call) (bool, error) {
		return false, &controlplane.Error{Status: http.StatusBadRequest, Code: "AccessDeniedException", Message: "User: me is not authorized to perform: ssm:StartSession"}
	})
	server := httptest.NewServer(denied)
	t.Cleanup(server.Close)
	opened, err := tunnel.Listen(t.Context(), tunnel.Options{AWS: account.New(server.URL).Config(), Address: "127.0.0.1:0", Log: s.log})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })
	opened.SetTarget(tunnel.Target{InstanceID: bastion, Host: "127.0.0.1", Port: 1})
	for range 2 {
		err := opened.Connect(t.Context())
		require.ErrorContains(t, err, "allow ssm:StartSession on the instance "+bastion)
		require.ErrorContains(t, err, "document AWS-StartPortForwardingSessionToRemoteHost")
	}
	require.Equal(t, 1, s.heard("missing permission"))
	conn, err := net.DialTCP("tcp", nil, opened.Addr())
	if err == nil { // or it was refused even sooner
		_, err = io.ReadAll(conn)
		require.NoError(t, conn.Close())
	}
	require.Error(t, err, "the connection is reset, not closed")
}

func TestAnUnreachableDestinationIsTold(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := listener.Addr().String()
	require.NoError(t, listener.Close())
	s := newScene(t, Options{})
	opened := s.tunnelTo(nobody)
	conn := dialled(t, opened)
	_, _ = io.ReadAll(conn)
	require.NoError(t, conn.Close())
	require.Eventually(t, func() bool { return s.heard("cannot connect to "+nobody) == 1 }, 10*time.Second, 10*time.Millisecond)
}

func TestAnotherTargetIsReachedThroughAnotherSession(t *testing.T) {
	s := newScene(t, Options{})
	opened := s.tunnelTo(echo(t))
	require.NoError(t, opened.Connect(t.Context()))
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "elsewhere") }))
	t.Cleanup(far.Close)
	address := far.Listener.Addr().(*net.TCPAddr)
	opened.SetTarget(tunnel.Target{InstanceID: bastion, Host: address.IP.String(), Port: address.Port})
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	response, err := (&http.Client{Transport: transport}).Get("http://" + opened.Addr().String())
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, "elsewhere", string(body))
	require.Equal(t, 2, opened.Sessions())
}

func TestCloseEndsConnectionsAndTheSession(t *testing.T) {
	s := newScene(t, Options{})
	opened := s.tunnelTo(echo(t))
	conn := dialled(t, opened)
	require.NoError(t, exchange(conn, noise(1000), []int{1000}))
	require.NoError(t, opened.Close())
	_, err := io.ReadAll(conn)
	require.Error(t, err)
	require.NoError(t, conn.Close())
	require.Empty(t, s.service.all(), "the session was terminated")
	require.Zero(t, s.heard("ended"), "which is no news")
	require.Error(t, opened.Connect(t.Context()))
}

package ssm

import (
	"cdcpipeline/internal/tunnel"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const bastion = "i-0123456789abcdef0"

// scene has the stand-in behind a control plane with one instance, and a tunnel's messages.
type scene struct {
	t       *testing.T
	service *Service
	proxy   *controlplane.Proxy
	account account.Account

	mu       sync.Mutex
	launched time.Time
	state    string
	profile  string
	said     []string
}

func newScene(t *testing.T, o Options) *scene {
	t.Helper()
	s := &scene{t: t, launched: time.Now().Add(-time.Hour), state: "running", profile: "<iamInstanceProfile><arn>arn:aws:iam::123456789012:instance-profile/bastion</arn></iamInstanceProfile>"}
	moto := httptest.NewServer(http.HandlerFunc(s.moto))
	t.Cleanup(moto.Close)
	target, err := url.Parse(moto.URL)
	require.NoError(t, err)
	log := slog.New(slog.DiscardHandler)
	s.proxy = controlplane.New(target, log)
	front := httptest.NewServer(s.proxy)
	t.Cleanup(front.Close)
	s.account = account.New(front.URL)
	s.service = New(s.account, log, o)
	s.service.Attach(s.proxy)
	t.Cleanup(s.service.Close)
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	return s
}

// moto answers the two calls that are not part of SSM.
func (s *scene) moto(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	switch form.Get("Action") {
	case "GetCallerIdentity":
		fmt.Fprintf(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>%s</Account><Arn>arn:aws:iam::%[1]s:user/me</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`, account.ID)
	case "DescribeInstances":
		instance := ""
		if wanted := form.Get("Filter.1.Value.1"); wanted == "" || wanted == bastion {
			instance = fmt.Sprintf(`<item><instancesSet><item><instanceId>%s</instanceId><instanceState><code>16</code><name>%s</name></instanceState><launchTime>%s</launchTime>%s</item></instancesSet></item>`,
				bastion, s.state, s.launched.UTC().Format(time.RFC3339Nano), s.profile)
		}
		fmt.Fprintf(w, `<DescribeInstancesResponse><reservationSet>%s</reservationSet></DescribeInstancesResponse>`, instance)
	default:
		http.Error(w, "not played: "+string(body), http.StatusNotImplemented)
	}
}

func (s *scene) log(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = append(s.said, fmt.Sprintf(format, args...))
}

// heard counts the messages that contain a text.
func (s *scene) heard(text string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, line := range s.said {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// tunnelTo is an open tunnel to an address.
func (s *scene) tunnelTo(address string) *tunnel.Tunnel {
	s.t.Helper()
	host, service, err := net.SplitHostPort(address)
	require.NoError(s.t, err)
	port, err := strconv.Atoi(service)
	require.NoError(s.t, err)
	opened, err := tunnel.Listen(s.t.Context(), tunnel.Options{AWS: s.account.Config(), Account: account.ID, Address: "127.0.0.1:0", Log: s.log})
	require.NoError(s.t, err)
	s.t.Cleanup(func() { require.NoError(s.t, opened.Close()) })
	opened.SetTarget(tunnel.Target{InstanceID: bastion, Host: host, Port: port})
	return opened
}

// echo starts a server that returns the bytes that it receives.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var running sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
				_, _ = io.Copy(conn, conn)
				_ = conn.Close()
			})
		}
	})
	t.Cleanup(func() {
		cancel()
		_ = listener.Close()
		running.Wait()
	})
	return listener.Addr().String()
}

func dialled(t require.TestingT, opened *tunnel.Tunnel) *net.TCPConn {
	conn, err := net.DialTCP("tcp", nil, opened.Addr())
	require.NoError(t, err)
	return conn
}

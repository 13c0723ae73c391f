// Package tunnel connects this machine to a host inside a VPC. A listener on loopback forwards its connections
// through an SSM session to an instance that reaches the host.
//
// The first connection starts the session, which carries all of them. A broken session is resumed if SSM still knows
// it. Otherwise its connections are reset, and the next one starts another session. Both sides need only the AWS API:
// no open port, no key, no plugin.
package tunnel

import (
	"cdcpipeline/internal/awsconfig"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/xtaci/smux"
)

// Target is the end of the connections. Host and Port are seen from the instance.
type Target struct {
	InstanceID string
	Host       string
	Port       int
}

// Options configure a tunnel.
type Options struct {
	// AWS is the configuration for SSM, in the instance's region.
	AWS aws.Config
	// Account is the expected AWS account id; "" skips the check.
	Account string
	// Address is the loopback address to listen on, such as 127.0.0.1:9200. Port 0 picks a free one.
	Address string
	// Log receives messages for people, each cause once. Nil discards them.
	Log func(format string, args ...any)

	limits limits // zero: defaultLimits
}

// Tunnel is an open listener. Its methods are safe for concurrent use.
type Tunnel struct {
	listener *net.TCPListener
	ctx      context.Context // the tunnel's own lifetime
	cancel   context.CancelFunc
	running  sync.WaitGroup

	mu       sync.Mutex
	options  Options
	target   Target
	changed  chan struct{} // closed when the target changes
	current  *session
	opening  *opening
	sessions int
	said     string // the last cause that was logged
}

// open holds the tunnels of this process, by address.
var (
	registry   = map[string]*Tunnel{}
	registryMu sync.Mutex
)

// Listen only opens the listener. If this process already listens on the address, it returns the same tunnel, which
// uses these options from now on. Closing the tunnel closes it for all callers. The tunnel lasts until Close, even
// after ctx ends.
//
// It fails when the address is not on loopback (a tunnel has no password) or its port is taken.
func Listen(ctx context.Context, o Options) (*Tunnel, error) {
	address, err := loopback(ctx, o.Address)
	if err != nil {
		return nil, err
	}
	if o.limits == (limits{}) {
		o.limits = defaultLimits
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	registryMu.Lock()
	defer registryMu.Unlock()
	if t, ok := registry[address.String()]; ok {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.options = o
		return t, nil
	}
	listener, err := net.ListenTCP("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w: if another program uses port %d, end it or choose another port for the tunnel", address, err, address.Port)
	}
	t := &Tunnel{listener: listener, options: o, changed: make(chan struct{})}
	t.ctx, t.cancel = context.WithCancel(context.WithoutCancel(ctx))
	registry[listener.Addr().String()] = t
	t.running.Go(t.accept)
	return t, nil
}

func loopback(ctx context.Context, address string) (*net.TCPAddr, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("the tunnel's address %q is not of the form 127.0.0.1:9200: %w", address, err)
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "tcp", service)
	if err != nil {
		return nil, fmt.Errorf("the tunnel's address %q: %w", address, err)
	}
	ip := net.ParseIP(host)
	if host == "localhost" {
		ip = net.IPv4(127, 0, 0, 1)
	}
	if !ip.IsLoopback() {
		return nil, fmt.Errorf("the tunnel's address %q is not on loopback, and whoever reaches it reaches the VPC: use 127.0.0.1", address)
	}
	return &net.TCPAddr{IP: ip, Port: port}, nil
}

// SetTarget sets the end of the connections, which wait for it for up to two minutes. A new target ends the session
// to the old one.
func (t *Tunnel) SetTarget(target Target) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if target == t.target || t.ctx.Err() != nil {
		return
	}
	t.target = target
	close(t.changed)
	t.changed = make(chan struct{})
	if former := t.current; former != nil {
		t.current = nil
		t.running.Go(former.close)
	}
}

// Addr is where the tunnel listens.
func (t *Tunnel) Addr() *net.TCPAddr {
	return t.listener.Addr().(*net.TCPAddr)
}

// Connect starts the session now if there is none. The error says why it cannot: credentials of another account or
// expired, a missing permission, or an instance that does not register with SSM within five minutes. It waits no
// longer than ctx.
func (t *Tunnel) Connect(ctx context.Context) error {
	stream, err := t.stream(ctx)
	if err != nil {
		return err
	}
	_ = stream.Close() // it has proved that the agent answers
	return nil
}

// Sessions is how many sessions were opened so far.
func (t *Tunnel) Sessions() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sessions
}

// Close ends the listener, its connections and the session, and returns when all their goroutines have ended.
func (t *Tunnel) Close() error {
	registryMu.Lock()
	delete(registry, t.listener.Addr().String())
	registryMu.Unlock()
	err := t.listener.Close()
	t.cancel()
	t.mu.Lock()
	current := t.current
	t.current = nil
	t.mu.Unlock()
	if current != nil {
		current.close()
	}
	t.running.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("closing the tunnel: %w", err)
	}
	return nil
}

func (t *Tunnel) accept() {
	for {
		client, err := t.listener.AcceptTCP()
		if err != nil {
			if t.ctx.Err() == nil && !errors.Is(err, net.ErrClosed) {
				t.report(fmt.Errorf("the tunnel accepts no more connections: %w", err))
			}
			return
		}
		t.running.Go(func() { t.serve(client) })
	}
}

func (t *Tunnel) serve(client *net.TCPConn) {
	defer context.AfterFunc(t.ctx, func() { reset(client) })()
	stream, err := t.stream(t.ctx)
	if err != nil {
		reset(client)
		return
	}
	forward(client, stream, t.limits())
}

// stream opens a connection through the session. It replaces a dead session once.
func (t *Tunnel) stream(ctx context.Context) (*smux.Stream, error) {
	for again := false; ; again = true {
		s, err := t.session(ctx)
		if err != nil {
			return nil, err
		}
		stream, err := s.stream(ctx)
		if err == nil {
			return stream, nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("connecting through the tunnel: %w", context.Cause(ctx))
		}
		t.drop(s)
		if again {
			t.report(err)
			return nil, err
		}
	}
}

func (t *Tunnel) limits() limits {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.options.limits
}

// report logs a cause, unless it was the last one logged.
func (t *Tunnel) report(err error) {
	t.mu.Lock()
	log, again := t.options.Log, t.said == err.Error()
	t.said = err.Error()
	t.mu.Unlock()
	if !again {
		log("tunnel: %v", err)
	}
}

// checkAccount can be replaced in tests.
var checkAccount = awsconfig.CheckAccount

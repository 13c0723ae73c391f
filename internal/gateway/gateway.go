// Package gateway connects programs that cannot sign requests to collections of OpenSearch Serverless: browsers, and
// Pulumi's OpenSearch provider, which cannot both sign through a tunnel and verify the certificate. It listens on
// loopback, asks for a password, signs with the AWS credentials of its user, and forwards.
//
// Whoever has the password acts as that IAM identity. So a password is valid for one run, and requests from web pages
// of another origin are refused.
package gateway

import (
	"cdcpipeline/internal/opensearch"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

const (
	// User is the user name for the password.
	User = "cdc"
	// routeWait is how long a request waits for its route.
	routeWait = time.Minute
	// maxBody limits a request's body, which is read before signing. AWS accepts bulk requests of at most 10 MiB,
	// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html.
	maxBody = 64 << 20
)

// Options configure a gateway.
type Options struct {
	// AWS holds the credentials and the collections' region, for signing.
	AWS aws.Config
	// Address on loopback to listen on, such as 127.0.0.1:9200. Port 0 picks a free one.
	Address string
	// Listener is an open listener on loopback, for callers that must reserve the port before they know the password.
	// Default: a new one at Address.
	Listener net.Listener
	// Password of the user cdc. Required.
	Password string
	// Patience is how long a GET, HEAD or PUT that AWS refuses with 403 is retried, because a data access policy
	// takes effect some time after its creation. Zero means no retries.
	Patience time.Duration
	// Log receives messages for people; nil discards them. It never receives a body, a header or the password.
	Log func(format string, args ...any)
}

// Route is the connection to one collection.
type Route struct {
	// URL of the collection: https://host, with a port other than 443.
	URL string
	// Transport dials and verifies: opensearch.TunnelTransport a tunnel, or http.DefaultTransport.
	Transport http.RoundTripper
}

// Gateway is a running gateway. Its methods are safe for concurrent use.
type Gateway struct {
	options  Options
	listener net.Listener
	server   *http.Server
	cancel   context.CancelFunc
	serving  sync.WaitGroup

	mu      sync.Mutex
	routes  map[string]http.Handler
	changed chan struct{} // closed when a route is set
}

// Listen starts a gateway. It runs until ctx ends or Close is called.
func Listen(ctx context.Context, o Options) (*Gateway, error) {
	if o.Password == "" {
		return nil, errors.New("the gateway has no password, and whoever reaches it would act with your AWS credentials")
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	listener := o.Listener
	if listener == nil {
		var err error
		if listener, err = Hold(ctx, o.Address); err != nil {
			return nil, err
		}
	}
	life, cancel := context.WithCancel(ctx)
	g := &Gateway{options: o, listener: listener, cancel: cancel, routes: map[string]http.Handler{}, changed: make(chan struct{})}
	g.server = &http.Server{
		Handler: g, ReadHeaderTimeout: 20 * time.Second,
		BaseContext: func(net.Listener) context.Context { return life },
	}
	g.serving.Go(func() {
		if err := g.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			o.Log("the gateway to the collections has ended: %v", err)
		}
	})
	context.AfterFunc(life, func() { _ = g.server.Close() })
	return g, nil
}

// Hold opens a listener on a loopback address.
func Hold(ctx context.Context, address string) (net.Listener, error) {
	if err := loopback(address); err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w: if another program uses the port, end it or choose another one", address, err)
	}
	return listener, nil
}

func loopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("the gateway's address %q is not of the form 127.0.0.1:9200: %w", address, err)
	}
	if host != "localhost" && !net.ParseIP(host).IsLoopback() {
		return fmt.Errorf("the gateway's address %q is not on loopback: use 127.0.0.1", address)
	}
	return nil
}

// Route forwards requests whose path begins with prefix, such as "" or "/history", without the prefix. The longest
// matching prefix wins.
func (g *Gateway) Route(prefix string, to Route) {
	handler := g.forward(prefix, to)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.routes[prefix] = handler
	close(g.changed)
	g.changed = make(chan struct{})
}

// Addr is where the gateway listens.
func (g *Gateway) Addr() *net.TCPAddr {
	address, _ := g.listener.Addr().(*net.TCPAddr)
	return address
}

// Close ends the gateway and its open requests.
func (g *Gateway) Close() error {
	g.cancel()
	err := g.server.Close()
	g.serving.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("closing the gateway: %w", err)
	}
	return nil
}

// signed is a transport to a collection that signs with the gateway user's credentials.
func (g *Gateway) signed(to Route) http.RoundTripper {
	send := opensearch.Signed(g.options.AWS, opensearch.Serverless, to.Transport)
	if g.options.Patience > 0 {
		send = &patient{send, g.options.Patience}
	}
	return send
}

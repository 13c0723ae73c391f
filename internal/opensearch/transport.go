package opensearch

import (
	"context"
	"net"
	"net/http"
	"time"
)

// TunnelTransport is a transport whose connections all go to one address, such as a tunnel's. The server is still verified as
// the URL's host.
func TunnelTransport(address string) *http.Transport {
	var d net.Dialer
	return &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return d.DialContext(ctx, network, address)
		},
		TLSHandshakeTimeout: 20 * time.Second,
	}
}

// BasicAuth adds a user and password to requests and sends them with send.
func BasicAuth(user, password string, send http.RoundTripper) http.RoundTripper {
	return &basicAuth{sender{send}, user, password}
}

type basicAuth struct {
	sender
	user, password string
}

// RoundTrip sends a copy, because a round tripper must not change the request.
func (b *basicAuth) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.SetBasicAuth(b.user, b.password)
	return b.sender.RoundTrip(r) //nolint:wrapcheck // must be transparent
}

// sender is the next transport. It passes on the closing of connections.
type sender struct{ http.RoundTripper }

// CloseIdleConnections closes those of the next transport, if it has any.
func (s sender) CloseIdleConnections() {
	if keeps, ok := s.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		keeps.CloseIdleConnections()
	}
}

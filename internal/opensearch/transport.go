package opensearch

import (
	"context"
	"net"
	"net/http"
	"time"
)

// Through is a transport whose connections all go to one address, a tunnel's, while the server is verified as the host in
// the URL.
func Through(address string) *http.Transport {
	var d net.Dialer
	return &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return d.DialContext(ctx, network, address)
		},
		TLSHandshakeTimeout: 20 * time.Second,
	}
}

// BasicAuth signs in with a password before it sends requests with send.
func BasicAuth(user, password string, send http.RoundTripper) http.RoundTripper {
	return &basicAuth{sender{send}, user, password}
}

type basicAuth struct {
	sender
	user, password string
}

// RoundTrip leaves the request as it is, as round trippers must.
func (b *basicAuth) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.SetBasicAuth(b.user, b.password)
	return b.sender.RoundTrip(r) //nolint:wrapcheck // as if nothing were in between
}

// sender is the next transport, whose connections can be closed through those before it.
type sender struct{ http.RoundTripper }

// CloseIdleConnections of the next transport, if it keeps any.
func (s sender) CloseIdleConnections() {
	if keeps, ok := s.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		keeps.CloseIdleConnections()
	}
}

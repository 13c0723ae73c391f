package pipeline

import (
	"cdcpipeline/rehearsal/stores"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
)

// open is the way to the node, for the function as for its peer: what Amazon's endpoint makes of a signature, a caller that the node knows, is a
// password here. It ends with ctx.
func (b *bench) open(ctx context.Context) (string, error) {
	certificate, err := b.site.Authority.Issue("bench-endpoint")
	if err != nil {
		return "", err //nolint:wrapcheck // it says what it is
	}
	pair, err := certificate.TLS()
	if err != nil {
		return "", err //nolint:wrapcheck // it says what it is
	}
	node, err := url.Parse(b.node.URL)
	if err != nil {
		return "", fmt.Errorf("parsing the node's URL: %w", err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
	if err != nil {
		return "", fmt.Errorf("opening the endpoint: %w", err)
	}
	server := &http.Server{
		ReadHeaderTimeout: time.Minute, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), // clients that hang up are not worth more
		Handler: &httputil.ReverseProxy{
			Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(node)
				r.Out.Header.Set("Authorization", b.login)
			},
			Transport: &http.Transport{TLSClientConfig: b.node.TLS(), MaxIdleConnsPerHost: 64, DisableCompression: true},
		},
	}
	go func() { _ = server.Serve(listener) }() // requests fail when it does
	context.AfterFunc(ctx, func() { _ = server.Close() })
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return "", fmt.Errorf("reading the endpoint's address: %w", err)
	}
	return "https://" + net.JoinHostPort(stores.Host, port), nil
}

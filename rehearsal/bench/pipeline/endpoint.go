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

// open starts the endpoint through which the function and its peer reach the node. AWS's endpoint turns a
// signature into a known user; this one adds a password. It ends with ctx.
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
		ReadHeaderTimeout: time.Minute, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), // no log: clients may hang up at any time
		Handler: &httputil.ReverseProxy{
			Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(node)
				r.Out.Header.Set("Authorization", b.login)
			},
			Transport: &http.Transport{TLSClientConfig: b.node.TLS(), MaxIdleConnsPerHost: 64, DisableCompression: true},
		},
	}
	go func() { _ = server.Serve(listener) }() // if it fails, the requests fail too
	context.AfterFunc(ctx, func() { _ = server.Close() })
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return "", fmt.Errorf("reading the endpoint's address: %w", err)
	}
	return "https://" + net.JoinHostPort(stores.Host, port), nil
}

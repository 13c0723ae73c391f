package gateway

import (
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Unrouted is a gateway that does not listen, for tests with a fake clock.
func Unrouted(cfg aws.Config, password string) *Gateway {
	return &Gateway{options: Options{AWS: cfg, Password: password}, routes: map[string]http.Handler{}, changed: make(chan struct{})}
}

// Wait waits for a request's route.
func (g *Gateway) Wait(w http.ResponseWriter, r *http.Request) http.Handler { return g.wait(w, r) }

// Signing is the transport that signs requests.
func Signing(cfg aws.Config, patience time.Duration, send http.RoundTripper) http.RoundTripper {
	g := &Gateway{options: Options{AWS: cfg, Patience: patience}}
	return g.signed(Route{Transport: send})
}

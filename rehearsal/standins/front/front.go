// Package front stands before a real OpenSearch node like AWS's front end. It makes an endpoint with a certificate
// on loopback. The endpoint exists at once, and passes requests to the node once that runs. The owner of an
// endpoint decides which requests pass.
package front

import (
	"cdcpipeline/rehearsal/standins/bulk"
	"cdcpipeline/rehearsal/stores"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
)

// Node is the server behind an endpoint; [stores.OpenSearch] implements it.
type Node interface {
	// Authorization is the header for a caller with this name and these backend roles.
	Authorization(user string, backendRoles ...string) (string, error)
	// Admin may do everything.
	Admin() *stores.Client
	// SetMasterPassword sets the internal master user's password; an empty user keeps its name.
	SetMasterPassword(ctx context.Context, user, password string) error
	// TLS verifies the node.
	TLS() *tls.Config
	// Crash kills the node and restarts it after the downtime; it returns once the node answers.
	Crash(ctx context.Context, down time.Duration) error
	Stop()
	Done() <-chan struct{}
	Err() error
}

// Front is one endpoint.
type Front struct {
	// What names it in errors and the log: "domain retail-trans".
	What string
	Log  *slog.Logger

	listener net.Listener
	ctx      context.Context //nolint:containedctx // the life of the endpoint
	cancel   context.CancelFunc

	decided chan struct{} // closed when the node runs or never will
	node    Node          // nil when it failed; set before decided is closed
	forward *httputil.ReverseProxy
	failure error
}

// Open listens at once, but answers only after Run has a node. It ends with ctx or with Close.
func Open(ctx context.Context, authority *stores.Authority, kind, name string, log *slog.Logger) (*Front, error) {
	what := kind + " " + name
	cert, err := authority.Issue("rehearsal-" + kind + "-" + name)
	if err != nil {
		return nil, fmt.Errorf("making the endpoint of %s: %w", what, err)
	}
	pair, err := cert.TLS()
	if err != nil {
		return nil, fmt.Errorf("making the endpoint of %s: %w", what, err)
	}
	// The Amazon service's policy Min-TLS-1-2-PFS-2023-10; collections require TLS 1.2 too.
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
	})
	if err != nil {
		return nil, fmt.Errorf("making the endpoint of %s: %w", what, err)
	}
	f := &Front{What: what, Log: log.With(kind, name), listener: listener, decided: make(chan struct{})}
	f.ctx, f.cancel = context.WithCancel(ctx)
	return f, nil
}

// Endpoint is host and port, as in the control plane; it answers once the node is ready.
func (f *Front) Endpoint() string {
	_, port, _ := net.SplitHostPort(f.listener.Addr().String()) // a listener's own address has a port
	return net.JoinHostPort(stores.Host, port)
}

// Context ends with the endpoint.
func (f *Front) Context() context.Context { return f.ctx }

// Ready reports whether the node answers; an error means that it never will.
func (f *Front) Ready() (bool, error) {
	select {
	case <-f.decided:
		return f.failure == nil, f.failure
	default:
		return false, nil
	}
}

// Wait waits until the node answers.
func (f *Front) Wait(ctx context.Context) error {
	select {
	case <-f.decided:
		return f.failure
	case <-ctx.Done():
		return fmt.Errorf("waiting for %s: %w", f.What, ctx.Err())
	}
}

// Err is the reason why the node failed to start, or ended by itself.
func (f *Front) Err() error {
	ready, err := f.Ready()
	if !ready {
		return err
	}
	if err := f.node.Err(); err != nil {
		return fmt.Errorf("%s: %w", f.What, err)
	}
	return nil
}

// Node returns the node once it is ready.
func (f *Front) Node() Node { return f.node }

// Admin calls the node as its administrator once it is ready.
func (f *Front) Admin(ctx context.Context) (*stores.Client, error) {
	if err := f.Wait(ctx); err != nil {
		return nil, err
	}
	return f.node.Admin(), nil
}

// Crash kills the node once it is ready, and restarts it after the downtime. It returns when the node answers; until
// then the endpoint answers 502.
func (f *Front) Crash(ctx context.Context, down time.Duration) error {
	if err := f.Wait(ctx); err != nil {
		return err
	}
	if err := f.node.Crash(ctx, down); err != nil {
		return fmt.Errorf("%s: %w", f.What, err)
	}
	return nil
}

// Close ends the endpoint; Run returns when its node has ended.
func (f *Front) Close() { f.cancel() }

// Run starts a node, prepares it, answers with the handler until Close, and stops the node.
func (f *Front) Run(start func(ctx context.Context) (Node, error), prepare func(ctx context.Context, admin *stores.Client) error, handler http.Handler) {
	defer f.cancel()
	defer f.listener.Close()
	started := time.Now()
	node, forward, err := f.startNode(start, prepare)
	if err != nil {
		f.failure = fmt.Errorf("%s: %w", f.What, err)
		if f.ctx.Err() == nil {
			f.Log.Error("the node did not start", "error", err)
		}
		close(f.decided)
		return
	}
	defer node.Stop()
	f.node, f.forward = node, forward
	close(f.decided)
	f.Log.Info("the endpoint is ready", "endpoint", f.Endpoint(), "after", time.Since(started).Round(time.Second))

	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(f.Log.Handler(), slog.LevelDebug), // clients may hang up at any time
	}
	go func() {
		select {
		case <-f.ctx.Done():
		case <-node.Done():
			if err := node.Err(); err != nil {
				f.Log.Error("the node is gone", "error", err)
			}
		}
		_ = server.Close() // no client is connected any more
	}()
	if err := server.Serve(f.listener); !errors.Is(err, http.ErrServerClosed) {
		f.Log.Error("the endpoint is gone", "error", err)
	}
}

func (f *Front) startNode(start func(context.Context) (Node, error), prepare func(context.Context, *stores.Client) error) (Node, *httputil.ReverseProxy, error) {
	node, err := start(f.ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("its node did not start: %w", err)
	}
	if err := prepare(f.ctx, node.Admin()); err != nil {
		node.Stop()
		return nil, nil, err
	}
	forward, err := forwardTo(node)
	if err != nil {
		node.Stop()
		return nil, nil, err
	}
	return node, forward, nil
}

// Forward passes a request to the node unchanged.
func (f *Front) Forward(w http.ResponseWriter, r *http.Request) { f.forward.ServeHTTP(w, r) }

// ForwardPart passes the remaining part of a bulk request on, uncompressed, and answers for the rest. It returns the
// status.
func (f *Front) ForwardPart(w http.ResponseWriter, r *http.Request, actions []bulk.Action) int {
	status, answered, err := f.part(r, bulk.Kept(actions))
	if err != nil {
		NoAnswer(w, err)
		return http.StatusBadGateway
	}
	if status == http.StatusOK {
		if answered, err = bulk.Merged(actions, answered); err != nil {
			Answer(w, http.StatusInternalServerError, map[string]any{"message": "a part of the request was refused, and " + err.Error()})
			return http.StatusInternalServerError
		}
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(answered) // the caller has hung up
	return status
}

func (f *Front) part(r *http.Request, kept []byte) (int, []byte, error) {
	if len(kept) == 0 {
		return http.StatusOK, bulk.Nothing(r), nil
	}
	return f.WithAuthorization(r.Header.Get("Authorization")).Call(r.Context(), r.Method, r.URL.RequestURI(), kept) //nolint:wrapcheck // the error names the call
}

// WithAuthorization calls the node with a caller's Authorization header.
func (f *Front) WithAuthorization(authorization string) *stores.Client {
	return &stores.Client{HTTP: &http.Client{Transport: f.forward.Transport}, URL: f.node.Admin().URL, Authorization: authorization}
}

// forwardTo passes requests to the node and verifies its certificate.
func forwardTo(node Node) (*httputil.ReverseProxy, error) {
	target, err := url.Parse(node.Admin().URL)
	if err != nil {
		return nil, fmt.Errorf("parsing its node's URL: %w", err)
	}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = target.Host
		},
		Transport: &http.Transport{TLSClientConfig: node.TLS(), MaxIdleConnsPerHost: 64, DisableCompression: true},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			NoAnswer(w, err)
		},
	}, nil
}

// NoAnswer answers that the node does not answer.
func NoAnswer(w http.ResponseWriter, err error) {
	Answer(w, http.StatusBadGateway, map[string]any{"message": "the node does not answer: " + err.Error()})
}

// Answer writes JSON.
func Answer(w http.ResponseWriter, status int, content any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(content) // the caller has hung up
}

// Fail answers with an error in OpenSearch's form.
func Fail(w http.ResponseWriter, status int, kind, reason string) {
	cause := map[string]any{"type": kind, "reason": reason}
	Answer(w, status, map[string]any{
		"error":  map[string]any{"root_cause": []any{cause}, "type": kind, "reason": reason},
		"status": status,
	})
}

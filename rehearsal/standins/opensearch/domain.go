package opensearch

import (
	"cdcpipeline/rehearsal/stores"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
)

// Domain is one created domain: an endpoint on loopback and the node behind it.
type Domain struct {
	// Name of the domain, and whether it was created in a VPC: its endpoint is then listed as "vpc".
	Name  string
	InVPC bool

	domains  *Domains
	log      *slog.Logger
	listener net.Listener
	ctx      context.Context
	cancel   context.CancelFunc
	policies *policies
	prober   *prober
	throttle *throttle

	decided chan struct{} // closed when the node is up or will never be
	node    Node          // nil when it failed; set before decided is closed
	forward *httputil.ReverseProxy
	failure error
}

func newDomain(d *Domains, name string, inVPC bool) (*Domain, error) {
	cert, err := d.authority.Issue("rehearsal-domain-" + name)
	if err != nil {
		return nil, fmt.Errorf("making the endpoint of domain %s: %w", name, err)
	}
	pair, err := cert.TLS()
	if err != nil {
		return nil, fmt.Errorf("making the endpoint of domain %s: %w", name, err)
	}
	// The Amazon service's policy Min-TLS-1-2-PFS-2023-10.
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
	})
	if err != nil {
		return nil, fmt.Errorf("making the endpoint of domain %s: %w", name, err)
	}
	domain := &Domain{
		Name: name, InVPC: inVPC, domains: d, log: d.log.With("domain", name), listener: listener,
		policies: newPolicies(), prober: &prober{}, throttle: newThrottle(), decided: make(chan struct{}),
	}
	domain.ctx, domain.cancel = context.WithCancel(d.ctx)
	return domain, nil
}

// Endpoint is host and port, as the control plane lists it; it answers when the domain is ready.
func (d *Domain) Endpoint() string {
	_, port, _ := net.SplitHostPort(d.listener.Addr().String()) // a listener's own address has a port
	return net.JoinHostPort(stores.Host, port)
}

// Ready says whether the domain answers; the error says that it never will.
func (d *Domain) Ready() (bool, error) {
	select {
	case <-d.decided:
		return d.failure == nil, d.failure
	default:
		return false, nil
	}
}

// Wait returns when the domain answers.
func (d *Domain) Wait(ctx context.Context) error {
	select {
	case <-d.decided:
		return d.failure
	case <-ctx.Done():
		return fmt.Errorf("waiting for domain %s: %w", d.Name, ctx.Err())
	}
}

// Err says why the domain failed to start, or why its node ended by itself.
func (d *Domain) Err() error {
	ready, err := d.Ready()
	if !ready {
		return err
	}
	if err := d.node.Err(); err != nil {
		return fmt.Errorf("domain %s: %w", d.Name, err)
	}
	return nil
}

// Admin calls the domain's node as its administrator, when the domain is ready.
func (d *Domain) Admin(ctx context.Context) (*AdminClient, error) {
	if err := d.Wait(ctx); err != nil {
		return nil, err
	}
	return d.node.Admin(), nil
}

// Probe is what a delivery role was told before and after its role mapping in this domain.
func (d *Domain) Probe() Probe { return d.prober.result() }

// SetMaster changes the master user, as an update of the domain does; it waits until the domain is ready.
func (d *Domain) SetMaster(ctx context.Context, master MasterUser) error {
	if err := d.Wait(ctx); err != nil {
		return err
	}
	if err := d.node.SetMasterPassword(ctx, master.Name, master.Password); err != nil {
		return fmt.Errorf("changing the master user of domain %s: %w", d.Name, err)
	}
	return nil
}

// run is the domain's life: start the node, answer until the domain is deleted, stop the node.
func (d *Domain) run(master MasterUser) {
	defer d.cancel()
	defer d.listener.Close()
	started := time.Now()
	node, forward, err := d.startNode(master)
	if err != nil {
		d.failure = fmt.Errorf("domain %s: %w", d.Name, err)
		if d.ctx.Err() == nil {
			d.log.Error("the domain did not start", "error", err)
		}
		close(d.decided)
		return
	}
	defer node.Stop()
	d.node, d.forward = node, forward
	close(d.decided)
	d.log.Info("the domain is ready", "endpoint", d.Endpoint(), "after", time.Since(started).Round(time.Second))

	server := &http.Server{
		Handler: d, ReadHeaderTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(d.log.Handler(), slog.LevelDebug), // clients that hang up are not worth more
	}
	go func() {
		select {
		case <-d.ctx.Done():
		case <-node.Done():
			if err := node.Err(); err != nil {
				d.log.Error("the domain is gone", "error", err)
			}
		}
		_ = server.Close() // nobody is left to answer
	}()
	if err := server.Serve(d.listener); !errors.Is(err, http.ErrServerClosed) {
		d.log.Error("the domain's endpoint is gone", "error", err)
	}
}

func (d *Domain) startNode(master MasterUser) (Node, *httputil.ReverseProxy, error) {
	node, err := d.domains.start(d.ctx, master)
	if err != nil {
		return nil, nil, fmt.Errorf("its node did not start: %w", err)
	}
	if err := prepareDashboards(d.ctx, node.Admin()); err != nil {
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

// as calls the node with a caller's Authorization header.
func (d *Domain) as(authorization string) *stores.Client {
	return &stores.Client{HTTP: &http.Client{Transport: d.forward.Transport}, URL: d.node.Admin().URL, Authorization: authorization}
}

// forwardTo passes requests on to the node and verifies who answers.
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
			refuse(w, http.StatusBadGateway, "the domain's node does not answer: "+err.Error())
		},
	}, nil
}

package main

import (
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/operator/status"
	"cdcpipeline/internal/outputs"
	"cdcpipeline/internal/tunnel"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// tunnel listens at a local address and forwards connections through the stack's bastion until it is closed. It opens
// the first session within ctx, so that it reports an error now and not at the first connection.
func (d *deployment) tunnel(ctx context.Context, local string, to tunnel.Target, tell func(string, ...any)) (*tunnel.Tunnel, error) {
	t, err := tunnel.Listen(ctx, tunnel.Options{AWS: d.AWS, Account: d.AccountID, Address: local, Log: tell})
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, taken(local)
	}
	if err != nil {
		return nil, err
	}
	to.InstanceID = d.BastionInstanceID
	t.SetTarget(to)
	if err := t.Connect(ctx); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

func taken(local string) error {
	return fmt.Errorf("%s is in use, perhaps by another tunnel or a running `pulumi up`: choose another port with --port", local)
}

// searchOutputs returns the outputs that lead to the domain or the collections.
func searchOutputs(o *outputs.Outputs) []any {
	if o.Serverless() {
		return []any{&o.HistoryEndpoint, &o.CurrentEndpoint, &o.HistoryCollection, &o.CurrentCollection}
	}
	return []any{&o.SearchURL, &o.SearchEndpoint, &o.SearchMasterSecretArn}
}

// way returns a transport to a URL inside the VPC. It goes through the stack's bastion if there is one.
func (d *deployment) way(ctx context.Context, to string, tell func(string, ...any)) (send http.RoundTripper, shut func() error, err error) {
	if !d.Tunnelled() {
		return http.DefaultTransport, closed, nil
	}
	parsed, err := url.Parse(to)
	if err != nil || parsed.Hostname() == "" {
		return nil, nil, fmt.Errorf("the stack's output %q is not a URL: run `pulumi up`", to)
	}
	port, err := strconv.Atoi(cmp.Or(parsed.Port(), "443"))
	if err != nil {
		return nil, nil, fmt.Errorf("the stack's output %q has no numeric port: run `pulumi up`", to)
	}
	t, err := d.tunnel(ctx, "127.0.0.1:0", tunnel.Target{Host: parsed.Hostname(), Port: port}, tell)
	if err != nil {
		return nil, nil, err
	}
	return opensearch.TunnelTransport(t.Addr().String()), t.Close, nil
}

// search opens the place that holds the history and the present rows. It uses the domain's master user, or for
// collections the operator's own AWS identity. Closing the search closes the tunnel.
func (d *deployment) search(ctx context.Context, tell func(string, ...any)) (*status.Search, error) {
	if d.Serverless() {
		return d.collections(ctx, tell)
	}
	login, err := status.ReadLogin(ctx, secretsmanager.NewFromConfig(d.AWS), d.SearchMasterSecretArn)
	if err != nil {
		return nil, err
	}
	send, shut, err := d.way(ctx, d.SearchURL, tell)
	if err != nil {
		return nil, err
	}
	domain := status.NewDomain(d.SearchURL, login, send)
	domain.Shut = shut
	return domain, nil
}

func (d *deployment) collections(ctx context.Context, tell func(string, ...any)) (*status.Search, error) {
	history, shutHistory, err := d.way(ctx, d.HistoryEndpoint, tell)
	if err != nil {
		return nil, err
	}
	current, shutCurrent, err := d.way(ctx, d.CurrentEndpoint, tell)
	if err != nil {
		return nil, errors.Join(err, shutHistory())
	}
	s := status.NewCollections(d.AWS, status.Way{Name: d.HistoryCollection, URL: d.HistoryEndpoint, Send: history},
		status.Way{Name: d.CurrentCollection, URL: d.CurrentEndpoint, Send: current})
	s.Shut = func() error { return errors.Join(shutHistory(), shutCurrent()) }
	return s, nil
}

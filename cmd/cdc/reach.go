package main

import (
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/operator/status"
	"cdcpipeline/internal/tunnel"
	"context"
	"errors"
	"fmt"
	"net/http"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// tunnel listens at a local address for what the stack's bastion reaches, until it is closed, and opens the first session
// within ctx: what is wrong is said now, not to the first who connects.
func (d *deployment) tunnel(ctx context.Context, local string, to tunnel.Target, tell func(string, ...any)) (*tunnel.Tunnel, error) {
	t, err := tunnel.Listen(ctx, tunnel.Options{AWS: d.AWS, Account: d.AccountID, Address: local, Log: tell})
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is taken, by another tunnel perhaps, or by a running `pulumi up`: choose another port with --port", local)
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

// search is the domain under its master user, through the stack's bastion if it has one. Closing it closes the tunnel.
func (d *deployment) search(ctx context.Context, tell func(string, ...any)) (*status.Domain, error) {
	host, port, err := d.SearchAddress()
	if err != nil {
		return nil, err
	}
	login, err := status.ReadLogin(ctx, secretsmanager.NewFromConfig(d.AWS), d.SearchMasterSecretArn)
	if err != nil {
		return nil, err
	}
	if !d.Tunnelled() {
		return status.NewDomain(d.SearchURL, login, http.DefaultTransport), nil
	}
	t, err := d.tunnel(ctx, "127.0.0.1:0", tunnel.Target{Host: host, Port: port}, tell)
	if err != nil {
		return nil, err
	}
	domain := status.NewDomain(d.SearchURL, login, opensearch.Through(t.Addr().String()))
	domain.Shut = t.Close
	return domain, nil
}

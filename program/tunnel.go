package program

import (
	"cdcpipeline/components/bastion"
	"cdcpipeline/components/search"
	"cdcpipeline/config"
	"cdcpipeline/internal/awsconfig"
	"cdcpipeline/internal/tunnel"
	"context"
	"fmt"
	"net"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// openTunnel listens on search.tunnelPort for connections of the provider for the domain's contents, with the
// credentials of the program's default AWS provider (its `aws:*` configuration, or the environment). It returns nil
// with search.reach direct, and for collections, which have a [doorway].
//
// It connects to nothing by itself. The first connection starts a session through the bastion; a preview, and an `up`
// that changes nothing inside the domain, make no connection. A taken port fails an `up`, but is a warning in a
// preview. Later problems appear among the deployment's diagnostics, beside the provider's own error, which says only
// that its connection ended.
//
// The tunnel lasts as long as the program. The SDK keeps a program alive until the engine has deleted everything that
// was removed (SignalAndWaitForShutdown), so a removed grant is deleted through the tunnel too. In the Automation API
// a program ends before its deployment. There the tunnel lasts as long as the process, and the next program takes it
// over.
//
// A destroy needs no tunnel, because the domain's contents are deleted with the domain. `pulumi refresh` does not run
// the program: give it --run-program, or keep `cdc tunnel search` open in another terminal.
func openTunnel(ctx *pulumi.Context, cfg config.Search) (*tunnel.Tunnel, error) {
	if cfg.Reach != config.ReachTunnel || !cfg.On(config.OnDomain) {
		return nil, nil
	}
	options, err := tunnelOptions(ctx)
	if err != nil {
		return nil, err
	}
	options.Address = net.JoinHostPort("127.0.0.1", strconv.Itoa(cfg.TunnelPort))
	// Do not use the program's context, which in the Automation API ends before the deployment.
	t, err := tunnel.Listen(context.WithoutCancel(ctx.Context()), options)
	switch {
	case err == nil:
		return t, nil
	case ctx.DryRun():
		options.Log("search.tunnelPort: %v, so `pulumi up` would fail", err)
		return nil, nil
	default:
		return nil, fmt.Errorf("search.tunnelPort: %w", err)
	}
}

// tunnelOptions make the tunnel call AWS as the provider does.
func tunnelOptions(ctx *pulumi.Context) (tunnel.Options, error) {
	settings, err := awsSettings(ctx)
	if err != nil {
		return tunnel.Options{}, err
	}
	caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{})
	if err != nil {
		return tunnel.Options{}, fmt.Errorf("looking up the account: %w", err)
	}
	cfg, err := awsconfig.Load(ctx.Context(), settings)
	if err != nil {
		return tunnel.Options{}, fmt.Errorf("preparing the tunnel to the search: %w", err)
	}
	return tunnel.Options{
		AWS: cfg, Account: caller.AccountId,
		// After the engine has gone nobody can receive the message.
		Log: func(format string, args ...any) { _ = ctx.Log.Warn(fmt.Sprintf(format, args...), nil) },
	}, nil
}

// awsSettings are the settings of the program's default AWS provider, with the region that it uses.
func awsSettings(ctx *pulumi.Context) (awsconfig.Settings, error) {
	settings := awsconfig.Settings{}
	for _, key := range awsconfig.Keys() {
		if value, ok := ctx.GetConfig("aws:" + key); ok {
			settings[key] = value
		}
	}
	region, err := aws.GetRegion(ctx, &aws.GetRegionArgs{})
	if err != nil {
		return nil, fmt.Errorf("looking up the region: %w", err)
	}
	settings["region"] = region.Name
	return settings, nil
}

// lead gives the tunnel the route to a domain as soon as it is known. A nil tunnel ignores it.
func lead(t *tunnel.Tunnel, through *bastion.Bastion, domain *search.Domain) {
	if t == nil || through == nil || domain == nil {
		return
	}
	pulumi.All(through.InstanceID, domain.Host, domain.Port).ApplyT(func(v []any) error {
		instance, _ := v[0].(string)
		host, _ := v[1].(string)
		port, _ := v[2].(int)
		t.SetTarget(tunnel.Target{InstanceID: instance, Host: host, Port: port})
		return nil
	})
}

package program

import (
	"cdcpipeline/components/bastion"
	"cdcpipeline/components/search"
	"cdcpipeline/config"
	"cdcpipeline/internal/gateway"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/tunnel"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// patience is how long a collection's refusal is retried. A data access policy takes effect about a minute after its
// creation,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-data-access.html#serverless-data-access-console.
const patience = 2 * time.Minute

// doorway connects the providers to the collections' contents. It is a gateway on search.gatewayPort, with the
// credentials of the program's default AWS provider. With search.reach tunnel it has a tunnel to each collection
// behind it. Like the tunnel to a domain ([openTunnel]) it opens connections only on demand and lasts as long as the
// program. A taken port fails an `up`, but is a warning in a preview.
//
// `pulumi refresh` does not run the program: give it --run-program.
type doorway struct {
	options  gateway.Options // without the password, which the stack knows
	behind   tunnel.Options
	tunnels  bool
	disabled bool

	mu      sync.Mutex
	held    net.Listener // until the gateway takes it over
	gateway *gateway.Gateway
	opened  []*tunnel.Tunnel
	routes  map[string]gateway.Route
}

// open holds the doorways of this process, by address. In the Automation API the next program takes over from the
// last.
var (
	doorways   = map[string]*doorway{}
	doorwaysMu sync.Mutex
)

// openDoorway reserves the port. A domain needs no doorway: it returns nil.
func openDoorway(ctx *pulumi.Context, cfg config.Search) (*doorway, error) {
	if !cfg.On(config.OnCollections) {
		return nil, nil
	}
	behind, err := tunnelOptions(ctx)
	if err != nil {
		return nil, err
	}
	d := &doorway{
		options: gateway.Options{
			AWS: behind.AWS, Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(cfg.GatewayPort)), Patience: patience, Log: behind.Log,
		},
		behind: behind, tunnels: cfg.Reach == config.ReachTunnel, routes: map[string]gateway.Route{},
	}
	d.behind.Address = "127.0.0.1:0"
	doorwaysMu.Lock()
	defer doorwaysMu.Unlock()
	if former, ok := doorways[d.options.Address]; ok {
		former.close()
	}
	doorways[d.options.Address] = d
	// Reserve the port now: the gateway can listen only when its password is known, which may be minutes later.
	switch held, err := gateway.Hold(context.WithoutCancel(ctx.Context()), d.options.Address); {
	case err == nil:
		d.held = held
		return d, nil
	case ctx.DryRun():
		d.options.Log("search.gatewayPort: %v, so `pulumi up` would fail", err)
		d.disabled = true
		return d, nil
	default:
		return nil, fmt.Errorf("search.gatewayPort: %w", err)
	}
}

// url is the providers' address, once the gateway listens. A nil doorway has none.
func (d *doorway) url() func(password pulumi.StringOutput) pulumi.StringOutput {
	if d == nil {
		return nil
	}
	_, port, _ := net.SplitHostPort(d.options.Address)
	return func(password pulumi.StringOutput) pulumi.StringOutput {
		listening := password.ApplyT(func(password string) (string, error) {
			return "http://" + net.JoinHostPort("localhost", port), d.listen(password)
		})
		url, _ := pulumi.Unsecret(listening).(pulumi.StringOutput)
		return url
	}
}

func (d *doorway) listen(password string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.disabled || d.gateway != nil {
		return nil
	}
	options := d.options
	options.Password, options.Listener = password, d.held
	// Do not use the program's context, which in the Automation API ends before the deployment.
	opened, err := gateway.Listen(context.Background(), options)
	if err != nil {
		return fmt.Errorf("search.gatewayPort: %w", err)
	}
	d.gateway = opened
	for prefix, to := range d.routes {
		opened.Route(prefix, to)
	}
	return nil
}

// lead gives the doorway the routes to the collections as soon as they are known. A nil doorway ignores them.
func (d *doorway) lead(ctx *pulumi.Context, through *bastion.Bastion, collections *search.Collections) {
	if d == nil || collections == nil {
		return
	}
	instance := pulumi.String("").ToStringOutput()
	if through != nil {
		instance = through.InstanceID
	}
	for prefix, endpoint := range map[string]pulumi.StringOutput{"/history": collections.HistoryEndpoint, "/current": collections.CurrentEndpoint} {
		pulumi.All(instance, endpoint).ApplyT(func(v []any) error {
			instance, _ := v[0].(string)
			to, _ := v[1].(string)
			if err := d.route(ctx.Context(), prefix, instance, to); err != nil {
				d.options.Log("connecting to the collection at %s: %v", to, err)
			}
			return nil
		})
	}
}

func (d *doorway) route(ctx context.Context, prefix, instance, endpoint string) error {
	transport, err := d.transport(ctx, instance, endpoint)
	if err != nil {
		return err
	}
	to := gateway.Route{URL: endpoint, Transport: transport}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.routes[prefix] = to
	if d.gateway != nil {
		d.gateway.Route(prefix, to)
	}
	return nil
}

// transport connects directly to an endpoint, or through its own tunnel.
func (d *doorway) transport(ctx context.Context, instance, endpoint string) (http.RoundTripper, error) {
	if !d.tunnels {
		return &http.Transport{ForceAttemptHTTP2: true}, nil
	}
	host, port, err := address(endpoint)
	if err != nil {
		return nil, err
	}
	through, err := tunnel.Listen(context.WithoutCancel(ctx), d.behind)
	if err != nil {
		return nil, err //nolint:wrapcheck // names the address
	}
	through.SetTarget(tunnel.Target{InstanceID: instance, Host: host, Port: port})
	d.mu.Lock()
	defer d.mu.Unlock()
	d.opened = append(d.opened, through)
	return opensearch.TunnelTransport(through.Addr().String()), nil
}

// address returns the host and the port of an endpoint. In AWS it has no port, so the port is that of HTTPS.
func address(endpoint string) (host string, port int, err error) {
	parsed, err := url.Parse(endpoint)
	if err != nil || parsed.Hostname() == "" {
		return "", 0, errors.Join(fmt.Errorf("%q is not the URL of a collection", endpoint), err)
	}
	if parsed.Port() == "" {
		return parsed.Hostname(), 443, nil
	}
	port, err = strconv.Atoi(parsed.Port())
	return parsed.Hostname(), port, err //nolint:wrapcheck // a URL's port is a number
}

func (d *doorway) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.held != nil {
		_ = d.held.Close() // once or twice, with the gateway that took it over
	}
	if d.gateway != nil {
		_ = d.gateway.Close()
	}
	for _, through := range d.opened {
		_ = through.Close()
	}
	d.gateway, d.opened, d.disabled = nil, nil, true
}

package main

import (
	"cdcpipeline/internal/operator/advice"
	"cdcpipeline/internal/operator/status"
	"cdcpipeline/internal/outputs"
	"cdcpipeline/internal/tunnel"
	"cmp"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/spf13/cobra"
)

const tunnelLong = `Open a tunnel from this machine into the VPC, through an SSM session to the stack's
bastion.

Collections of OpenSearch Serverless accept no password. For them the command runs
a local gateway, which signs each request with your AWS credentials, so requests act
as you. The gateway asks for a password of its own, which is new each time.

The tunnel opens nothing to the internet. The bastion has no public address, and AWS
checks with your credentials whether you may open a session (ssm:StartSession on the
bastion). The tunnel listens on 127.0.0.1 only. It opens its session at once. If the
session breaks, the next connection opens another. Ctrl-C ends the tunnel.`

// defaultDatabasePort differs from the usual port, which a database on this machine may use.
const defaultDatabasePort = 13306

// entrance is a place inside the VPC that a tunnel can reach.
type entrance struct {
	use, short, long, example string
	needs                     outputs.Fields
	port                      func(outputs.Outputs) int
	target                    func(outputs.Outputs) (tunnel.Target, error)
	straight                  func(outputs.Outputs) string
	secret                    func(outputs.Outputs) string
	guide                     func(status.Guide) (string, error)
	// collection names the collection to open a gateway to if the stack has no domain. explain describes that gateway.
	// Both are empty for an entrance that never leads to a collection.
	collection string
	explain    func(status.CollectionGuide) (string, error)
}

var searchDoor = entrance{
	use: "search", short: "Open a tunnel to the OpenSearch domain, or a gateway to a collection",
	long: "Open a tunnel to the OpenSearch domain, at the port that `pulumi refresh` expects, and print how to search through it. " +
		"If the stack has collections, open a gateway to the collection with the present rows, or with --collection history to the one with the history.",
	example: "  cdc tunnel search\n  cdc tunnel search --stack prod --port 9201\n  cdc tunnel search --collection history",
	needs:   searchOutputs,
	port:    func(o outputs.Outputs) int { return cmp.Or(o.SearchTunnelPort, 9200) },
	target: func(o outputs.Outputs) (tunnel.Target, error) {
		host, port, err := o.SearchAddress()
		return tunnel.Target{Host: host, Port: port}, err
	},
	straight: func(o outputs.Outputs) string { return o.SearchURL },
	secret:   func(o outputs.Outputs) string { return o.SearchMasterSecretArn },
	guide:    status.Guide.Search,

	collection: collectionCurrent, explain: status.CollectionGuide.Search,
}

func dashboardsDoor() entrance {
	e := searchDoor
	e.use, e.short = "dashboards", "Open a tunnel to OpenSearch Dashboards"
	e.long = "Open a tunnel to the OpenSearch domain and print how to open its Dashboards in a browser. " +
		"If the stack has collections, open a gateway to the collection with the history, or with --collection current to the one with the present rows."
	e.example = "  cdc tunnel dashboards\n  cdc tunnel dashboards --show-secret"
	e.needs = func(o *outputs.Outputs) []any {
		if o.Serverless() {
			return searchOutputs(o)
		}
		return append(searchOutputs(o), &o.DashboardsURL)
	}
	e.straight = func(o outputs.Outputs) string { return o.DashboardsURL }
	e.guide = status.Guide.Dashboards
	e.collection, e.explain = collectionHistory, status.CollectionGuide.Dashboards
	return e
}

var databaseDoor = entrance{
	use: "db", short: "Open a tunnel to the source database",
	long:    "Open a tunnel to the source database's writer and print how to connect a client through it.",
	example: "  cdc tunnel db\n  cdc tunnel db --port 3307",
	needs:   func(o *outputs.Outputs) []any { return []any{&o.SourceHost, &o.SourcePort, &o.SourceSecretArn} },
	port:    func(outputs.Outputs) int { return defaultDatabasePort },
	target: func(o outputs.Outputs) (tunnel.Target, error) {
		return tunnel.Target{Host: o.SourceHost, Port: o.SourcePort}, nil
	},
	straight: func(o outputs.Outputs) string { return net.JoinHostPort(o.SourceHost, strconv.Itoa(o.SourcePort)) },
	secret:   func(o outputs.Outputs) string { return o.SourceSecretArn },
	guide:    status.Guide.Database,
}

func newTunnel(stack *stackFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use: "tunnel", Short: "Open a tunnel into the VPC", Long: tunnelLong,
		Example: "  cdc tunnel search\n  cdc tunnel dashboards\n  cdc tunnel db",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() }, // refuses other arguments
	}
	for _, e := range []entrance{searchDoor, dashboardsDoor(), databaseDoor} {
		cmd.AddCommand(newEntrance(stack, e))
	}
	return cmd
}

func newEntrance(stack *stackFlags, e entrance) *cobra.Command {
	var port int
	var show bool
	var collection string
	cmd := &cobra.Command{
		Use: e.use, Short: e.short, Long: e.long + "\n\nCtrl-C ends it, with exit code 0.", Example: e.example, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if port < 0 || port > 65535 {
				return fmt.Errorf("--port: must be 1 to 65535, is %d", port)
			}
			if collection != "" && collection != collectionCurrent && collection != collectionHistory {
				return fmt.Errorf("--collection %q: write %s or %s", collection, collectionCurrent, collectionHistory)
			}
			return e.run(cmd, stack, port, show, collection)
		},
	}
	usual := "the stack's output searchTunnelPort"
	if e.use == databaseDoor.use {
		usual = strconv.Itoa(defaultDatabasePort)
	}
	cmd.Flags().IntVar(&port, "port", 0, "local port on 127.0.0.1 (default: "+usual+")")
	cmd.Flags().BoolVar(&show, "show-secret", false, "also print user and password")
	if e.collection == "" {
		stack.registerSource(cmd, oneSource)
	} else {
		stack.registerSource(cmd, "any source; it only chooses the history index that the command names")
	}
	if e.collection != "" {
		cmd.Flags().StringVar(&collection, "collection", "", "collection to open, if the stack has collections: current or history (default: "+e.collection+")")
		_ = cmd.RegisterFlagCompletionFunc("collection", cobra.FixedCompletions([]string{collectionCurrent, collectionHistory}, cobra.ShellCompDirectiveNoFileComp))
	}
	return cmd
}

func (e entrance) run(cmd *cobra.Command, stack *stackFlags, port int, show bool, collection string) error {
	ctx := cmd.Context()
	find := stack.outputs
	if e.collection != "" { // all sources share the search
		find = stack.some
	}
	o, err := find(ctx, e.needs)
	if err != nil {
		return err
	}
	if e.collection != "" && o.Serverless() {
		return e.openCollection(cmd, stack, o, cmp.Or(port, e.port(o)), show, cmp.Or(collection, e.collection))
	}
	if collection != "" {
		return errors.New("--collection: leave it out; the stack has a domain with all indices in one place (search.kind is domain)")
	}
	if !o.Tunnelled() {
		return fmt.Errorf("the stack has no bastion for a tunnel (search.reach is direct): from inside the VPC, or its Client VPN, connect directly to "+
			"%s; to get a tunnel, set search.reach to tunnel and run `pulumi up`", e.straight(o))
	}
	d, err := stack.account(ctx, o)
	if err != nil {
		return err
	}
	guide := status.Guide{Outputs: o, Profile: d.Profile, CaFile: filepath.Join(stack.dir, "internal", "source", "mysql", "rdsca", "global-bundle.pem")}
	if show {
		login, err := status.ReadLogin(ctx, secretsmanager.NewFromConfig(d.AWS), e.secret(o))
		if err != nil {
			return err
		}
		guide.Login = &login
	}
	target, err := e.target(o)
	if err != nil {
		return err
	}
	tell := stack.teller(cmd.ErrOrStderr())
	tell("opening a session to the bastion %s", o.BastionInstanceID)
	local := net.JoinHostPort("127.0.0.1", strconv.Itoa(cmp.Or(port, e.port(o))))
	t, err := d.tunnel(ctx, local, target, tell)
	if err != nil {
		return err
	}
	guide.Local = t.Addr()
	text, err := e.guide(guide)
	if err == nil {
		_, err = fmt.Fprint(cmd.OutOrStdout(), advice.Of(o.Source, text)+"\nThe tunnel is open. Ctrl-C ends it.\n")
	}
	if err != nil {
		return errors.Join(fmt.Errorf("printing what to do: %w", err), t.Close())
	}
	<-ctx.Done() // the tunnel itself reports a broken session and a new one
	tell("the tunnel is closed")
	return t.Close() // the user ended it, so this is no error
}

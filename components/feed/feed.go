// Package feed composes what carries the changes of one source: from its database, by a task and a stream of its own, into the lake and into
// what is searched.
//
// Sources do not order, slow down or break each other: what they have in common ([Shared]) is where they write to, and nothing on the way.
package feed

import (
	"cdcpipeline/components/canary"
	"cdcpipeline/components/encryption"
	"cdcpipeline/components/lake"
	"cdcpipeline/components/network"
	"cdcpipeline/components/replication"
	"cdcpipeline/components/search"
	"cdcpipeline/components/source"
	"cdcpipeline/components/stream"
	"cdcpipeline/config"
	"cdcpipeline/internal/component"
	"cmp"
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const kind component.Kind = "feed.Feed"

// Args is what a feed is made from.
type Args struct {
	config.Feed
	config.Functions
	// Environment chooses defaults. Default dev.
	Environment config.Environment
	// Shared is what the feeds of a stack have in common. Required.
	Shared Shared
	// Stream that the changes are written to. A cluster is made after it, which gives RDS the time to see its service-linked role. Required.
	Stream *stream.ChangeStream
	// Code of the functions.
	Code Code
	// CaBundle is the PEM bundle that signs the database's certificate. Default: the bundle of RDS; of its regions only
	// this one's for DMS when the database is made here.
	CaBundle string
	// StopTask stops a running serverless task before its endpoints are changed; see replication.ReplicationArgs.
	StopTask func(ctx context.Context, taskArn string) error
	// Measured has Lambda publish what becomes of records that it gives up; see search.CurrentStateArgs.
	Measured bool
	// Former had the parts in a release before there were feeds, so that a stack keeps them. Default: none had.
	Former pulumi.Resource
}

// Shared is what the feeds of a stack have in common.
type Shared struct {
	Network *network.Network
	Key     *encryption.Key
	Bucket  *lake.Bucket
	// DeliveryRole makes the network interfaces of all deliveries into what is searched.
	DeliveryRole *search.DeliveryRole
	AccountRoles *replication.AccountRoles
	// Places are what is searched: the present one, and the next where there is one.
	Places []Place
}

// Place is one that is searched.
type Place struct {
	// Kind of the place.
	Kind config.SearchKind
	// History and Current are where changes and rows are written.
	History, Current search.Target
	// Template is what search.CurrentTemplate has made; nil with search.current.enabled: false.
	Template pulumi.Resource
}

// Code is the zips of functions, compiled for functions.architecture.
type Code struct {
	Bootstrap pulumi.Archive
	// Rotation is not needed when source.rotationDays is 0.
	Rotation pulumi.Archive
	// CurrentState is not needed when search.current.enabled is false.
	CurrentState pulumi.Archive
	// Canary is not needed when no source has one.
	Canary pulumi.Archive
}

// Feed is one source with all that is its own.
type Feed struct {
	pulumi.ResourceState

	// Config of the source, complete.
	Config    config.Feed
	Source    source.Database
	Bootstrap *source.Bootstrap
	// Rotation of the replication user's password; nil when there is none.
	Rotation *source.Rotation
	Stream   *stream.ChangeStream
	// Lake is the delivery of changes into the lake.
	Lake *lake.Delivery
	// Deliveries are, for each place, what writes to it.
	Deliveries  []Delivery
	Replication *replication.Replication
	// Canary of the source; nil when it has none.
	Canary *canary.Canary
}

// Delivery is what writes to one place that is searched.
type Delivery struct {
	// Search is the delivery of changes into the history.
	Search *search.Delivery
	// Current is each row as it is now; nil with search.current.enabled: false.
	Current *search.CurrentState
}

// builder makes the parts, each from those before it.
type builder struct {
	*Feed
	*Args

	ctx *pulumi.Context
	// name that the parts' names begin with.
	name string
}

// New makes a feed. Its parts are named behind name: NAME-lake-delivery; itself it is NAME-feed.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Feed, error) {
	a, err := args.check()
	if err != nil {
		return nil, err
	}
	f := &Feed{Config: a.Feed, Stream: a.Stream}
	b := builder{Feed: f, Args: a, ctx: ctx, name: name}
	return component.Make(ctx, kind, name+"-feed", f, component.Steps{
		Inputs:    pulumi.Map{"source": pulumi.String(a.Name), "environment": pulumi.String(a.Environment)},
		Provision: b.provision,
		Outputs:   func() pulumi.Map { return pulumi.Map{"streamArn": f.Stream.Arn, "taskArn": f.Replication.TaskArn} },
	}, opts...)
}

func (args *Args) check() (*Args, error) {
	a, err := component.Args(kind, args)
	if err != nil {
		return nil, err
	}
	a.Environment = a.Environment.WithDefault()
	a.Feed.Canary = a.Feed.Canary && a.Search.Current.On() // there is no index to look in else
	s := a.Shared
	return a, kind.Check(component.Required(component.Given{
		"Shared.Network": s.Network != nil, "Shared.Key": s.Key != nil, "Shared.Bucket": s.Bucket != nil, "Shared.DeliveryRole": s.DeliveryRole != nil,
		"Shared.AccountRoles": s.AccountRoles != nil, "Shared.Places": len(s.Places) > 0, "Stream": a.Stream != nil,
	}))
}

func (b *builder) provision() error {
	for _, step := range []struct {
		what string
		make func() error
	}{
		{"source database", b.source},
		{"bootstrap", b.bootstrap},
		{"rotation", b.rotation},
		{"lake", b.lake},
		{"search", b.search},
		{"replication", b.replication},
		{"canary", b.canary},
	} {
		if err := step.make(); err != nil {
			return fmt.Errorf("making the %s: %w", step.what, err)
		}
	}
	return nil
}

// child are the options of a part. Before there were feeds the pipeline had the parts of the one source.
func (b *builder) child(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	opts := append([]pulumi.ResourceOption{pulumi.Parent(b.Feed)}, more...)
	if b.Former != nil {
		opts = append(opts, pulumi.Aliases([]pulumi.Alias{{Parent: b.Former}}))
	}
	return opts
}

// key is that of the stack.
func (b *builder) key() pulumi.StringInput { return b.Shared.Key.Arn }

// bundle is the caller's, or RDS's.
func (b *builder) bundle() string { return cmp.Or(b.CaBundle, source.RDSCertificates()) }

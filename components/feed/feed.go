// Package feed composes the components of one source: its database, a DMS task and stream of its own, and the
// deliveries to the lake and the search service.
//
// Sources share only their destinations ([Shared]), nothing on the way. So one source does not order, slow down or
// break another.
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

// Args configures a Feed.
type Args struct {
	config.Feed
	config.Functions
	// Environment chooses defaults. Default dev.
	Environment config.Environment
	// Shared holds the parts that all feeds of a stack share. Required.
	Shared Shared
	// Stream receives the changes. A cluster is made after it, which gives RDS time to see its service-linked role.
	// Required.
	Stream *stream.ChangeStream
	// Code of the functions.
	Code Code
	// CaBundle is the PEM bundle that verifies the database's certificate. Default: the bundle of RDS. When the
	// database is made here, DMS gets only this region's part of the bundle.
	CaBundle string
	// StopTask stops a running serverless task before its endpoints are changed; see replication.ReplicationArgs.
	StopTask func(ctx context.Context, taskArn string) error
	// Measured makes Lambda publish a metric of the records that it gives up; see search.CurrentStateArgs.
	Measured bool
	// Former owned these parts in a release before feeds existed. With it a stack keeps them. Default: no former
	// owner.
	Former pulumi.Resource
}

// Shared holds the parts that all feeds of a stack share.
type Shared struct {
	Network *network.Network
	Key     *encryption.Key
	Bucket  *lake.Bucket
	// DeliveryRole makes the network interfaces of all deliveries to the search service.
	DeliveryRole *search.DeliveryRole
	AccountRoles *replication.AccountRoles
	// Places are the search destinations: the present one, and the next one during a move.
	Places []Place
}

// Place is one search destination.
type Place struct {
	// Kind is domain or serverless.
	Kind config.SearchKind
	// History is the target for changes, Current the target for rows.
	History, Current search.Target
	// Template is the template that search.CurrentTemplate made; nil with search.current.enabled: false.
	Template pulumi.Resource
}

// Code holds the zips of the functions, compiled for functions.architecture.
type Code struct {
	Bootstrap pulumi.Archive
	// Rotation is not needed when source.rotationDays is 0.
	Rotation pulumi.Archive
	// CurrentState is not needed when search.current.enabled is false.
	CurrentState pulumi.Archive
	// Canary is not needed when no source has one.
	Canary pulumi.Archive
}

// Feed is one source with every part that it does not share.
type Feed struct {
	pulumi.ResourceState

	// Config is the source's configuration with all defaults filled in.
	Config    config.Feed
	Source    source.Database
	Bootstrap *source.Bootstrap
	// Rotation rotates the replication user's password; nil when there is none.
	Rotation *source.Rotation
	Stream   *stream.ChangeStream
	// Lake delivers changes to the lake.
	Lake *lake.Delivery
	// Deliveries are the writers to each search destination.
	Deliveries  []Delivery
	Replication *replication.Replication
	// Canary measures the source; nil when it has none.
	Canary *canary.Canary
}

// Delivery holds the writers to one search destination.
type Delivery struct {
	// Search delivers changes to the history index.
	Search *search.Delivery
	// Current writes each row's present state; nil with search.current.enabled: false.
	Current *search.CurrentState
}

// builder makes the parts in order, each from earlier ones.
type builder struct {
	*Feed
	*Args

	ctx *pulumi.Context
	// name is the prefix of the parts' names.
	name string
}

// New makes a feed. Its parts are named after it, as in NAME-lake-delivery; the feed itself is NAME-feed.
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
	a.Feed.Canary = a.Feed.Canary && a.Search.Current.On() // without it there is no index to look in
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

// child returns the options of a part. Before feeds existed, the parts of the only source were the pipeline's
// children.
func (b *builder) child(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	opts := append([]pulumi.ResourceOption{pulumi.Parent(b.Feed)}, more...)
	if b.Former != nil {
		opts = append(opts, pulumi.Aliases([]pulumi.Alias{{Parent: b.Former}}))
	}
	return opts
}

// key is the stack's key.
func (b *builder) key() pulumi.StringInput { return b.Shared.Key.Arn }

// bundle is the caller's CA bundle, or that of RDS.
func (b *builder) bundle() string { return cmp.Or(b.CaBundle, source.RDSCertificates()) }

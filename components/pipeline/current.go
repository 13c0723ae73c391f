package pipeline

import (
	"cdcpipeline/components/search"
	"cdcpipeline/config"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// currentState is a further consumer of the stream. It starts from the stream's oldest record, so nothing is lost when it comes
// late; the task waits for it all the same, because whoever has deployed expects to see rows.
func (b *builder) currentState(kind config.SearchKind, into search.Target) (*search.CurrentState, error) {
	if !b.cfg.Search.Current.On() {
		return nil, nil
	}
	names, from := called[kind], ""
	if kind == b.cfg.Search.Next {
		from = called[b.cfg.Search.Kind].registry
	}
	return search.NewCurrentState(b.ctx, b.name+names.current, &search.CurrentStateArgs{ //nolint:wrapcheck // wrapped by the caller
		Search: b.cfg.Search.Only(kind), Functions: b.cfg.Functions, Environment: b.cfg.Environment,
		Target: into, Registry: names.registry, RegistryFrom: from, Code: b.args.CurrentStateCode,
		StreamArn: b.Stream.Arn, StreamRetentionHours: b.cfg.Stream.RetentionHours, Findings: b.Bootstrap.Result,
		ParkingBucketArn: b.Bucket.Arn, ParkingPrefix: b.cfg.Lake.ErrorPrefix + "/" + names.parked, KmsKeyArn: b.Key.Arn,
		SubnetIDs: b.Network.SubnetIDs(), SecurityGroupID: b.Network.SecurityGroups.Functions,
		DependsOn: slices.Concat(b.Bucket.Dependencies, b.Network.Dependencies),
	}, b.child())
}

// consumers of the stream.
func (b *builder) consumers() []pulumi.Resource {
	all := []pulumi.Resource{b.Lake.Stream}
	for _, place := range []*Place{b.Place, b.NextPlace} {
		if place == nil {
			continue
		}
		all = append(all, place.Search.Stream)
		if place.Current != nil {
			all = append(all, place.Current.Mapping)
		}
	}
	return all
}

package pipeline

import (
	"cdcpipeline/components/search"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// currentState is the stream's third consumer. It starts from the stream's oldest record, so nothing is lost when it comes
// late; the task waits for it all the same, because whoever has deployed expects to see rows.
func (b *builder) currentState() (err error) {
	if !b.cfg.Search.Current.On() {
		return nil
	}
	b.Current, err = search.NewCurrentState(b.ctx, b.name+"-current", &search.CurrentStateArgs{
		Search: b.cfg.Search, Functions: b.cfg.Functions, Environment: b.cfg.Environment,
		Target: b.Access.Target(), Code: b.args.CurrentStateCode,
		StreamArn: b.Stream.Arn, StreamRetentionHours: b.cfg.Stream.RetentionHours, Findings: b.Bootstrap.Result,
		ParkingBucketArn: b.Bucket.Arn, ParkingPrefix: b.cfg.Lake.ErrorPrefix + "/current", KmsKeyArn: b.Key.Arn,
		SubnetIDs: b.Network.SubnetIDs(), SecurityGroupID: b.Network.SecurityGroups.Functions,
		DependsOn: slices.Concat(b.Bucket.Dependencies, b.Network.Dependencies),
	}, b.child())
	return err
}

// consumers of the stream.
func (b *builder) consumers() []pulumi.Resource {
	all := []pulumi.Resource{b.Search.Stream, b.Lake.Stream}
	if b.Current != nil {
		all = append(all, b.Current.Mapping)
	}
	return all
}

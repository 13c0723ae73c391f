package provider

import (
	"cdcpipeline/components/replication"
	"cdcpipeline/components/source"
	"cdcpipeline/program"
	"cmp"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// replicationForm makes all of a replication after the resources that dependsOn names: replication.AccountRoles, source.Bootstrap, and every consumer
// that reads only what is written to the stream after it was made.
var replicationForm = taking("replication.Replication", func(
	ctx *pulumi.Context, name string, args *replication.ReplicationArgs, _ *struct{}, opts ...pulumi.ResourceOption,
) (*replication.Replication, error) {
	var err error
	if args.Stop, err = program.StopTask(ctx); err != nil {
		return nil, err
	}
	args.AccountRoles = args.StartAfter
	args.CaBundle = cmp.Or(args.CaBundle, source.RDSCertificates())
	return replication.NewReplication(ctx, name, args, opts...)
})

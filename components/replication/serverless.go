package replication

import (
	"cdcpipeline/internal/naming"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// maxResourceID is how long the last part of an ARN of DMS may be when one chooses it,
// https://docs.aws.amazon.com/dms/latest/APIReference/API_CreateReplicationConfig.html.
const maxResourceID = 31

// resourceID is the last part of the serverless task's ARN, by which DMS names its log. It is ours, so that the log can be made before.
func (p *plan) resourceID() string { return naming.Fit(maxResourceID, p.id) }

func (p *plan) serverlessArn() string {
	return fmt.Sprintf("arn:%s:dms:%s:%s:replication-config:%s", p.partition, p.region, p.account, p.resourceID())
}

// stopBefore makes the hook that stops the serverless task before it or one of its endpoints is changed, also in the deployment that takes
// it away: it runs until the end of that. The provider stops one that runs, and does not wait for one that is being started.
func (p *plan) stopBefore(ctx *pulumi.Context) (err error) {
	if p.Stop == nil {
		return nil
	}
	p.stopping, err = ctx.RegisterResourceHook(p.name+"-stop", func(*pulumi.ResourceHookArgs) error {
		return p.Stop(ctx.Context(), p.serverlessArn())
	}, nil)
	if err != nil {
		return fmt.Errorf("registering what stops the task before its endpoints are changed: %w", err)
	}
	return nil
}

// hooked has the serverless task stopped before a resource is changed.
func (p *plan) hooked() []pulumi.ResourceOption {
	if p.stopping == nil {
		return nil
	}
	return []pulumi.ResourceOption{pulumi.ResourceHooks(&pulumi.ResourceHookBinding{BeforeUpdate: []*pulumi.ResourceHook{p.stopping}})}
}

// serverless makes the serverless task, stopped, for the reasons for which [Replication.task] is. The provider stops it to modify or to
// delete it. DMS documents both that a configuration whose replication has run can be modified when it is stopped
// (https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Serverless.Components.html#CHAP_Serverless.modify) and that it cannot
// (https://docs.aws.amazon.com/dms/latest/APIReference/API_ModifyReplicationConfig.html); the provider relies on the former.
func (r *Replication) serverless(ctx *pulumi.Context, p *plan, m made) (arn, id pulumi.StringOutput, err error) {
	log, err := r.log(ctx, p, p.name+"-serverless-log", "dms-serverless-replication-"+p.resourceID())
	if err != nil {
		return arn, id, err
	}
	task, err := dms.NewReplicationConfig(ctx, p.name+"-serverless", &dms.ReplicationConfigArgs{
		ReplicationConfigIdentifier: pulumi.String(p.id),
		ResourceIdentifier:          pulumi.String(p.resourceID()),
		ReplicationType:             pulumi.String(p.MigrationType),
		SourceEndpointArn:           m.source.EndpointArn,
		TargetEndpointArn:           m.target.EndpointArn,
		TableMappings:               pulumi.String(p.mappings),
		ReplicationSettings:         pulumi.String(p.settings),
		ComputeConfig: &dms.ReplicationConfigComputeConfigArgs{
			MaxCapacityUnits:         pulumi.Int(p.MaxDcu),
			MinCapacityUnits:         pulumi.Int(p.MinDcu),
			MultiAz:                  pulumi.Bool(*p.MultiAz),
			KmsKeyId:                 p.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
			ReplicationSubnetGroupId: m.group.ReplicationSubnetGroupId,
			VpcSecurityGroupIds:      pulumi.StringArray{p.SecurityGroupID},
		},
		StartReplication: pulumi.Bool(false),
	}, append(p.hooked(), pulumi.Parent(r), pulumi.DependsOn(append(slices.Clone(p.StartAfter), log)), pulumi.DeleteBeforeReplace(true),
		// An endpoint that is replaced has to lose its task first, which the provider only knows of a task on an instance.
		pulumi.ReplaceOnChanges([]string{"replicationType", "sourceEndpointArn", "targetEndpointArn"}))...)
	if err != nil {
		return arn, id, fmt.Errorf("making the serverless task: %w", err)
	}
	return task.Arn, task.ReplicationConfigIdentifier, nil
}

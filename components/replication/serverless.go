package replication

import (
	"cdcpipeline/internal/naming"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// maxResourceID is the maximum length of a chosen last part of a DMS ARN,
// https://docs.aws.amazon.com/dms/latest/APIReference/API_CreateReplicationConfig.html.
const maxResourceID = 31

// resourceID is the last part of the serverless task's ARN. DMS uses it in the name of the task's log. We choose it,
// so that the log can be made first.
func (p *plan) resourceID() string { return naming.Fit(maxResourceID, p.id) }

func (p *plan) serverlessArn() string {
	return fmt.Sprintf("arn:%s:dms:%s:%s:replication-config:%s", p.partition, p.region, p.account, p.resourceID())
}

// stopBefore makes the hook that stops the serverless task before the task or one of its endpoints changes. It also
// applies in the deployment that removes the task, because the task runs until the end of that deployment. The
// provider stops a running task, but does not wait for one that is starting.
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

// hooked makes the hook stop the serverless task before a resource changes.
func (p *plan) hooked() []pulumi.ResourceOption {
	if p.stopping == nil {
		return nil
	}
	return []pulumi.ResourceOption{pulumi.ResourceHooks(&pulumi.ResourceHookBinding{BeforeUpdate: []*pulumi.ResourceHook{p.stopping}})}
}

// serverless makes the serverless task, stopped, for the same reasons as [Replication.task]. The provider stops it to
// modify or to delete it. DMS documents that a stopped configuration can be modified after its replication has run
// (https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Serverless.Components.html#CHAP_Serverless.modify), and also
// that it cannot (https://docs.aws.amazon.com/dms/latest/APIReference/API_ModifyReplicationConfig.html); the provider
// relies on the former.
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
		// A task must be deleted before its endpoint is replaced. The provider does that only for a task on an
		// instance.
		pulumi.ReplaceOnChanges([]string{"replicationType", "sourceEndpointArn", "targetEndpointArn"}))...)
	if err != nil {
		return arn, id, fmt.Errorf("making the serverless task: %w", err)
	}
	return task.Arn, task.ReplicationConfigIdentifier, nil
}

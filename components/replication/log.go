package replication

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// log is the task's log group: dms-tasks-INSTANCE,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Monitoring.html, or dms-serverless-replication-ID,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Serverless.Components.html. When there is no group, a
// starting task makes it: without our key, kept for ever, and left behind by a destroy.
//
// The stack imports a group that DMS has made, so that a destroy deletes it. The group gets its key and its retention
// in the first deployment that finds it encrypted.
func (r *Replication) log(ctx *pulumi.Context, p *plan, resource, name string) (*cloudwatch.LogGroup, error) {
	opts := []pulumi.ResourceOption{pulumi.Parent(r)}
	made, err := r.madeByDMS(ctx, name)
	if err != nil {
		return nil, err
	}
	if made {
		opts = append(opts, pulumi.Import(pulumi.ID(name)), pulumi.IgnoreChanges([]string{"*", "tags", "tagsAll"}))
		_ = ctx.Log.Warn(fmt.Sprintf("DMS has made the log group %[1]s, unencrypted and kept for ever: "+
			"`aws logs associate-kms-key --log-group-name %[1]s --kms-key-id KEY` with the output kmsKeyArn, then `pulumi up` sets its retention", name),
			&pulumi.LogArgs{Resource: r})
	}
	group, err := cloudwatch.NewLogGroup(ctx, resource, &cloudwatch.LogGroupArgs{
		Name:            pulumi.String(name),
		KmsKeyId:        p.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
		RetentionInDays: pulumi.Int(p.LogRetentionDays),
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("making the log group of the task: %w", err)
	}
	return group, nil
}

// madeByDMS reports whether a group with that name and without a key exists.
func (r *Replication) madeByDMS(ctx *pulumi.Context, name string) (bool, error) {
	// Looking up a single group fails when it does not exist; a list by prefix does not.
	found, err := cloudwatch.GetLogGroups(ctx, &cloudwatch.GetLogGroupsArgs{LogGroupNamePrefix: &name}, pulumi.Parent(r))
	if err != nil {
		return false, fmt.Errorf("looking for the log group %s: %w", name, err)
	}
	if !slices.Contains(found.LogGroupNames, name) {
		return false, nil
	}
	group, err := cloudwatch.LookupLogGroup(ctx, &cloudwatch.LookupLogGroupArgs{Name: name}, pulumi.Parent(r))
	if err != nil {
		return false, fmt.Errorf("looking at the log group %s: %w", name, err)
	}
	return group.KmsKeyId == "", nil
}

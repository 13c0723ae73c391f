package source

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/iampolicy"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// monitoringSeconds is the interval at which RDS reads an instance's operating system: the longest and cheapest one.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Monitoring.OS.Enabling.html
const monitoringSeconds = 60

// monitoring holds the role with which RDS publishes the operating system's metrics.
type monitoring struct {
	role    *iam.Role
	allowed *iam.RolePolicyAttachment
}

// newMonitoring makes the role in prod. In dev nobody watches every second, so dev has no such role.
func (p *auroraPlan) newMonitoring(ctx *pulumi.Context) (*monitoring, error) {
	if p.Environment != config.Prod {
		return nil, nil //nolint:nilnil // dev has no monitoring, which is correct
	}
	partition, err := aws.GetPartition(ctx, &aws.GetPartitionArgs{}, p.parent)
	if err != nil {
		return nil, fmt.Errorf("looking up the partition: %w", err)
	}
	caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, p.parent)
	if err != nil {
		return nil, fmt.Errorf("looking up the account: %w", err)
	}
	role, err := iam.NewRole(ctx, p.name+"-monitoring", &iam.RoleArgs{
		Description: pulumi.String("RDS publishes what the database's operating system does"),
		// Only for this account's instances,
		// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html.
		AssumeRolePolicy: iampolicy.Trust(
			"monitoring.rds.amazonaws.com", iampolicy.StringEquals("aws:SourceAccount", pulumi.String(caller.AccountId)),
		),
	}, p.parent)
	if err != nil {
		return nil, fmt.Errorf("making the role of enhanced monitoring: %w", err)
	}
	allowed, err := iam.NewRolePolicyAttachment(ctx, p.name+"-monitoring", &iam.RolePolicyAttachmentArgs{
		Role:      role.Name,
		PolicyArn: pulumi.String(fmt.Sprintf("arn:%s:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole", partition.Partition)),
	}, p.parent)
	if err != nil {
		return nil, fmt.Errorf("letting RDS publish what it monitors: %w", err)
	}
	return &monitoring{role: role, allowed: allowed}, nil
}

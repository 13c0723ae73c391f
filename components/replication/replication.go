// Package replication turns committed rows of a MySQL-compatible or PostgreSQL database into records of a Kinesis
// data stream.
//
// It makes one DMS task, on a replication instance or serverless. The task loads the tables, then follows their
// changes, and stops rather than lose a row. DMS itself reads the credentials from Secrets Manager.
package replication

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/component"
	"cdcpipeline/internal/footprint"
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	replicationKind  component.Kind = "replication.Replication"
	accountRolesKind component.Kind = "replication.AccountRoles"
)

// ReplicationArgs configures a Replication.
//
//nolint:revive // named like every component's args
type ReplicationArgs struct {
	config.Replication `pulumi:"replication,optional"`
	// Environment chooses defaults. Default dev.
	Environment config.Environment `pulumi:"environment,optional"`
	// Tables to follow, each with a primary key. At least one.
	Tables []config.Table `pulumi:"tables"`
	// Exclude omits tables that a pattern in Tables matches.
	Exclude []config.ExcludedTable `pulumi:"exclude,optional"`
	// Source is the database.
	Source SourceEndpoint `pulumi:"source"`
	// StreamArn names the Kinesis data stream to write to. Required.
	StreamArn pulumi.StringInput `pulumi:"streamArn"`
	// KmsKeyArn encrypts the task's storage, the stream and the source's secret. Required.
	KmsKeyArn pulumi.StringInput `pulumi:"kmsKeyArn"`
	// SubnetIDs the task may run in, in at least two zones. Required.
	SubnetIDs pulumi.StringArrayInput `pulumi:"subnetIds"`
	// SecurityGroupID of the task. Required.
	SecurityGroupID pulumi.StringInput `pulumi:"securityGroupId"`
	// CaBundle is the PEM text that verifies the database's certificate. Required.
	CaBundle string `pulumi:"caBundle,optional"`
	// LogRetentionDays keeps the tasks' log. Default 14 in dev, 90 in prod.
	LogRetentionDays int `pulumi:"logRetentionDays,optional"`
	// StartAfter must exist before the task starts: the preparation of the database, and every consumer that reads
	// only new records of the stream.
	StartAfter []pulumi.Resource
	// AccountRoles are the Dependencies of [AccountRoles]; empty when the account already has the roles.
	AccountRoles []pulumi.Resource
	// Stop stops a serverless task and waits until it has stopped, because DMS refuses to change a running one or its
	// endpoints. The deployer starts it again. Default: such a change is refused.
	Stop func(ctx context.Context, taskArn string) error
}

// Replication is a DMS task with its endpoints, and with its instance unless it is serverless. The task is made
// stopped. Start it when all endpoints and consumers exist, and again after each deployment.
type Replication struct {
	pulumi.ResourceState

	// TaskArn of the replication task. For a serverless task it is the ARN of the replication's configuration.
	TaskArn pulumi.StringOutput `pulumi:"taskArn"`
	// TaskID of the replication task, a dimension of its metrics.
	TaskID pulumi.StringOutput `pulumi:"taskId"`
	// NextTaskArn of the task that the next kind prepares; empty when there is none.
	NextTaskArn pulumi.StringOutput `pulumi:"nextTaskArn"`
	// InstanceArn of the replication instance; empty when there is none.
	InstanceArn pulumi.StringOutput `pulumi:"instanceArn"`
	// InstanceID of the replication instance, a dimension of its metrics; empty when there is none.
	InstanceID pulumi.StringOutput `pulumi:"instanceId"`
	// SourceEndpointArn of the database.
	SourceEndpointArn pulumi.StringOutput `pulumi:"sourceEndpointArn"`
	// TargetEndpointArn of the stream.
	TargetEndpointArn pulumi.StringOutput `pulumi:"targetEndpointArn"`

	// kind of the present task, and whether it has an instance.
	kind       config.ReplicationKind
	onInstance bool
}

// plan is the checked input that NewReplication makes everything from.
type plan struct {
	*ReplicationArgs
	name, id, mappings, settings string
	partition, dnsSuffix         string
	region, account              string
	// stopping is the hook that stops the serverless task; nil without a serverless task.
	stopping *pulumi.ResourceHook
}

// NewReplication makes both endpoints and the task, with its instance.
func NewReplication(ctx *pulumi.Context, name string, args *ReplicationArgs, opts ...pulumi.ResourceOption) (*Replication, error) {
	p, err := args.check(ctx, name)
	if err != nil {
		return nil, err
	}
	r := &Replication{}
	return component.Make(ctx, replicationKind, name, r, component.Steps{
		Inputs:    p.shown(),
		Provision: func() error { return r.provision(ctx, p) },
		Outputs: func() pulumi.Map {
			return pulumi.Map{
				"taskArn": r.TaskArn, "instanceArn": r.InstanceArn,
				"sourceEndpointArn": r.SourceEndpointArn, "targetEndpointArn": r.TargetEndpointArn,
			}
		},
	}, opts...)
}

func (args *ReplicationArgs) check(ctx *pulumi.Context, name string) (*plan, error) {
	a, err := component.Args(replicationKind, args)
	if err != nil {
		return nil, err
	}
	a.Environment = a.Environment.WithDefault()
	a.Replication = a.Replication.WithDefaults(a.Environment)
	a.LogRetentionDays = cmp.Or(a.LogRetentionDays, a.Environment.LogRetentionDays())
	p := &plan{ReplicationArgs: a, name: name, id: footprint.Identifier(ctx.Project(), ctx.Stack(), name)}
	var ofMappings, ofSettings error
	p.mappings, ofMappings = tableMappings(a.Source.engine(), a.Tables, a.Exclude)
	p.settings, ofSettings = taskSettings(a.Replication, a.Source.engine())
	return p, replicationKind.Check(a.Replication.Validate(), a.Source.check(), ofMappings, ofSettings, component.Required(component.Given{
		"Source.EngineName": a.Source.EngineName != "", "Source.SecretArn": a.Source.SecretArn != nil,
		"StreamArn": a.StreamArn != nil, "KmsKeyArn": a.KmsKeyArn != nil,
		"SubnetIDs": a.SubnetIDs != nil, "SecurityGroupID": a.SecurityGroupID != nil,
		"CaBundle": a.CaBundle != "",
	}))
}

// shown are the arguments that the stack shows.
func (p *plan) shown() pulumi.Map {
	m := pulumi.Map{
		"environment": pulumi.String(p.Environment), "migrationType": pulumi.String(p.MigrationType), "multiAz": pulumi.Bool(*p.MultiAz),
	}
	if p.has(config.OnInstance) {
		m["engineVersion"], m["instanceClass"] = pulumi.String(p.EngineVersion), pulumi.String(p.InstanceClass)
	}
	if p.has(config.Serverless) {
		m["maxDcu"], m["minDcu"] = pulumi.Int(p.MaxDcu), pulumi.Int(p.MinDcu)
	}
	return m
}

// has reports whether a task of this kind is made.
func (p *plan) has(kind config.ReplicationKind) bool { return slices.Contains(p.Kinds(), kind) }

// made holds the resources that the tasks need.
type made struct {
	group          *dms.ReplicationSubnetGroup
	source, target *dms.Endpoint
}

func (r *Replication) provision(ctx *pulumi.Context, p *plan) error {
	if err := r.lookUp(ctx, p); err != nil {
		return err
	}
	if err := p.stopBefore(ctx); err != nil {
		return err
	}
	var m made
	var instance *dms.ReplicationInstance
	var before []pulumi.Resource
	var err error
	if m.group, err = r.subnets(ctx, p); err != nil {
		return err
	}
	none := pulumi.String("").ToStringOutput()
	r.InstanceArn, r.InstanceID, r.NextTaskArn = none, none, none
	r.kind, r.onInstance = p.Kind, p.has(config.OnInstance)
	if p.has(config.OnInstance) {
		if instance, err = r.instance(ctx, p, m.group); err != nil {
			return err
		}
		before = []pulumi.Resource{instance}
	}
	if m.source, err = r.source(ctx, p, before); err != nil {
		return err
	}
	if m.target, err = r.target(ctx, p, m.source); err != nil {
		return err
	}
	for _, kind := range p.Kinds() {
		var arn, id pulumi.StringOutput
		if kind == config.Serverless {
			arn, id, err = r.serverless(ctx, p, m)
		} else {
			arn, id, err = r.task(ctx, p, instance, m)
		}
		switch {
		case err != nil:
			return err
		case kind == p.Kind:
			r.TaskArn, r.TaskID = arn, id
		default:
			r.NextTaskArn = arn
		}
	}
	return nil
}

func (r *Replication) lookUp(ctx *pulumi.Context, p *plan) error {
	partition, err := aws.GetPartition(ctx, &aws.GetPartitionArgs{}, pulumi.Parent(r))
	if err != nil {
		return fmt.Errorf("looking up the partition: %w", err)
	}
	region, err := aws.GetRegion(ctx, &aws.GetRegionArgs{}, pulumi.Parent(r))
	if err != nil {
		return fmt.Errorf("looking up the region: %w", err)
	}
	caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, pulumi.Parent(r))
	if err != nil {
		return fmt.Errorf("looking up the account: %w", err)
	}
	p.partition, p.dnsSuffix, p.region, p.account = partition.Partition, partition.DnsSuffix, region.Name, caller.AccountId
	return nil
}

func (r *Replication) subnets(ctx *pulumi.Context, p *plan) (*dms.ReplicationSubnetGroup, error) {
	// DMS uses dms-vpc-role to look into the VPC as soon as the group is made, so the role's policy must be attached
	// by then, https://github.com/hashicorp/terraform-provider-aws/issues/11025.
	group, err := dms.NewReplicationSubnetGroup(ctx, p.name+"-subnets", &dms.ReplicationSubnetGroupArgs{
		ReplicationSubnetGroupId:          pulumi.String(p.id),
		ReplicationSubnetGroupDescription: pulumi.String("Private subnets of the replication instance"),
		SubnetIds:                         p.SubnetIDs,
	}, pulumi.Parent(r), pulumi.DependsOn(p.AccountRoles), pulumi.DeleteBeforeReplace(true))
	if err != nil {
		return nil, fmt.Errorf("making the replication subnet group: %w", err)
	}
	return group, nil
}

func (r *Replication) instance(ctx *pulumi.Context, p *plan, group *dms.ReplicationSubnetGroup) (*dms.ReplicationInstance, error) {
	instance, err := dms.NewReplicationInstance(ctx, p.name+"-instance", &dms.ReplicationInstanceArgs{
		ReplicationInstanceId:    pulumi.String(p.id),
		ReplicationInstanceClass: pulumi.String(p.InstanceClass),
		EngineVersion:            pulumi.String(p.EngineVersion),
		AllocatedStorage:         pulumi.Int(p.StorageGb),
		MultiAz:                  pulumi.Bool(*p.MultiAz),
		KmsKeyArn:                p.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
		PubliclyAccessible:       pulumi.Bool(false),
		ReplicationSubnetGroupId: group.ReplicationSubnetGroupId,
		VpcSecurityGroupIds:      pulumi.StringArray{p.SecurityGroupID},
		// This program chooses the version. An automatic minor upgrade would restart the task at an unplanned hour
		// and show as a change in the next deployment.
		AutoMinorVersionUpgrade:  pulumi.Bool(false),
		AllowMajorVersionUpgrade: pulumi.Bool(true),
		ApplyImmediately:         pulumi.Bool(true),
	}, pulumi.Parent(r), pulumi.DependsOn(p.AccountRoles))
	if err != nil {
		return nil, fmt.Errorf("making the replication instance: %w", err)
	}
	r.InstanceArn, r.InstanceID = instance.ReplicationInstanceArn, instance.ReplicationInstanceId
	return instance, nil
}

// task makes the task, stopped. DMS refuses to start a task whose connections were not tested, and the provider does
// not test them before the first start (https://github.com/cockroachdb/cockroach/pull/82182). So the deployer starts
// the task when everything is made, and after every change: the provider stops it, waits and modifies it, as DMS
// demands, https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.Modifying.html. The same page says that the
// migration type cannot be changed, so another type makes another task. Before it deletes the task, the provider
// stops it, if DMS reports at that moment that it runs.
func (r *Replication) task(ctx *pulumi.Context, p *plan, instance *dms.ReplicationInstance, m made) (arn, id pulumi.StringOutput, err error) {
	log, err := r.log(ctx, p, p.name+"-log", "dms-tasks-"+p.id)
	if err != nil {
		return arn, id, err
	}
	task, err := dms.NewReplicationTask(ctx, p.name+"-task", &dms.ReplicationTaskArgs{
		ReplicationTaskId:       pulumi.String(p.id),
		MigrationType:           pulumi.String(p.MigrationType),
		ReplicationInstanceArn:  instance.ReplicationInstanceArn,
		SourceEndpointArn:       m.source.EndpointArn,
		TargetEndpointArn:       m.target.EndpointArn,
		TableMappings:           pulumi.String(p.mappings),
		ReplicationTaskSettings: pulumi.String(p.settings),
		StartReplicationTask:    pulumi.Bool(false),
	}, pulumi.Parent(r), pulumi.DependsOn(append(slices.Clone(p.StartAfter), log)), pulumi.DeleteBeforeReplace(true),
		pulumi.ReplaceOnChanges([]string{"migrationType"}))
	if err != nil {
		return arn, id, fmt.Errorf("making the replication task: %w", err)
	}
	return task.ReplicationTaskArn, task.ReplicationTaskId, nil
}

package source

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/component"
	"cdcpipeline/internal/footprint"
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// masterUser is the administrator that RDS makes; its password never leaves Secrets Manager. The name is unusual,
// because attackers try admin first. Another name would replace the cluster.
const masterUser = "cdcadmin"

// serverCertificate is the authority that signs the instances' certificates; [RDSCertificates] contains it.
const serverCertificate = "rds-ca-rsa2048-g1"

const (
	auroraMySQLKind      component.Kind = "source.AuroraMySQL"
	auroraPostgreSQLKind component.Kind = "source.AuroraPostgreSQL"
	existingKind         component.Kind = "source.Existing"
	bootstrapKind        component.Kind = "source.Bootstrap"
	rotationKind         component.Kind = "source.Rotation"

	serviceLinkedRoleKind component.Kind = "source.ServiceLinkedRole"
)

// AuroraArgs are the inputs of [AuroraMySQL] and of [AuroraPostgreSQL].
type AuroraArgs struct {
	config.Source `pulumi:"source,optional"`
	// Environment chooses defaults. Default dev.
	Environment config.Environment `pulumi:"environment,optional"`
	// SubnetIDs of private subnets in at least two zones.
	SubnetIDs pulumi.StringArrayInput `pulumi:"subnetIds"`
	// SecurityGroupID of the cluster.
	SecurityGroupID pulumi.StringInput `pulumi:"securityGroupId"`
	// KmsKeyArn encrypts storage, logs, insights and the master user's secret.
	KmsKeyArn pulumi.StringInput `pulumi:"kmsKeyArn"`
	// LogRetentionDays of the logs that the cluster publishes. Default 14 in dev, 90 in prod.
	LogRetentionDays int `pulumi:"logRetentionDays,optional"`
	// StartAfter must exist before the cluster: RDS's service-linked role, and a resource that gives RDS time to see
	// it.
	StartAfter []pulumi.Resource
}

type (
	// AuroraMySQLArgs are the inputs of [AuroraMySQL].
	AuroraMySQLArgs = AuroraArgs
	// AuroraPostgreSQLArgs are the inputs of [AuroraPostgreSQL].
	AuroraPostgreSQLArgs = AuroraArgs
)

// AuroraMySQL is an Aurora MySQL cluster that DMS can follow: row images in the binary log, TLS only, and a master
// password that RDS stores and rotates. In prod it has a reader, is protected and leaves a final snapshot.
type AuroraMySQL struct {
	pulumi.ResourceState
	Database
}

// AuroraPostgreSQL is an Aurora PostgreSQL cluster that DMS can follow: its log is decoded for replication slots, and
// DMS follows one database. Each slot may keep up to Source.SlotWalGb of log. Source.AlarmTopic receives an alarm
// when a slot keeps half of that.
type AuroraPostgreSQL struct {
	pulumi.ResourceState
	Database
}

// NewAuroraMySQL makes the cluster and its instances.
func NewAuroraMySQL(ctx *pulumi.Context, name string, args *AuroraMySQLArgs, opts ...pulumi.ResourceOption) (*AuroraMySQL, error) {
	a := &AuroraMySQL{}
	return newAurora(ctx, name, auroraMySQL, args, a, &a.Database, opts...)
}

// NewAuroraPostgreSQL makes the cluster and its instances.
func NewAuroraPostgreSQL(ctx *pulumi.Context, name string, args *AuroraPostgreSQLArgs, opts ...pulumi.ResourceOption) (*AuroraPostgreSQL, error) {
	a := &AuroraPostgreSQL{}
	return newAurora(ctx, name, auroraPostgreSQL, args, a, &a.Database, opts...)
}

// auroraPlan is the checked input that newAurora makes everything from.
type auroraPlan struct {
	*AuroraArgs
	aurora
	name string
	// family of the cluster's parameters.
	family string
	// parent of all resources: the component.
	parent pulumi.ResourceOrInvokeOption
}

// newAurora makes the component c and fills in the fields that others read.
func newAurora[C pulumi.ComponentResource](
	ctx *pulumi.Context, name string, of aurora, args *AuroraArgs, c C, database *Database, opts ...pulumi.ResourceOption,
) (C, error) {
	var none C
	p, err := args.check(name, of)
	if err != nil {
		return none, err
	}
	p.parent = pulumi.Parent(c)
	return component.Make(ctx, of.kind, name, c, component.Steps{
		Inputs:    pulumi.Map{"clusterName": pulumi.String(p.ClusterName), "engineVersion": pulumi.String(p.EngineVersion)},
		Provision: func() error { return p.provision(ctx, database) },
		Outputs:   database.outputs,
	}, opts...)
}

func (args *AuroraArgs) check(name string, of aurora) (*auroraPlan, error) {
	a, err := component.Args(of.kind, args)
	if err != nil {
		return nil, err
	}
	a.Environment = a.Environment.WithDefault()
	a.Engine = cmp.Or(a.Engine, of.engine)
	a.Source = a.Source.WithDefaults(a.Environment)
	a.LogRetentionDays = cmp.Or(a.LogRetentionDays, a.Environment.LogRetentionDays())
	problems := []error{a.Source.Validate(), component.Required(component.Given{
		"SubnetIDs": a.SubnetIDs != nil, "SecurityGroupID": a.SecurityGroupID != nil, "KmsKeyArn": a.KmsKeyArn != nil,
	})}
	if a.Engine != of.engine {
		problems = append(problems, fmt.Errorf("source.engine: is %s, and not %s", a.Engine, of.engine))
	}
	family, err := of.family(a.EngineVersion)
	return &auroraPlan{AuroraArgs: a, aurora: of, name: name, family: family}, of.kind.Check(append(problems, err)...)
}

func (p *auroraPlan) provision(ctx *pulumi.Context, database *Database) error {
	cluster, err := p.newCluster(ctx)
	if err != nil {
		return err
	}
	instances, err := p.newInstances(ctx, cluster)
	if err != nil {
		return err
	}
	if err := p.watchSlot(ctx, cluster); err != nil {
		return err
	}
	*database = Database{
		Host:            cluster.Endpoint,
		Port:            cluster.Port,
		AdminSecretArn:  masterSecretArn(cluster),
		SecretKmsKeyArn: p.KmsKeyArn.ToStringOutput(),
		SecurityGroupID: p.SecurityGroupID.ToStringOutput(),
		Engine:          p.engine,
		EngineName:      p.dms,
		Name:            p.DatabaseName,
		Incarnation:     cluster.ClusterResourceId,
		Ready:           instances,
		Identity:        []pulumi.Resource{cluster},
		ClusterID:       cluster.ClusterIdentifier,
		InstanceIDs:     identifiers(instances),
	}
	return nil
}

// identifiers are the instances' identifiers.
func identifiers(instances []pulumi.Resource) pulumi.StringArrayOutput {
	var all pulumi.StringArray
	for _, r := range instances {
		if instance, ok := r.(*rds.ClusterInstance); ok {
			all = append(all, instance.Identifier)
		}
	}
	return all.ToStringArrayOutput()
}

func (p *auroraPlan) newCluster(ctx *pulumi.Context) (*rds.Cluster, error) {
	subnets, err := rds.NewSubnetGroup(ctx, p.name+"-subnets", &rds.SubnetGroupArgs{
		Description: pulumi.String("Private subnets of the change data capture source"),
		SubnetIds:   p.SubnetIDs,
	}, p.parent)
	if err != nil {
		return nil, fmt.Errorf("making the database subnet group: %w", err)
	}
	parameters, err := rds.NewClusterParameterGroup(ctx, p.name+"-parameters", &rds.ClusterParameterGroupArgs{
		Description: pulumi.String(p.about),
		Family:      pulumi.String(p.family),
		Parameters:  clusterParameters(p.parameters(p.Source)...),
	}, p.parent)
	if err != nil {
		return nil, fmt.Errorf("making the cluster parameter group: %w", err)
	}
	logs, err := p.newLogGroups(ctx)
	if err != nil {
		return nil, err
	}
	clusterArgs := &rds.ClusterArgs{
		ClusterIdentifier:           pulumi.String(p.ClusterName),
		Engine:                      pulumi.String(footprint.DatabaseEngine(p.engine)),
		EngineVersion:               pulumi.String(p.EngineVersion),
		DbSubnetGroupName:           subnets.Name,
		DbClusterParameterGroupName: parameters.Name,
		VpcSecurityGroupIds:         pulumi.StringArray{p.SecurityGroupID},
		Port:                        pulumi.Int(p.Port),
		MasterUsername:              pulumi.String(masterUser),
		ManageMasterUserPassword:    pulumi.Bool(true),
		// For people with an IAM role: the administrator can make a database user for them (AWSAuthenticationPlugin).
		// It affects nobody else.
		IamDatabaseAuthenticationEnabled: pulumi.Bool(true),
		MasterUserSecretKmsKeyId:         p.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
		StorageEncrypted:                 pulumi.Bool(true),
		KmsKeyId:                         p.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
		// DMS needs automatic backups: without them RDS keeps no binary log.
		BackupRetentionPeriod:        pulumi.Int(p.backupDays()),
		CopyTagsToSnapshot:           pulumi.Bool(true),
		EnabledCloudwatchLogsExports: pulumi.ToStringArray(footprint.DatabaseLogs(p.engine)),
		DeletionProtection:           pulumi.Bool(*p.DeletionProtection),
		ApplyImmediately:             pulumi.Bool(p.Environment != config.Prod),
		SkipFinalSnapshot:            pulumi.Bool(p.Environment != config.Prod),
	}
	if p.DatabaseName != "" {
		clusterArgs.DatabaseName = pulumi.String(p.DatabaseName)
	}
	if p.Environment == config.Prod {
		if clusterArgs.FinalSnapshotIdentifier, err = p.finalSnapshot(ctx); err != nil {
			return nil, err
		}
	}
	cluster, err := rds.NewCluster(ctx, p.name+"-cluster", clusterArgs, p.parent,
		pulumi.DependsOn(slices.Concat(logs, p.StartAfter)),
		pulumi.Protect(p.Environment == config.Prod),
		// The user chooses the identifier, so a successor cannot exist beside its predecessor.
		pulumi.DeleteBeforeReplace(true),
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "60m", Update: "120m", Delete: "60m"}))
	if err != nil {
		return nil, fmt.Errorf("making the Aurora cluster: %w", err)
	}
	return cluster, nil
}

// newLogGroups makes the log groups. RDS would otherwise make them itself, unencrypted and kept for ever.
func (p *auroraPlan) newLogGroups(ctx *pulumi.Context) ([]pulumi.Resource, error) {
	var groups []pulumi.Resource
	for _, export := range footprint.DatabaseLogs(p.engine) {
		group, err := cloudwatch.NewLogGroup(ctx, p.name+"-log-"+export, &cloudwatch.LogGroupArgs{
			Name:            pulumi.Sprintf("/aws/rds/cluster/%s/%s", p.ClusterName, export),
			RetentionInDays: pulumi.Int(p.LogRetentionDays),
			KmsKeyId:        p.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
		}, p.parent)
		if err != nil {
			return nil, fmt.Errorf("making the log group of the %s log: %w", export, err)
		}
		groups = append(groups, group)
	}
	return groups, nil
}

// finalSnapshot is a name that no earlier destroy of the same cluster has used, because RDS refuses a taken one.
func (p *auroraPlan) finalSnapshot(ctx *pulumi.Context) (pulumi.StringPtrInput, error) {
	suffix, err := random.NewRandomId(ctx, p.name+"-final-snapshot", &random.RandomIdArgs{ByteLength: pulumi.Int(4)}, p.parent)
	if err != nil {
		return nil, fmt.Errorf("making the final snapshot's name: %w", err)
	}
	return pulumi.Sprintf("%s-final-%s", p.ClusterName, suffix.Hex).ToStringPtrOutput(), nil
}

// newInstances makes the first instance, which becomes the writer, before the readers.
func (p *auroraPlan) newInstances(ctx *pulumi.Context, cluster *rds.Cluster) ([]pulumi.Resource, error) {
	watched, err := p.newMonitoring(ctx)
	if err != nil {
		return nil, err
	}
	var instances []pulumi.Resource
	for i := range p.Instances {
		instanceArgs := &rds.ClusterInstanceArgs{
			ClusterIdentifier:  cluster.ID(),
			Engine:             pulumi.String(footprint.DatabaseEngine(p.engine)),
			InstanceClass:      pulumi.String(p.InstanceClass),
			DbSubnetGroupName:  cluster.DbSubnetGroupName,
			CaCertIdentifier:   pulumi.String(serverCertificate),
			PubliclyAccessible: pulumi.Bool(false),
			PromotionTier:      pulumi.Int(min(i, 15)),
			CopyTagsToSnapshot: pulumi.Bool(true),
			// The configuration sets the version; the next update would undo an upgrade by RDS.
			AutoMinorVersionUpgrade: pulumi.Bool(false),
			ApplyImmediately:        pulumi.Bool(p.Environment != config.Prod),
		}
		if supportsPerformanceInsights(p.InstanceClass) {
			instanceArgs.PerformanceInsightsEnabled = pulumi.Bool(true)
			instanceArgs.PerformanceInsightsKmsKeyId = p.KmsKeyArn.ToStringOutput().ToStringPtrOutput()
		}
		opts := []pulumi.ResourceOption{
			p.parent,
			pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "60m", Update: "60m", Delete: "60m"}),
		}
		if watched != nil {
			instanceArgs.MonitoringInterval = pulumi.Int(monitoringSeconds)
			instanceArgs.MonitoringRoleArn = watched.role.Arn.ToStringPtrOutput()
			opts = append(opts, pulumi.DependsOn([]pulumi.Resource{watched.allowed}))
		}
		if i > 0 {
			opts = append(opts, pulumi.DependsOn(instances[:1]))
		}
		instance, err := rds.NewClusterInstance(ctx, fmt.Sprintf("%s-instance-%d", p.name, i), instanceArgs, opts...)
		if err != nil {
			return nil, fmt.Errorf("making Aurora instance %d: %w", i, err)
		}
		instances = append(instances, instance)
	}
	return instances, nil
}

func (p *auroraPlan) backupDays() int {
	if p.Environment == config.Prod {
		return 14
	}
	return 1
}

// masterSecretArn is the secret that RDS made for the master user.
func masterSecretArn(cluster *rds.Cluster) pulumi.StringOutput {
	return cluster.MasterUserSecrets.ApplyT(func(secrets []rds.ClusterMasterUserSecret) (string, error) {
		if len(secrets) == 0 || secrets[0].SecretArn == nil {
			return "", errors.New("the Aurora cluster has no master user secret: RDS should manage its password (ManageMasterUserPassword)")
		}
		return *secrets[0].SecretArn, nil
	}).(pulumi.StringOutput)
}

package source

import (
	"cdcpipeline/config"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// masterUser is the administrator RDS makes; its password never leaves Secrets Manager. A name of its own, because
// everybody tries admin first; another one replaces the cluster.
const masterUser = "cdcadmin"

// serverCertificate is the authority that signs the instances' certificates; [RDSCertificates] knows it.
const serverCertificate = "rds-ca-rsa2048-g1"

// logExports are the logs that the cluster publishes; clusterParameters turn on what is off by default.
var logExports = []string{"audit", "error", "slowquery"}

// AuroraMySQLArgs are the inputs of [AuroraMySQL].
type AuroraMySQLArgs struct {
	config.Source
	// Environment chooses defaults. Default dev.
	Environment config.Environment
	// SubnetIDs of private subnets in at least two zones.
	SubnetIDs pulumi.StringArrayInput
	// SecurityGroupID of the cluster.
	SecurityGroupID pulumi.StringInput
	// KmsKeyArn encrypts storage, logs, insights and the master user's secret.
	KmsKeyArn pulumi.StringInput
}

// AuroraMySQL is an Aurora MySQL cluster that DMS can follow: row images in the binary log, TLS only, a master
// password that RDS keeps and rotates. In prod it has a reader, is protected and leaves a final snapshot.
type AuroraMySQL struct {
	pulumi.ResourceState
	Database

	cfg         config.Source
	environment config.Environment
}

// NewAuroraMySQL makes the cluster and its instances.
func NewAuroraMySQL(ctx *pulumi.Context, name string, args *AuroraMySQLArgs, opts ...pulumi.ResourceOption) (*AuroraMySQL, error) {
	if args == nil || args.SubnetIDs == nil || args.SecurityGroupID == nil || args.KmsKeyArn == nil {
		return nil, errors.New("source.AuroraMySQL: SubnetIDs, SecurityGroupID and KmsKeyArn are required")
	}
	a := &AuroraMySQL{environment: environmentOr(args.Environment)}
	a.cfg = args.WithDefaults(a.environment)
	if err := a.cfg.Validate(); err != nil {
		return nil, fmt.Errorf("checking the source: %w", err)
	}
	family, err := parameterFamily(a.cfg.EngineVersion)
	if err != nil {
		return nil, err
	}
	props := pulumi.Map{"clusterName": pulumi.String(a.cfg.ClusterName), "engineVersion": pulumi.String(a.cfg.EngineVersion)}
	if err := ctx.RegisterComponentResourceV2("cdcpipeline:source:AuroraMySQL", name, props, a, opts...); err != nil {
		return nil, fmt.Errorf("registering the Aurora MySQL source: %w", err)
	}
	cluster, err := a.newCluster(ctx, name, family, args)
	if err != nil {
		return nil, err
	}
	instances, err := a.newInstances(ctx, name, cluster, args)
	if err != nil {
		return nil, err
	}
	a.Database = Database{
		Host:            cluster.Endpoint,
		Port:            cluster.Port,
		AdminSecretArn:  masterSecretArn(cluster),
		SecretKmsKeyArn: args.KmsKeyArn.ToStringOutput(),
		SecurityGroupID: args.SecurityGroupID.ToStringOutput(),
		EngineName:      "aurora",
		Incarnation:     cluster.ClusterResourceId,
		Ready:           instances,
		Identity:        []pulumi.Resource{cluster},
	}
	outputs := pulumi.Map{"host": a.Host, "port": a.Port, "adminSecretArn": a.AdminSecretArn}
	if err := ctx.RegisterResourceOutputs(a, outputs); err != nil {
		return nil, fmt.Errorf("registering the Aurora MySQL source's outputs: %w", err)
	}
	return a, nil
}

func (a *AuroraMySQL) newCluster(ctx *pulumi.Context, name, family string, args *AuroraMySQLArgs) (*rds.Cluster, error) {
	parent := pulumi.Parent(a)
	subnets, err := rds.NewSubnetGroup(ctx, name+"-subnets", &rds.SubnetGroupArgs{
		Description: pulumi.String("Private subnets of the change data capture source"),
		SubnetIds:   args.SubnetIDs,
	}, parent)
	if err != nil {
		return nil, fmt.Errorf("making the database subnet group: %w", err)
	}
	parameters, err := rds.NewClusterParameterGroup(ctx, name+"-parameters", &rds.ClusterParameterGroupArgs{
		Description: pulumi.String("Binary log as DMS reads it"),
		Family:      pulumi.String(family),
		Parameters:  clusterParameters(),
	}, parent)
	if err != nil {
		return nil, fmt.Errorf("making the cluster parameter group: %w", err)
	}
	logs, err := a.newLogGroups(ctx, name, args.KmsKeyArn)
	if err != nil {
		return nil, err
	}
	clusterArgs := &rds.ClusterArgs{
		ClusterIdentifier:           pulumi.String(a.cfg.ClusterName),
		Engine:                      pulumi.String("aurora-mysql"),
		EngineVersion:               pulumi.String(a.cfg.EngineVersion),
		DbSubnetGroupName:           subnets.Name,
		DbClusterParameterGroupName: parameters.Name,
		VpcSecurityGroupIds:         pulumi.StringArray{args.SecurityGroupID},
		Port:                        pulumi.Int(a.cfg.Port),
		MasterUsername:              pulumi.String(masterUser),
		ManageMasterUserPassword:    pulumi.Bool(true),
		// For people with an IAM role, whom the administrator gives a user: AWSAuthenticationPlugin. Nobody else notices.
		IamDatabaseAuthenticationEnabled: pulumi.Bool(true),
		MasterUserSecretKmsKeyId:         args.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
		StorageEncrypted:                 pulumi.Bool(true),
		KmsKeyId:                         args.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
		// DMS needs automatic backups: without them RDS keeps no binary log.
		BackupRetentionPeriod:        pulumi.Int(a.byEnvironment(1, 14)),
		CopyTagsToSnapshot:           pulumi.Bool(true),
		EnabledCloudwatchLogsExports: pulumi.ToStringArray(logExports),
		DeletionProtection:           pulumi.Bool(*a.cfg.DeletionProtection),
		ApplyImmediately:             pulumi.Bool(a.environment != config.Prod),
		SkipFinalSnapshot:            pulumi.Bool(a.environment != config.Prod),
	}
	if a.environment == config.Prod {
		if clusterArgs.FinalSnapshotIdentifier, err = a.finalSnapshot(ctx, name); err != nil {
			return nil, err
		}
	}
	cluster, err := rds.NewCluster(ctx, name+"-cluster", clusterArgs, parent,
		pulumi.DependsOn(logs),
		pulumi.Protect(a.environment == config.Prod),
		// The identifier is the user's, so a successor cannot be made beside its predecessor.
		pulumi.DeleteBeforeReplace(true),
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "60m", Update: "120m", Delete: "60m"}))
	if err != nil {
		return nil, fmt.Errorf("making the Aurora cluster: %w", err)
	}
	return cluster, nil
}

// newLogGroups makes the groups that RDS would otherwise make itself, unencrypted and kept for ever.
func (a *AuroraMySQL) newLogGroups(ctx *pulumi.Context, name string, key pulumi.StringInput) ([]pulumi.Resource, error) {
	groups := make([]pulumi.Resource, 0, len(logExports))
	for _, export := range logExports {
		group, err := cloudwatch.NewLogGroup(ctx, name+"-log-"+export, &cloudwatch.LogGroupArgs{
			Name:            pulumi.Sprintf("/aws/rds/cluster/%s/%s", a.cfg.ClusterName, export),
			RetentionInDays: pulumi.Int(a.byEnvironment(14, 90)),
			KmsKeyId:        key.ToStringOutput().ToStringPtrOutput(),
		}, pulumi.Parent(a))
		if err != nil {
			return nil, fmt.Errorf("making the log group of the %s log: %w", export, err)
		}
		groups = append(groups, group)
	}
	return groups, nil
}

// finalSnapshot is a name that no earlier destroy of the same cluster has used: RDS refuses a taken one.
func (a *AuroraMySQL) finalSnapshot(ctx *pulumi.Context, name string) (pulumi.StringPtrInput, error) {
	suffix, err := random.NewRandomId(ctx, name+"-final-snapshot", &random.RandomIdArgs{ByteLength: pulumi.Int(4)}, pulumi.Parent(a))
	if err != nil {
		return nil, fmt.Errorf("making the final snapshot's name: %w", err)
	}
	return pulumi.Sprintf("%s-final-%s", a.cfg.ClusterName, suffix.Hex).ToStringPtrOutput(), nil
}

// newInstances makes the writer first, so that it is the writer, then the readers.
func (a *AuroraMySQL) newInstances(ctx *pulumi.Context, name string, cluster *rds.Cluster, args *AuroraMySQLArgs) ([]pulumi.Resource, error) {
	watched, err := a.newMonitoring(ctx, name)
	if err != nil {
		return nil, err
	}
	var instances []pulumi.Resource
	for i := range a.cfg.Instances {
		instanceArgs := &rds.ClusterInstanceArgs{
			ClusterIdentifier:  cluster.ID(),
			Engine:             pulumi.String("aurora-mysql"),
			InstanceClass:      pulumi.String(a.cfg.InstanceClass),
			DbSubnetGroupName:  cluster.DbSubnetGroupName,
			CaCertIdentifier:   pulumi.String(serverCertificate),
			PubliclyAccessible: pulumi.Bool(false),
			PromotionTier:      pulumi.Int(min(i, 15)),
			CopyTagsToSnapshot: pulumi.Bool(true),
			// The version is the configuration's: RDS raising it would be undone by the next update.
			AutoMinorVersionUpgrade: pulumi.Bool(false),
			ApplyImmediately:        pulumi.Bool(a.environment != config.Prod),
		}
		if supportsPerformanceInsights(a.cfg.InstanceClass) {
			instanceArgs.PerformanceInsightsEnabled = pulumi.Bool(true)
			instanceArgs.PerformanceInsightsKmsKeyId = args.KmsKeyArn.ToStringOutput().ToStringPtrOutput()
		}
		opts := []pulumi.ResourceOption{
			pulumi.Parent(a),
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
		instance, err := rds.NewClusterInstance(ctx, fmt.Sprintf("%s-instance-%d", name, i), instanceArgs, opts...)
		if err != nil {
			return nil, fmt.Errorf("making Aurora instance %d: %w", i, err)
		}
		instances = append(instances, instance)
	}
	return instances, nil
}

func (a *AuroraMySQL) byEnvironment(dev, prod int) int {
	if a.environment == config.Prod {
		return prod
	}
	return dev
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

func environmentOr(e config.Environment) config.Environment {
	if e == "" {
		return config.Dev
	}
	return e
}

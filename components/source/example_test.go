package source_test

import (
	"cdcpipeline/components/source"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A cluster in your subnets and behind your security group.
func ExampleNewAuroraMySQL() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		database, err := source.NewAuroraMySQL(ctx, "orders", &source.AuroraMySQLArgs{
			Source:          config.Source{ClusterName: "orders"},
			Environment:     config.Prod,
			SubnetIDs:       pulumi.ToStringArray([]string{"subnet-1", "subnet-2"}),
			SecurityGroupID: pulumi.String("sg-1"),
			KmsKeyArn:       pulumi.String("arn:aws:kms:eu-west-1:123456789012:key/k"),
		})
		if err != nil {
			return fmt.Errorf("making the database: %w", err)
		}
		ctx.Export("host", database.Host)
		return nil
	})
	// Output:
	// aws:cloudwatch/logGroup:LogGroup: 3
	// aws:iam/role:Role: orders-monitoring
	// aws:iam/rolePolicyAttachment:RolePolicyAttachment: orders-monitoring
	// aws:rds/cluster:Cluster: orders-cluster
	// aws:rds/clusterInstance:ClusterInstance: orders-instance-0, orders-instance-1
	// aws:rds/clusterParameterGroup:ClusterParameterGroup: orders-parameters
	// aws:rds/subnetGroup:SubnetGroup: orders-subnets
	// cdcpipeline:source:AuroraMySQL: orders
	// random:index/randomId:RandomId: orders-final-snapshot
}

// A PostgreSQL cluster, with a topic for the alarm when its slot keeps much of the log.
func ExampleNewAuroraPostgreSQL() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		database, err := source.NewAuroraPostgreSQL(ctx, "stock", &source.AuroraPostgreSQLArgs{
			Source: config.Source{
				ClusterName: "stock", DatabaseName: "warehouse", SlotWalGb: 50, AlarmTopic: "arn:aws:sns:eu-west-1:123456789012:ops",
				Tables: []config.Table{{Database: "public", Table: "items"}}, SchemaFiles: []string{"testdata/orders.sql"},
			},
			SubnetIDs:       pulumi.ToStringArray([]string{"subnet-1", "subnet-2"}),
			SecurityGroupID: pulumi.String("sg-1"),
			KmsKeyArn:       pulumi.String("arn:aws:kms:eu-west-1:123456789012:key/k"),
		})
		if err != nil {
			return fmt.Errorf("making the database: %w", err)
		}
		ctx.Export("host", database.Host)
		return nil
	})
	// Output:
	// aws:cloudwatch/logGroup:LogGroup: stock-log-postgresql
	// aws:cloudwatch/metricAlarm:MetricAlarm: stock-slot
	// aws:rds/cluster:Cluster: stock-cluster
	// aws:rds/clusterInstance:ClusterInstance: stock-instance-0
	// aws:rds/clusterParameterGroup:ClusterParameterGroup: stock-parameters
	// aws:rds/subnetGroup:SubnetGroup: stock-subnets
	// cdcpipeline:source:AuroraPostgreSQL: stock
}

// An existing database.
func ExampleNewExisting() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		database, err := source.NewExisting(ctx, "orders", &source.ExistingArgs{
			Source: config.Source{Existing: &config.ExistingDatabase{
				Host:            "orders.example.internal",
				SecretArn:       "arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf",
				SecurityGroupID: "sg-0123456789abcdef0",
			}},
		})
		if err != nil {
			return fmt.Errorf("adopting the database: %w", err)
		}
		ctx.Export("host", database.Host)
		return nil
	})
	// Output:
	// cdcpipeline:source:Existing: orders
}

// The bootstrap's findings as a stack output. A reader of the binary log must depend on its Invocation.
func ExampleNewBootstrap() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		ready, err := source.NewBootstrap(ctx, "bootstrap", &source.BootstrapArgs{
			Source: config.Source{
				Tables:      []config.Table{{Database: "shop", Table: "orders"}},
				SchemaFiles: []string{"testdata/orders.sql"},
			},
			Database: source.Database{
				Host: pulumi.String("orders.example.internal").ToStringOutput(), Port: pulumi.Int(3306).ToIntOutput(),
				AdminSecretArn: pulumi.String("arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf").ToStringOutput(),
			},
			Code:            pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewFileAsset("testdata/function")}),
			SubnetIDs:       pulumi.ToStringArray([]string{"subnet-1", "subnet-2"}),
			SecurityGroupID: pulumi.String("sg-2"),
			KmsKeyArn:       pulumi.String("arn:aws:kms:eu-west-1:123456789012:key/k"),
		})
		if err != nil {
			return fmt.Errorf("preparing the database: %w", err)
		}
		ctx.Export("findings", ready.Findings)
		return nil
	})
	// Output:
	// aws:cloudwatch/logGroup:LogGroup: bootstrap-logs
	// aws:iam/role:Role: bootstrap-role
	// aws:iam/rolePolicy:RolePolicy: bootstrap-policy
	// aws:lambda/function:Function: bootstrap-function
	// aws:lambda/invocation:Invocation: bootstrap-invocation
	// aws:secretsmanager/secret:Secret: bootstrap-replication-secret
	// aws:secretsmanager/secretVersion:SecretVersion: bootstrap-replication-secret-seed
	// cdcpipeline:source:Bootstrap: bootstrap
	// random:index/randomPassword:RandomPassword: bootstrap-replication-password
}

// A new password every week for the user that the bootstrap made.
func ExampleNewRotation() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		rotation, err := source.NewRotation(ctx, "rotation", &source.RotationArgs{
			Source: config.Source{RotationDays: new(7)},
			Database: source.Database{
				Host: pulumi.String("orders.example.internal").ToStringOutput(), Port: pulumi.Int(3306).ToIntOutput(),
				AdminSecretArn: pulumi.String("arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf").ToStringOutput(),
			},
			SecretArn:       pulumi.String("arn:aws:secretsmanager:eu-west-1:123456789012:secret:replication-AbCdEf"),
			User:            "cdc",
			Code:            pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewFileAsset("testdata/function")}),
			SubnetIDs:       pulumi.ToStringArray([]string{"subnet-1", "subnet-2"}),
			SecurityGroupID: pulumi.String("sg-2"),
			KmsKeyArn:       pulumi.String("arn:aws:kms:eu-west-1:123456789012:key/k"),
		})
		if err != nil {
			return fmt.Errorf("rotating the password: %w", err)
		}
		ctx.Export("rotationFunction", rotation.FunctionName)
		return nil
	})
	// Output:
	// aws:cloudwatch/logGroup:LogGroup: rotation-logs
	// aws:iam/role:Role: rotation-role
	// aws:iam/rolePolicy:RolePolicy: rotation-policy
	// aws:lambda/function:Function: rotation-function
	// aws:lambda/permission:Permission: rotation-permission
	// aws:secretsmanager/secretRotation:SecretRotation: rotation-schedule
	// cdcpipeline:source:Rotation: rotation
}

// What the first database of an account needs of it.
func ExampleNewServiceLinkedRole() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		_, err := source.NewServiceLinkedRole(ctx, "linked-role", &source.ServiceLinkedRoleArgs{})
		return err
	})
	// Output:
	// aws:iam/serviceLinkedRole:ServiceLinkedRole: linked-role-role
	// cdcpipeline:source:ServiceLinkedRole: linked-role
}

package feed_test

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/components/stream"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A further source for a program that already has a network, a lake and a search domain.
func ExampleNew() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		all, err := shared(ctx)
		if err != nil {
			return err
		}
		settings := config.Config{
			Source: config.Source{Enabled: new(false)},
			Sources: map[string]config.NamedSource{"orders": {Source: config.Source{
				Tables: []config.Table{{Database: "shop", Table: "orders"}}, SchemaFiles: []string{"feed_test.go"},
			}}},
		}.WithDefaults()
		changes, err := stream.NewChangeStream(ctx, "cdc-orders-stream", &stream.ChangeStreamArgs{Stream: settings.Feeds()[0].Stream, KmsKeyArn: all.Key.Arn})
		if err != nil {
			return err
		}
		zip := pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")})
		orders, err := feed.New(ctx, "cdc-orders", &feed.Args{
			Feed: settings.Feeds()[0], Functions: settings.Functions, Shared: all, Stream: changes,
			Code: feed.Code{Bootstrap: zip, Rotation: zip, CurrentState: zip, Canary: zip},
		})
		if err != nil {
			return err
		}
		ctx.Export("task", orders.Replication.TaskArn)
		return nil
	})
	// Output:
	// aws:cloudwatch/logGroup:LogGroup: 14
	// aws:cloudwatch/logResourcePolicy:LogResourcePolicy: search-logs
	// aws:cloudwatch/logStream:LogStream: 3
	// aws:dms/certificate:Certificate: cdc-orders-replication-ca
	// aws:dms/endpoint:Endpoint: cdc-orders-replication-source, cdc-orders-replication-target
	// aws:dms/replicationInstance:ReplicationInstance: cdc-orders-replication-instance
	// aws:dms/replicationSubnetGroup:ReplicationSubnetGroup: cdc-orders-replication-subnets
	// aws:dms/replicationTask:ReplicationTask: cdc-orders-replication-task
	// aws:ec2/defaultSecurityGroup:DefaultSecurityGroup: network-default
	// aws:ec2/routeTable:RouteTable: network-private
	// aws:ec2/routeTableAssociation:RouteTableAssociation: network-private-1, network-private-2
	// aws:ec2/securityGroup:SecurityGroup: 6
	// aws:ec2/subnet:Subnet: network-private-1, network-private-2
	// aws:ec2/vpc:Vpc: network-vpc
	// aws:ec2/vpcEndpoint:VpcEndpoint: 5
	// aws:iam/role:Role: 13
	// aws:iam/rolePolicy:RolePolicy: 11
	// aws:iam/rolePolicyAttachment:RolePolicyAttachment: account-roles-dms-cloudwatch-logs-role, account-roles-dms-vpc-role
	// aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream: cdc-orders-lake-delivery-delivery, cdc-orders-search-delivery
	// aws:kinesis/stream:Stream: cdc-orders-stream-stream
	// aws:kms/alias:Alias: key-alias
	// aws:kms/key:Key: key-key
	// aws:lambda/eventSourceMapping:EventSourceMapping: cdc-orders-current
	// aws:lambda/function:Function: 4
	// aws:lambda/invocation:Invocation: cdc-orders-bootstrap-invocation
	// aws:lambda/permission:Permission: cdc-orders-rotation-permission
	// aws:opensearch/domain:Domain: search-domain
	// aws:rds/cluster:Cluster: cdc-orders-source-cluster
	// aws:rds/clusterInstance:ClusterInstance: cdc-orders-source-instance-0
	// aws:rds/clusterParameterGroup:ClusterParameterGroup: cdc-orders-source-parameters
	// aws:rds/subnetGroup:SubnetGroup: cdc-orders-source-subnets
	// aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2: lake-lifecycle
	// aws:s3/bucketOwnershipControls:BucketOwnershipControls: lake-ownership
	// aws:s3/bucketPolicy:BucketPolicy: lake-policy
	// aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock: lake-public-access
	// aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2: lake-encryption
	// aws:s3/bucketV2:BucketV2: lake-bucket
	// aws:s3/bucketVersioningV2:BucketVersioningV2: lake-versioning
	// aws:scheduler/schedule:Schedule: cdc-orders-canary-schedule, cdc-orders-current-sweep
	// aws:secretsmanager/secret:Secret: cdc-orders-bootstrap-replication-secret, search-master
	// aws:secretsmanager/secretRotation:SecretRotation: cdc-orders-rotation-schedule
	// aws:secretsmanager/secretVersion:SecretVersion: cdc-orders-bootstrap-replication-secret-seed, search-master
	// aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule: 8
	// aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule: 6
	// cdcpipeline:canary:Canary: cdc-orders-canary
	// cdcpipeline:encryption:Key: key
	// cdcpipeline:feed:Feed: cdc-orders-feed
	// cdcpipeline:lake:Bucket: lake
	// cdcpipeline:lake:Delivery: cdc-orders-lake-delivery
	// cdcpipeline:network:Network: network
	// cdcpipeline:replication:AccountRoles: account-roles
	// cdcpipeline:replication:Replication: cdc-orders-replication
	// cdcpipeline:search:Access: search-access
	// cdcpipeline:search:CurrentState: cdc-orders-current
	// cdcpipeline:search:Delivery: cdc-orders-search-delivery
	// cdcpipeline:search:DeliveryRole: search-delivery
	// cdcpipeline:search:Domain: search
	// cdcpipeline:source:AuroraMySQL: cdc-orders-source
	// cdcpipeline:source:Bootstrap: cdc-orders-bootstrap
	// cdcpipeline:source:Rotation: cdc-orders-rotation
	// cdcpipeline:stream:ChangeStream: cdc-orders-stream
	// opensearch:index/auditConfig:AuditConfig: search-access-audit
	// opensearch:index/composableIndexTemplate:ComposableIndexTemplate: 4
	// opensearch:index/dashboardObject:DashboardObject: search-access-dashboards
	// opensearch:index/ismPolicy:IsmPolicy: search-access-history, search-access-history-orders
	// opensearch:index/role:Role: 3
	// opensearch:index/rolesMapping:RolesMapping: 3
	// pulumi:providers:opensearch: search-access
	// random:index/randomPassword:RandomPassword: cdc-orders-bootstrap-replication-password, search-master
}

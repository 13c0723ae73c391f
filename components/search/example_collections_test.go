package search_test

import (
	"cdcpipeline/components/search"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Collections that a Firehose delivery fills from an existing Kinesis stream.
func ExampleNewCollections() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		// During the deployment, a listener on localhost:9200 must sign the requests to /history and /current and
		// forward them. Package internal/gateway does so, and program/gateway.go starts it.
		cfg := config.Search{Kind: config.OnCollections, CollectionName: "orders", HistoryIndex: "orders", Operators: []string{"arn:aws:iam::123456789012:role/operators"}}
		key := pulumi.String("arn:aws:kms:eu-west-1:123456789012:key/1234")

		collections, err := search.NewCollections(ctx, "orders", &search.CollectionsArgs{
			Search:          cfg,
			VpcID:           pulumi.String("vpc-1"),
			SubnetIDs:       pulumi.ToStringArray([]string{"subnet-1", "subnet-2"}),
			SecurityGroupID: pulumi.String("sg-1"),
			KmsKeyArn:       key,
		})
		if err != nil {
			return err
		}
		// Make its Dependencies before the security group sg-2; they must outlive it.
		role, err := search.NewDeliveryRole(ctx, "orders-delivery", &search.DeliveryRoleArgs{})
		if err != nil {
			return err
		}
		_, err = search.NewDelivery(ctx, "orders-delivery", &search.DeliveryArgs{
			Search:          cfg,
			Role:            role,
			Target:          collections.History(),
			StreamArn:       pulumi.String("arn:aws:kinesis:eu-west-1:123456789012:stream/changes"),
			BackupBucketArn: pulumi.String("arn:aws:s3:::orders-backup"),
			KmsKeyArn:       key,
			VpcSubnetIDs:    pulumi.ToStringArray([]string{"subnet-1", "subnet-2"}),
			SecurityGroupID: pulumi.String("sg-2"),
		})
		if err != nil {
			return err
		}
		ctx.Export("history", collections.HistoryEndpoint)
		return nil
	})
	// Output:
	// aws:cloudwatch/logGroup:LogGroup: orders-delivery-logs
	// aws:cloudwatch/logStream:LogStream: orders-delivery-backup, orders-delivery-index
	// aws:iam/role:Role: orders-delivery-role
	// aws:iam/rolePolicy:RolePolicy: orders-delivery-interfaces, orders-delivery-role
	// aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream: orders-delivery
	// aws:opensearch/serverlessAccessPolicy:ServerlessAccessPolicy: orders-operators, orders-orders-delivery
	// aws:opensearch/serverlessCollection:ServerlessCollection: orders-current, orders-history
	// aws:opensearch/serverlessLifecyclePolicy:ServerlessLifecyclePolicy: orders-retention
	// aws:opensearch/serverlessSecurityPolicy:ServerlessSecurityPolicy: orders-encryption, orders-network
	// aws:opensearch/serverlessVpcEndpoint:ServerlessVpcEndpoint: orders-endpoint
	// cdcpipeline:search:Collections: orders
	// cdcpipeline:search:Delivery: orders-delivery
	// cdcpipeline:search:DeliveryRole: orders-delivery
	// opensearch:index/composableIndexTemplate:ComposableIndexTemplate: orders-history
	// pulumi:providers:opensearch: orders-current, orders-history
	// random:index/randomPassword:RandomPassword: orders-gateway
}

package search_test

import (
	"cdcpipeline/components/search"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A private domain that a Firehose delivery fills from an existing Kinesis stream.
func Example() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		// Deploy it from inside the VPC. From elsewhere use package pipeline, which makes a bastion and opens a
		// tunnel.
		cfg := config.Search{DomainName: "orders", Reach: config.ReachDirect, HistoryIndex: "orders", HistoryRetentionDays: 14}
		key := pulumi.String("arn:aws:kms:eu-west-1:123456789012:key/1234")

		linked, err := search.NewServiceLinkedRole(ctx, "linked-role", &search.ServiceLinkedRoleArgs{})
		if err != nil {
			return err
		}
		domain, err := search.NewDomain(ctx, "orders", &search.DomainArgs{
			Search:            cfg,
			SubnetIDs:         []pulumi.StringInput{pulumi.String("subnet-1")},
			SecurityGroupID:   pulumi.String("sg-1"),
			KmsKeyArn:         key,
			ServiceLinkedRole: linked,
		})
		if err != nil {
			return err
		}
		access, err := search.NewAccess(ctx, "orders-access", &search.AccessArgs{
			Search:  cfg,
			Domain:  domain,
			Columns: []search.Column{{Name: "ordered_at", Type: search.Date}, {Name: "total", Type: search.Double}},
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
			Target:          access.Target(),
			StreamArn:       pulumi.String("arn:aws:kinesis:eu-west-1:123456789012:stream/changes"),
			BackupBucketArn: pulumi.String("arn:aws:s3:::orders-backup"),
			KmsKeyArn:       key,
			VpcSubnetIDs:    pulumi.ToStringArray([]string{"subnet-1", "subnet-2"}),
			SecurityGroupID: pulumi.String("sg-2"),
		})
		if err != nil {
			return err
		}
		ctx.Export("endpoint", domain.Endpoint)
		return nil
	})
	// Output:
	// aws:cloudwatch/logGroup:LogGroup: 5
	// aws:cloudwatch/logResourcePolicy:LogResourcePolicy: orders-logs
	// aws:cloudwatch/logStream:LogStream: orders-delivery-backup, orders-delivery-index
	// aws:iam/role:Role: orders-delivery-role
	// aws:iam/rolePolicy:RolePolicy: orders-delivery-interfaces, orders-delivery-role
	// aws:iam/serviceLinkedRole:ServiceLinkedRole: linked-role-role
	// aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream: orders-delivery
	// aws:opensearch/domain:Domain: orders-domain
	// aws:secretsmanager/secret:Secret: orders-master
	// aws:secretsmanager/secretVersion:SecretVersion: orders-master
	// cdcpipeline:search:Access: orders-access
	// cdcpipeline:search:Delivery: orders-delivery
	// cdcpipeline:search:DeliveryRole: orders-delivery
	// cdcpipeline:search:Domain: orders
	// cdcpipeline:search:ServiceLinkedRole: linked-role
	// opensearch:index/auditConfig:AuditConfig: orders-access-audit
	// opensearch:index/composableIndexTemplate:ComposableIndexTemplate: orders-access-dashboards-guard, orders-access-history
	// opensearch:index/dashboardObject:DashboardObject: orders-access-dashboards
	// opensearch:index/ismPolicy:IsmPolicy: orders-access-history
	// opensearch:index/role:Role: orders-access-orders-delivery
	// opensearch:index/rolesMapping:RolesMapping: orders-access-orders-delivery
	// pulumi:providers:opensearch: orders-access
	// random:index/randomPassword:RandomPassword: orders-master
}

// A domain of one node. The role that lets OpenSearch into a VPC comes first.
func ExampleNewDomain() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		linked, err := search.NewServiceLinkedRole(ctx, "linked-role", &search.ServiceLinkedRoleArgs{})
		if err != nil {
			return err
		}
		domain, err := search.NewDomain(ctx, "orders", &search.DomainArgs{
			Search:            config.Search{DomainName: "orders", InstanceType: "r7g.large.search", VolumeGb: 100},
			SubnetIDs:         []pulumi.StringInput{pulumi.String("subnet-0123456789abcdef0")},
			SecurityGroupID:   pulumi.String("sg-0123456789abcdef0"),
			KmsKeyArn:         pulumi.String("arn:aws:kms:eu-west-1:123456789012:key/1234"),
			ServiceLinkedRole: linked,
		})
		if err != nil {
			return err
		}
		ctx.Export("endpoint", domain.Endpoint)
		return nil
	})
	// Output:
	// aws:cloudwatch/logGroup:LogGroup: 4
	// aws:cloudwatch/logResourcePolicy:LogResourcePolicy: orders-logs
	// aws:iam/serviceLinkedRole:ServiceLinkedRole: linked-role-role
	// aws:opensearch/domain:Domain: orders-domain
	// aws:secretsmanager/secret:Secret: orders-master
	// aws:secretsmanager/secretVersion:SecretVersion: orders-master
	// cdcpipeline:search:Domain: orders
	// cdcpipeline:search:ServiceLinkedRole: linked-role
	// random:index/randomPassword:RandomPassword: orders-master
}

// What whoever makes a domain inside a VPC needs of the account.
func ExampleNewServiceLinkedRole() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		_, err := search.NewServiceLinkedRole(ctx, "linked-role", &search.ServiceLinkedRoleArgs{})
		return err
	})
	// Output:
	// aws:iam/serviceLinkedRole:ServiceLinkedRole: linked-role-role
	// cdcpipeline:search:ServiceLinkedRole: linked-role
}

// A role whose Dependencies come before the security group of a delivery, and outlive it.
func ExampleNewDeliveryRole() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		role, err := search.NewDeliveryRole(ctx, "delivery", &search.DeliveryRoleArgs{})
		if err != nil {
			return err
		}
		ctx.Export("roleArn", role.Arn)
		return nil
	})
	// Output:
	// aws:iam/role:Role: delivery-role
	// aws:iam/rolePolicy:RolePolicy: delivery-interfaces
	// cdcpipeline:search:DeliveryRole: delivery
}

// A further writer gets a role of its own and is made after the grant.
func ExampleAccess_Grant() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		access, err := ordersAccess(ctx)
		if err != nil {
			return err
		}
		_, err = access.Grant("writer", pulumi.String("arn:aws:iam::123456789012:role/writer"), search.Permissions{
			Cluster: []string{"cluster_composite_ops"},
			Indices: []search.IndexPermissions{{Patterns: []string{"current-*"}, Actions: []string{"crud"}}},
		})
		return err
	})
	// Output:
	// aws:cloudwatch/logGroup:LogGroup: 4
	// aws:cloudwatch/logResourcePolicy:LogResourcePolicy: orders-logs
	// aws:opensearch/domain:Domain: orders-domain
	// aws:secretsmanager/secret:Secret: orders-master
	// aws:secretsmanager/secretVersion:SecretVersion: orders-master
	// cdcpipeline:search:Access: orders-access
	// cdcpipeline:search:Domain: orders
	// opensearch:index/auditConfig:AuditConfig: orders-access-audit
	// opensearch:index/composableIndexTemplate:ComposableIndexTemplate: orders-access-dashboards-guard, orders-access-history
	// opensearch:index/dashboardObject:DashboardObject: orders-access-dashboards
	// opensearch:index/ismPolicy:IsmPolicy: orders-access-history
	// opensearch:index/role:Role: orders-access-writer
	// opensearch:index/rolesMapping:RolesMapping: orders-access-writer
	// pulumi:providers:opensearch: orders-access
	// random:index/randomPassword:RandomPassword: orders-master
}

// The current state for your own stream and domain.
func ExampleNewCurrentState() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		domain, err := search.NewDomain(ctx, "orders", &search.DomainArgs{
			SubnetIDs: []pulumi.StringInput{pulumi.String("subnet-1")}, SecurityGroupID: pulumi.String("sg-1"),
			KmsKeyArn: pulumi.String("arn:aws:kms:eu-west-1:123456789012:key/1234"),
		})
		if err != nil {
			return err
		}
		access, err := search.NewAccess(ctx, "orders-access", &search.AccessArgs{Domain: domain})
		if err != nil {
			return err
		}
		settings := config.Search{Current: config.CurrentState{BatchSize: 1000, EnhancedFanOut: new(true)}}
		template, err := search.CurrentTemplate("orders-current", access.Target(), settings.WithDefaults(config.Dev))
		if err != nil {
			return err
		}
		state, err := search.NewCurrentState(ctx, "orders-current", &search.CurrentStateArgs{
			Search:           settings,
			Target:           access.Target(),
			Template:         template,
			Code:             pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewFileAsset("testdata/function")}),
			StreamArn:        pulumi.String("arn:aws:kinesis:eu-west-1:123456789012:stream/changes"),
			Findings:         pulumi.String(`{"tables":[{"database":"shop","table":"orders","columns":[{"name":"id","type":"bigint"}],"primaryKey":["id"]}]}`),
			ParkingBucketArn: pulumi.String("arn:aws:s3:::orders-parked"),
			KmsKeyArn:        pulumi.String("arn:aws:kms:eu-west-1:123456789012:key/1234"),
			SubnetIDs:        pulumi.ToStringArray([]string{"subnet-1", "subnet-2"}),
			SecurityGroupID:  pulumi.String("sg-3"),
		})
		if err != nil {
			return err
		}
		ctx.Export("function", state.FunctionName)
		return nil
	})
	// Output:
	// aws:cloudwatch/logGroup:LogGroup: 5
	// aws:cloudwatch/logResourcePolicy:LogResourcePolicy: orders-logs
	// aws:iam/role:Role: orders-current-role, orders-current-sweep
	// aws:iam/rolePolicy:RolePolicy: orders-current-role, orders-current-sweep
	// aws:kinesis/streamConsumer:StreamConsumer: orders-current-consumer
	// aws:lambda/eventSourceMapping:EventSourceMapping: orders-current
	// aws:lambda/function:Function: orders-current-function
	// aws:opensearch/domain:Domain: orders-domain
	// aws:scheduler/schedule:Schedule: orders-current-sweep
	// aws:secretsmanager/secret:Secret: orders-master
	// aws:secretsmanager/secretVersion:SecretVersion: orders-master
	// cdcpipeline:search:Access: orders-access
	// cdcpipeline:search:CurrentState: orders-current
	// cdcpipeline:search:Domain: orders
	// opensearch:index/auditConfig:AuditConfig: orders-access-audit
	// opensearch:index/composableIndexTemplate:ComposableIndexTemplate: 3
	// opensearch:index/dashboardObject:DashboardObject: orders-access-dashboards
	// opensearch:index/ismPolicy:IsmPolicy: orders-access-history
	// opensearch:index/role:Role: orders-access-orders-current
	// opensearch:index/rolesMapping:RolesMapping: orders-access-orders-current
	// pulumi:providers:opensearch: orders-access
	// random:index/randomPassword:RandomPassword: orders-master
}

// ordersAccess makes the domain and the access to it, as in the first example.
func ordersAccess(ctx *pulumi.Context) (*search.Access, error) {
	domain, err := search.NewDomain(ctx, "orders", &search.DomainArgs{
		SubnetIDs:       []pulumi.StringInput{pulumi.String("subnet-1")},
		SecurityGroupID: pulumi.String("sg-1"),
		KmsKeyArn:       pulumi.String("arn:aws:kms:eu-west-1:123456789012:key/1234"),
	})
	if err != nil {
		return nil, err
	}
	return search.NewAccess(ctx, "orders-access", &search.AccessArgs{Domain: domain})
}

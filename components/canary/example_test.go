package canary_test

import (
	"cdcpipeline/components/canary"
	"cdcpipeline/components/search"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A canary for a source whose rows are already indexed in a domain.
func ExampleNew() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		key := pulumi.String("arn:aws:kms:eu-west-1:123456789012:key/1234")
		domain, err := search.NewDomain(ctx, "orders", &search.DomainArgs{
			SubnetIDs: []pulumi.StringInput{pulumi.String("subnet-1")}, SecurityGroupID: pulumi.String("sg-1"), KmsKeyArn: key,
		})
		if err != nil {
			return err
		}
		access, err := search.NewAccess(ctx, "orders-access", &search.AccessArgs{Domain: domain})
		if err != nil {
			return err
		}
		settings := config.Config{Source: config.Source{Tables: []config.Table{{Database: "shop", Table: "orders"}}}}.WithDefaults()
		made, err := canary.New(ctx, "orders-canary", &canary.Args{
			Feed:            settings.Feeds()[0],
			Target:          access.Target(),
			SecretArn:       pulumi.String("arn:aws:secretsmanager:eu-west-1:123456789012:secret:cdc"),
			Code:            pulumi.NewFileArchive("canary.zip"),
			BucketName:      pulumi.String("orders-lake"),
			BucketArn:       pulumi.String("arn:aws:s3:::orders-lake"),
			FailedPrefix:    pulumi.String("aws/lambda/8d5f3c1e/"),
			KmsKeyArn:       key,
			SubnetIDs:       pulumi.ToStringArray([]string{"subnet-1"}),
			SecurityGroupID: pulumi.String("sg-2"),
		})
		if err != nil {
			return err
		}
		ctx.Export("searchable", made.MetricSearchable().Dimensions.ToStringMapOutput())
		return nil
	})
	// Output:
	// aws:cloudwatch/logGroup:LogGroup: 5
	// aws:cloudwatch/logResourcePolicy:LogResourcePolicy: orders-logs
	// aws:iam/role:Role: orders-canary-role, orders-canary-schedule
	// aws:iam/rolePolicy:RolePolicy: orders-canary-role, orders-canary-schedule
	// aws:lambda/function:Function: orders-canary-function
	// aws:opensearch/domain:Domain: orders-domain
	// aws:scheduler/schedule:Schedule: orders-canary-schedule
	// aws:secretsmanager/secret:Secret: orders-master
	// aws:secretsmanager/secretVersion:SecretVersion: orders-master
	// cdcpipeline:canary:Canary: orders-canary
	// cdcpipeline:search:Access: orders-access
	// cdcpipeline:search:Domain: orders
	// opensearch:index/auditConfig:AuditConfig: orders-access-audit
	// opensearch:index/composableIndexTemplate:ComposableIndexTemplate: orders-access-dashboards-guard, orders-access-history
	// opensearch:index/dashboardObject:DashboardObject: orders-access-dashboards
	// opensearch:index/ismPolicy:IsmPolicy: orders-access-history
	// opensearch:index/role:Role: orders-access-orders-canary
	// opensearch:index/rolesMapping:RolesMapping: orders-access-orders-canary
	// pulumi:providers:opensearch: orders-access
	// random:index/randomPassword:RandomPassword: orders-master
}

package replication_test

import (
	"cdcpipeline/components/replication"
	"cdcpipeline/components/source"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Follow one table of an existing MySQL database into an existing stream.
func Example() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		roles, err := replication.NewAccountRoles(ctx, "account-roles", &replication.AccountRolesArgs{})
		if err != nil {
			return err
		}
		shop, err := replication.NewReplication(ctx, "shop", &replication.ReplicationArgs{
			Replication: config.Replication{InstanceClass: "dms.t3.medium"},
			Tables:      []config.Table{{Database: "shop", Table: "orders"}},
			Source: replication.SourceEndpoint{
				EngineName: "mysql",
				SecretArn:  pulumi.String("arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop"),
			},
			StreamArn:       pulumi.String("arn:aws:kinesis:eu-west-1:123456789012:stream/changes"),
			KmsKeyArn:       pulumi.String("arn:aws:kms:eu-west-1:123456789012:key/1234"),
			SubnetIDs:       pulumi.ToStringArray([]string{"subnet-1", "subnet-2"}),
			SecurityGroupID: pulumi.String("sg-1"),
			CaBundle:        source.RDSCertificates(),
			AccountRoles:    roles.Dependencies,
		})
		if err != nil {
			return err
		}
		ctx.Export("taskArn", shop.TaskArn)
		return nil
	})
	// Output:
	// aws:cloudwatch/logGroup:LogGroup: shop-log
	// aws:dms/certificate:Certificate: shop-ca
	// aws:dms/endpoint:Endpoint: shop-source, shop-target
	// aws:dms/replicationInstance:ReplicationInstance: shop-instance
	// aws:dms/replicationSubnetGroup:ReplicationSubnetGroup: shop-subnets
	// aws:dms/replicationTask:ReplicationTask: shop-task
	// aws:iam/role:Role: 4
	// aws:iam/rolePolicy:RolePolicy: shop-source, shop-target
	// aws:iam/rolePolicyAttachment:RolePolicyAttachment: account-roles-dms-cloudwatch-logs-role, account-roles-dms-vpc-role
	// cdcpipeline:replication:AccountRoles: account-roles
	// cdcpipeline:replication:Replication: shop
}

// What the first task of an account needs of it.
func ExampleNewAccountRoles() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		_, err := replication.NewAccountRoles(ctx, "account-roles", &replication.AccountRolesArgs{})
		return err
	})
	// Output:
	// aws:iam/role:Role: account-roles-dms-cloudwatch-logs-role, account-roles-dms-vpc-role
	// aws:iam/rolePolicyAttachment:RolePolicyAttachment: account-roles-dms-cloudwatch-logs-role, account-roles-dms-vpc-role
	// cdcpipeline:replication:AccountRoles: account-roles
}

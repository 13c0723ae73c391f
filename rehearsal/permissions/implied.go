package permissions

// implied are permissions that an operation needs although the caller makes no such call: a service inspects the
// caller's network, uses the caller's key, or takes a role that the caller must be allowed to pass. No rehearsal can
// record these. It only enforces iam:PassRole where a request passes a role (standins/iam).
type implied struct {
	operations []string
	actions    []string
	// why is a short reason for the page, with the place where AWS or the provider states it.
	why, source string
}

// The reference's own lists of dependent actions, without those that the program does not use (ECS in flow logs,
// tenant databases).
const authorization = "https://docs.aws.amazon.com/service-authorization/latest/reference/"

// The AWS provider's source.
const provider = "https://github.com/hashicorp/terraform-provider-aws/blob/v5.82.2/internal/service/"

var allImplied = []implied{
	{
		[]string{"rds:CreateDBCluster", "rds:CreateDBInstance"},
		[]string{"kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "secretsmanager:CreateSecret", "secretsmanager:TagResource"},
		"RDS encrypts with the stack's key and makes the master user's secret on the caller's behalf", authorization + "list_amazonrds.html",
	},
	{
		[]string{"rds:ModifyDBCluster"},
		[]string{"kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "secretsmanager:CreateSecret", "secretsmanager:RotateSecret", "secretsmanager:TagResource"},
		"the same when the cluster is changed", authorization + "list_amazonrds.html",
	},
	{
		[]string{"rds:CreateDBCluster"},
		[]string{"iam:CreateServiceLinkedRole"},
		"the account's first database makes RDS's service-linked role", "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAM.ServiceLinkedRoles.html",
	},
	{
		[]string{"es:CreateDomain"},
		[]string{"kms:CreateGrant", "kms:DescribeKey"},
		"OpenSearch takes a grant on the stack's key", "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/encryption-at-rest.html",
	},
	{
		[]string{"dms:CreateReplicationConfig", "dms:CreateReplicationInstance", "dms:CreateReplicationSubnetGroup"},
		[]string{
			"ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeAvailabilityZones", "ec2:DescribeInternetGateways",
			"ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs", "ec2:ModifyNetworkInterfaceAttribute",
			"iam:GetRole", "kms:DescribeKey", "kms:ListAliases",
		},
		"DMS looks at the network, its account-wide roles and the key", "https://docs.aws.amazon.com/dms/latest/userguide/security-iam.html#CHAP_Security.IAMPermissions",
	},
	{
		[]string{"dms:CreateReplicationConfig", "dms:CreateReplicationInstance"},
		[]string{"kms:CreateGrant"},
		"DMS takes a grant on the stack's key", "https://docs.aws.amazon.com/dms/latest/userguide/security_iam_resource-based-policy-examples.html",
	},
	{
		[]string{"dms:CreateEndpoint", "dms:ModifyEndpoint"},
		[]string{"iam:PassRole"},
		"DMS is given the roles that read the secret and write the stream", authorization + "list_awsdatabasemigrationservice.html",
	},
	{
		[]string{"lambda:CreateFunction"},
		[]string{"iam:PassRole"},
		"Lambda is given the function's role", authorization + "list_awslambda.html",
	},
	{
		[]string{"lambda:CreateFunction", "lambda:UpdateFunctionConfiguration"},
		[]string{"ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"},
		"Lambda looks at the network that the function joins", "https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions",
	},
	{
		[]string{"firehose:CreateDeliveryStream", "firehose:UpdateDestination"},
		[]string{"iam:PassRole"},
		"Firehose is given the role that reads, delivers and joins the VPC", "https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html",
	},
	{
		[]string{"ec2:CreateFlowLogs"},
		[]string{"ec2:CreateTags", "iam:PassRole"},
		"flow logs are given the role that writes them", authorization + "list_amazonec2.html",
	},
	{
		[]string{"rds:CreateDBInstance", "rds:ModifyDBInstance"},
		[]string{"iam:PassRole"},
		"RDS is given the role that publishes what it monitors", authorization + "list_amazonrds.html",
	},
	{
		[]string{"ec2:CreateVpcEndpoint"},
		[]string{"ec2:CreateTags", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs", "route53:AssociateVPCWithHostedZone"},
		"an interface endpoint brings a private name into the VPC", authorization + "list_amazonec2.html",
	},
	{
		[]string{"aoss:BatchGetCollection"},
		[]string{"aoss:APIAccessAll"},
		"requests to a collection itself are no calls of its API",
		"https://docs.aws.amazon.com/opensearch-service/latest/developerguide/security-iam-serverless.html#security_iam_id-based-policy-examples-data-plane",
	},
	{
		[]string{"aoss:CreateCollection"},
		[]string{"iam:CreateServiceLinkedRole", "kms:CreateGrant", "kms:DescribeKey"},
		"the account's first collection makes OpenSearch Serverless's service-linked role, and a collection takes a grant on the stack's key",
		"https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-encryption.html",
	},
	{
		[]string{"aoss:CreateVpcEndpoint", "aoss:UpdateVpcEndpoint", "aoss:DeleteVpcEndpoint"},
		[]string{
			"ec2:CreateTags", "ec2:CreateVpcEndpoint", "ec2:DeleteVpcEndpoints", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcEndpoints",
			"ec2:DescribeVpcs", "ec2:ModifyVpcEndpoint", "route53:AssociateVPCWithHostedZone", "route53:ChangeResourceRecordSets", "route53:CreateHostedZone",
			"route53:DeleteHostedZone", "route53:GetChange", "route53:GetHostedZone", "route53:ListHostedZonesByName", "route53:ListHostedZonesByVPC", "route53:ListResourceRecordSets",
		},
		"OpenSearch Serverless makes the endpoint and its private names on the caller's behalf", "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-vpc.html",
	},
	{
		[]string{"ec2:RunInstances"},
		[]string{"ec2:CreateTags", "iam:PassRole"},
		"the instance is given its profile's role", authorization + "list_amazonec2.html",
	},
	{
		[]string{"ec2:RunInstances"},
		[]string{"kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"},
		"its volume is encrypted with the stack's key", "https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html",
	},
	{
		[]string{"iam:AddRoleToInstanceProfile"},
		[]string{"iam:PassRole"},
		"the profile is given the instance's role", authorization + "list_awsidentityandaccessmanagementiam.html",
	},
	{
		[]string{
			"ec2:CreateVpc", "ec2:CreateSubnet", "ec2:CreateSecurityGroup", "ec2:CreateRouteTable", "ec2:CreateInternetGateway", "ec2:CreateNatGateway",
			"ec2:AllocateAddress", "ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress",
		},
		[]string{"ec2:CreateTags"},
		"what is made with a tag needs the permission to tag", "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html",
	},
	{
		[]string{"scheduler:CreateSchedule", "scheduler:UpdateSchedule"},
		[]string{"iam:PassRole"},
		"EventBridge Scheduler is given the role that calls the function", authorization + "list_amazoneventbridgescheduler.html",
	},
	{
		[]string{"glue:CreateJob"},
		[]string{"iam:PassRole"},
		"Glue is given the role of the job that keeps the lake's tables", "https://docs.aws.amazon.com/glue/latest/dg/create-an-iam-role.html",
	},
	{
		[]string{"athena:StartQueryExecution"},
		[]string{
			"glue:GetDatabase", "glue:GetPartitions", "glue:GetTable", "s3:AbortMultipartUpload", "s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket",
			"s3:ListMultipartUploadParts", "s3:PutObject", "kms:Decrypt", "kms:GenerateDataKey",
		},
		"Athena reads the catalog and the lake, and writes what it answers, with the caller's permissions", "https://docs.aws.amazon.com/athena/latest/ug/security-iam-athena.html",
	},
	{
		[]string{"s3:PutObject"},
		[]string{"kms:Decrypt", "kms:GenerateDataKey"},
		"an object is encrypted with the stack's key on the caller's behalf", "https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html",
	},
	{
		[]string{"secretsmanager:CreateSecret", "secretsmanager:PutSecretValue"},
		[]string{"kms:Decrypt", "kms:GenerateDataKey"},
		"secrets are encrypted with the stack's key on the caller's behalf", "https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html",
	},
	{
		[]string{"secretsmanager:GetSecretValue"},
		[]string{"kms:Decrypt"},
		"and decrypted with it", "https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html",
	},
	{
		[]string{"ec2:DeleteSecurityGroup", "ec2:DeleteSubnet"},
		[]string{"ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DetachNetworkInterface"},
		"before a subnet or a security group goes, the provider detaches and deletes the network interfaces that Lambda, DMS and RDS have left",
		provider + "ec2/vpc_network_interface.go",
	},
}

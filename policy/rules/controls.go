package rules

// Aside is a Security Hub control that applies to this project's resources but has no rule.
type Aside struct {
	Control, Title string
	// Why is the reason that no rule checks it.
	Why string
}

// Unseen lists controls that a preview cannot check, because they concern events after the deployment or outside
// the stack.
func Unseen() []Aside {
	return []Aside{
		{"DMS.10", "Neptune endpoints use IAM authorization", "replication makes endpoints of MySQL, PostgreSQL and Kinesis only"},
		{"DMS.11", "MongoDB endpoints authenticate", "replication makes endpoints of MySQL, PostgreSQL and Kinesis only"},
		{"DMS.12", "Redis endpoints use TLS", "replication makes endpoints of MySQL, PostgreSQL and Kinesis only"},
		{"EC2.1", "EBS snapshots are not public", "nothing here makes snapshots"},
		{"EC2.4", "Stopped instances are removed", "only AWS knows how long an instance has been stopped"},
		{"EC2.7", "EBS encrypts by default", "a setting of the account; ec2-3 and ec2-181 ask each volume"},
		{"EC2.16", "Network ACLs are used", "the stack makes none; the VPC's default one is AWS's"},
		{"EC2.21", "Network ACLs are closed to remote administration", "the stack makes none; security groups control the access"},
		{"EC2.28", "Volumes are in a backup plan", "plans are made in AWS Backup, outside the stack; the bastion's volume holds nothing"},
		{"EC2.172", "VPCs block public access to internet gateways", "a setting of the account and region"},
		{"IAM.2", "Users have no policies", "the stack makes no user"},
		{"KMS.3", "Keys are not scheduled for deletion", "a state after the deployment; in prod the key is retained"},
		{"RDS.1", "Snapshots are private", "snapshots are made after the deployment, and private by default"},
		{"RDS.4", "Snapshots are encrypted", "they inherit the cluster's encryption: rds-27"},
		{"RDS.8", "Instances are protected from deletion", "not for Aurora, where the cluster is protected: rds-7"},
		{"RDS.19", "Event subscriptions cover clusters", "the stack makes no subscription of RDS"},
		{"RDS.20", "Event subscriptions cover instances", "the stack makes no subscription of RDS"},
		{"RDS.21", "Event subscriptions cover parameter groups", "one subscription is enough for the account, so no stack should make it"},
		{"RDS.22", "Event subscriptions cover security groups", "one subscription is enough for the account, so no stack should make it"},
		{"RDS.25", "Instances have an administrator's name of their own", "an Aurora instance has its cluster's: rds-24"},
		{"RDS.26", "Instances are in a backup plan", "plans are made in AWS Backup, outside the stack; rds-50 asks for the cluster's own backups"},
		{"S3.1", "The account blocks public access", "a setting of the account; s3-8 asks each bucket"},
		{"S3.19", "Access points block public access", "the stack makes none"},
		{"S3.22", "Writes of objects are logged", "a trail of the account"},
		{"S3.23", "Reads of objects are logged", "a trail of the account"},
		{"SecretsManager.2", "Rotations succeed", "known after a rotation"},
		{"SecretsManager.3", "Secrets are used", "known 90 days later"},
		{"SSM.2", "Instances have their patches", "known after the instance has run"},
		{"SSM.3", "Instances comply with their associations", "known after the instance has run"},
	}
}

// Declined lists controls that this project decided against. All except RDS.14 and the endpoints are outside the
// Foundational Security Best Practices.
func Declined() []Aside {
	const unused = "nothing in the VPC calls that service: an unused endpoint costs money in every zone and adds a way in"
	return []Aside{
		{"CloudWatch.16", "Log groups are kept for a year", "functions.logRetentionDays sets the retention: 14 days in dev, 90 in prod"},
		{"EC2.10", "VPCs have an endpoint for EC2", unused},
		{"EC2.55", "VPCs have an endpoint for ECR's API", unused},
		{"EC2.56", "VPCs have an endpoint for the Docker registry", unused},
		{"EC2.58", "VPCs have an endpoint for Incident Manager contacts", unused},
		{"EC2.60", "VPCs have an endpoint for Incident Manager", unused},
		{
			"Lambda.7", "Functions are traced with X-Ray",
			"they run when a stack is deployed or a secret rotates, and log every step; X-Ray would need another endpoint",
		},
		{
			"RDS.14", "Aurora clusters backtrack",
			"a cluster that replicates by binlog cannot: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Managing.Backtrack.html",
		},
		{"S3.7", "Buckets replicate to another region", "the source can be read again, and the copy would double the bill"},
		{"S3.11", "Buckets notify of events", "nothing here acts on single objects"},
		{"S3.15", "Buckets lock objects", "the lake deletes old objects, and you can destroy it on purpose; prod protects and versions it"},
		{"S3.20", "Buckets ask for MFA to delete", "only the root user can turn it on, and no deployment should run as root"},
	}
}

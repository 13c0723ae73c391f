package canary

import (
	"cdcpipeline/internal/iampolicy"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/scheduler"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// role is the function's IAM role.
func (c *Canary) role(ctx *pulumi.Context, p *plan, logGroup pulumi.StringInput) (*iam.Role, *iam.RolePolicy, error) {
	role, err := iam.NewRole(ctx, p.name+"-role", &iam.RoleArgs{
		Description: pulumi.String("The function that measures how long a change takes to be found"), AssumeRolePolicy: iampolicy.Trust("lambda.amazonaws.com"),
	}, pulumi.Parent(c))
	if err != nil {
		return nil, nil, fmt.Errorf("making the canary's role: %w", err)
	}
	statements := append(iampolicy.Function(logGroup), p.readSecret()...)
	statements = append(append(statements, p.search()), p.objects()...)
	policy, err := iam.NewRolePolicy(ctx, p.name+"-role", &iam.RolePolicyArgs{Role: role.Name, Policy: iampolicy.Document(statements...)}, pulumi.Parent(c))
	if err != nil {
		return nil, nil, fmt.Errorf("making the canary's policy: %w", err)
	}
	return role, policy, nil
}

// readSecret allows reading the secret of DMS's database user. Secrets Manager names the secret to KMS in the
// encryption context:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html#security-encryption-encryption-context.
func (p *plan) readSecret() []iampolicy.Statement {
	return []iampolicy.Statement{
		{Sid: "ReadSecret", Actions: []string{"secretsmanager:GetSecretValue"}, Resources: []pulumi.StringInput{p.SecretArn}},
		{
			Sid: "DecryptSecret", Actions: []string{"kms:Decrypt"}, Resources: []pulumi.StringInput{p.KmsKeyArn},
			Conditions: []iampolicy.Condition{iampolicy.StringEquals("kms:EncryptionContext:SecretARN", p.SecretArn)},
		},
	}
}

// search allows the requests that look for the heartbeat; the target also checks its own grants. A collection has one
// action for all requests,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/security-iam-serverless.html#security_iam_id-based-policy-examples-data-plane.
func (p *plan) search() iampolicy.Statement {
	s := iampolicy.Statement{Sid: "SearchHeartbeat", Actions: []string{"aoss:APIAccessAll"}, Resources: []pulumi.StringInput{p.Target.Endpoint.Arn}}
	if p.Target.Service() == "es" {
		s.Actions, s.Resources = []string{"es:ESHttpPost"}, []pulumi.StringInput{pulumi.Sprintf("%s/%s/_search", p.Target.Endpoint.Arn, p.alias)}
	}
	return s
}

// objects allows counting the parked objects, reading two objects, and writing one of these. A conditional write
// needs s3:GetObject. Without s3:ListBucket a missing object looks like a forbidden one.
func (p *plan) objects() []iampolicy.Statement {
	own, loads := pulumi.Sprintf("%s/%s", p.BucketArn, p.object("canary-tables")), pulumi.Sprintf("%s/%s", p.BucketArn, p.object("loaded-tables"))
	return []iampolicy.Statement{
		{Sid: "CountParked", Actions: []string{"s3:ListBucket"}, Resources: []pulumi.StringInput{p.BucketArn}},
		{Sid: "ReadTables", Actions: []string{"s3:GetObject"}, Resources: []pulumi.StringInput{own, loads}},
		{Sid: "RememberTables", Actions: []string{"s3:PutObject"}, Resources: []pulumi.StringInput{own}},
		{
			Sid: "UseKeyOfTables", Actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, Resources: []pulumi.StringInput{p.KmsKeyArn},
			Conditions: []iampolicy.Condition{
				iampolicy.StringEquals("kms:ViaService", pulumi.String("s3."+p.region+"."+p.dnsSuffix)),
				// S3 names the bucket itself when it uses a bucket key.
				{Operator: "StringLike", Key: "kms:EncryptionContext:aws:s3:arn", Values: []pulumi.StringInput{p.BucketArn, own, loads}},
			},
		},
	}
}

// schedule calls the function once a minute. It does not retry a failed call: the next minute is as good.
func (c *Canary) schedule(ctx *pulumi.Context, p *plan, function *lambda.Function, ready []pulumi.Resource) error {
	role, err := iam.NewRole(ctx, p.name+"-schedule", &iam.RoleArgs{
		Description: pulumi.String("The schedule that has the canary measure"),
		// https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
		AssumeRolePolicy: iampolicy.Trust(
			"scheduler.amazonaws.com",
			iampolicy.StringEquals("aws:SourceAccount", pulumi.String(p.account)),
			iampolicy.StringEquals("aws:SourceArn", pulumi.String(fmt.Sprintf("arn:%s:scheduler:%s:%s:schedule-group/default", p.partition, p.region, p.account))),
		),
	}, pulumi.Parent(c))
	if err != nil {
		return fmt.Errorf("making the role of the canary's schedule: %w", err)
	}
	policy, err := iam.NewRolePolicy(ctx, p.name+"-schedule", &iam.RolePolicyArgs{
		Role: role.Name,
		Policy: iampolicy.Document(iampolicy.Statement{
			Sid: "CallFunction", Actions: []string{"lambda:InvokeFunction"}, Resources: []pulumi.StringInput{function.Arn},
		}),
	}, pulumi.Parent(c))
	if err != nil {
		return fmt.Errorf("making the policy of the canary's schedule: %w", err)
	}
	_, err = scheduler.NewSchedule(ctx, p.name+"-schedule", &scheduler.ScheduleArgs{
		Description:        pulumi.String("Has the canary measure how long a change takes to be found"),
		ScheduleExpression: pulumi.String("rate(1 minute)"),
		FlexibleTimeWindow: &scheduler.ScheduleFlexibleTimeWindowArgs{Mode: pulumi.String("OFF")},
		Target: &scheduler.ScheduleTargetArgs{
			Arn: function.Arn, RoleArn: role.Arn, Input: pulumi.String(`{"source":"aws.scheduler"}`),
			// 60 seconds is the minimum,
			// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html.
			RetryPolicy: &scheduler.ScheduleTargetRetryPolicyArgs{MaximumRetryAttempts: pulumi.Int(0), MaximumEventAgeInSeconds: pulumi.Int(60)},
		},
	}, pulumi.Parent(c), pulumi.DependsOn(append([]pulumi.Resource{policy}, ready...)))
	if err != nil {
		return fmt.Errorf("scheduling the canary: %w", err)
	}
	return nil
}

package lake

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/iampolicy"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// accessLogDays keeps access logs for a quarter of a year.
const accessLogDays = 90

// logAccess makes S3 log all reads and writes of the lake, below the lake's name, because one bucket can take the
// logs of many. The logs go to the configured bucket, whose policy must admit logging.s3.amazonaws.com. Without one,
// prod makes a log bucket and dev logs nothing.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
func (b *Bucket) logAccess(ctx *pulumi.Context, name string, lake *s3.BucketV2, cfg config.Lake, env config.Environment) error {
	var target pulumi.StringInput = pulumi.String(cfg.LogBucket)
	var ready []pulumi.Resource
	switch {
	case cfg.LogBucket != "":
	case env == config.Prod:
		logs, err := b.newLogBucket(ctx, name+"-logs", lake, cfg)
		if err != nil {
			return err
		}
		target, ready = logs.bucket.Bucket, logs.made
	default:
		return nil
	}
	_, err := s3.NewBucketLoggingV2(ctx, name+"-access-logs", &s3.BucketLoggingV2Args{
		Bucket:       lake.Bucket,
		TargetBucket: target,
		TargetPrefix: pulumi.Sprintf("%s/", lake.Bucket),
	}, pulumi.Parent(b), pulumi.DependsOn(ready))
	if err != nil {
		return fmt.Errorf("logging access to the lake's bucket: %w", err)
	}
	return nil
}

// newLogBucket makes the bucket of access logs. It is retained like the lake: people need the logs after an incident.
func (b *Bucket) newLogBucket(ctx *pulumi.Context, name string, lake *s3.BucketV2, cfg config.Lake) (*guard, error) {
	caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, pulumi.Parent(b))
	if err != nil {
		return nil, fmt.Errorf("looking up the account: %w", err)
	}
	bucket, err := s3.NewBucketV2(ctx, name+"-bucket", &s3.BucketV2Args{ForceDestroy: pulumi.Bool(*cfg.ForceDestroy)},
		pulumi.Parent(b), pulumi.Protect(true))
	if err != nil {
		return nil, fmt.Errorf("making the bucket of the lake's access logs: %w", err)
	}
	guard := &guard{parent: b, name: name, what: "the lake's access logs", bucket: bucket}
	policy := append(denyOldConnections(bucket.Arn), admitLogs(bucket, lake, caller.AccountId))
	if err := guard.make(ctx, policy, withoutKey(), expiring(), tidying()); err != nil {
		return nil, err
	}
	return guard, nil
}

// admitLogs lets S3 deliver only the logs of this lake in this account,
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html#grant-log-delivery-permissions-general.
func admitLogs(logs, lake *s3.BucketV2, account string) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:        "AdmitLogs",
		Principals: []iampolicy.Principal{iampolicy.Service("logging.s3.amazonaws.com")},
		Actions:    []string{"s3:PutObject"},
		Resources:  []pulumi.StringInput{pulumi.Sprintf("%s/%s/*", logs.Arn, lake.Bucket)},
		Conditions: []iampolicy.Condition{
			iampolicy.ArnLike("aws:SourceArn", lake.Arn),
			iampolicy.StringEquals("aws:SourceAccount", pulumi.String(account)),
		},
	}
}

// withoutKey selects S3's own encryption. S3 delivers no logs to a bucket whose default is a KMS key,
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html.
func withoutKey() *s3.BucketServerSideEncryptionConfigurationV2RuleArgs {
	return &s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
		ApplyServerSideEncryptionByDefault: &s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
			SseAlgorithm: pulumi.String("AES256"),
		},
	}
}

func expiring() s3.BucketLifecycleConfigurationV2RuleInput {
	return &s3.BucketLifecycleConfigurationV2RuleArgs{
		Id:         pulumi.String("expire"),
		Status:     pulumi.String("Enabled"),
		Filter:     &s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String("")},
		Expiration: &s3.BucketLifecycleConfigurationV2RuleExpirationArgs{Days: pulumi.Int(accessLogDays)},
	}
}

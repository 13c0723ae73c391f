package stages

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// there makes something in the account temporarily.
func there(making, remove func(context.Context) error) breaker {
	return func(ctx context.Context) (breakage, error) { return breakage{mend: remove}, making(ctx) }
}

// done reduces an SDK call to its error.
func done[T any](_ T, err error) error { return err }

// wrongRole makes a role with DMS's name that DMS cannot assume.
func wrongRole(config aws.Config, name string) breaker {
	client := iam.NewFromConfig(config)
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	return there(
		func(ctx context.Context) error {
			return done(client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust}))
		},
		func(ctx context.Context) error {
			return done(client.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &name}))
		})
}

// allStreams uses up the quota of on-demand streams.
func allStreams(config aws.Config) breaker {
	client := kinesis.NewFromConfig(config)
	var names []string
	return there(
		func(ctx context.Context) error {
			limits, err := client.DescribeLimits(ctx, &kinesis.DescribeLimitsInput{})
			if err != nil {
				return fmt.Errorf("counting streams: %w", err)
			}
			for i := aws.ToInt32(limits.OnDemandStreamCount); i < aws.ToInt32(limits.OnDemandStreamCountLimit); i++ {
				name := fmt.Sprintf("filler-%d", i)
				if err := streamOn(ctx, client, name); err != nil {
					return err
				}
				names = append(names, name)
			}
			return nil
		},
		func(ctx context.Context) error {
			for _, name := range names {
				if err := done(client.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: &name})); err != nil {
					return err
				}
			}
			return nil
		})
}

func streamOn(ctx context.Context, client *kinesis.Client, name string) error {
	return done(client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: &name, StreamModeDetails: &kinesistypes.StreamModeDetails{StreamMode: kinesistypes.StreamModeOnDemand}}))
}

func takenStream(config aws.Config, name string) breaker {
	client := kinesis.NewFromConfig(config)
	return there(
		func(ctx context.Context) error { return streamOn(ctx, client, name) },
		func(ctx context.Context) error {
			return done(client.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: &name}))
		})
}

// allLogPolicies makes as many as the quota allows.
func allLogPolicies(config aws.Config) breaker {
	client := cloudwatchlogs.NewFromConfig(config)
	var names []string
	return there(
		func(ctx context.Context) error {
			document := `{"Version":"2012-10-17","Statement":[]}`
			for i := range 10 {
				name := fmt.Sprintf("filler-%d", i)
				if err := done(client.PutResourcePolicy(ctx, &cloudwatchlogs.PutResourcePolicyInput{PolicyName: &name, PolicyDocument: &document})); err != nil {
					return err
				}
				names = append(names, name)
			}
			return nil
		},
		func(ctx context.Context) error {
			for _, name := range names {
				if err := done(client.DeleteResourcePolicy(ctx, &cloudwatchlogs.DeleteResourcePolicyInput{PolicyName: &name})); err != nil {
					return err
				}
			}
			return nil
		})
}

func takenLogGroup(config aws.Config, name string) breaker {
	client := cloudwatchlogs.NewFromConfig(config)
	return there(
		func(ctx context.Context) error {
			return done(client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name}))
		},
		func(ctx context.Context) error {
			return done(client.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &name}))
		})
}

func takenBucket(config aws.Config, name string) breaker {
	client := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
	return there(
		func(ctx context.Context) error {
			return done(client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name}))
		},
		func(ctx context.Context) error {
			return done(client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &name}))
		})
}

func takenDatabase(config aws.Config, name string) breaker {
	client := glue.NewFromConfig(config)
	return there(
		func(ctx context.Context) error {
			return done(client.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: &name}}))
		},
		func(ctx context.Context) error {
			return done(client.DeleteDatabase(ctx, &glue.DeleteDatabaseInput{Name: &name}))
		})
}

func takenWorkgroup(config aws.Config, name string) breaker {
	client := athena.NewFromConfig(config)
	return there(
		func(ctx context.Context) error {
			return done(client.CreateWorkGroup(ctx, &athena.CreateWorkGroupInput{Name: &name}))
		},
		func(ctx context.Context) error {
			return done(client.DeleteWorkGroup(ctx, &athena.DeleteWorkGroupInput{WorkGroup: &name}))
		})
}

func takenAlias(config aws.Config, name string) breaker {
	client := kms.NewFromConfig(config)
	return there(
		func(ctx context.Context) error {
			key, err := client.CreateKey(ctx, &kms.CreateKeyInput{})
			if err != nil {
				return fmt.Errorf("making a key: %w", err)
			}
			return done(client.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: &name, TargetKeyId: key.KeyMetadata.KeyId}))
		},
		func(ctx context.Context) error {
			return done(client.DeleteAlias(ctx, &kms.DeleteAliasInput{AliasName: &name}))
		})
}

package lake

import (
	"cdcpipeline/config"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// noncurrentDays keeps what was overwritten or deleted by mistake for a month.
	noncurrentDays = 30
	// abortDays ends uploads that nobody will finish.
	abortDays = 7
)

// keep versions the objects and moves raw changes to cheaper storage as they age. Nothing expires a current version.
func (b *Bucket) keep(ctx *pulumi.Context, name string, bucket *s3.BucketV2, cfg config.Lake) error {
	versioning, err := s3.NewBucketVersioningV2(ctx, name+"-versioning", &s3.BucketVersioningV2Args{
		Bucket:                  bucket.Bucket,
		VersioningConfiguration: &s3.BucketVersioningV2VersioningConfigurationArgs{Status: pulumi.String("Enabled")},
	}, pulumi.Parent(b))
	if err != nil {
		return fmt.Errorf("versioning the lake's bucket: %w", err)
	}
	lifecycle, err := s3.NewBucketLifecycleConfigurationV2(ctx, name+"-lifecycle", &s3.BucketLifecycleConfigurationV2Args{
		Bucket: bucket.Bucket,
		Rules:  s3.BucketLifecycleConfigurationV2RuleArray{ageing(cfg), tidying()},
	}, b.after(versioning)...)
	if err != nil {
		return fmt.Errorf("making the lifecycle of the lake's bucket: %w", err)
	}
	b.Dependencies = append(b.Dependencies, versioning, lifecycle)
	return nil
}

// ageing moves raw changes, never those that could not be delivered: these are read again soon.
func ageing(cfg config.Lake) s3.BucketLifecycleConfigurationV2RuleInput {
	to := func(class string, days int) s3.BucketLifecycleConfigurationV2RuleTransitionInput {
		return &s3.BucketLifecycleConfigurationV2RuleTransitionArgs{StorageClass: pulumi.String(class), Days: pulumi.Int(days)}
	}
	return &s3.BucketLifecycleConfigurationV2RuleArgs{
		Id:     pulumi.String("age-raw-changes"),
		Status: pulumi.String("Enabled"),
		Filter: &s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String(cfg.Prefix + "/")},
		Transitions: s3.BucketLifecycleConfigurationV2RuleTransitionArray{
			to("STANDARD_IA", cfg.InfrequentAccessDays), to("GLACIER_IR", cfg.GlacierDays),
		},
	}
}

// tidying covers the whole bucket.
func tidying() s3.BucketLifecycleConfigurationV2RuleInput {
	return &s3.BucketLifecycleConfigurationV2RuleArgs{
		Id:     pulumi.String("tidy"),
		Status: pulumi.String("Enabled"),
		Filter: &s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String("")},
		AbortIncompleteMultipartUpload: &s3.BucketLifecycleConfigurationV2RuleAbortIncompleteMultipartUploadArgs{
			DaysAfterInitiation: pulumi.Int(abortDays),
		},
		NoncurrentVersionExpiration: &s3.BucketLifecycleConfigurationV2RuleNoncurrentVersionExpirationArgs{
			NoncurrentDays: pulumi.Int(noncurrentDays),
		},
	}
}

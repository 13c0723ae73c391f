package lake

import (
	"cdcpipeline/config"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// noncurrentDays keeps objects that were overwritten or deleted by mistake for a month.
	noncurrentDays = 30
	// abortDays ends unfinished uploads.
	abortDays = 7
)

// ageing moves raw changes to cheaper storage. It skips undelivered records, which are read again soon. Nothing
// expires a current version.
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

// tidying is the rule for the whole bucket.
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

package lake

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	bucketType  = "aws:s3/bucketV2:BucketV2"
	loggingType = "aws:s3/bucketLoggingV2:BucketLoggingV2"
)

func TestAccessIsNotLoggedInDevUntilABucketIsNamed(t *testing.T) {
	require.Empty(t, madeBucket(t, BucketArgs{}).All(loggingType))
	r := madeBucket(t, BucketArgs{Lake: config.Lake{BucketName: "my-lake", LogBucket: "logs"}})
	logging := r.One(t, loggingType)
	require.Equal(t, "my-lake", logging.Input("bucket"))
	require.Equal(t, "logs", logging.Input("targetBucket"))
	require.Equal(t, "my-lake/", logging.Input("targetPrefix"))
}

func TestProdMakesABucketForAccessLogsUnlessOneIsNamed(t *testing.T) {
	named := madeBucket(t, BucketArgs{Environment: config.Prod, Lake: config.Lake{LogBucket: "logs"}})
	require.Len(t, named.All(bucketType), 1)
	require.Equal(t, "logs", named.One(t, loggingType).Input("targetBucket"))

	own := prodBucket(t)
	require.Len(t, own.All(bucketType), 2)
	logging := own.One(t, loggingType)
	require.Equal(t, "my-lake/", logging.Input("targetPrefix"))
	require.True(t, waitsFor(logging, "lake-logs-policy"), "S3 refuses a target whose policy does not admit it")
}

func TestTheBucketOfAccessLogsIsKeptAsTheLakeIs(t *testing.T) {
	logs := prodBucket(t).One(t, bucketType, "lake-logs-bucket")
	require.True(t, logs.Protect)
	require.Equal(t, false, logs.Input("forceDestroy"))
}

// Delivery to a bucket with a KMS key fails.
func TestAccessLogsAreEncryptedByS3ItselfAndExpire(t *testing.T) {
	r := prodBucket(t)
	require.Equal(t, []any{map[string]any{"applyServerSideEncryptionByDefault": map[string]any{"sseAlgorithm": "AES256"}}},
		r.One(t, "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", "lake-logs-encryption").Input("rules"))
	rules, ok := r.One(t, "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "lake-logs-lifecycle").Input("rules").([]any)
	require.True(t, ok)
	require.Equal(t, map[string]any{"days": 90.0}, rules[0].(map[string]any)["expiration"])
}

func TestTheBucketOfAccessLogsTakesThoseOfThisLakeAlone(t *testing.T) {
	policy := statements(t, prodBucket(t).One(t, "aws:s3/bucketPolicy:BucketPolicy", "lake-logs-policy").Input("policy"))

	require.Equal(t, "Deny", policy["DenyWithoutTLS"].Effect)
	require.Equal(t, "Deny", policy["DenyOldTLS"].Effect)
	admits := policy["AdmitLogs"]
	require.Equal(t, map[string]any{"Service": []any{"logging.s3.amazonaws.com"}}, admits.Principal)
	require.Equal(t, []string{"s3:PutObject"}, admits.Action)
	require.Len(t, admits.Resource, 1)
	require.True(t, strings.HasSuffix(admits.Resource[0], "/my-lake/*"))
	require.Equal(t, []string{componenttest.Account}, admits.Condition["StringEquals"]["aws:SourceAccount"])
	require.Len(t, admits.Condition["ArnLike"]["aws:SourceArn"], 1)
}

func prodBucket(t *testing.T) *componenttest.Recorder {
	t.Helper()
	return madeBucket(t, BucketArgs{Environment: config.Prod, Lake: config.Lake{BucketName: "my-lake"}})
}

func waitsFor(r componenttest.Registered, name string) bool {
	for _, urn := range r.DependsOn {
		if strings.HasSuffix(urn, "::"+name) {
			return true
		}
	}
	return false
}

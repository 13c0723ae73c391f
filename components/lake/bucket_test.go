package lake

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"encoding/json"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const (
	keyArn    = "arn:aws:kms:us-east-1:123456789012:key/k"
	streamArn = "arn:aws:kinesis:us-east-1:123456789012:stream/changes"
	bucketArn = "arn:aws:s3:::lake"
)

func bucket(args *BucketArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := NewBucket(ctx, "lake", args)
		return err
	}
}

func madeBucket(t *testing.T, args BucketArgs) *componenttest.Recorder {
	t.Helper()
	args.KmsKeyArn = pulumi.String(keyArn)
	return componenttest.Run(t, bucket(&args))
}

type statement struct {
	Sid       string
	Effect    string
	Principal any
	Action    []string
	Resource  []string
	Condition map[string]map[string][]string
}

func statements(t *testing.T, document any) map[string]statement {
	t.Helper()
	text, ok := document.(string)
	require.True(t, ok, "%v is no document", document)
	var parsed struct{ Statement []statement }
	require.NoError(t, json.Unmarshal([]byte(text), &parsed))
	bySid := map[string]statement{}
	for _, s := range parsed.Statement {
		bySid[s.Sid] = s
	}
	return bySid
}

func TestBucketIsClosedToThePublic(t *testing.T) {
	r := madeBucket(t, BucketArgs{})

	block := r.One(t, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
	for _, key := range []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"} {
		require.Equal(t, true, block.Input(key), key)
	}
	owner := r.One(t, "aws:s3/bucketOwnershipControls:BucketOwnershipControls")
	require.Equal(t, map[string]any{"objectOwnership": "BucketOwnerEnforced"}, owner.Input("rule"))
}

func TestBucketEncryptsWithTheKey(t *testing.T) {
	rules := madeBucket(t, BucketArgs{}).One(t, "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2").Input("rules")

	require.Equal(t, []any{map[string]any{
		"bucketKeyEnabled":                   true,
		"applyServerSideEncryptionByDefault": map[string]any{"sseAlgorithm": "aws:kms", "kmsMasterKeyId": keyArn},
	}}, rules)
}

func TestBucketDeniesEverybodyWithoutModernTLS(t *testing.T) {
	policy := statements(t, madeBucket(t, BucketArgs{}).One(t, "aws:s3/bucketPolicy:BucketPolicy").Input("policy"))

	require.Len(t, policy, 2)
	for _, s := range policy {
		require.Equal(t, "Deny", s.Effect)
		require.Equal(t, "*", s.Principal)
		require.Equal(t, []string{"s3:*"}, s.Action)
		require.Len(t, s.Resource, 2)
	}
	require.Equal(t, map[string]map[string][]string{"Bool": {"aws:SecureTransport": {"false"}}}, policy["DenyWithoutTLS"].Condition)
	require.Equal(t, map[string]map[string][]string{"NumericLessThan": {"s3:TlsVersion": {"1.2"}}}, policy["DenyOldTLS"].Condition)
}

func TestPolicyWaitsForThePublicAccessBlock(t *testing.T) {
	waits := madeBucket(t, BucketArgs{}).One(t, "aws:s3/bucketPolicy:BucketPolicy").DependsOn

	require.Contains(t, waits, "urn:pulumi:stack::project::cdcpipeline:lake:Bucket$aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock::lake-public-access")
}

func TestRawChangesAgeAndNeverExpire(t *testing.T) {
	rules, ok := madeBucket(t, BucketArgs{}).One(t, "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2").Input("rules").([]any)
	require.True(t, ok)
	require.Len(t, rules, 3)

	raw, tidy := rules[0].(map[string]any), rules[1].(map[string]any)
	require.Equal(t, map[string]any{"prefix": "raw/"}, raw["filter"])
	require.Equal(t, []any{
		map[string]any{"storageClass": "STANDARD_IA", "days": 90.0},
		map[string]any{"storageClass": "GLACIER_IR", "days": 365.0},
	}, raw["transitions"])
	require.Equal(t, map[string]any{"noncurrentDays": 30.0}, tidy["noncurrentVersionExpiration"])
	require.Equal(t, map[string]any{"daysAfterInitiation": 7.0}, tidy["abortIncompleteMultipartUpload"])
	for _, rule := range []map[string]any{raw, tidy} {
		require.NotContains(t, rule, "expiration")
	}
}

func TestNoRuleMovesOrDeletesTheRegistryOfTheCurrentState(t *testing.T) {
	rules, ok := madeBucket(t, BucketArgs{}).One(t, "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2").Input("rules").([]any)
	require.True(t, ok)
	entry := config.RegistryPrefix + "/current/x.json"
	for _, one := range rules {
		rule := one.(map[string]any)
		prefix := rule["filter"].(map[string]any)["prefix"].(string)
		if strings.HasPrefix(entry, prefix) {
			require.NotContains(t, rule, "expiration", prefix)
			require.NotContains(t, rule, "transitions", prefix)
		}
	}
}

func TestBucketIsVersionedBeforeItsLifecycle(t *testing.T) {
	r := madeBucket(t, BucketArgs{})

	require.Equal(t, map[string]any{"status": "Enabled"}, r.One(t, "aws:s3/bucketVersioningV2:BucketVersioningV2").Input("versioningConfiguration"))
	lifecycle := r.One(t, "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2")
	require.Contains(t, lifecycle.DependsOn, "urn:pulumi:stack::project::cdcpipeline:lake:Bucket$aws:s3/bucketVersioningV2:BucketVersioningV2::lake-versioning")
}

func TestBucketIsKeptInProdAndGoesWithTheStackInDev(t *testing.T) {
	for env, kept := range map[config.Environment]bool{config.Prod: true, config.Dev: false} {
		b := madeBucket(t, BucketArgs{Environment: env}).One(t, "aws:s3/bucketV2:BucketV2", "lake-bucket")
		require.Equal(t, kept, b.Protect, env)
		require.Equal(t, !kept, b.Input("forceDestroy"), env)
	}
}

func TestBucketIsNamedByPulumiUnlessANameIsGiven(t *testing.T) {
	require.Nil(t, madeBucket(t, BucketArgs{}).One(t, "aws:s3/bucketV2:BucketV2").Input("bucket"))
	named := madeBucket(t, BucketArgs{Lake: config.Lake{BucketName: "my-lake"}}).One(t, "aws:s3/bucketV2:BucketV2")
	require.Equal(t, "my-lake", named.Input("bucket"))
}

func TestBucketIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		args *BucketArgs
		want string
	}{
		"without args":     {nil, "lake.Bucket needs args"},
		"without a key":    {&BucketArgs{}, "the arguments of lake.Bucket: KmsKeyArn: is missing"},
		"with a bad lake":  {&BucketArgs{KmsKeyArn: pulumi.String(keyArn), Lake: config.Lake{BucketName: "UPPER"}}, "lake.bucketName"},
		"with early frost": {&BucketArgs{KmsKeyArn: pulumi.String(keyArn), Lake: config.Lake{GlacierDays: 91}}, "lake.glacierDays"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := componenttest.Try(bucket(c.args))
			require.ErrorContains(t, err, c.want)
		})
	}
}

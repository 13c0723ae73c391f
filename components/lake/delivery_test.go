package lake

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"cdcpipeline/internal/lake/partition"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func delivery(args *DeliveryArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := NewDelivery(ctx, "raw", args)
		return err
	}
}

func madeDelivery(t *testing.T, args DeliveryArgs) *componenttest.Recorder {
	t.Helper()
	args.StreamArn, args.BucketArn, args.KmsKeyArn = pulumi.String(streamArn), pulumi.String(bucketArn), pulumi.String(keyArn)
	return componenttest.Run(t, delivery(&args))
}

func destination(t *testing.T, r *componenttest.Recorder) map[string]any {
	t.Helper()
	to, ok := r.One(t, "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", "raw-delivery").Input("extendedS3Configuration").(map[string]any)
	require.True(t, ok)
	return to
}

func TestDeliveryReadsTheStreamWithItsOwnRole(t *testing.T) {
	r := madeDelivery(t, DeliveryArgs{})
	stream := r.One(t, "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream")

	role := "arn:aws:iam::123456789012:role/raw-role"
	require.Equal(t, map[string]any{"kinesisStreamArn": streamArn, "roleArn": role}, stream.Input("kinesisSourceConfiguration"))
	require.Equal(t, role, destination(t, r)["roleArn"])
	require.Contains(t, stream.Parent, "cdcpipeline:lake:Delivery::raw")
}

func TestDeliveryWaitsForItsPermissions(t *testing.T) {
	stream := madeDelivery(t, DeliveryArgs{}).One(t, "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream")

	require.Contains(t, stream.DependsOn, "urn:pulumi:stack::project::cdcpipeline:lake:Delivery$aws:iam/rolePolicy:RolePolicy::raw-policy")
}

func TestDeliveryWaitsForWhatItsCallerNames(t *testing.T) {
	arn := pulumi.String("arn")
	r := componenttest.Run(t, func(ctx *pulumi.Context) error {
		b, err := NewBucket(ctx, "lake", &BucketArgs{KmsKeyArn: arn})
		if err != nil {
			return err
		}
		_, err = NewDelivery(ctx, "raw", &DeliveryArgs{StreamArn: arn, BucketArn: b.Arn, KmsKeyArn: arn}, pulumi.DependsOn(b.Dependencies))
		return err
	})

	waits := r.One(t, "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream").DependsOn
	require.Contains(t, waits, "urn:pulumi:stack::project::cdcpipeline:lake:Bucket$aws:s3/bucketPolicy:BucketPolicy::lake-policy")
}

func TestDeliveryWritesPartitionedLinesThatAreZippedAndEncrypted(t *testing.T) {
	to := destination(t, madeDelivery(t, DeliveryArgs{Lake: config.Lake{Prefix: "changes", ErrorPrefix: "failed"}}))

	require.Equal(t, "GZIP", to["compressionFormat"])
	require.Equal(t, keyArn, to["kmsKeyArn"])
	require.Equal(t, map[string]any{"enabled": true}, to["dynamicPartitioningConfiguration"])
	require.Contains(t, to["prefix"], "changes/schema=")
	require.Contains(t, to["errorOutputPrefix"], "failed/lake/!{firehose:error-output-type}/")
	require.Equal(t, map[string]any{"enabled": true, "processors": []any{
		map[string]any{"type": "MetadataExtraction", "parameters": []any{
			map[string]any{"parameterName": "JsonParsingEngine", "parameterValue": "JQ-1.6"},
			map[string]any{"parameterName": "MetadataExtractionQuery", "parameterValue": partition.Query()},
		}},
		map[string]any{"type": "AppendDelimiterToRecord", "parameters": []any{
			map[string]any{"parameterName": "Delimiter", "parameterValue": `\n`},
		}},
	}}, to["processingConfiguration"])
}

func TestDeliveryBuffersAsConfigured(t *testing.T) {
	dev := destination(t, madeDelivery(t, DeliveryArgs{}))
	require.EqualValues(t, 64, dev["bufferingSize"])
	require.EqualValues(t, 60, dev["bufferingInterval"])

	prod := destination(t, madeDelivery(t, DeliveryArgs{Environment: config.Prod, Lake: config.Lake{BufferMb: 128}}))
	require.EqualValues(t, 128, prod["bufferingSize"])
	require.EqualValues(t, 300, prod["bufferingInterval"])
}

func TestDeliveryLogsItsErrorsEncrypted(t *testing.T) {
	for want, args := range map[int]DeliveryArgs{14: {}, 30: {LogRetentionDays: 30}, 90: {Environment: config.Prod}} {
		require.EqualValues(t, want, madeDelivery(t, args).One(t, "aws:cloudwatch/logGroup:LogGroup").Input("retentionInDays"))
	}
	r := madeDelivery(t, DeliveryArgs{LogRetentionDays: 90})

	group := r.One(t, "aws:cloudwatch/logGroup:LogGroup")
	require.Equal(t, keyArn, group.Input("kmsKeyId"))
	require.EqualValues(t, 90, group.Input("retentionInDays"))
	require.Equal(t,
		map[string]any{"enabled": true, "logGroupName": "raw-log", "logStreamName": "DestinationDelivery"},
		destination(t, r)["cloudwatchLoggingOptions"])
}

func TestRoleIsTrustedForThisAccountAlone(t *testing.T) {
	trust := statements(t, madeDelivery(t, DeliveryArgs{}).One(t, "aws:iam/role:Role", "raw-role").Input("assumeRolePolicy"))[""]

	require.Equal(t, map[string]any{"Service": []any{"firehose.amazonaws.com"}}, trust.Principal)
	require.Equal(t, map[string]map[string][]string{"StringEquals": {"sts:ExternalId": {"123456789012"}}}, trust.Condition)
}

func TestRoleMayDoExactlyWhatTheDeliveryDoes(t *testing.T) {
	policy := statements(t, madeDelivery(t, DeliveryArgs{}).One(t, "aws:iam/rolePolicy:RolePolicy").Input("policy"))

	type grant struct{ actions, resources []string }
	got := map[string]grant{}
	for sid, s := range policy {
		got[sid] = grant{s.Action, s.Resource}
	}
	require.Equal(t, map[string]grant{
		"ReadStream":     {[]string{"kinesis:DescribeStream", "kinesis:GetShardIterator", "kinesis:GetRecords", "kinesis:ListShards"}, []string{streamArn}},
		"DecryptStream":  {[]string{"kms:Decrypt"}, []string{keyArn}},
		"FindBucket":     {[]string{"s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"}, []string{bucketArn}},
		"WriteObjects":   {[]string{"s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"}, []string{bucketArn + "/raw/*", bucketArn + "/errors/lake/*"}},
		"EncryptObjects": {[]string{"kms:Decrypt", "kms:GenerateDataKey"}, []string{keyArn}},
		"Log":            {[]string{"logs:PutLogEvents"}, []string{"arn:aws:cloudwatch:us-east-1:123456789012:raw-log"}},
	}, got)
}

func TestRoleUsesTheKeyThroughTheStreamAndTheBucketAlone(t *testing.T) {
	policy := statements(t, madeDelivery(t, DeliveryArgs{}).One(t, "aws:iam/rolePolicy:RolePolicy").Input("policy"))

	require.Equal(t, map[string]map[string][]string{"StringEquals": {
		"kms:ViaService":                        {"kinesis.us-east-1.amazonaws.com"},
		"kms:EncryptionContext:aws:kinesis:arn": {streamArn},
	}}, policy["DecryptStream"].Condition)
	require.Equal(t, map[string]map[string][]string{
		"StringEquals": {"kms:ViaService": {"s3.us-east-1.amazonaws.com"}},
		"ArnLike":      {"kms:EncryptionContext:aws:s3:arn": {bucketArn, bucketArn + "/*"}},
	}, policy["EncryptObjects"].Condition)
}

func TestDeliveryIsRefused(t *testing.T) {
	arn := pulumi.String("arn")
	for name, c := range map[string]struct {
		args *DeliveryArgs
		want string
	}{
		"without args":                         {nil, "lake.Delivery needs args"},
		"without a bucket":                     {&DeliveryArgs{StreamArn: arn, KmsKeyArn: arn}, "the arguments of lake.Delivery: BucketArn: is missing"},
		"with a buffer too small to partition": {&DeliveryArgs{StreamArn: arn, BucketArn: arn, KmsKeyArn: arn, Lake: config.Lake{BufferMb: 5}}, "lake.bufferMb"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := componenttest.Try(delivery(c.args))
			require.ErrorContains(t, err, c.want)
		})
	}
}

package lake

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/iampolicy"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// deliveryTrust admits Firehose only for this account's delivery streams. Firehose sends the account as the external
// id, https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#firehose-assume-role.
func deliveryTrust(account string) pulumi.StringOutput {
	return iampolicy.Trust("firehose.amazonaws.com", iampolicy.StringEquals("sts:ExternalId", pulumi.String(account)))
}

// deliveryPermissions are the permissions on the same page, limited to the prefixes, the stream and the log stream in
// use.
func deliveryPermissions(args *DeliveryArgs, logStream pulumi.StringInput, region *aws.GetRegionResult, suffix string) pulumi.StringOutput {
	return iampolicy.Document(
		readStream(args.StreamArn),
		decryptStream(args, region.Name, suffix),
		findBucket(args.BucketArn),
		writeObjects(args.Lake, args.BucketArn),
		encryptObjects(args.KmsKeyArn, args.BucketArn, region.Name, suffix),
		iampolicy.Statement{Sid: "Log", Actions: []string{"logs:PutLogEvents"}, Resources: []pulumi.StringInput{logStream}},
	)
}

func readStream(stream pulumi.StringInput) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:       "ReadStream",
		Actions:   []string{"kinesis:DescribeStream", "kinesis:GetShardIterator", "kinesis:GetRecords", "kinesis:ListShards"},
		Resources: []pulumi.StringInput{stream},
	}
}

func decryptStream(args *DeliveryArgs, region, suffix string) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:       "DecryptStream",
		Actions:   []string{"kms:Decrypt"},
		Resources: []pulumi.StringInput{args.KmsKeyArn},
		Conditions: []iampolicy.Condition{
			throughService("kinesis", region, suffix),
			iampolicy.StringEquals("kms:EncryptionContext:aws:kinesis:arn", args.StreamArn),
		},
	}
}

func findBucket(bucket pulumi.StringInput) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:       "FindBucket",
		Actions:   []string{"s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"},
		Resources: []pulumi.StringInput{bucket},
	}
}

func writeObjects(cfg config.Lake, bucket pulumi.StringInput) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:     "WriteObjects",
		Actions: []string{"s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"},
		Resources: []pulumi.StringInput{
			pulumi.Sprintf("%s/%s/*", bucket, cfg.Prefix),
			pulumi.Sprintf("%s/%s*", bucket, errorFolder(cfg)),
		},
	}
}

// encryptObjects allows S3's use of the key. S3 names the bucket to KMS where it uses a bucket key, and the object
// where it does not, https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html#bucket-key-changes.
func encryptObjects(key, bucket pulumi.StringInput, region, suffix string) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:       "EncryptObjects",
		Actions:   []string{"kms:Decrypt", "kms:GenerateDataKey"},
		Resources: []pulumi.StringInput{key},
		Conditions: []iampolicy.Condition{
			throughService("s3", region, suffix),
			iampolicy.ArnLike("kms:EncryptionContext:aws:s3:arn", bucket, pulumi.Sprintf("%s/*", bucket)),
		},
	}
}

// throughService is the condition that a service uses the key, not the role directly.
func throughService(service, region, suffix string) iampolicy.Condition {
	return iampolicy.StringEquals("kms:ViaService", pulumi.String(fmt.Sprintf("%s.%s.%s", service, region, suffix)))
}

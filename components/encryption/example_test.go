package encryption_test

import (
	"cdcpipeline/components/encryption"
	"cdcpipeline/internal/componenttest"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kinesis"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A key that outlives the stack, and a stream encrypted with it.
func ExampleNewKey() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		key, err := encryption.NewKey(ctx, "cdc", &encryption.KeyArgs{RetainOnDelete: true})
		if err != nil {
			return err
		}
		_, err = kinesis.NewStream(ctx, "changes", &kinesis.StreamArgs{
			EncryptionType: pulumi.String("KMS"),
			KmsKeyId:       key.Arn,
		})
		return err
	})
	// Output:
	// aws:kinesis/stream:Stream: changes
	// aws:kms/alias:Alias: cdc-alias
	// aws:kms/key:Key: cdc-key
	// cdcpipeline:encryption:Key: cdc
}

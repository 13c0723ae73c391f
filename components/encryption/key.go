// Package encryption makes, or adopts, the key that encrypts everything the stack stores.
//
// There is one customer-managed key per stack, so its users are listed in one place. The key is retained wherever
// data that it encrypts is retained.
package encryption

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/component"
	"cdcpipeline/internal/footprint"
	"cmp"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const kind component.Kind = "encryption.Key"

const (
	// minDeletionWindowDays and maxDeletionWindowDays are the limits of KMS,
	// https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html.
	minDeletionWindowDays = 7
	maxDeletionWindowDays = 30
)

// KeyArgs configures a Key.
type KeyArgs struct {
	// Encryption adopts an existing key.
	config.Encryption `pulumi:"encryption,optional"`
	// DeletionWindowDays is the time between the key's removal and its deletion, 7 to 30 days. Default 30, so that a
	// mistake can be undone.
	DeletionWindowDays int `pulumi:"deletionWindowDays,optional"`
	// RetainOnDelete keeps the key when the stack is destroyed, so that data which outlives the stack stays readable.
	RetainOnDelete bool `pulumi:"retainOnDelete,optional"`
}

// Key is the stack's own symmetric KMS key with yearly rotation and the alias <project>-<stack>-<name>.
//
// Its policy leaves access to the account's IAM policies. It also admits the services that write encrypted data for
// the account without an IAM role: CloudWatch Logs, and the services that publish to an encrypted topic.
//
// An adopted key keeps its policy, alias and rotation. It must be symmetric and in the stack's region, and its policy
// must admit the same:
//   - the account's IAM policies (arn:aws:iam::ACCOUNT:root, kms:*; for the roles of this stack kms:Decrypt,
//     kms:DescribeKey, kms:GenerateDataKey, kms:CreateGrant would do),
//   - logs.REGION.amazonaws.com: kms:Encrypt, kms:Decrypt, kms:ReEncrypt*, kms:GenerateDataKey*, kms:DescribeKey,
//   - cloudwatch.amazonaws.com, events.amazonaws.com and dms.amazonaws.com: kms:Decrypt, kms:GenerateDataKey*, where
//     alarms or events go to a topic that it encrypts.
type Key struct {
	pulumi.ResourceState

	// Arn of the key.
	Arn pulumi.StringOutput `pulumi:"arn"`
}

// NewKey makes the key and its alias. It makes nothing when a key is adopted.
func NewKey(ctx *pulumi.Context, name string, args *KeyArgs, opts ...pulumi.ResourceOption) (*Key, error) {
	a, err := args.check()
	if err != nil {
		return nil, err
	}
	k := &Key{}
	return component.Make(ctx, kind, name, k, component.Steps{
		Inputs: pulumi.Map{
			"deletionWindowDays": pulumi.Int(a.DeletionWindowDays), "retainOnDelete": pulumi.Bool(a.RetainOnDelete),
			"adopted": pulumi.Bool(a.KmsKeyArn != ""),
		},
		Provision: func() error { return k.provision(ctx, name, a) },
		Outputs:   func() pulumi.Map { return pulumi.Map{"arn": k.Arn} },
	}, opts...)
}

func (args *KeyArgs) check() (*KeyArgs, error) {
	a, err := component.Args(kind, args)
	if err != nil {
		return nil, err
	}
	a.DeletionWindowDays = cmp.Or(a.DeletionWindowDays, maxDeletionWindowDays)
	problems := []error{a.Validate()}
	if a.DeletionWindowDays < minDeletionWindowDays || a.DeletionWindowDays > maxDeletionWindowDays {
		problems = append(problems, fmt.Errorf("deletionWindowDays: %d is not between %d and %d", a.DeletionWindowDays, minDeletionWindowDays, maxDeletionWindowDays))
	}
	return a, kind.Check(problems...)
}

func (k *Key) provision(ctx *pulumi.Context, name string, a *KeyArgs) error {
	if a.KmsKeyArn != "" {
		return k.adopt(ctx, a.KmsKeyArn)
	}
	return k.make(ctx, name, a)
}

// adopt refuses a key that the services of the stack's region could not use.
func (k *Key) adopt(ctx *pulumi.Context, arn string) error {
	region, err := aws.GetRegion(ctx, nil, pulumi.Parent(k))
	if err != nil {
		return fmt.Errorf("looking up the region: %w", err)
	}
	if keyRegion := strings.Split(arn, ":")[3]; keyRegion != region.Name {
		return fmt.Errorf("encryption.kmsKeyArn: the key is in %s but the stack is in %s, and services use only keys of their own region: name a key there (a replica of a multi-region key works)", keyRegion, region.Name)
	}
	k.Arn = pulumi.String(arn).ToStringOutput()
	return nil
}

func (k *Key) make(ctx *pulumi.Context, name string, a *KeyArgs) error {
	owner, err := lookUpOwner(ctx, k)
	if err != nil {
		return err
	}
	key, err := kms.NewKey(ctx, name+"-key", &kms.KeyArgs{
		Description:          pulumi.Sprintf("Encrypts what %s/%s stores", ctx.Project(), ctx.Stack()),
		EnableKeyRotation:    pulumi.Bool(true),
		DeletionWindowInDays: pulumi.Int(a.DeletionWindowDays),
		Policy:               keyPolicy(owner),
	}, pulumi.Parent(k), pulumi.RetainOnDelete(a.RetainOnDelete))
	if err != nil {
		return fmt.Errorf("making the encryption key: %w", err)
	}
	_, err = kms.NewAlias(ctx, name+"-alias", &kms.AliasArgs{
		Name:        pulumi.String(footprint.KeyAlias(ctx.Project(), ctx.Stack(), name)),
		TargetKeyId: key.KeyId,
	}, pulumi.Parent(k))
	if err != nil {
		return fmt.Errorf("making the alias of the encryption key: %w", err)
	}
	k.Arn = key.Arn
	return nil
}

// owner is the account with its partition and region.
type owner struct {
	partition, dnsSuffix, region, account string
}

func lookUpOwner(ctx *pulumi.Context, parent pulumi.Resource) (owner, error) {
	partition, err := aws.GetPartition(ctx, nil, pulumi.Parent(parent))
	if err != nil {
		return owner{}, fmt.Errorf("looking up the partition: %w", err)
	}
	region, err := aws.GetRegion(ctx, nil, pulumi.Parent(parent))
	if err != nil {
		return owner{}, fmt.Errorf("looking up the region: %w", err)
	}
	caller, err := aws.GetCallerIdentity(ctx, nil, pulumi.Parent(parent))
	if err != nil {
		return owner{}, fmt.Errorf("looking up the account: %w", err)
	}
	return owner{partition.Partition, partition.DnsSuffix, region.Name, caller.AccountId}, nil
}

package lake

import (
	"cdcpipeline/internal/iampolicy"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// guard makes the protection that every bucket has.
type guard struct {
	parent pulumi.Resource
	// name is the prefix of the parts; what describes the bucket's content, for messages.
	name, what string
	bucket     *s3.BucketV2
	// made holds the parts in the order in which they were made.
	made []pulumi.Resource
}

// make makes the parts in their order.
func (g *guard) make(ctx *pulumi.Context, policy []iampolicy.Statement, encryption *s3.BucketServerSideEncryptionConfigurationV2RuleArgs, lifecycle ...s3.BucketLifecycleConfigurationV2RuleInput) error {
	for _, step := range []func() error{
		func() error { return g.closeToThePublic(ctx) },
		func() error { return g.setPolicy(ctx, policy) },
		func() error { return g.encrypt(ctx, encryption) },
		func() error { return g.version(ctx) },
		func() error { return g.setLifecycle(ctx, lifecycle) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// closeToThePublic blocks public access and disables access control lists,
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html.
func (g *guard) closeToThePublic(ctx *pulumi.Context) error {
	block, err := s3.NewBucketPublicAccessBlock(ctx, g.name+"-public-access", &s3.BucketPublicAccessBlockArgs{
		Bucket:                g.bucket.Bucket,
		BlockPublicAcls:       pulumi.Bool(true),
		BlockPublicPolicy:     pulumi.Bool(true),
		IgnorePublicAcls:      pulumi.Bool(true),
		RestrictPublicBuckets: pulumi.Bool(true),
	}, g.next()...)
	if err != nil {
		return fmt.Errorf("blocking public access to %s: %w", g.what, err)
	}
	g.made = append(g.made, block)
	owner, err := s3.NewBucketOwnershipControls(ctx, g.name+"-ownership", &s3.BucketOwnershipControlsArgs{
		Bucket: g.bucket.Bucket,
		Rule:   &s3.BucketOwnershipControlsRuleArgs{ObjectOwnership: pulumi.String("BucketOwnerEnforced")},
	}, g.next()...)
	if err != nil {
		return fmt.Errorf("taking access control lists of %s out of use: %w", g.what, err)
	}
	g.made = append(g.made, owner)
	return nil
}

// next makes a part wait for the earlier ones. S3 answers 409 when the policy, the public access block and the
// ownership of one bucket change at the same time.
func (g *guard) next() []pulumi.ResourceOption {
	return []pulumi.ResourceOption{pulumi.Parent(g.parent), pulumi.DependsOn(g.made)}
}

func (g *guard) setPolicy(ctx *pulumi.Context, statements []iampolicy.Statement) error {
	policy, err := s3.NewBucketPolicy(ctx, g.name+"-policy", &s3.BucketPolicyArgs{
		Bucket: g.bucket.Bucket, Policy: iampolicy.Document(statements...),
	}, g.next()...)
	if err != nil {
		return fmt.Errorf("making the policy of the bucket of %s: %w", g.what, err)
	}
	g.made = append(g.made, policy)
	return nil
}

// denyOldConnections denies everybody a connection without TLS or with a version older than 1.2. A request without
// TLS has no version, so both conditions are needed,
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html.
func denyOldConnections(arn pulumi.StringInput) []iampolicy.Statement {
	deny := func(sid string, condition iampolicy.Condition) iampolicy.Statement {
		return iampolicy.Statement{
			Sid:        sid,
			Deny:       true,
			Principals: []iampolicy.Principal{iampolicy.Anyone()},
			Actions:    []string{"s3:*"},
			Resources:  []pulumi.StringInput{arn, pulumi.Sprintf("%s/*", arn)},
			Conditions: []iampolicy.Condition{condition},
		}
	}
	return []iampolicy.Statement{
		deny("DenyWithoutTLS", iampolicy.Condition{Operator: "Bool", Key: "aws:SecureTransport", Values: iampolicy.Strings("false")}),
		deny("DenyOldTLS", iampolicy.Condition{Operator: "NumericLessThan", Key: "s3:TlsVersion", Values: iampolicy.Strings("1.2")}),
	}
}

func (g *guard) encrypt(ctx *pulumi.Context, rule *s3.BucketServerSideEncryptionConfigurationV2RuleArgs) error {
	encryption, err := s3.NewBucketServerSideEncryptionConfigurationV2(ctx, g.name+"-encryption", &s3.BucketServerSideEncryptionConfigurationV2Args{
		Bucket: g.bucket.Bucket, Rules: s3.BucketServerSideEncryptionConfigurationV2RuleArray{rule},
	}, pulumi.Parent(g.parent))
	if err != nil {
		return fmt.Errorf("encrypting the bucket of %s: %w", g.what, err)
	}
	g.made = append(g.made, encryption)
	return nil
}

// withKey makes the key the default for every object. With a bucket key S3 calls KMS from time to time, not once per
// object, https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html.
func withKey(key pulumi.StringInput) *s3.BucketServerSideEncryptionConfigurationV2RuleArgs {
	return &s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
		BucketKeyEnabled: pulumi.Bool(true),
		ApplyServerSideEncryptionByDefault: &s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
			SseAlgorithm: pulumi.String("aws:kms"), KmsMasterKeyId: key.ToStringOutput().ToStringPtrOutput(),
		},
	}
}

// version keeps overwritten or deleted objects for a while.
func (g *guard) version(ctx *pulumi.Context) error {
	versioning, err := s3.NewBucketVersioningV2(ctx, g.name+"-versioning", &s3.BucketVersioningV2Args{
		Bucket:                  g.bucket.Bucket,
		VersioningConfiguration: &s3.BucketVersioningV2VersioningConfigurationArgs{Status: pulumi.String("Enabled")},
	}, pulumi.Parent(g.parent))
	if err != nil {
		return fmt.Errorf("versioning the bucket of %s: %w", g.what, err)
	}
	g.made = append(g.made, versioning)
	return nil
}

// setLifecycle comes after version, because S3 accepts rules about versions only for a versioned bucket.
func (g *guard) setLifecycle(ctx *pulumi.Context, rules []s3.BucketLifecycleConfigurationV2RuleInput) error {
	lifecycle, err := s3.NewBucketLifecycleConfigurationV2(ctx, g.name+"-lifecycle", &s3.BucketLifecycleConfigurationV2Args{
		Bucket: g.bucket.Bucket, Rules: s3.BucketLifecycleConfigurationV2RuleArray(rules),
	}, g.next()...)
	if err != nil {
		return fmt.Errorf("making the lifecycle of the bucket of %s: %w", g.what, err)
	}
	g.made = append(g.made, lifecycle)
	return nil
}

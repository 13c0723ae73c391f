// Package lake keeps every change, as it was read from the stream, in an S3 bucket.
//
// The bucket is private, encrypted and never forgets a raw change; the delivery into it partitions changes by schema,
// table and time, so that a query reads what it needs and no more.
package lake

import (
	"cdcpipeline/components/iampolicy"
	"cdcpipeline/config"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// BucketArgs configures a Bucket.
type BucketArgs struct {
	config.Lake
	// Environment chooses defaults; prod protects the bucket. Default dev.
	Environment config.Environment
	// KmsKeyArn encrypts the objects. Required.
	KmsKeyArn pulumi.StringInput
}

// Bucket is a versioned, encrypted S3 bucket that is reached over TLS and by its owner's policies alone.
type Bucket struct {
	pulumi.ResourceState

	// Name of the bucket.
	Name pulumi.StringOutput
	// Arn of the bucket.
	Arn pulumi.StringOutput
	// Dependencies must exist before anything is written: encryption, versioning, policy.
	Dependencies []pulumi.Resource
}

// NewBucket makes the bucket and everything that guards it.
func NewBucket(ctx *pulumi.Context, name string, args *BucketArgs, opts ...pulumi.ResourceOption) (*Bucket, error) {
	if args == nil || args.KmsKeyArn == nil {
		return nil, errors.New("lake.Bucket needs args with a KmsKeyArn")
	}
	cfg, env, err := checked(args.Lake, args.Environment)
	if err != nil {
		return nil, err
	}
	b := &Bucket{}
	props := pulumi.Map{"environment": pulumi.String(env), "forceDestroy": pulumi.Bool(*cfg.ForceDestroy)}
	if err := ctx.RegisterComponentResourceV2("cdcpipeline:lake:Bucket", name, props, b, opts...); err != nil {
		return nil, fmt.Errorf("registering the lake's bucket: %w", err)
	}
	bucket, err := b.makeBucket(ctx, name, cfg, env)
	if err != nil {
		return nil, err
	}
	for _, guard := range []func(*pulumi.Context, string, *s3.BucketV2) error{b.closeToThePublic, b.demandTLS} {
		if err := guard(ctx, name, bucket); err != nil {
			return nil, err
		}
	}
	if err := b.encrypt(ctx, name, bucket, args.KmsKeyArn); err != nil {
		return nil, err
	}
	if err := b.keep(ctx, name, bucket, cfg); err != nil {
		return nil, err
	}
	if cfg.LogBucket != "" {
		if err := b.logAccess(ctx, name, bucket, cfg.LogBucket); err != nil {
			return nil, err
		}
	}
	if err := ctx.RegisterResourceOutputs(b, pulumi.Map{"name": b.Name, "arn": b.Arn}); err != nil {
		return nil, fmt.Errorf("registering the outputs of the lake's bucket: %w", err)
	}
	return b, nil
}

// checked is the configuration with its defaults, when nothing is wrong with it.
func checked(cfg config.Lake, env config.Environment) (config.Lake, config.Environment, error) {
	if env == "" {
		env = config.Dev
	}
	cfg = cfg.WithDefaults(env)
	if err := cfg.Validate(); err != nil {
		return cfg, env, fmt.Errorf("checking the lake's configuration: %w", err)
	}
	return cfg, env, nil
}

func (b *Bucket) makeBucket(ctx *pulumi.Context, name string, cfg config.Lake, env config.Environment) (*s3.BucketV2, error) {
	args := &s3.BucketV2Args{ForceDestroy: pulumi.Bool(*cfg.ForceDestroy)}
	if cfg.BucketName != "" {
		args.Bucket = pulumi.String(cfg.BucketName)
	}
	bucket, err := s3.NewBucketV2(ctx, name+"-bucket", args, pulumi.Parent(b), pulumi.Protect(env == config.Prod))
	if err != nil {
		return nil, fmt.Errorf("making the lake's bucket: %w", err)
	}
	b.Name, b.Arn = bucket.Bucket, bucket.Arn
	return bucket, nil
}

// closeToThePublic blocks public access and takes access control lists out of use,
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html.
func (b *Bucket) closeToThePublic(ctx *pulumi.Context, name string, bucket *s3.BucketV2) error {
	block, err := s3.NewBucketPublicAccessBlock(ctx, name+"-public-access", &s3.BucketPublicAccessBlockArgs{
		Bucket:                bucket.Bucket,
		BlockPublicAcls:       pulumi.Bool(true),
		BlockPublicPolicy:     pulumi.Bool(true),
		IgnorePublicAcls:      pulumi.Bool(true),
		RestrictPublicBuckets: pulumi.Bool(true),
	}, pulumi.Parent(b))
	if err != nil {
		return fmt.Errorf("blocking public access to the lake: %w", err)
	}
	owner, err := s3.NewBucketOwnershipControls(ctx, name+"-ownership", &s3.BucketOwnershipControlsArgs{
		Bucket: bucket.Bucket,
		Rule:   &s3.BucketOwnershipControlsRuleArgs{ObjectOwnership: pulumi.String("BucketOwnerEnforced")},
	}, b.after(block)...)
	if err != nil {
		return fmt.Errorf("taking access control lists of the lake out of use: %w", err)
	}
	b.Dependencies = append(b.Dependencies, block, owner)
	return nil
}

// after makes a child wait for those made before: S3 answers 409 when the policy, the public access block and the
// ownership of one bucket are changed at once.
func (b *Bucket) after(made ...pulumi.Resource) []pulumi.ResourceOption {
	return []pulumi.ResourceOption{pulumi.Parent(b), pulumi.DependsOn(made)}
}

func (b *Bucket) demandTLS(ctx *pulumi.Context, name string, bucket *s3.BucketV2) error {
	policy, err := s3.NewBucketPolicy(ctx, name+"-policy", &s3.BucketPolicyArgs{
		Bucket: bucket.Bucket, Policy: bucketPolicy(bucket.Arn),
	}, b.after(b.Dependencies...)...)
	if err != nil {
		return fmt.Errorf("making the policy of the lake's bucket: %w", err)
	}
	b.Dependencies = append(b.Dependencies, policy)
	return nil
}

// bucketPolicy denies everybody a connection without TLS, or with a version older than 1.2. A request without TLS has
// no version, so it takes both, https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html.
func bucketPolicy(arn pulumi.StringInput) pulumi.StringOutput {
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
	return iampolicy.Document(
		deny("DenyWithoutTLS", iampolicy.Condition{Operator: "Bool", Key: "aws:SecureTransport", Values: iampolicy.Strings("false")}),
		deny("DenyOldTLS", iampolicy.Condition{Operator: "NumericLessThan", Key: "s3:TlsVersion", Values: iampolicy.Strings("1.2")}),
	)
}

// encrypt makes the key the default of every object. With a bucket key S3 asks KMS once in a while, not once per
// object, https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html.
func (b *Bucket) encrypt(ctx *pulumi.Context, name string, bucket *s3.BucketV2, key pulumi.StringInput) error {
	made, err := s3.NewBucketServerSideEncryptionConfigurationV2(ctx, name+"-encryption", &s3.BucketServerSideEncryptionConfigurationV2Args{
		Bucket: bucket.Bucket,
		Rules: s3.BucketServerSideEncryptionConfigurationV2RuleArray{&s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
			BucketKeyEnabled: pulumi.Bool(true),
			ApplyServerSideEncryptionByDefault: &s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
				SseAlgorithm: pulumi.String("aws:kms"), KmsMasterKeyId: key.ToStringOutput().ToStringPtrOutput(),
			},
		}},
	}, pulumi.Parent(b))
	if err != nil {
		return fmt.Errorf("encrypting the lake's bucket: %w", err)
	}
	b.Dependencies = append(b.Dependencies, made)
	return nil
}

// logAccess has S3 write its server access logs into a bucket that exists, below the lake's name: one bucket takes the
// logs of many. S3 delivers them as logging.s3.amazonaws.com, whom that bucket's policy must admit; with a key of one's
// own as its default encryption, that key's policy too,
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html.
func (b *Bucket) logAccess(ctx *pulumi.Context, name string, bucket *s3.BucketV2, target string) error {
	_, err := s3.NewBucketLoggingV2(ctx, name+"-access-logs", &s3.BucketLoggingV2Args{
		Bucket:       bucket.Bucket,
		TargetBucket: pulumi.String(target),
		TargetPrefix: pulumi.Sprintf("%s/", bucket.Bucket),
	}, pulumi.Parent(b))
	if err != nil {
		return fmt.Errorf("logging access to the lake's bucket: %w", err)
	}
	return nil
}

// Package lake keeps every change, as it was read from the stream, in an S3 bucket.
//
// The bucket is private, encrypted and never forgets a raw change; the delivery into it partitions changes by schema,
// table and time, so that a query reads what it needs and no more.
package lake

import (
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
	guard := &guard{parent: b, name: name, what: "the lake", bucket: bucket}
	if err := guard.make(ctx, denyOldConnections(bucket.Arn), withKey(args.KmsKeyArn), ageing(cfg), tidying(), forgetting(cfg)); err != nil {
		return nil, err
	}
	b.Dependencies = guard.made
	if err := b.logAccess(ctx, name, bucket, cfg, env); err != nil {
		return nil, err
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

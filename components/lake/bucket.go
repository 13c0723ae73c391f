// Package lake keeps every change in an S3 bucket, exactly as it was read from the stream.
//
// The bucket is private and encrypted, and never expires a raw change. The delivery partitions changes by schema,
// table and time, so that a query reads no more than it needs.
package lake

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/component"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	bucketKind   component.Kind = "lake.Bucket"
	deliveryKind component.Kind = "lake.Delivery"
	catalogKind  component.Kind = "lake.Catalog"
	tablesKind   component.Kind = "lake.Tables"
)

// BucketArgs configures a Bucket.
type BucketArgs struct {
	config.Lake `pulumi:"lake,optional"`
	// Environment chooses defaults; prod protects the bucket. Default dev.
	Environment config.Environment `pulumi:"environment,optional"`
	// KmsKeyArn encrypts the objects. Required.
	KmsKeyArn pulumi.StringInput `pulumi:"kmsKeyArn"`
}

// Bucket is a versioned, encrypted S3 bucket. It accepts only TLS connections that its owner's policies allow.
type Bucket struct {
	pulumi.ResourceState

	// Name of the bucket.
	Name pulumi.StringOutput `pulumi:"name"`
	// Arn of the bucket.
	Arn pulumi.StringOutput `pulumi:"arn"`
	// Dependencies must exist before anything is written to the bucket: encryption, versioning, policy.
	Dependencies []pulumi.Resource
}

// NewBucket makes the bucket and everything that protects it.
func NewBucket(ctx *pulumi.Context, name string, args *BucketArgs, opts ...pulumi.ResourceOption) (*Bucket, error) {
	a, err := args.check()
	if err != nil {
		return nil, err
	}
	b := &Bucket{}
	return component.Make(ctx, bucketKind, name, b, component.Steps{
		Inputs:    pulumi.Map{"environment": pulumi.String(a.Environment), "forceDestroy": pulumi.Bool(*a.ForceDestroy)},
		Provision: func() error { return b.provision(ctx, name, a) },
		Outputs:   func() pulumi.Map { return pulumi.Map{"name": b.Name, "arn": b.Arn} },
	}, opts...)
}

func (args *BucketArgs) check() (*BucketArgs, error) {
	a, err := component.Args(bucketKind, args)
	if err != nil {
		return nil, err
	}
	a.Environment = a.Environment.WithDefault()
	a.Lake = a.Lake.WithDefaults(a.Environment)
	return a, bucketKind.Check(a.Lake.Validate(), component.Required(component.Given{"KmsKeyArn": a.KmsKeyArn != nil}))
}

func (b *Bucket) provision(ctx *pulumi.Context, name string, a *BucketArgs) error {
	bucket, err := b.makeBucket(ctx, name, a)
	if err != nil {
		return err
	}
	guard := &guard{parent: b, name: name, what: "the lake", bucket: bucket}
	if err := guard.make(ctx, denyOldConnections(bucket.Arn), withKey(a.KmsKeyArn), ageing(a.Lake), tidying(), forgetting(a.Lake)); err != nil {
		return err
	}
	b.Dependencies = guard.made
	return b.logAccess(ctx, name, bucket, a.Lake, a.Environment)
}

func (b *Bucket) makeBucket(ctx *pulumi.Context, name string, a *BucketArgs) (*s3.BucketV2, error) {
	args := &s3.BucketV2Args{ForceDestroy: pulumi.Bool(*a.ForceDestroy)}
	if a.BucketName != "" {
		args.Bucket = pulumi.String(a.BucketName)
	}
	bucket, err := s3.NewBucketV2(ctx, name+"-bucket", args, pulumi.Parent(b), pulumi.Protect(a.Environment == config.Prod))
	if err != nil {
		return nil, fmt.Errorf("making the lake's bucket: %w", err)
	}
	b.Name, b.Arn = bucket.Bucket, bucket.Arn
	return bucket, nil
}

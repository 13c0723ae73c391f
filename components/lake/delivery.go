package lake

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/component"
	"cmp"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kinesis"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// DeliveryArgs configures a Delivery.
type DeliveryArgs struct {
	config.Lake `pulumi:"lake,optional"`
	// Environment chooses defaults. Default dev.
	Environment config.Environment `pulumi:"environment,optional"`
	// StreamArn of the Kinesis stream to read. Required.
	StreamArn pulumi.StringInput `pulumi:"streamArn"`
	// BucketArn of the bucket to write to. Required.
	BucketArn pulumi.StringInput `pulumi:"bucketArn"`
	// KmsKeyArn encrypts the stream, the objects and the log: one key for all three. Required.
	KmsKeyArn pulumi.StringInput `pulumi:"kmsKeyArn"`
	// LogRetentionDays keeps the error log. Default 14 in dev, 90 in prod.
	LogRetentionDays int `pulumi:"logRetentionDays,optional"`
}

// Delivery is a Firehose that writes every record of a Kinesis stream to a bucket: gzip, one record per line,
// partitioned as <prefix>/schema=…/table=…/dt=yyyy-MM-dd/hour=HH/. Control records are under schema _control.
//
// It reads from the moment it is active, so start every writer to the stream after it.
type Delivery struct {
	pulumi.ResourceState

	// Name of the delivery stream.
	Name pulumi.StringOutput `pulumi:"name"`
	// Arn of the delivery stream.
	Arn pulumi.StringOutput `pulumi:"arn"`
	// RoleArn of the role that reads the stream and writes the bucket.
	RoleArn pulumi.StringOutput `pulumi:"roleArn"`
	// Stream is the delivery stream resource, to depend on.
	Stream *kinesis.FirehoseDeliveryStream
}

// NewDelivery makes the delivery with its role and its log.
func NewDelivery(ctx *pulumi.Context, name string, args *DeliveryArgs, opts ...pulumi.ResourceOption) (*Delivery, error) {
	a, err := args.check()
	if err != nil {
		return nil, err
	}
	given, err := pulumi.NewResourceOptions(opts...)
	if err != nil {
		return nil, fmt.Errorf("reading the options of the lake's delivery: %w", err)
	}
	d := &Delivery{}
	return component.Make(ctx, deliveryKind, name, d, component.Steps{
		Inputs: pulumi.Map{
			"environment": pulumi.String(a.Environment),
			"prefix":      pulumi.String(a.Prefix),
			"errorPrefix": pulumi.String(a.ErrorPrefix),
		},
		Provision: func() error { return d.provision(ctx, name, a, given.DependsOn) },
		Outputs:   func() pulumi.Map { return pulumi.Map{"name": d.Name, "arn": d.Arn, "roleArn": d.RoleArn} },
	}, opts...)
}

func (args *DeliveryArgs) check() (*DeliveryArgs, error) {
	a, err := component.Args(deliveryKind, args)
	if err != nil {
		return nil, err
	}
	a.Environment = a.Environment.WithDefault()
	a.Lake = a.Lake.WithDefaults(a.Environment)
	a.LogRetentionDays = cmp.Or(a.LogRetentionDays, a.Environment.LogRetentionDays())
	return a, deliveryKind.Check(a.Lake.Validate(), component.Required(component.Given{
		"StreamArn": a.StreamArn != nil, "BucketArn": a.BucketArn != nil, "KmsKeyArn": a.KmsKeyArn != nil,
	}))
}

// provision makes the delivery stream wait for the component's own dependencies and for its permissions. A
// component's DependsOn does not reach its children by itself.
func (d *Delivery) provision(ctx *pulumi.Context, name string, a *DeliveryArgs, after []pulumi.Resource) error {
	group, stream, err := d.makeLog(ctx, name, a)
	if err != nil {
		return err
	}
	role, policy, err := d.makeRole(ctx, name, a, stream.Arn)
	if err != nil {
		return err
	}
	delivery, err := kinesis.NewFirehoseDeliveryStream(ctx, name+"-delivery", &kinesis.FirehoseDeliveryStreamArgs{
		Destination: pulumi.String("extended_s3"),
		KinesisSourceConfiguration: &kinesis.FirehoseDeliveryStreamKinesisSourceConfigurationArgs{
			KinesisStreamArn: a.StreamArn, RoleArn: role.Arn,
		},
		ExtendedS3Configuration: &kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationArgs{
			BucketArn:         a.BucketArn,
			RoleArn:           role.Arn,
			KmsKeyArn:         a.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
			Prefix:            pulumi.String(objectPrefix(a.Lake)),
			ErrorOutputPrefix: pulumi.String(errorPrefix(a.Lake)),
			BufferingSize:     pulumi.Int(a.BufferMb),
			BufferingInterval: pulumi.Int(a.BufferSeconds),
			CompressionFormat: pulumi.String("GZIP"),
			DynamicPartitioningConfiguration: &kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationDynamicPartitioningConfigurationArgs{
				Enabled: pulumi.Bool(true),
			},
			ProcessingConfiguration: processing(),
			CloudwatchLoggingOptions: &kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationCloudwatchLoggingOptionsArgs{
				Enabled: pulumi.Bool(true), LogGroupName: group.Name, LogStreamName: stream.Name,
			},
		},
	}, pulumi.Parent(d), pulumi.DependsOn(append([]pulumi.Resource{policy}, after...)))
	if err != nil {
		return fmt.Errorf("making the lake's delivery stream: %w", err)
	}
	d.Name, d.Arn, d.RoleArn, d.Stream = delivery.Name, delivery.Arn, role.Arn, delivery
	return nil
}

// makeLog makes the log group and the log stream, because Firehose writes to both but makes neither.
func (d *Delivery) makeLog(ctx *pulumi.Context, name string, a *DeliveryArgs) (*cloudwatch.LogGroup, *cloudwatch.LogStream, error) {
	group, err := cloudwatch.NewLogGroup(ctx, name+"-log", &cloudwatch.LogGroupArgs{
		RetentionInDays: pulumi.Int(a.LogRetentionDays),
		KmsKeyId:        a.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
	}, pulumi.Parent(d))
	if err != nil {
		return nil, nil, fmt.Errorf("making the log group of the lake's delivery: %w", err)
	}
	stream, err := cloudwatch.NewLogStream(ctx, name+"-log", &cloudwatch.LogStreamArgs{
		Name: pulumi.String("DestinationDelivery"), LogGroupName: group.Name,
	}, pulumi.Parent(d))
	if err != nil {
		return nil, nil, fmt.Errorf("making the log stream of the lake's delivery: %w", err)
	}
	return group, stream, nil
}

func (d *Delivery) makeRole(ctx *pulumi.Context, name string, a *DeliveryArgs, logStream pulumi.StringInput) (*iam.Role, *iam.RolePolicy, error) {
	caller, err := aws.GetCallerIdentity(ctx, nil, pulumi.Parent(d))
	if err != nil {
		return nil, nil, fmt.Errorf("looking up the account: %w", err)
	}
	region, err := aws.GetRegion(ctx, nil, pulumi.Parent(d))
	if err != nil {
		return nil, nil, fmt.Errorf("looking up the region: %w", err)
	}
	partition, err := aws.GetPartition(ctx, nil, pulumi.Parent(d))
	if err != nil {
		return nil, nil, fmt.Errorf("looking up the partition: %w", err)
	}
	role, err := iam.NewRole(ctx, name+"-role", &iam.RoleArgs{
		Description:      pulumi.String("Delivers changes from Kinesis to S3"),
		AssumeRolePolicy: deliveryTrust(caller.AccountId),
	}, pulumi.Parent(d))
	if err != nil {
		return nil, nil, fmt.Errorf("making the role of the lake's delivery: %w", err)
	}
	policy, err := iam.NewRolePolicy(ctx, name+"-policy", &iam.RolePolicyArgs{
		Role: role.ID(), Policy: deliveryPermissions(a, logStream, region, partition.DnsSuffix),
	}, pulumi.Parent(d))
	if err != nil {
		return nil, nil, fmt.Errorf("making the permissions of the lake's delivery: %w", err)
	}
	return role, policy, nil
}

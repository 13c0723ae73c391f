package search

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/component"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kinesis"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// DeliveryArgs configures a Delivery.
type DeliveryArgs struct {
	config.Search `pulumi:"search,optional"`
	// Environment chooses defaults. Default dev.
	Environment config.Environment `pulumi:"environment,optional"`
	// Target is what the delivery writes to: [Access.Target] or [Collections.History]. Required.
	Target Target
	// Source is the name of the source whose changes the delivery writes. Empty for the unnamed source. The delivery of
	// a named source makes its own role, and the source's history in the Target.
	Source string `pulumi:"source,optional"`
	// Role makes the network interfaces. The unnamed source's delivery also reads and writes as this role. Required.
	Role *DeliveryRole
	// StreamArn names the Kinesis data stream to read. Required.
	StreamArn pulumi.StringInput `pulumi:"streamArn"`
	// BackupBucketArn names the bucket that receives documents that could not be delivered. Required.
	BackupBucketArn pulumi.StringInput `pulumi:"backupBucketArn"`
	// BackupPrefix is the prefix of those documents, without a trailing slash. Default search-failed.
	BackupPrefix string `pulumi:"backupPrefix,optional"`
	// KmsKeyArn encrypts the stream, the bucket's objects and the logs. Required.
	KmsKeyArn pulumi.StringInput `pulumi:"kmsKeyArn"`
	// VpcSubnetIDs are the subnets of Firehose's network interfaces. Required.
	VpcSubnetIDs pulumi.StringArrayInput `pulumi:"vpcSubnetIds"`
	// SecurityGroupID is the security group of those interfaces. Make it after the role. Required.
	SecurityGroupID pulumi.StringInput `pulumi:"securityGroupId"`
	// LogRetentionDays of the delivery's log. Default 14 in dev, 90 in prod.
	LogRetentionDays int `pulumi:"logRetentionDays,optional"`
	// DependsOn lists what must exist before the delivery, such as the endpoints through which it reaches AWS.
	DependsOn []pulumi.Resource
}

// Delivery is a Firehose stream that appends every change to the history index. In a domain that is the index of the
// day.
//
// It reads the source from LATEST. Records from before it is active never reach it, so start every writer to the
// source afterwards.
type Delivery struct {
	pulumi.ResourceState

	// Name is the name of the delivery stream.
	Name pulumi.StringOutput `pulumi:"name"`
	// Arn is the ARN of the delivery stream.
	Arn pulumi.StringOutput `pulumi:"arn"`
	// RoleArn is the ARN of the delivery's role.
	RoleArn pulumi.StringOutput `pulumi:"roleArn"`
	// Stream to depend on.
	Stream *kinesis.FirehoseDeliveryStream

	// destination is the prefix of the metric names.
	destination string
}

type deliveryPlan struct {
	*DeliveryArgs
	place
	name          string
	group         *cloudwatch.LogGroup
	index, backup *cloudwatch.LogStream
	acts          actor // the role that the delivery acts as
}

// NewDelivery gives the role its permissions and its grant inside the domain, and then makes the delivery stream.
func NewDelivery(ctx *pulumi.Context, name string, args *DeliveryArgs, opts ...pulumi.ResourceOption) (*Delivery, error) {
	p, err := args.check(name)
	if err != nil {
		return nil, err
	}
	d := &Delivery{}
	return component.Make(ctx, deliveryKind, name, d, component.Steps{
		Inputs: pulumi.Map{
			"environment":   pulumi.String(p.Environment),
			"historyIndex":  pulumi.String(p.HistoryIndex),
			"bufferMb":      pulumi.Int(p.BufferMb),
			"bufferSeconds": pulumi.Int(*p.BufferSeconds),
		},
		Provision: func() error { return d.provision(ctx, p) },
		Outputs:   func() pulumi.Map { return pulumi.Map{"name": d.Name, "arn": d.Arn, "roleArn": d.RoleArn} },
	}, opts...)
}

func (args *DeliveryArgs) check(name string) (*deliveryPlan, error) {
	a, err := component.Args(deliveryKind, args)
	if err != nil {
		return nil, err
	}
	a.Environment = a.Environment.WithDefault()
	a.Search = a.Search.WithDefaults(a.Environment)
	a.LogRetentionDays = cmp.Or(a.LogRetentionDays, a.Environment.LogRetentionDays())
	a.BackupPrefix = cmp.Or(strings.TrimSuffix(a.BackupPrefix, "/"), "search-failed")
	return &deliveryPlan{DeliveryArgs: a, name: name}, deliveryKind.Check(a.Search.Validate(), component.Required(a.Target.given(component.Given{
		"Role": a.Role != nil, "StreamArn": a.StreamArn != nil, "BackupBucketArn": a.BackupBucketArn != nil, "KmsKeyArn": a.KmsKeyArn != nil,
		"VpcSubnetIDs": a.VpcSubnetIDs != nil, "SecurityGroupID": a.SecurityGroupID != nil,
	})))
}

func (d *Delivery) provision(ctx *pulumi.Context, p *deliveryPlan) error {
	var err error
	if p.place, err = lookUpPlace(ctx, d); err != nil {
		return err
	}
	if err := d.logs(ctx, p); err != nil {
		return err
	}
	if err := d.role(ctx, p); err != nil {
		return err
	}
	policy, err := d.permit(ctx, p)
	if err != nil {
		return err
	}
	history, err := p.Target.Grant.history(p.Source, p.Search)
	if err != nil {
		return fmt.Errorf("making the history of %s: %w", p.Source, err)
	}
	grant, err := p.Target.Grant.Admit(p.name, p.acts.Arn, p.Target.backend().historyPermissions(p.HistoryIndex))
	if err != nil {
		return fmt.Errorf("granting the search delivery its indices: %w", err)
	}
	// The template comes first, so that no document creates an index with a guessed mapping.
	dependsOn := slices.Concat([]pulumi.Resource{grant, policy, history}, p.Role.Dependencies, p.DependsOn)
	return d.stream(ctx, p, dependsOn)
}

func (d *Delivery) logs(ctx *pulumi.Context, p *deliveryPlan) error {
	group, err := cloudwatch.NewLogGroup(ctx, p.name+"-logs", &cloudwatch.LogGroupArgs{
		KmsKeyId:        p.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
		RetentionInDays: pulumi.Int(p.LogRetentionDays),
	}, pulumi.Parent(d))
	if err != nil {
		return fmt.Errorf("making the log group of the search delivery: %w", err)
	}
	p.group = group
	if p.index, err = d.logStream(ctx, p, "index"); err != nil {
		return err
	}
	p.backup, err = d.logStream(ctx, p, "backup")
	return err
}

func (d *Delivery) logStream(ctx *pulumi.Context, p *deliveryPlan, what string) (*cloudwatch.LogStream, error) {
	stream, err := cloudwatch.NewLogStream(ctx, p.name+"-"+what, &cloudwatch.LogStreamArgs{
		LogGroupName: p.group.Name, Name: pulumi.String(what),
	}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("making the log stream %s of the search delivery: %w", what, err)
	}
	return stream, nil
}

func (d *Delivery) stream(ctx *pulumi.Context, p *deliveryPlan, dependsOn []pulumi.Resource) error {
	// Do not set a name. Source, VPC and rotation can only be set at creation, and a generated name lets Pulumi make
	// the new delivery before it deletes the old one. While both read the source, changes are indexed twice. In the
	// opposite order changes would be lost, because a new delivery starts at LATEST.
	args := &kinesis.FirehoseDeliveryStreamArgs{
		KinesisSourceConfiguration: &kinesis.FirehoseDeliveryStreamKinesisSourceConfigurationArgs{
			KinesisStreamArn: p.StreamArn, RoleArn: p.acts.Arn,
		},
	}
	p.Target.backend().deliver(p, args)
	stream, err := kinesis.NewFirehoseDeliveryStream(ctx, p.name, args, pulumi.Parent(d), pulumi.DependsOn(dependsOn))
	if err != nil {
		return fmt.Errorf("making the search delivery: %w", err)
	}
	d.Name, d.Arn, d.RoleArn, d.Stream = stream.Name, stream.Arn, p.acts.Arn, stream
	d.destination = p.Target.backend().metrics()
	return nil
}

func destination(p *deliveryPlan) *kinesis.FirehoseDeliveryStreamOpensearchConfigurationArgs {
	return &kinesis.FirehoseDeliveryStreamOpensearchConfigurationArgs{
		RoleArn:             p.acts.Arn,
		DomainArn:           p.Target.Endpoint.Arn.ToStringPtrOutput(),
		IndexName:           pulumi.String(p.HistoryIndex),
		IndexRotationPeriod: pulumi.String("OneDay"), // TypeName stays unset: OpenSearch has no types
		BufferingSize:       pulumi.Int(p.BufferMb),
		BufferingInterval:   pulumi.Int(*p.BufferSeconds),
		RetryDuration:       pulumi.Int(*p.RetrySeconds),
		// Firehose gives each record one id and keeps it through its retries, so a retried batch overwrites documents
		// instead of repeating them. Ids made by OpenSearch index faster but repeat,
		// https://docs.aws.amazon.com/firehose/latest/APIReference/API_DocumentIdOptions.html.
		DocumentIdOptions: &kinesis.FirehoseDeliveryStreamOpensearchConfigurationDocumentIdOptionsArgs{
			DefaultDocumentIdFormat: pulumi.String("FIREHOSE_DEFAULT"),
		},
		VpcConfig: &kinesis.FirehoseDeliveryStreamOpensearchConfigurationVpcConfigArgs{
			RoleArn: p.Role.Arn, SubnetIds: p.VpcSubnetIDs, SecurityGroupIds: pulumi.StringArray{p.SecurityGroupID},
		},
		CloudwatchLoggingOptions: &kinesis.FirehoseDeliveryStreamOpensearchConfigurationCloudwatchLoggingOptionsArgs{
			Enabled: pulumi.Bool(true), LogGroupName: p.group.Name, LogStreamName: p.index.Name,
		},
		S3BackupMode: pulumi.String("FailedDocumentsOnly"),
		S3Configuration: &kinesis.FirehoseDeliveryStreamOpensearchConfigurationS3ConfigurationArgs{
			RoleArn:           p.acts.Arn,
			BucketArn:         p.BackupBucketArn,
			Prefix:            pulumi.String(p.BackupPrefix + "/"),
			ErrorOutputPrefix: pulumi.String(p.BackupPrefix + "/!{firehose:error-output-type}/"),
			CompressionFormat: pulumi.String("GZIP"),
			KmsKeyArn:         p.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
			CloudwatchLoggingOptions: &kinesis.FirehoseDeliveryStreamOpensearchConfigurationS3ConfigurationCloudwatchLoggingOptionsArgs{
				Enabled: pulumi.Bool(true), LogGroupName: p.group.Name, LogStreamName: p.backup.Name,
			},
		},
	}
}

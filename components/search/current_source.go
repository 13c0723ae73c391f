package search

import (
	"cdcpipeline/internal/iampolicy"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kinesis"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/scheduler"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	secondsPerHour = 3600
	// sweepInput is the event that starts a sweep: currentstate.Function.Dispatch.
	sweepInput = `{"source":"aws.scheduler"}`
	// sweepRetries is how often a call that Lambda did not accept is retried, within sweepPatience. The next sweep
	// makes up for a failed one.
	sweepRetries  = 3
	sweepPatience = secondsPerHour
)

// consumer reserves stream throughput for the function. Without it the function shares the shards with the
// deliveries.
func (s *CurrentState) consumer(ctx *pulumi.Context, p *currentPlan) (err error) {
	if !*p.Current.EnhancedFanOut {
		return nil
	}
	p.consumer, err = kinesis.NewStreamConsumer(ctx, p.name+"-consumer", &kinesis.StreamConsumerArgs{StreamArn: p.StreamArn}, pulumi.Parent(s))
	if err != nil {
		return fmt.Errorf("making the consumer of the current state: %w", err)
	}
	return nil
}

// source connects the stream to the function once everything that the function needs exists.
func (s *CurrentState) source(ctx *pulumi.Context, p *currentPlan, function *lambda.Function, ready []pulumi.Resource) error {
	from := p.StreamArn
	if p.consumer != nil {
		from = p.consumer.Arn
	}
	args := &lambda.EventSourceMappingArgs{
		EventSourceArn: from.ToStringOutput().ToStringPtrOutput(),
		FunctionName:   function.Arn,
		// Start at the oldest record, because records from before the mapping count too. Reading them again after the
		// mapping was replaced changes nothing, because a document accepts only newer versions.
		StartingPosition:               pulumi.String("TRIM_HORIZON"),
		BatchSize:                      pulumi.Int(p.Current.BatchSize),
		MaximumBatchingWindowInSeconds: pulumi.Int(*p.Current.BatchSeconds),
		ParallelizationFactor:          pulumi.Int(p.Current.Parallelization),
		BisectBatchOnFunctionError:     pulumi.Bool(*p.Current.BisectOnError),
		MaximumRetryAttempts:           pulumi.Int(*p.Current.RetryAttempts),
		MaximumRecordAgeInSeconds:      pulumi.Int(p.Current.MaxAgeHours * secondsPerHour),
		FunctionResponseTypes:          pulumi.StringArray{pulumi.String("ReportBatchItemFailures")},
		// S3, because a queue or a topic gets only the position in the stream, which will expire the record.
		DestinationConfig: &lambda.EventSourceMappingDestinationConfigArgs{
			OnFailure: &lambda.EventSourceMappingDestinationConfigOnFailureArgs{DestinationArn: p.ParkingBucketArn},
		},
	}
	if p.Measured {
		// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#event-source-mapping-metrics
		args.MetricsConfig = &lambda.EventSourceMappingMetricsConfigArgs{Metrics: pulumi.StringArray{pulumi.String("EventCount")}}
	}
	mapping, err := lambda.NewEventSourceMapping(ctx, p.name, args, pulumi.Parent(s), pulumi.DependsOn(ready))
	if err != nil {
		return fmt.Errorf("connecting the stream to the current state: %w", err)
	}
	s.Mapping, s.MappingID = mapping, mapping.Uuid
	s.FailedPrefix = pulumi.Sprintf("%s%s/", lambdaPrefix, mapping.Uuid)
	return nil
}

// sweep makes the function remove tombstones of deleted rows once no older change can arrive any more.
func (s *CurrentState) sweep(ctx *pulumi.Context, p *currentPlan, function *lambda.Function, ready []pulumi.Resource) error {
	role, err := iam.NewRole(ctx, p.name+"-sweep", &iam.RoleArgs{
		Description: pulumi.String("The schedule that has old tombstones removed from OpenSearch"),
		// https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
		AssumeRolePolicy: iampolicy.Trust(
			"scheduler.amazonaws.com",
			iampolicy.StringEquals("aws:SourceAccount", pulumi.String(p.account)),
			iampolicy.StringEquals("aws:SourceArn", pulumi.String(fmt.Sprintf("arn:%s:scheduler:%s:%s:schedule-group/default", p.partition, p.region, p.account))),
		),
	}, pulumi.Parent(s))
	if err != nil {
		return fmt.Errorf("making the role of the sweep: %w", err)
	}
	policy, err := iam.NewRolePolicy(ctx, p.name+"-sweep", &iam.RolePolicyArgs{
		Role: role.Name,
		Policy: iampolicy.Document(iampolicy.Statement{
			Sid: "CallFunction", Actions: []string{"lambda:InvokeFunction"}, Resources: []pulumi.StringInput{function.Arn},
		}),
	}, pulumi.Parent(s))
	if err != nil {
		return fmt.Errorf("making the policy of the sweep: %w", err)
	}
	_, err = scheduler.NewSchedule(ctx, p.name+"-sweep", &scheduler.ScheduleArgs{
		Description:        pulumi.String("Removes old tombstones from the current-state indices"),
		ScheduleExpression: pulumi.String(rate(p.Current.SweepHours)),
		FlexibleTimeWindow: &scheduler.ScheduleFlexibleTimeWindowArgs{Mode: pulumi.String("OFF")},
		Target: &scheduler.ScheduleTargetArgs{
			Arn: function.Arn, RoleArn: role.Arn, Input: pulumi.String(sweepInput),
			RetryPolicy: &scheduler.ScheduleTargetRetryPolicyArgs{
				MaximumRetryAttempts: pulumi.Int(sweepRetries), MaximumEventAgeInSeconds: pulumi.Int(sweepPatience),
			},
		},
	}, pulumi.Parent(s), pulumi.DependsOn(append([]pulumi.Resource{policy}, ready...)))
	if err != nil {
		return fmt.Errorf("scheduling the sweep: %w", err)
	}
	return nil
}

// rate is a schedule with an interval in hours,
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#rate-based.
func rate(hours int) string {
	if hours == 1 {
		return "rate(1 hour)"
	}
	return fmt.Sprintf("rate(%d hours)", hours)
}

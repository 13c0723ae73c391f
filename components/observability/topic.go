package observability

import (
	"cdcpipeline/internal/iampolicy"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// maxDisplayName is the limit of SNS, https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html.
const maxDisplayName = 100

// tell sets the topic: the user's, or the stack's own with its subscriptions.
func (p *plan) tell(ctx *pulumi.Context) error {
	if p.Args.TopicArn != "" {
		if region := strings.Split(p.Args.TopicArn, ":")[3]; region != p.region {
			return fmt.Errorf("alarms.topicArn: the topic is in %s and the stack in %s: an alarm tells topics of its own region, name one there", region, p.region)
		}
		p.topic = pulumi.String(p.Args.TopicArn)
		p.Observability.TopicArn = p.topic.ToStringOutput()
		return nil
	}
	display := fmt.Sprintf("Alarms of %s/%s", ctx.Project(), ctx.Stack())
	topic, err := sns.NewTopic(ctx, p.name+"-topic", &sns.TopicArgs{
		DisplayName:    pulumi.String(display[:min(len(display), maxDisplayName)]),
		KmsMasterKeyId: p.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
	}, p.child())
	if err != nil {
		return fmt.Errorf("making the topic: %w", err)
	}
	policy, err := sns.NewTopicPolicy(ctx, p.name+"-topic", &sns.TopicPolicyArgs{Arn: topic.Arn, Policy: p.publishers(topic.Arn)}, p.child())
	if err != nil {
		return fmt.Errorf("admitting to the topic: %w", err)
	}
	for i, address := range p.Emails {
		_, err := sns.NewTopicSubscription(ctx, fmt.Sprintf("%s-email-%d", p.name, i), &sns.TopicSubscriptionArgs{
			Topic: topic.Arn, Protocol: pulumi.String("email"), Endpoint: pulumi.String(address),
		}, p.child())
		if err != nil {
			return fmt.Errorf("subscribing %s: %w", address, err)
		}
	}
	p.topic, p.before = topic.Arn, []pulumi.Resource{policy}
	p.Observability.TopicArn = topic.Arn
	return nil
}

// publishers admits this account's alarms,
// https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html, and EventBridge. A condition in the
// topic's policy would keep EventBridge out:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions.
func (p *plan) publishers(topic pulumi.StringInput) pulumi.StringOutput {
	publish := func(sid, service string, conditions ...iampolicy.Condition) iampolicy.Statement {
		return iampolicy.Statement{
			Sid: sid, Principals: []iampolicy.Principal{iampolicy.Service(service)}, Actions: []string{"sns:Publish"},
			Resources: []pulumi.StringInput{topic}, Conditions: conditions,
		}
	}
	alarms := fmt.Sprintf("arn:%s:cloudwatch:%s:%s:alarm:*", p.partition, p.region, p.account)
	return iampolicy.Document(
		publish("CloudWatchAlarms", "cloudwatch.amazonaws.com",
			iampolicy.ArnLike("aws:SourceArn", pulumi.String(alarms)), iampolicy.StringEquals("aws:SourceAccount", pulumi.String(p.account))),
		publish("EventBridge", "events.amazonaws.com"),
	)
}

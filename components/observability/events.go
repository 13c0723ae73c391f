package observability

import (
	"cdcpipeline/components/feed"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// rule sends what a service says of itself to the topic.
type rule struct {
	what string
	// pattern of the events; nil when there is nothing to hear.
	pattern pulumi.StringInput
	// of is whose events they are, in the message; message and resource are where in an event they stand.
	of, message, resource string
}

// events makes the rules. They complete the alarms: an event says why, and comes at once, and may not come at all.
func (p *plan) events(ctx *pulumi.Context) error {
	for _, f := range p.Feeds {
		for _, r := range rules(f) {
			if r.pattern == nil {
				continue
			}
			if err := p.rule(ctx, p.part(f.Config.Name, r.what), r); err != nil {
				return err
			}
		}
	}
	return nil
}

func rules(f *feed.Feed) []rule {
	const dms, dmsResource, rds, rdsResource = "$.detail.detailMessage", "$.resources[0]", "$.detail.Message", "$.detail.SourceIdentifier"
	return []rule{
		{"task-events", f.Replication.TaskEvents(), "DMS says of the replication task", dms, dmsResource},
		{"instance-events", f.Replication.InstanceEvents(), "DMS says of the replication instance", dms, dmsResource},
		{"database-events", f.Source.Events(), "RDS says of the database", rds, rdsResource},
	}
}

// rule makes one, with the topic as its target. What the topic is sent is a sentence, and where to read what to do.
func (p *plan) rule(ctx *pulumi.Context, name string, r rule) error {
	made, err := cloudwatch.NewEventRule(ctx, name, &cloudwatch.EventRuleArgs{
		Description: pulumi.String(r.of + " what somebody should know"), EventPattern: r.pattern.ToStringOutput().ToStringPtrOutput(),
	}, p.child())
	if err != nil {
		return fmt.Errorf("making the rule %s: %w", name, err)
	}
	// The name of the rule, and of its alarm's paragraph, are ours: nothing in them needs an escape.
	template := fmt.Sprintf("%q", fmt.Sprintf("%s (<resource>): <message> What to do: %s", r.of, runbook(r.what)))
	_, err = cloudwatch.NewEventTarget(ctx, name, &cloudwatch.EventTargetArgs{
		Rule: made.Name, Arn: p.topic,
		InputTransformer: &cloudwatch.EventTargetInputTransformerArgs{
			InputPaths:    pulumi.StringMap{"message": pulumi.String(r.message), "resource": pulumi.String(r.resource)},
			InputTemplate: pulumi.String(template),
		},
	}, p.child(), pulumi.DependsOn(p.before))
	if err != nil {
		return fmt.Errorf("sending the events of the rule %s: %w", name, err)
	}
	return nil
}

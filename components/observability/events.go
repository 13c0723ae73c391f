package observability

import (
	"cdcpipeline/components/feed"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// rule forwards a service's own events to the topic.
type rule struct {
	what string
	// pattern of the events; nil when there are none to forward.
	pattern pulumi.StringInput
	// of names the events' owner in the message; message and resource are paths into an event.
	of, message, resource string
}

// events makes the rules. They complement the alarms: an event arrives at once and tells the reason, but it may get
// lost.
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
	all := []rule{{"database-events", f.Source.Events(), "RDS says of the database", rds, rdsResource}}
	if f.Replication == nil {
		return all
	}
	return append(all,
		rule{"task-events", f.Replication.TaskEvents(), "DMS says of the replication task", dms, dmsResource},
		rule{"instance-events", f.Replication.InstanceEvents(), "DMS says of the replication instance", dms, dmsResource},
	)
}

// rule makes one rule, with the topic as its target. The topic receives a sentence with a link to the runbook.
func (p *plan) rule(ctx *pulumi.Context, name string, r rule) error {
	made, err := cloudwatch.NewEventRule(ctx, name, &cloudwatch.EventRuleArgs{
		Description: pulumi.String(r.of + " what somebody should know"), EventPattern: r.pattern.ToStringOutput().ToStringPtrOutput(),
	}, p.child())
	if err != nil {
		return fmt.Errorf("making the rule %s: %w", name, err)
	}
	// We choose the names of the rule and of the runbook paragraph, so nothing in them needs an escape.
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

package search

import (
	"cdcpipeline/internal/iampolicy"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/opensearch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// domainLogKinds are the logs a domain publishes. Audit logs also need the audit configuration inside the domain, slow
// logs need thresholds on the index: both are Access's.
var domainLogKinds = []struct{ kind, suffix string }{
	{"AUDIT_LOGS", "audit"},
	{"SEARCH_SLOW_LOGS", "search-slow"},
	{"INDEX_SLOW_LOGS", "index-slow"},
	{"ES_APPLICATION_LOGS", "application"},
}

type domainLogs struct {
	publishing opensearch.DomainLogPublishingOptionArray
	// policy must exist before the domain publishes: the service tries to write when it is told to.
	policy *cloudwatch.LogResourcePolicy
}

func (d *Domain) logs(ctx *pulumi.Context, p *domainPlan) (*domainLogs, error) {
	logs := &domainLogs{}
	var streams []pulumi.StringInput
	for _, log := range domainLogKinds {
		group, err := cloudwatch.NewLogGroup(ctx, p.name+"-"+log.suffix, &cloudwatch.LogGroupArgs{
			Name:            pulumi.String("/aws/opensearch/domains/" + p.DomainName + "/" + log.suffix),
			KmsKeyId:        p.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
			RetentionInDays: pulumi.Int(p.LogRetentionDays),
		}, pulumi.Parent(d))
		if err != nil {
			return nil, fmt.Errorf("making the log group of %s: %w", log.kind, err)
		}
		logs.publishing = append(logs.publishing, &opensearch.DomainLogPublishingOptionArgs{
			LogType: pulumi.String(log.kind), CloudwatchLogGroupArn: group.Arn, Enabled: pulumi.Bool(true),
		})
		streams = append(streams, pulumi.Sprintf("%s:*", group.Arn))
	}
	policy, err := cloudwatch.NewLogResourcePolicy(ctx, p.name+"-logs", &cloudwatch.LogResourcePolicyArgs{
		PolicyName:     pulumi.String("opensearch-" + p.DomainName),
		PolicyDocument: publishLogs(p, streams),
	}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("letting the domain write its logs: %w", err)
	}
	logs.policy = policy
	return logs, nil
}

// publishLogs lets this domain, and no other, write to its log groups. One policy for all four: an account has ten per
// region, https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html.
func publishLogs(p *domainPlan, streams []pulumi.StringInput) pulumi.StringOutput {
	return iampolicy.Document(iampolicy.Statement{
		Principals: []iampolicy.Principal{iampolicy.Service("es.amazonaws.com")},
		Actions:    []string{"logs:CreateLogStream", "logs:PutLogEvents", "logs:PutLogEventsBatch"},
		Resources:  streams,
		Conditions: []iampolicy.Condition{
			iampolicy.StringEquals("aws:SourceAccount", pulumi.String(p.account)),
			iampolicy.ArnLike("aws:SourceArn", p.arn()),
		},
	})
}

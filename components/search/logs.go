package search

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/component"
	"cdcpipeline/internal/iampolicy"
	"cmp"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/opensearch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// domainLogKinds are the logs that a domain publishes. Audit logs also need the audit configuration inside the
// domain, and slow logs need thresholds on the index. Access makes both.
var domainLogKinds = []struct{ kind, suffix string }{
	{"AUDIT_LOGS", "audit"},
	{"SEARCH_SLOW_LOGS", "search-slow"},
	{"INDEX_SLOW_LOGS", "index-slow"},
	{"ES_APPLICATION_LOGS", "application"},
}

// DomainLogsArgs configures a DomainLogs.
type DomainLogsArgs struct {
	// DomainName of the domain that writes to the logs. Required.
	DomainName string
	// Environment chooses defaults. Default dev.
	Environment config.Environment
	// KmsKeyArn encrypts the logs. Required.
	KmsKeyArn pulumi.StringInput
	// LogRetentionDays of all four logs. Default 14 in dev, 90 in prod.
	LogRetentionDays int
}

// DomainLogs are the log groups of a domain, with the policy that lets the domain write to them.
//
// OpenSearch sees a new policy after some seconds, and refuses the domain until then,
// https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1769. When the logs are made before
// the domain, the domain waits for another resource that takes longer (DomainArgs.StartAfter).
type DomainLogs struct {
	pulumi.ResourceState

	// Policy must exist some seconds before the domain.
	Policy *cloudwatch.LogResourcePolicy

	publishing opensearch.DomainLogPublishingOptionArray
}

// NewDomainLogs makes the groups and the policy. Use the Domain's name, because earlier releases made them there.
func NewDomainLogs(ctx *pulumi.Context, name string, args *DomainLogsArgs, opts ...pulumi.ResourceOption) (*DomainLogs, error) {
	a, err := component.Args(domainLogsKind, args)
	if err != nil {
		return nil, err
	}
	a.LogRetentionDays = cmp.Or(a.LogRetentionDays, a.Environment.WithDefault().LogRetentionDays())
	if err := domainLogsKind.Check(component.Required(component.Given{"DomainName": a.DomainName != "", "KmsKeyArn": a.KmsKeyArn != nil})); err != nil {
		return nil, err
	}
	l := &DomainLogs{}
	return component.Make(ctx, domainLogsKind, name, l, component.Steps{
		Inputs: pulumi.Map{"domainName": pulumi.String(a.DomainName)},
		Provision: func() error {
			former := l.URN().ApplyT(func(urn pulumi.URN) pulumi.URN {
				return pulumi.URN(strings.Replace(string(urn), domainLogsKind.Token(), domainKind.Token(), 1))
			}).(pulumi.URNOutput)
			return l.make(ctx, name, a, l, pulumi.Aliases([]pulumi.Alias{{ParentURN: former}}))
		},
		Outputs: func() pulumi.Map { return pulumi.Map{} },
	}, opts...)
}

// make makes the groups and the policy in a component. The policy may name groups that do not exist yet.
func (l *DomainLogs) make(ctx *pulumi.Context, name string, a *DomainLogsArgs, in pulumi.Resource, opts ...pulumi.ResourceOption) error {
	opts = append(opts, pulumi.Parent(in))
	at, err := lookUpPlace(ctx, in)
	if err != nil {
		return err
	}
	var streams []pulumi.StringInput
	for _, log := range domainLogKinds {
		full := "/aws/opensearch/domains/" + a.DomainName + "/" + log.suffix
		group, err := cloudwatch.NewLogGroup(ctx, name+"-"+log.suffix, &cloudwatch.LogGroupArgs{
			Name:            pulumi.String(full),
			KmsKeyId:        a.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
			RetentionInDays: pulumi.Int(a.LogRetentionDays),
		}, opts...)
		if err != nil {
			return fmt.Errorf("making the log group of %s: %w", log.kind, err)
		}
		l.publishing = append(l.publishing, &opensearch.DomainLogPublishingOptionArgs{
			LogType: pulumi.String(log.kind), CloudwatchLogGroupArn: group.Arn, Enabled: pulumi.Bool(true),
		})
		streams = append(streams, pulumi.String(fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s:*", at.partition, at.region, at.account, full)))
	}
	l.Policy, err = cloudwatch.NewLogResourcePolicy(ctx, name+"-logs", &cloudwatch.LogResourcePolicyArgs{
		PolicyName:     pulumi.String("opensearch-" + a.DomainName),
		PolicyDocument: publishLogs(at, a.DomainName, streams),
	}, opts...)
	if err != nil {
		return fmt.Errorf("letting the domain write its logs: %w", err)
	}
	return nil
}

// publishLogs lets only this domain write to its log groups. One policy covers all four, because an account has ten
// per region, https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html.
func publishLogs(at place, domain string, streams []pulumi.StringInput) pulumi.StringOutput {
	return iampolicy.Document(iampolicy.Statement{
		Principals: []iampolicy.Principal{iampolicy.Service("es.amazonaws.com")},
		Actions:    []string{"logs:CreateLogStream", "logs:PutLogEvents", "logs:PutLogEventsBatch"},
		Resources:  streams,
		Conditions: []iampolicy.Condition{
			iampolicy.StringEquals("aws:SourceAccount", pulumi.String(at.account)),
			iampolicy.ArnLike("aws:SourceArn", pulumi.String(at.domainArn(domain))),
		},
	})
}

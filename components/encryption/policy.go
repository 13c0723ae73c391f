package encryption

import (
	"cdcpipeline/internal/iampolicy"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// keyPolicy admits the account and the services that have no IAM role in it. In a key policy the resource * is the
// key itself.
func keyPolicy(o owner) pulumi.StringOutput {
	return iampolicy.Document(account(o), logs(o), alarms(o), events(o), replicationEvents(o))
}

// account leaves access to IAM policies and keeps the key manageable,
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html.
func account(o owner) iampolicy.Statement {
	root := fmt.Sprintf("arn:%s:iam::%s:root", o.partition, o.account)
	return iampolicy.Statement{
		Sid:        "AccountPolicies",
		Principals: []iampolicy.Principal{iampolicy.Account(pulumi.String(root))},
		Actions:    []string{"kms:*"},
		Resources:  iampolicy.Strings("*"),
	}
}

// logs lets CloudWatch Logs encrypt this account's log groups in this region,
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html.
func logs(o owner) iampolicy.Statement {
	groups := fmt.Sprintf("arn:%s:logs:%s:%s:log-group:*", o.partition, o.region, o.account)
	return iampolicy.Statement{
		Sid:        "CloudWatchLogs",
		Principals: []iampolicy.Principal{iampolicy.Service("logs." + o.region + "." + o.dnsSuffix)},
		Actions:    []string{"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"},
		Resources:  iampolicy.Strings("*"),
		Conditions: []iampolicy.Condition{iampolicy.ArnLike("kms:EncryptionContext:aws:logs:arn", pulumi.String(groups))},
	}
}

// alarms lets this account's CloudWatch alarms publish to an encrypted topic. Without it their messages are dropped
// silently, https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services.
func alarms(o owner) iampolicy.Statement {
	s := publish(o, "CloudWatchAlarms", "cloudwatch.amazonaws.com")
	s.Conditions = append(s.Conditions, iampolicy.StringEquals("aws:SourceAccount", pulumi.String(o.account)))
	return s
}

// events lets EventBridge publish to an encrypted topic. It sends no aws:SourceAccount with its calls to KMS, so a
// condition on it would lose every event: the same page says so.
func events(o owner) iampolicy.Statement { return publish(o, "EventBridge", "events.amazonaws.com") }

// replicationEvents lets event subscriptions of DMS publish to an encrypted topic,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Events.html. DMS does not document that it sends
// aws:SourceAccount.
func replicationEvents(o owner) iampolicy.Statement {
	return publish(o, "ReplicationEvents", "dms.amazonaws.com")
}

// publish lets a service use the key for topics of this account and region. SNS names the topic to KMS in the
// encryption context, https://docs.aws.amazon.com/sns/latest/dg/sns-server-side-encryption.html.
func publish(o owner, sid, service string) iampolicy.Statement {
	topics := fmt.Sprintf("arn:%s:sns:%s:%s:*", o.partition, o.region, o.account)
	return iampolicy.Statement{
		Sid:        sid,
		Principals: []iampolicy.Principal{iampolicy.Service(service)},
		Actions:    []string{"kms:Decrypt", "kms:GenerateDataKey*"},
		Resources:  iampolicy.Strings("*"),
		Conditions: []iampolicy.Condition{iampolicy.ArnLike("kms:EncryptionContext:aws:sns:topicArn", pulumi.String(topics))},
	}
}

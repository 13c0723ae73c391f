package reference

import (
	"fmt"
	"strings"
)

// tagging is the additional action that a service requires to make something with tags, with AWS's source. IAM has an
// action for each type.
var tagging = map[string]struct{ action, source string }{
	"aoss":           {"aoss:TagResource", "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/tag-collection.html"},
	"athena":         {"athena:TagResource", "https://docs.aws.amazon.com/athena/latest/ug/tags-access-control.html"},
	"dms":            {"dms:AddTagsToResource", "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tagging.html"},
	"ec2":            {"ec2:CreateTags", "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html"},
	"es":             {"es:AddTags", "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-awsresourcetagging.html"},
	"events":         {"events:TagResource", "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html"},
	"firehose":       {"firehose:TagDeliveryStream", "https://docs.aws.amazon.com/firehose/latest/dev/firehose-tagging-basics.html"},
	"glue":           {"glue:TagResource", "https://docs.aws.amazon.com/glue/latest/dg/monitor-tags.html"},
	"iam":            {"iam:Tag", "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html"},
	"kinesis":        {"kinesis:AddTagsToStream", "https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html"},
	"kms":            {"kms:TagResource", "https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html"},
	"lambda":         {"lambda:TagResource", "https://docs.aws.amazon.com/lambda/latest/dg/tags-esm.html#esm-tags-required-permissions"},
	"logs":           {"logs:TagResource", "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html"},
	"monitoring":     {"cloudwatch:TagResource", "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"},
	"rds":            {"rds:AddTagsToResource", "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html"},
	"sns":            {"sns:TagResource", "https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html"},
	"secretsmanager": {"secretsmanager:TagResource", "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html"},
}

// TagAction is the additional action that an operation with tags needs, with AWS's source; none when the operation
// itself is the tagging one.
func TagAction(operation string) (action, source string, err error) {
	signed, name, _ := strings.Cut(operation, ":")
	if strings.Contains(name, "Tag") {
		return "", "", nil
	}
	t, ok := tagging[signed]
	if !ok {
		return "", "", fmt.Errorf("%s is given tags: add the action that this needs to permissions/reference/tagging.go", operation)
	}
	if signed == "iam" {
		t.action += strings.TrimPrefix(name, "Create")
	}
	if !Known(t.action) {
		return "", "", fmt.Errorf("%s is given tags, and IAM has no action %s for it: mend permissions/reference/tagging.go", operation, t.action)
	}
	return t.action, t.source, nil
}

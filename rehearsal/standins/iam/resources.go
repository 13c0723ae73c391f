package iam

import (
	"cdcpipeline/rehearsal/permissions/document"
	"cdcpipeline/rehearsal/permissions/reference"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/controlplane"
	"slices"
	"strings"
)

// called maps an ARN's variable to the parameters that contain it under another name; both ignore case.
var called = map[string][]string{
	"events:RuleName":               {"Name", "Rule"},
	"aoss:CollectionId":             {"id"},
	"es:DomainName":                 {"name"},
	"kms:Alias":                     {"AliasName"},
	"kms:KeyId":                     {"TargetKeyId"},
	"lambda:FunctionName":           {"name"},
	"lambda:UUID":                   {"id"},
	"rds:ClusterParameterGroupName": {"DBClusterParameterGroupName"},
	"rds:ClusterSnapshotName":       {"FinalDBSnapshotIdentifier", "DBClusterSnapshotIdentifier"},
	"rds:DbClusterInstanceName":     {"DBClusterIdentifier"},
	"rds:DbInstanceName":            {"DBInstanceIdentifier"},
	"rds:ParameterGroupName":        {"DBParameterGroupName"},
	"rds:SubnetGroupName":           {"DBSubnetGroupName"},
	"s3:BucketName":                 {"Bucket"},
	"s3:ObjectName":                 {"Key"},
	"scheduler:ScheduleName":        {"name"},
	"secretsmanager:SecretId":       {"Name"},
}

// unnamed are a variable's values when the request omits it: the service's own.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithOptionGroups.html,
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-group.html.
var unnamed = map[string]string{
	"rds:OptionGroupName": "default:" + document.Unknown,
	"scheduler:GroupName": "default",
}

// linked are the paths of service-linked roles, which requests omit,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/slr-aos.html.
var linked = map[string]string{
	"AWSServiceRoleForAmazonOpenSearchService": "aws-service-role/opensearchservice.amazonaws.com/",
	"AWSServiceRoleForRDS":                     "aws-service-role/rds.amazonaws.com/",
	"AWSServiceRoleForDMSServerless":           "aws-service-role/dms.amazonaws.com/",
}

// made is the type of resource that an operation makes and tags, when its action names none.
var made = map[string]string{"lambda:CreateEventSourceMapping": "eventSourceMapping", "events:PutRule": "rule-on-default-event-bus"}

// partly are resource types that a request always uses but may show only in part. For instance, the objects may be
// listed in a body that is not parsed. The reference also allows the action on other types.
var partly = map[string]bool{"s3:DeleteObject object": true, "s3:DeleteObjectVersion object": true}

// given is a request's content: its parameters, and the region of its signature.
type given struct {
	parameters []controlplane.Parameter
	region     string
}

// named is the value of a top-level parameter, by one of several names.
func (g given) named(names ...string) (string, bool) {
	for _, name := range names {
		for _, p := range g.parameters {
			if strings.EqualFold(p.Path, name) {
				return p.Value, true
			}
		}
	}
	return "", false
}

// on are the ARNs of an action's resources. They include each type that it always needs, with unknown parts, and
// other types that the request shows completely. For an action without types, or with types that the request does not
// show, nothing is known.
func (g given) on(action string) []string {
	prefix, _, _ := strings.Cut(action, ":")
	all, required := reference.Types(action)
	var arns []string
	for _, typ := range all {
		arns = append(arns, slices.DeleteFunc(g.arns(prefix, typ), func(arn string) bool {
			return strings.Contains(arn, document.Unknown) && !slices.Contains(required, typ) && !partly[action+" "+typ]
		})...)
	}
	if len(arns) == 0 {
		return []string{document.Unknown}
	}
	slices.Sort(arns)
	return slices.Compact(arns)
}

// arns are the ARNs of one resource type: given directly, or built from names.
func (g given) arns(prefix, typ string) []string {
	pattern, err := reference.Arn(prefix, typ, func(string) string { return "*" })
	if err != nil {
		return nil // a type of another service
	}
	if bus, _ := g.named("EventBusName"); typ == "rule-on-custom-event-bus" && (bus == "" || bus == "default") {
		return nil // a rule on the default bus has another ARN: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-manage-iam-access.html
	}
	var whole []string
	for _, p := range g.parameters {
		if strings.HasPrefix(p.Value, "arn:") && document.Matches(pattern, p.Value) && !strings.ContainsAny(p.Path, ".") {
			whole = append(whole, p.Value)
		}
	}
	if len(whole) > 0 {
		return whole
	}
	arn, _ := reference.Arn(prefix, typ, func(variable string) string { return g.variable(prefix, variable) }) // there is one, because its pattern exists
	return []string{strings.ReplaceAll(arn, "*", document.Unknown)}
}

func (g given) variable(prefix, variable string) string {
	switch variable {
	case "Partition":
		return "aws"
	case "Region":
		return g.region
	case "Account":
		return account.ID
	}
	if name, ok := strings.CutSuffix(variable, "WithPath"); ok {
		return g.withPath(name)
	}
	key := prefix + ":" + variable
	if value, ok := g.named(append([]string{variable}, called[key]...)...); ok {
		return strings.TrimPrefix(value, "alias/")
	}
	if value, ok := unnamed[key]; ok {
		return value
	}
	return document.Unknown
}

// withPath is an IAM resource's name with the path that it is made with or known to have.
func (g given) withPath(variable string) string {
	if service, ok := g.named("AWSServiceName"); ok {
		return "aws-service-role/" + service + "/" + document.Unknown
	}
	name, ok := g.named(variable)
	if !ok {
		return document.Unknown
	}
	path, _ := g.named("Path")
	return strings.TrimPrefix(path, "/") + linked[name] + name
}

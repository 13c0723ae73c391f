package permissions

import (
	"cdcpipeline/internal/componenttest"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Placeholders that the user of a policy replaces.
const (
	region  = "REGION"
	account = "ACCOUNT"
)

// project is the name in Pulumi.yaml.
const project = "cdc-pipeline"

// named maps a resource type of the program to its IAM type and the input with its name. Without that input Pulumi
// makes the name: the resource's own, which begins with the pipeline's, and seven random digits.
var named = map[string]struct{ prefix, typ, input string }{
	// Not alarms: IAM hides composite alarms from callers who may describe only some alarms,
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html.
	"aws:cloudwatch/eventRule:EventRule":                        {"events", "rule-on-default-event-bus", "name"},
	"aws:cloudwatch/logGroup:LogGroup":                          {"logs", "log-group", "name"},
	"aws:iam/instanceProfile:InstanceProfile":                   {"iam", "instance-profile", "name"},
	"aws:iam/role:Role":                                         {"iam", "role", "name"},
	"aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": {"firehose", "deliverystream", "name"},
	"aws:kinesis/stream:Stream":                                 {"kinesis", "stream", "name"},
	"aws:kms/alias:Alias":                                       {"kms", "alias", "name"},
	"aws:lambda/function:Function":                              {"lambda", "function", "name"},
	"aws:opensearch/domain:Domain":                              {"es", "domain", "domainName"},
	"aws:rds/cluster:Cluster":                                   {"rds", "cluster", "clusterIdentifier"},
	"aws:rds/clusterInstance:ClusterInstance":                   {"rds", "db", "identifier"},
	"aws:rds/clusterParameterGroup:ClusterParameterGroup":       {"rds", "cluster-pg", "name"},
	"aws:rds/subnetGroup:SubnetGroup":                           {"rds", "subgrp", "name"},
	"aws:s3/bucketV2:BucketV2":                                  {"s3", "bucket", "bucket"},
	"aws:secretsmanager/secret:Secret":                          {"secretsmanager", "Secret", "name"},
	"aws:sns/topic:Topic":                                       {"sns", "topic", "name"},
}

// names are patterns for the program's resources, by IAM's resource type ("iam:role").
type names map[string][]string

// facts are the program's own data for policies.
type facts struct {
	names names
	// passed are the services that the program's roles trust, to which they are passed.
	passed []string
	// linked are the services whose linked roles it makes.
	linked []string
}

// read takes the facts from a program that ran under mocks; pipeline is the prefix of its resources' names.
func read(resources []componenttest.Registered, pipeline string) (facts, error) {
	f := facts{names: names{}}
	for _, r := range resources {
		if n, ok := named[r.Type]; ok {
			pattern, err := patternOf(r, n.input, pipeline)
			if err != nil {
				return facts{}, err
			}
			f.names.add(n.prefix+":"+n.typ, pattern)
		}
		switch r.Type {
		case "aws:iam/role:Role":
			services, err := trusted(r)
			if err != nil {
				return facts{}, err
			}
			f.passed = append(f.passed, services...)
		case "aws:iam/serviceLinkedRole:ServiceLinkedRole":
			service := fmt.Sprint(r.Input("awsServiceName"))
			f.linked = append(f.linked, service)
			f.names.add("iam:role", "aws-service-role/"+service+"/*")
		case "aws:kinesis/streamConsumer:StreamConsumer":
			f.names.add("kinesis:consumer", "stream") // the ARN's first variable is the kind of stream
		case "aws:lambda/eventSourceMapping:EventSourceMapping":
			f.names.add("lambda:eventSourceMapping", "*") // Lambda gives it its id
		case "aws:scheduler/schedule:Schedule":
			f.names.add("scheduler:schedule", "default") // the schedule's group comes first
		}
	}
	// OpenSearch Serverless makes its own role with the account's first collection, RDS with the first database. The
	// deployer must be allowed to.
	for _, service := range []string{"observability.aoss.amazonaws.com", "rds.amazonaws.com"} {
		f.linked = append(f.linked, service)
		f.names.add("iam:role", "aws-service-role/"+service+"/*")
	}
	for _, bucket := range f.names["s3:bucket"] {
		f.names.add("s3:object", bucket) // the key is the ARN's second variable
	}
	for _, group := range f.names["logs:log-group"] {
		f.names.add("logs:log-stream", group) // as above for the stream
	}
	// RDS names the master user's secret: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html.
	f.names.add("secretsmanager:Secret", "rds!cluster-*")
	// If a database does not name these, the service uses its own, but still checks the permission:
	// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/security_iam_id-based-policy-examples.html.
	f.names.add("rds:og", "default:*")
	f.names.add("rds:pg", "default.*")
	for _, services := range []*[]string{&f.passed, &f.linked} {
		slices.Sort(*services)
		*services = slices.Compact(*services)
	}
	return f, nil
}

func (n names) add(typ, pattern string) {
	if !slices.Contains(n[typ], pattern) {
		n[typ] = append(n[typ], pattern)
		slices.Sort(n[typ])
	}
}

// patternOf matches a resource's possible names. The ARNs of log groups and secrets continue after the name.
func patternOf(r componenttest.Registered, input, pipeline string) (string, error) {
	given, ok := r.Input(input).(string)
	if !ok && r.Type == "aws:rds/clusterInstance:ClusterInstance" {
		return "tf-*", nil // the provider, not Pulumi, makes this name: provider + "rds/cluster_instance.go"
	}
	if !ok {
		if !strings.HasPrefix(r.Name, pipeline+"-") {
			return "", fmt.Errorf("%s %s: its name does not begin with %s-, so no policy can tell it from others'", r.Type, r.Name, pipeline)
		}
		return pipeline + "-*", nil
	}
	switch r.Type {
	case "aws:kms/alias:Alias":
		return strings.Replace(strings.TrimPrefix(given, "alias/"), componenttest.Project+"-"+componenttest.Stack, project+"-*", 1), nil
	case "aws:cloudwatch/logGroup:LogGroup":
		if strings.HasPrefix(given, "/aws-glue/"+componenttest.Project+"-"+componenttest.Stack+"-"+pipeline) { // names of others follow
			return "/aws-glue/" + project + "-*", nil
		}
		if i := strings.LastIndex(given, "/"); i >= 0 {
			return given[:i] + "*", nil
		}
		if serverless := "dms-serverless-replication-"; strings.HasPrefix(given, serverless) { // a long name is cut and ends in a digest
			return serverless + project + "-*", nil
		}
		return strings.Replace(given, componenttest.Project+"-"+componenttest.Stack+"-"+pipeline, project+"-*", 1), nil
	case "aws:secretsmanager/secret:Secret":
		return given + "-*", nil
	case "aws:kinesis/stream:Stream", "aws:opensearch/domain:Domain", "aws:rds/cluster:Cluster":
		return given + "*", nil // a stack's own name follows, unless the stack is dev
	}
	return given, nil
}

// trusted are the services that may assume a role.
func trusted(role componenttest.Registered) ([]string, error) {
	var policy struct {
		Statement []struct {
			Principal struct{ Service []string }
		}
	}
	text, _ := role.Input("assumeRolePolicy").(string)
	if err := json.Unmarshal([]byte(text), &policy); err != nil {
		return nil, fmt.Errorf("reading who may assume the role %s: %w", role.Name, err)
	}
	var services []string
	for _, s := range policy.Statement {
		for _, service := range s.Principal.Service {
			services = append(services, strings.ReplaceAll(service, "."+componenttest.Region+".", "."+region+"."))
		}
	}
	return services, nil
}

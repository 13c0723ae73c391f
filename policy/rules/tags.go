package rules

import (
	"cdcpipeline/policy/view"
	"encoding/json"
	"slices"
)

// taggable lists the types whose resources take tags. In the rehearsal's schema these types have an input tags.
var taggable = []string{
	"aws:athena/workgroup:Workgroup",
	"aws:cloudwatch/compositeAlarm:CompositeAlarm",
	"aws:cloudwatch/eventRule:EventRule",
	"aws:cloudwatch/logGroup:LogGroup",
	"aws:cloudwatch/metricAlarm:MetricAlarm",
	"aws:dms/certificate:Certificate",
	"aws:dms/endpoint:Endpoint",
	"aws:dms/eventSubscription:EventSubscription",
	"aws:dms/replicationConfig:ReplicationConfig",
	"aws:dms/replicationInstance:ReplicationInstance",
	"aws:dms/replicationSubnetGroup:ReplicationSubnetGroup",
	"aws:dms/replicationTask:ReplicationTask",
	"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
	"aws:ec2/eip:Eip",
	"aws:ec2/flowLog:FlowLog",
	"aws:ec2/instance:Instance",
	"aws:ec2/internetGateway:InternetGateway",
	"aws:ec2/launchTemplate:LaunchTemplate",
	"aws:ec2/natGateway:NatGateway",
	"aws:ec2/routeTable:RouteTable",
	"aws:ec2/securityGroup:SecurityGroup",
	"aws:ec2/subnet:Subnet",
	"aws:ec2/vpc:Vpc",
	"aws:ec2/vpcEndpoint:VpcEndpoint",
	"aws:glue/catalogDatabase:CatalogDatabase",
	"aws:glue/job:Job",
	"aws:glue/trigger:Trigger",
	"aws:iam/instanceProfile:InstanceProfile",
	"aws:iam/policy:Policy",
	"aws:iam/role:Role",
	"aws:iam/serviceLinkedRole:ServiceLinkedRole",
	"aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
	"aws:kinesis/stream:Stream",
	"aws:kms/key:Key",
	"aws:lambda/eventSourceMapping:EventSourceMapping",
	"aws:lambda/function:Function",
	"aws:opensearch/domain:Domain",
	"aws:opensearch/serverlessCollection:ServerlessCollection",
	"aws:rds/cluster:Cluster",
	"aws:rds/clusterInstance:ClusterInstance",
	"aws:rds/clusterParameterGroup:ClusterParameterGroup",
	"aws:rds/parameterGroup:ParameterGroup",
	"aws:rds/subnetGroup:SubnetGroup",
	"aws:s3/bucketObjectv2:BucketObjectv2",
	"aws:s3/bucketV2:BucketV2",
	"aws:secretsmanager/secret:Secret",
	"aws:sns/topic:Topic",
	"aws:sqs/queue:Queue",
	"aws:ssm/parameter:Parameter",
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
}

// TagSet has a resource's own tags.
type TagSet struct {
	Tags view.Of[map[string]view.Of[string]] `prop:"tags"`
}

func tags() []Rule {
	return []Rule{{
		Name: "tagged", Title: "Everything that takes tags has one", Severity: Low,
		Controls: []string{
			"Athena.3", "DMS.2", "DMS.3", "DMS.4", "DMS.5", "EC2.37", "EC2.38", "EC2.39", "EC2.40", "EC2.42", "EC2.43", "EC2.44", "EC2.46", "EC2.48",
			"EC2.175", "Glue.1", "IAM.24", "Kinesis.2", "Lambda.6", "Opensearch.9", "RDS.28", "RDS.30", "RDS.33", "SecretsManager.5", "SNS.3", "SQS.2",
		},
		Types:  taggable,
		Change: "aws:defaultTags in the stack's configuration, or tags of its own", Unseen: "unknown tags count as given",
		Default: "default tags of the project",
		Check:   tagged,
	}}
}

// tagged ignores resources that Pulumi must not change: the account shares them, and they keep their own tags.
func tagged(r view.Resource) []Violation {
	if !slices.Contains(taggable, r.Type) || slices.Contains(r.IgnoreChanges, "tags") || defaultTags(r.Provider) {
		return nil
	}
	own := view.Decode[TagSet](r.Properties).Tags
	return broken(!own.Unknown() && len(get(own)) == 0, "it has none, and the provider adds none")
}

// defaultTags reports whether the provider adds a tag to all its resources. The provider's configuration is JSON
// in a string if the engine makes the provider, and an object if the program does.
func defaultTags(p view.Provider) bool {
	v, ok := p.Properties.GetOk("defaultTags")
	switch {
	case !ok || v.IsNull():
		return false
	case v.IsComputed():
		return true
	case v.IsString():
		var given struct{ Tags map[string]string }
		return json.Unmarshal([]byte(v.AsString()), &given) == nil && len(given.Tags) > 0
	case v.IsMap():
		tags, ok := v.AsMap().GetOk("tags")
		return ok && (tags.IsComputed() || tags.IsMap() && tags.AsMap().Len() > 0)
	}
	return false
}

package search

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/iampolicy"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kinesis"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// backend is what differs between the places that a [Target] can be. Writers ask it, and do not know which one it is.
type backend interface {
	// service is the name that requests are signed for.
	service() string
	// metrics is what the names of a delivery's metrics begin with.
	metrics() string
	// historyPermissions and currentPermissions are what the writers may do with their indices, in the place's own words.
	historyPermissions(index string) Permissions
	currentPermissions(source string) Permissions
	// readPermissions are what it takes to search the indices behind an alias.
	readPermissions(alias string) Permissions
	// deliver gives a delivery stream its destination.
	deliver(p *deliveryPlan, stream *kinesis.FirehoseDeliveryStreamArgs)
	// admitDelivery lets requests of the delivery's role through to the place, which then decides by the grant.
	admitDelivery(p *deliveryPlan) []iampolicy.Statement
	// admitCurrent does the same for the role of the current state.
	admitCurrent(p *currentPlan) []iampolicy.Statement
}

// domainBackend is a domain.
type domainBackend struct{}

func (domainBackend) service() string { return "es" }

func (domainBackend) metrics() string { return "DeliveryToAmazonOpenSearchService" }

func (domainBackend) historyPermissions(index string) Permissions {
	return Permissions{
		Cluster: []string{"cluster_composite_ops", "cluster_monitor"},
		Indices: []IndexPermissions{{Patterns: []string{index + "*"}, Actions: []string{"crud", "create_index", "manage"}}},
	}
}

// currentPermissions are with its own indices all it likes, with the registry of a former release what it takes to copy it, with others
// nothing. A bulk request is a cluster action before it is one on indices.
func (domainBackend) currentPermissions(source string) Permissions {
	p := Permissions{
		Cluster: []string{"cluster_composite_ops"},
		Indices: []IndexPermissions{{Patterns: []string{currentIndices(source)}, Actions: []string{"crud", "create_index", "manage"}}},
	}
	if source == "" {
		p.Indices = append(p.Indices, IndexPermissions{
			Patterns: []string{currentstate.FormerRegistry + "*"},
			Actions:  []string{"read", "indices:admin/mappings/get", "indices:admin/block/add*", "indices:admin/refresh*"},
		})
	}
	return p
}

// readPermissions: of an alias those count that are on the indices behind it.
func (domainBackend) readPermissions(alias string) Permissions {
	return Permissions{Indices: []IndexPermissions{{Patterns: []string{alias + "*"}, Actions: []string{"read"}}}}
}

func (domainBackend) deliver(p *deliveryPlan, stream *kinesis.FirehoseDeliveryStreamArgs) {
	stream.Destination = pulumi.String("opensearch")
	stream.OpensearchConfiguration = destination(p)
}

func (domainBackend) admitDelivery(p *deliveryPlan) []iampolicy.Statement { return writeIndex(p) }

func (domainBackend) admitCurrent(p *currentPlan) []iampolicy.Statement {
	if p.Source != "" { // no former release has kept rows of a named source
		return []iampolicy.Statement{p.writeIndices()}
	}
	return append([]iampolicy.Statement{p.writeIndices()}, p.copyRegistry()...)
}

// collectionBackend is a collection.
type collectionBackend struct{}

func (collectionBackend) service() string { return "aoss" }

func (collectionBackend) metrics() string { return "DeliveryToAmazonOpenSearchServerless" }

// historyPermissions are those that AWS names for whoever writes,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-clients.html#serverless-ingestion-permissions, and for Firehose
// besides, https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-serverless.
func (collectionBackend) historyPermissions(index string) Permissions {
	return Permissions{Indices: []IndexPermissions{{
		Patterns: []string{index}, Actions: []string{createIndex, describeIndex, updateIndex, writeDocument},
	}}}
}

// currentPermissions are to make indices and add columns to them, to write rows and to look at them, and to make the aliases behind which
// they are. Indices are deleted by people alone.
func (collectionBackend) currentPermissions(source string) Permissions {
	return Permissions{
		Cluster: []string{createItems},
		Indices: []IndexPermissions{{
			Patterns: []string{currentIndices(source)}, Actions: []string{createIndex, describeIndex, updateIndex, readDocument, writeDocument},
		}},
	}
}

func (collectionBackend) readPermissions(alias string) Permissions {
	return Permissions{Indices: []IndexPermissions{{Patterns: []string{alias + "*"}, Actions: []string{readDocument}}}}
}

func (collectionBackend) deliver(p *deliveryPlan, stream *kinesis.FirehoseDeliveryStreamArgs) {
	stream.Destination = pulumi.String("opensearchserverless")
	stream.OpensearchserverlessConfiguration = &kinesis.FirehoseDeliveryStreamOpensearchserverlessConfigurationArgs{
		RoleArn:            p.acts.Arn,
		CollectionEndpoint: p.Target.Endpoint.URL,
		IndexName:          pulumi.String(p.HistoryIndex), // one index: Firehose rotates none in a collection
		BufferingSize:      pulumi.Int(p.BufferMb),
		BufferingInterval:  pulumi.Int(*p.BufferSeconds),
		RetryDuration:      pulumi.Int(*p.RetrySeconds),
		VpcConfig: &kinesis.FirehoseDeliveryStreamOpensearchserverlessConfigurationVpcConfigArgs{
			RoleArn: p.Role.Arn, SubnetIds: p.VpcSubnetIDs, SecurityGroupIds: pulumi.StringArray{p.SecurityGroupID},
		},
		CloudwatchLoggingOptions: &kinesis.FirehoseDeliveryStreamOpensearchserverlessConfigurationCloudwatchLoggingOptionsArgs{
			Enabled: pulumi.Bool(true), LogGroupName: p.group.Name, LogStreamName: p.index.Name,
		},
		S3BackupMode: pulumi.String("FailedDocumentsOnly"),
		S3Configuration: &kinesis.FirehoseDeliveryStreamOpensearchserverlessConfigurationS3ConfigurationArgs{
			RoleArn:           p.acts.Arn,
			BucketArn:         p.BackupBucketArn,
			Prefix:            pulumi.String(p.BackupPrefix + "/"),
			ErrorOutputPrefix: pulumi.String(p.BackupPrefix + "/!{firehose:error-output-type}/"),
			CompressionFormat: pulumi.String("GZIP"),
			KmsKeyArn:         p.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
			CloudwatchLoggingOptions: &kinesis.FirehoseDeliveryStreamOpensearchserverlessConfigurationS3ConfigurationCloudwatchLoggingOptionsArgs{
				Enabled: pulumi.Bool(true), LogGroupName: p.group.Name, LogStreamName: p.backup.Name,
			},
		},
	}
}

func (collectionBackend) admitDelivery(p *deliveryPlan) []iampolicy.Statement {
	return []iampolicy.Statement{
		admitToCollection("WriteIndex", p.Target.Endpoint.Arn),
		// https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-serverless
		{Sid: "ReadCollection", Actions: []string{"aoss:BatchGetCollection"}, Resources: []pulumi.StringInput{p.Target.Endpoint.Arn}},
	}
}

func (collectionBackend) admitCurrent(p *currentPlan) []iampolicy.Statement {
	return []iampolicy.Statement{admitToCollection("WriteIndices", p.Target.Endpoint.Arn)}
}

// admitToCollection is the one action for all requests,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/security-iam-serverless.html#security_iam_id-based-policy-examples-data-plane.
func admitToCollection(sid string, arn pulumi.StringInput) iampolicy.Statement {
	return iampolicy.Statement{Sid: sid, Actions: []string{"aoss:APIAccessAll"}, Resources: []pulumi.StringInput{arn}}
}

package search

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/iampolicy"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kinesis"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// backend hides the differences between the destinations of a [Target]. Writers call it and do not know which one it
// is.
type backend interface {
	// service is the service name for signing requests.
	service() string
	// metrics is the prefix of a delivery's metric names.
	metrics() string
	// historyPermissions and currentPermissions are what the writers may do with their indices, in the destination's
	// own terms.
	historyPermissions(index string) Permissions
	currentPermissions(source string) Permissions
	// readPermissions are needed to search the indices behind an alias.
	readPermissions(alias string) Permissions
	// deliver sets the destination of a delivery stream.
	deliver(p *deliveryPlan, stream *kinesis.FirehoseDeliveryStreamArgs)
	// admitDelivery lets requests of the delivery's role reach the destination, which then checks the grant.
	admitDelivery(p *deliveryPlan) []iampolicy.Statement
	// admitCurrent does the same for the current state's role.
	admitCurrent(p *currentPlan) []iampolicy.Statement
}

// domainBackend is the backend for a domain.
type domainBackend struct{}

func (domainBackend) service() string { return "es" }

func (domainBackend) metrics() string { return "DeliveryToAmazonOpenSearchService" }

func (domainBackend) historyPermissions(index string) Permissions {
	return Permissions{
		Cluster: []string{"cluster_composite_ops", "cluster_monitor"},
		Indices: []IndexPermissions{{Patterns: []string{index + "*"}, Actions: []string{"crud", "create_index", "manage"}}},
	}
}

// currentPermissions allow everything on the function's own indices, copying the registry of a former release, and
// nothing on other indices. A bulk request needs a cluster permission before its index permissions.
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

// CurrentStatePermissions are what the current-state function of a source may do inside a domain. A test on a real
// OpenSearch shows that they are enough.
func CurrentStatePermissions(source string) Permissions {
	return domainBackend{}.currentPermissions(source)
}

// readPermissions name the indices behind the alias, because OpenSearch checks these.
func (domainBackend) readPermissions(alias string) Permissions {
	return Permissions{Indices: []IndexPermissions{{Patterns: []string{alias + "*"}, Actions: []string{"read"}}}}
}

func (domainBackend) deliver(p *deliveryPlan, stream *kinesis.FirehoseDeliveryStreamArgs) {
	stream.Destination = pulumi.String("opensearch")
	stream.OpensearchConfiguration = destination(p)
}

func (domainBackend) admitDelivery(p *deliveryPlan) []iampolicy.Statement { return writeIndex(p) }

func (domainBackend) admitCurrent(p *currentPlan) []iampolicy.Statement {
	if p.Source != "" { // former releases kept no rows of named sources
		return []iampolicy.Statement{p.writeIndices()}
	}
	return append([]iampolicy.Statement{p.writeIndices()}, p.copyRegistry()...)
}

// collectionBackend is the backend for a collection.
type collectionBackend struct{}

func (collectionBackend) service() string { return "aoss" }

func (collectionBackend) metrics() string { return "DeliveryToAmazonOpenSearchServerless" }

// historyPermissions are the permissions that AWS lists for writers,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-clients.html#serverless-ingestion-permissions,
// and for Firehose, https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-serverless.
func (collectionBackend) historyPermissions(index string) Permissions {
	return Permissions{Indices: []IndexPermissions{{
		Patterns: []string{index}, Actions: []string{createIndex, describeIndex, updateIndex, writeDocument},
	}}}
}

// currentPermissions allow creating indices and adding columns to them, writing and reading rows, and creating the
// indices' aliases. Only people may delete indices.
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
		IndexName:          pulumi.String(p.HistoryIndex), // one index: Firehose does not rotate indices in a collection
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

// admitToCollection allows the single action that covers all requests,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/security-iam-serverless.html#security_iam_id-based-policy-examples-data-plane.
func admitToCollection(sid string, arn pulumi.StringInput) iampolicy.Statement {
	return iampolicy.Statement{Sid: sid, Actions: []string{"aoss:APIAccessAll"}, Resources: []pulumi.StringInput{arn}}
}

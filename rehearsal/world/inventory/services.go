package inventory

import (
	"cdcpipeline/internal/awsapi"
	"cdcpipeline/rehearsal/standins/account/ec2"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	dmstypes "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
	opensearchtypes "github.com/aws/aws-sdk-go-v2/service/opensearch/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secretstypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// network lists EC2's resources. EC2 still shows ended ones for a while.
func network(ctx context.Context, cfg aws.Config) ([]string, error) {
	c := ec2.NewFromConfig(cfg)
	var found []string
	for _, kind := range []struct{ action, what string }{
		{"DescribeVpcs", "vpc"},
		{"DescribeSubnets", "subnet"},
		{"DescribeSecurityGroups", "security-group"},
		{"DescribeVpcEndpoints", "vpc-endpoint"},
		{"DescribeNatGateways", "nat-gateway"},
		{"DescribeAddresses", "address"},
	} {
		var answer struct {
			VPCs      []string `xml:"vpcSet>item>vpcId"`
			Subnets   []string `xml:"subnetSet>item>subnetId"`
			Groups    []string `xml:"securityGroupInfo>item>groupId"`
			Endpoints []string `xml:"vpcEndpointSet>item>vpcEndpointId"`
			Addresses []string `xml:"addressesSet>item>allocationId"`
			Gateways  []struct {
				ID    string `xml:"natGatewayId"`
				State string `xml:"state"`
			} `xml:"natGatewaySet>item"`
		}
		if err := c.Call(ctx, kind.action, nil, &answer); err != nil {
			return nil, err
		}
		ids := slices.Concat(answer.VPCs, answer.Subnets, answer.Groups, answer.Endpoints, answer.Addresses)
		for _, gateway := range answer.Gateways {
			if gateway.State != "deleted" {
				ids = append(ids, gateway.ID)
			}
		}
		for _, id := range ids {
			found = append(found, kind.what+"/"+id)
		}
	}
	instances, err := c.Instances(ctx)
	if err != nil {
		return nil, err
	}
	for _, instance := range instances {
		if instance.State != "terminated" {
			found = append(found, "instance/"+instance.ID)
		}
	}
	return found, nil
}

//nolint:wrapcheck // List names the service in which a listing failed
func databases(ctx context.Context, cfg aws.Config) ([]string, error) {
	c := rds.NewFromConfig(cfg)
	clusters, err := c.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{})
	if err != nil {
		return nil, err
	}
	found := names("rds-cluster", clusters.DBClusters, func(x rdstypes.DBCluster) *string { return x.DBClusterIdentifier })
	instances, err := c.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{})
	if err != nil {
		return nil, err
	}
	found = append(found, names("rds-instance", instances.DBInstances, func(x rdstypes.DBInstance) *string { return x.DBInstanceIdentifier })...)
	subnets, err := c.DescribeDBSubnetGroups(ctx, &rds.DescribeDBSubnetGroupsInput{})
	if err != nil {
		return nil, err
	}
	found = append(found, names("rds-subnet-group", subnets.DBSubnetGroups, func(x rdstypes.DBSubnetGroup) *string { return x.DBSubnetGroupName })...)
	parameters, err := c.DescribeDBClusterParameterGroups(ctx, &rds.DescribeDBClusterParameterGroupsInput{})
	if err != nil {
		return nil, err
	}
	return append(found, names("rds-parameter-group", parameters.DBClusterParameterGroups, func(x rdstypes.DBClusterParameterGroup) *string { return x.DBClusterParameterGroupName })...), nil
}

//nolint:wrapcheck // as above
func replication(ctx context.Context, cfg aws.Config) ([]string, error) {
	c := databasemigrationservice.NewFromConfig(cfg)
	var found []string
	tasks, err := c.DescribeReplicationTasks(ctx, &databasemigrationservice.DescribeReplicationTasksInput{})
	if err != nil {
		return nil, err
	}
	found = append(found, names("dms-task", tasks.ReplicationTasks, func(x dmstypes.ReplicationTask) *string { return x.ReplicationTaskIdentifier })...)
	configs, err := c.DescribeReplicationConfigs(ctx, &databasemigrationservice.DescribeReplicationConfigsInput{})
	if err != nil {
		return nil, err
	}
	found = append(found, names("dms-serverless", configs.ReplicationConfigs, func(x dmstypes.ReplicationConfig) *string { return x.ReplicationConfigIdentifier })...)
	endpoints, err := c.DescribeEndpoints(ctx, &databasemigrationservice.DescribeEndpointsInput{})
	if err != nil {
		return nil, err
	}
	found = append(found, names("dms-endpoint", endpoints.Endpoints, func(x dmstypes.Endpoint) *string { return x.EndpointIdentifier })...)
	instances, err := c.DescribeReplicationInstances(ctx, &databasemigrationservice.DescribeReplicationInstancesInput{})
	if err != nil {
		return nil, err
	}
	found = append(found, names("dms-instance", instances.ReplicationInstances, func(x dmstypes.ReplicationInstance) *string { return x.ReplicationInstanceIdentifier })...)
	subnets, err := c.DescribeReplicationSubnetGroups(ctx, &databasemigrationservice.DescribeReplicationSubnetGroupsInput{})
	if err != nil {
		return nil, err
	}
	found = append(found, names("dms-subnet-group", subnets.ReplicationSubnetGroups, func(x dmstypes.ReplicationSubnetGroup) *string { return x.ReplicationSubnetGroupIdentifier })...)
	certificates, err := c.DescribeCertificates(ctx, &databasemigrationservice.DescribeCertificatesInput{})
	if none := (*dmstypes.ResourceNotFoundFault)(nil); errors.As(err, &none) {
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	return append(found, names("dms-certificate", certificates.Certificates, func(x dmstypes.Certificate) *string { return x.CertificateIdentifier })...), nil
}

//nolint:wrapcheck // as above
func streams(ctx context.Context, cfg aws.Config) ([]string, error) {
	c := kinesis.NewFromConfig(cfg)
	out, err := c.ListStreams(ctx, &kinesis.ListStreamsInput{})
	if err != nil {
		return nil, err
	}
	found := names("kinesis-stream", out.StreamNames, func(s string) *string { return &s })
	for _, name := range out.StreamNames {
		stream, err := c.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &name})
		if err != nil {
			return nil, err
		}
		consumers, err := c.ListStreamConsumers(ctx, &kinesis.ListStreamConsumersInput{StreamARN: stream.StreamDescriptionSummary.StreamARN})
		if err != nil {
			return nil, err
		}
		found = append(found, names("stream-consumer", consumers.Consumers, func(x kinesistypes.Consumer) *string { return x.ConsumerName })...)
	}
	return found, nil
}

//nolint:wrapcheck // as above
func deliveries(ctx context.Context, cfg aws.Config) ([]string, error) {
	out, err := firehose.NewFromConfig(cfg).ListDeliveryStreams(ctx, &firehose.ListDeliveryStreamsInput{})
	if err != nil {
		return nil, err
	}
	return names("delivery-stream", out.DeliveryStreamNames, func(s string) *string { return &s }), nil
}

//nolint:wrapcheck // as above
func domains(ctx context.Context, cfg aws.Config) ([]string, error) {
	out, err := opensearch.NewFromConfig(cfg).ListDomainNames(ctx, &opensearch.ListDomainNamesInput{})
	if err != nil {
		return nil, err
	}
	return names("domain", out.DomainNames, func(d opensearchtypes.DomainInfo) *string { return d.DomainName }), nil
}

//nolint:wrapcheck // as above
func functions(ctx context.Context, cfg aws.Config) ([]string, error) {
	c := lambda.NewFromConfig(cfg)
	out, err := c.ListFunctions(ctx, &lambda.ListFunctionsInput{})
	if err != nil {
		return nil, err
	}
	found := names("function", out.Functions, func(f lambdatypes.FunctionConfiguration) *string { return f.FunctionName })
	mappings, err := c.ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{})
	if err != nil {
		return nil, err
	}
	return append(found, names("event-source-mapping", mappings.EventSourceMappings, func(m lambdatypes.EventSourceMappingConfiguration) *string { return m.UUID })...), nil
}

//nolint:wrapcheck // as above
func buckets(ctx context.Context, cfg aws.Config) ([]string, error) {
	out, err := s3.NewFromConfig(cfg).ListBuckets(ctx, &s3.ListBucketsInput{})
	if err != nil {
		return nil, err
	}
	return names("bucket", out.Buckets, func(b s3types.Bucket) *string { return b.Name }), nil
}

//nolint:wrapcheck // as above
func secrets(ctx context.Context, cfg aws.Config) ([]string, error) {
	out, err := secretsmanager.NewFromConfig(cfg).ListSecrets(ctx, &secretsmanager.ListSecretsInput{})
	if err != nil {
		return nil, err
	}
	return names("secret", out.SecretList, func(s secretstypes.SecretListEntry) *string { return s.Name }), nil
}

// keys omits those scheduled for deletion, because a key cannot be deleted at once.
//
//nolint:wrapcheck // as above
func keys(ctx context.Context, cfg aws.Config) ([]string, error) {
	c := kms.NewFromConfig(cfg)
	out, err := c.ListKeys(ctx, &kms.ListKeysInput{})
	if err != nil {
		return nil, err
	}
	var found []string
	for _, k := range out.Keys {
		d, err := c.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: k.KeyId})
		if err != nil {
			return nil, err
		}
		if d.KeyMetadata.KeyState != kmstypes.KeyStatePendingDeletion && d.KeyMetadata.KeyManager == kmstypes.KeyManagerTypeCustomer {
			found = append(found, "key/"+aws.ToString(k.KeyId))
		}
	}
	aliases, err := c.ListAliases(ctx, &kms.ListAliasesInput{})
	if err != nil {
		return nil, err
	}
	return append(found, names("key-alias", aliases.Aliases, func(a kmstypes.AliasListEntry) *string { return a.AliasName })...), nil
}

//nolint:wrapcheck // as above
func logs(ctx context.Context, cfg aws.Config) ([]string, error) {
	c := cloudwatchlogs.NewFromConfig(cfg)
	groups, err := c.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
	if err != nil {
		return nil, err
	}
	found := names("log-group", groups.LogGroups, func(g logstypes.LogGroup) *string { return g.LogGroupName })
	policies, err := c.DescribeResourcePolicies(ctx, &cloudwatchlogs.DescribeResourcePoliciesInput{})
	if err != nil {
		return nil, err
	}
	return append(found, names("log-policy", policies.ResourcePolicies, func(p logstypes.ResourcePolicy) *string { return p.PolicyName })...), nil
}

//nolint:wrapcheck // as above
func roles(ctx context.Context, cfg aws.Config) ([]string, error) {
	c := iam.NewFromConfig(cfg)
	out, err := c.ListRoles(ctx, &iam.ListRolesInput{})
	if err != nil {
		return nil, err
	}
	found := names("role", out.Roles, func(r iamtypes.Role) *string { return r.RoleName })
	profiles, err := c.ListInstanceProfiles(ctx, &iam.ListInstanceProfilesInput{})
	if err != nil {
		return nil, err
	}
	return append(found, names("instance-profile", profiles.InstanceProfiles, func(p iamtypes.InstanceProfile) *string { return p.InstanceProfileName })...), nil
}

//nolint:wrapcheck // as above
func schedules(ctx context.Context, cfg aws.Config) ([]string, error) {
	out, err := scheduler.NewFromConfig(cfg).ListSchedules(ctx, &scheduler.ListSchedulesInput{})
	if err != nil {
		return nil, err
	}
	return names("schedule", out.Schedules, func(s schedulertypes.ScheduleSummary) *string { return s.Name }), nil
}

//nolint:wrapcheck // as above
func catalogs(ctx context.Context, cfg aws.Config) ([]string, error) {
	c := glue.NewFromConfig(cfg)
	out, err := c.GetDatabases(ctx, &glue.GetDatabasesInput{})
	if err != nil {
		return nil, err
	}
	found := names("glue-database", out.DatabaseList, func(d gluetypes.Database) *string { return d.Name })
	for _, d := range out.DatabaseList {
		tables, err := c.GetTables(ctx, &glue.GetTablesInput{DatabaseName: d.Name})
		if err != nil {
			return nil, err
		}
		found = append(found, names("glue-table", tables.TableList, func(t gluetypes.Table) *string { return t.Name })...)
	}
	return found, nil
}

//nolint:wrapcheck // as above
func queries(ctx context.Context, cfg aws.Config) ([]string, error) {
	c := athena.NewFromConfig(cfg)
	groups, err := c.ListWorkGroups(ctx, &athena.ListWorkGroupsInput{})
	if err != nil {
		return nil, err
	}
	found := names("athena-workgroup", groups.WorkGroups, func(g athenatypes.WorkGroupSummary) *string { return g.Name })
	for _, g := range groups.WorkGroups {
		saved, err := c.ListNamedQueries(ctx, &athena.ListNamedQueriesInput{WorkGroup: g.Name})
		if err != nil {
			return nil, err
		}
		found = append(found, names("athena-query", saved.NamedQueryIds, func(id string) *string { return &id })...)
	}
	return found, nil
}

// collections lists the resources of OpenSearch Serverless; its VPC endpoints are also in EC2.
//
//nolint:wrapcheck // as above
func collections(ctx context.Context, cfg aws.Config) ([]string, error) {
	c := awsapi.New(cfg, awsapi.Serverless)
	var found []string
	for _, kind := range []struct{ action, typ, what string }{
		{"ListCollections", "", "collection"},
		{"ListSecurityPolicies", "encryption", "collection-encryption-policy"},
		{"ListSecurityPolicies", "network", "collection-network-policy"},
		{"ListAccessPolicies", "data", "collection-access-policy"},
		{"ListLifecyclePolicies", "retention", "collection-lifecycle-policy"},
		{"ListVpcEndpoints", "", "collection-vpc-endpoint"},
	} {
		request := map[string]string{}
		if kind.typ != "" {
			request["type"] = kind.typ
		}
		var answer map[string]json.RawMessage // the list, under its own name, and perhaps a token
		if err := c.JSON(ctx, kind.action, request, &answer); err != nil {
			return nil, err
		}
		for key, text := range answer {
			if key == "nextToken" {
				continue
			}
			var list []struct{ Name, Status string }
			if err := json.Unmarshal(text, &list); err != nil {
				return nil, err
			}
			for _, one := range list {
				if one.Status != "DELETING" { // ended ones are still shown for a while
					found = append(found, kind.what+"/"+one.Name)
				}
			}
		}
	}
	return found, nil
}

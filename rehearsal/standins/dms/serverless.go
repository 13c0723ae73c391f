package dms

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
)

// isServerless reports whether an ARN names a serverless replication, by its configuration.
func isServerless(arn string) bool { return strings.Contains(arn, ":replication-config:") }

// resourceID is an ARN's last part.
func resourceID(arn string) string { return arn[strings.LastIndex(arn, ":")+1:] }

// readServerless is readTask for a serverless replication.
func readServerless(ctx context.Context, client *api.Client, arn string) (*declared, error) {
	out, err := client.DescribeReplicationConfigs(ctx, &api.DescribeReplicationConfigsInput{Filters: filter("replication-config-arn", arn)})
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	if len(out.ReplicationConfigs) != 1 {
		return nil, fmt.Errorf("reading the configuration: %d are named %s", len(out.ReplicationConfigs), arn)
	}
	c := out.ReplicationConfigs[0]
	// Control records name the task that DMS made for the replication.
	d := &declared{arn: arn, id: "serv-res-id-" + resourceID(arn)}
	return d, d.read(ctx, client, c.ReplicationType, c.TableMappings, c.ReplicationSettings, c.SourceEndpointArn, c.TargetEndpointArn)
}

type configuration = types.ReplicationConfig

// replications are the configurations with an endpoint.
func (s *Service) replications(ctx context.Context, endpoint string) ([]configuration, error) {
	out, err := s.client.DescribeReplicationConfigs(ctx, &api.DescribeReplicationConfigsInput{})
	if err != nil {
		return nil, fmt.Errorf("reading the configurations of %s: %w", endpoint, err)
	}
	return slices.DeleteFunc(out.ReplicationConfigs, func(c configuration) bool {
		return aws.ToString(c.SourceEndpointArn) != endpoint && aws.ToString(c.TargetEndpointArn) != endpoint
	}), nil
}

package preflight

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/footprint"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
)

// dmsNames checks that a source's DMS names are unused, or used by this stack. DMS names contain the names of the
// project, the stack and the source. They are unique in an account and region.
type dmsNames struct{ feed config.Feed }

func (d dmsNames) Name() string { return of("name/dms", d.feed) }

func (d dmsNames) Look(ctx context.Context, s *Stack) (Finding, error) {
	id := footprint.Identifier(s.Project, s.Name, footprint.Parts(d.feed.Name)+"-replication")
	var taken []string
	names := []name{
		{what: "subnet group", value: id, typ: "aws:dms/replicationSubnetGroup:ReplicationSubnetGroup", input: "replicationSubnetGroupId", exists: groupExists},
		{what: "endpoint", value: id + "-source", typ: "aws:dms/endpoint:Endpoint", input: "endpointId", exists: endpointExists},
		{what: "endpoint", value: id + "-target", typ: "aws:dms/endpoint:Endpoint", input: "endpointId", exists: endpointExists},
	}
	if replicates(d.feed, config.OnInstance) {
		names = append(
			names,
			name{what: "replication instance", value: id, typ: "aws:dms/replicationInstance:ReplicationInstance", input: "replicationInstanceId", exists: instanceExists},
			name{what: "task", value: id, typ: "aws:dms/replicationTask:ReplicationTask", input: "replicationTaskId", exists: taskExists},
		)
	}
	if replicates(d.feed, config.Serverless) {
		names = append(names, name{what: "serverless replication", value: id, typ: "aws:dms/replicationConfig:ReplicationConfig", input: "replicationConfigIdentifier", exists: serverlessExists})
	}
	for _, n := range names {
		if s.State.owns(n.typ, n.input, n.value) {
			continue
		}
		exists, err := n.exists(ctx, s, n.value)
		if err != nil {
			return Finding{}, fmt.Errorf("looking for the DMS %s %s: %w", n.what, n.value, err)
		}
		if exists {
			taken = append(taken, n.what+" "+n.value)
		}
	}
	if len(taken) > 0 {
		return bad([]string{"pulumi stack init ANOTHER_NAME"}, "taken by a stack of this name that has lost its state: %s: delete it, or give the stack another name", strings.Join(taken, ", "))
	}
	return good("%s is free or this stack's", id)
}

// replicates reports whether a source has a task of a kind.
func replicates(f config.Feed, kind config.ReplicationKind) bool {
	return slices.Contains(f.Replication.Kinds(), kind)
}

// replicates reports whether any source has a task of a kind.
func (s *Stack) replicates(kind config.ReplicationKind) bool {
	return slices.ContainsFunc(s.Config.Feeds(), func(f config.Feed) bool { return replicates(f, kind) })
}

// notFound is DMS's error code for a filter that matches nothing.
const notFound = "ResourceNotFoundFault"

func filter(name, value string) []types.Filter {
	return []types.Filter{{Name: &name, Values: []string{value}}}
}

func instanceExists(ctx context.Context, s *Stack, id string) (bool, error) {
	out, err := dms.NewFromConfig(s.AWS).DescribeReplicationInstances(ctx, &dms.DescribeReplicationInstancesInput{Filters: filter("replication-instance-id", id)})
	if exists, err := absent(err, notFound); !exists {
		return false, err
	}
	return slices.ContainsFunc(out.ReplicationInstances, func(i types.ReplicationInstance) bool { return equal(id, i.ReplicationInstanceIdentifier) }), nil
}

func groupExists(ctx context.Context, s *Stack, id string) (bool, error) {
	out, err := dms.NewFromConfig(s.AWS).DescribeReplicationSubnetGroups(ctx, &dms.DescribeReplicationSubnetGroupsInput{Filters: filter("replication-subnet-group-id", id)})
	if exists, err := absent(err, notFound); !exists {
		return false, err
	}
	return slices.ContainsFunc(out.ReplicationSubnetGroups, func(g types.ReplicationSubnetGroup) bool { return equal(id, g.ReplicationSubnetGroupIdentifier) }), nil
}

func endpointExists(ctx context.Context, s *Stack, id string) (bool, error) {
	out, err := dms.NewFromConfig(s.AWS).DescribeEndpoints(ctx, &dms.DescribeEndpointsInput{Filters: filter("endpoint-id", id)})
	if exists, err := absent(err, notFound); !exists {
		return false, err
	}
	return slices.ContainsFunc(out.Endpoints, func(e types.Endpoint) bool { return equal(id, e.EndpointIdentifier) }), nil
}

func taskExists(ctx context.Context, s *Stack, id string) (bool, error) {
	out, err := dms.NewFromConfig(s.AWS).DescribeReplicationTasks(ctx, &dms.DescribeReplicationTasksInput{Filters: filter("replication-task-id", id)})
	if exists, err := absent(err, notFound); !exists {
		return false, err
	}
	return slices.ContainsFunc(out.ReplicationTasks, func(t types.ReplicationTask) bool { return equal(id, t.ReplicationTaskIdentifier) }), nil
}

func equal(id string, found *string) bool { return aws.ToString(found) == id }

func serverlessExists(ctx context.Context, s *Stack, id string) (bool, error) {
	out, err := dms.NewFromConfig(s.AWS).DescribeReplicationConfigs(ctx, &dms.DescribeReplicationConfigsInput{Filters: filter("replication-config-id", id)})
	if exists, err := absent(err, notFound); !exists {
		return false, err
	}
	return slices.ContainsFunc(out.ReplicationConfigs, func(c types.ReplicationConfig) bool { return equal(id, c.ReplicationConfigIdentifier) }), nil
}

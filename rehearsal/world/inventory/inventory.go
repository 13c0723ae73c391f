// Package inventory lists an account's resources, so that a destroy's leftovers can be named.
package inventory

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// lister lists one service's resources as kind/name.
type lister func(ctx context.Context, cfg aws.Config) ([]string, error)

// listers are the services in which the pipeline makes resources.
var listers = map[string]lister{
	"ec2": network, "rds": databases, "dms": replication, "kinesis": streams, "firehose": deliveries, "opensearch": domains,
	"lambda": functions, "s3": buckets, "secretsmanager": secrets, "kms": keys, "logs": logs, "iam": roles,
	"scheduler": schedules, "glue": catalogs, "athena": queries, "aoss": collections, "cloudwatch": alarms, "sns": topics, "events": rules,
}

// List lists all resources, as sorted kind/name.
func List(ctx context.Context, cfg aws.Config) ([]string, error) {
	var all []string
	for service, list := range listers {
		found, err := list(ctx, cfg)
		if err != nil {
			return nil, fmt.Errorf("listing %s: %w", service, err)
		}
		all = append(all, found...)
	}
	slices.Sort(all)
	return all, nil
}

// Added is what after has and before lacks.
func Added(before, after []string) []string {
	added := []string{}
	for _, item := range after {
		if !slices.Contains(before, item) {
			added = append(added, item)
		}
	}
	return added
}

// names makes kind/name of each item.
func names[T any](kind string, items []T, name func(T) *string) []string {
	found := make([]string, len(items))
	for i, item := range items {
		found[i] = kind + "/" + aws.ToString(name(item))
	}
	return found
}

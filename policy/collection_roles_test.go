package main_test

import (
	"cdcpipeline/config"
	"cdcpipeline/policy/iam"
	"testing"

	"github.com/stretchr/testify/require"
)

// collectionRoles lists the calls of the roles that write, for a stack with collections. See roles.
var collectionRoles = map[string][]call{
	"cdc-search-delivery-role": {
		{"aoss:APIAccessAll", "cdc-collections-history", nil, yes},
		{"aoss:BatchGetCollection", "cdc-collections-history", nil, yes},
		{"aoss:APIAccessAll", "cdc-collections-current", nil, no},
		{"aoss:DeleteCollection", "cdc-collections-history", nil, no},
		{"aoss:UpdateAccessPolicy", "cdc-collections-history", nil, no},
		{"es:ESHttpPost", "arn:aws:es:us-east-1:123456789012:domain/retail-trans/_bulk", nil, no},
		{"kinesis:GetRecords", "cdc-stream-stream", nil, yes},
	},
	"cdc-canary-role": {
		{"aoss:APIAccessAll", "cdc-collections-current", nil, yes},
		{"aoss:APIAccessAll", "cdc-collections-history", nil, no},
		{"es:ESHttpPost", "arn:aws:es:us-east-1:123456789012:domain/retail-trans/current-cdc_canary-heartbeat/_search", nil, no},
	},
	"cdc-collections-current-role": {
		{"aoss:APIAccessAll", "cdc-collections-current", nil, yes},
		{"aoss:APIAccessAll", "cdc-collections-history", nil, no},
		{"aoss:DashboardsAccessAll", "cdc-collections-current", nil, no},
		{"aoss:CreateAccessPolicy", "cdc-collections-current", nil, no},
		{"es:ESHttpPut", "arn:aws:es:us-east-1:123456789012:domain/retail-trans/current-x", nil, no},
		{"s3:PutObject", "cdc-lake-bucket/registry/collections/a-b.json", nil, yes},
	},
}

func TestEachRoleReachesItsOwnCollectionAlone(t *testing.T) {
	cfg := environments["prod"]
	cfg.Search.Kind = config.OnCollections
	s, seen := deployed(t, cfg), 0
	for _, role := range s {
		calls, ok := collectionRoles[role.Name]
		if role.Type != roleType || !ok {
			continue
		}
		seen++
		for _, c := range calls {
			got, err := iam.Evaluate(policiesOf(t, s, role), iam.Request{Action: c.action, Resource: named(t, s, c.resource), Context: c.context})
			require.NoError(t, err)
			require.Equal(t, c.want, got, "%s: %s on %s", role.Name, c.action, c.resource)
		}
	}
	require.Len(t, collectionRoles, seen)
}

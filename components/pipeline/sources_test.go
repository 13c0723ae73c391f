package pipeline_test

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
)

// withSources is a stack with the unnamed source and these named ones, all with the same tables.
func withSources(cfg config.Config, names ...string) config.Config {
	cfg.Source.Enabled, cfg.Sources = new(true), map[string]config.NamedSource{}
	cfg.Network.Cidr = "10.0.0.0/16"
	for _, name := range names {
		cfg.Sources[name] = config.NamedSource{}
	}
	return cfg
}

// kinds are stacks that together make every kind of part that a source can have.
func kinds() map[string]config.Config {
	return map[string]config.Config{
		"dev":                 {},
		"prod":                {Environment: config.Prod, Lake: config.Lake{Tables: config.LakeTables{AlarmTopic: "arn:aws:sns:us-east-1:123456789012:ops"}}},
		"collections next":    {Environment: config.Prod, Search: config.Search{Next: config.OnCollections}},
		"a domain next":       {Search: config.Search{Kind: config.OnCollections, Next: config.OnDomain}},
		"serverless next":     {Replication: config.Replication{Next: config.Serverless}},
		"reached directly":    {Search: config.Search{Reach: config.ReachDirect}, Network: config.Network{Egress: config.EgressNAT}},
		"fan-out and columns": {Search: config.Search{Current: config.CurrentState{EnhancedFanOut: new(true)}}},
	}
}

func byURN(r *componenttest.Recorder) map[resource.URN]componenttest.Registered {
	all := map[resource.URN]componenttest.Registered{}
	for _, x := range r.Resources() {
		all[x.URN()] = x
	}
	return all
}

func TestASourceComesAndGoesWithoutAChangeOfTheOthers(t *testing.T) {
	for name, cfg := range kinds() {
		three := byURN(componenttest.Run(t, program(withSources(cfg, "orders", "billing"))))
		for fewer, of := range map[string]config.Config{
			"unnamed alone": func() config.Config { c := cfg; c.Network.Cidr = "10.0.0.0/16"; return c }(),
			"orders goes":   withSources(cfg, "billing"),
		} {
			for urn, x := range byURN(componenttest.Run(t, program(of))) {
				was, ok := three[urn]
				switch {
				case x.Type == "cdcpipeline:lake:Catalog" || x.Type == string(resource.RootStackType):
					// it shows how many tables there are
				case x.Type == dashboardType:
					require.NotEqual(t, was.Input("dashboardBody"), x.Input("dashboardBody"), "it draws the sources that there are")
				case x.Name == "cdc-catalog-all-sources-rows":
					require.NotEqual(t, was.Input("query"), x.Input("query"), "it asks the sources that there are")
				case strings.HasPrefix(x.Name, "cdc-catalog-two-sources-"):
					require.True(t, ok, urn)
				default:
					require.True(t, ok, "%s, %s: %s", name, fewer, urn)
					require.Equal(t, was.Inputs, x.Inputs, "%s, %s: %s", name, fewer, urn)
				}
			}
		}
	}
}

func TestASourceOfPostgreSQLChangesNothingOfTheOthers(t *testing.T) {
	cfg := config.Config{Environment: config.Prod}
	mysql := byURN(componenttest.Run(t, program(withSources(cfg, "orders"))))
	both := withSources(cfg, "orders")
	both.Sources["stock"] = config.NamedSource{Source: config.Source{Engine: config.EnginePostgreSQL}}
	all := byURN(componenttest.Run(t, program(both)))
	for urn, x := range mysql {
		if x.Type != "cdcpipeline:lake:Catalog" && x.Name != "cdc-catalog-all-sources-rows" && x.Type != string(resource.RootStackType) &&
			x.Type != "aws:cloudwatch/dashboard:Dashboard" { // which shows all
			require.Equal(t, x.Inputs, all[urn].Inputs, urn)
		}
	}
	for urn, x := range all {
		of, is := sourceOf(all, urn)
		for _, on := range x.DependsOn {
			other, also := sourceOf(all, resource.URN(on))
			require.True(t, !is || !also || other == of, "%s waits for %s", urn, on)
		}
	}
}

func TestWithoutTheUnnamedSourceTheOthersAreTheSame(t *testing.T) {
	three := byURN(componenttest.Run(t, program(withSources(config.Config{Environment: config.Prod}, "orders", "billing"))))
	cfg := withSources(config.Config{Environment: config.Prod}, "orders", "billing")
	cfg.Source.Enabled = new(false)
	r := componenttest.Run(t, program(cfg))
	for urn, x := range byURN(r) {
		if x.Type != "cdcpipeline:lake:Catalog" && x.Type != dashboardType && !strings.HasPrefix(x.Name, "cdc-catalog-all-sources-") && !strings.HasPrefix(x.Name, "cdc-catalog-two-sources-") {
			require.Equal(t, three[urn].Inputs, x.Inputs, urn)
		}
	}
	require.Len(t, r.All("aws:kinesis/stream:Stream"), 2)
	require.Contains(t, strings.Join(r.One(t, "aws:opensearch/domain:Domain").DependsOn, " "), "aws:kinesis/stream:Stream::cdc-")
	require.NotNil(t, r.One(t, "aws:athena/namedQuery:NamedQuery", "cdc-catalog-two-sources-billing-and-orders"))
}

// sourceOf returns the name of the source that owns a resource; false for shared resources.
func sourceOf(all map[resource.URN]componenttest.Registered, urn resource.URN) (string, bool) {
	for x, ok := all[urn]; ok; x, ok = all[resource.URN(x.Parent)] {
		for suffix := range map[string]bool{"-feed": x.Type == "cdcpipeline:feed:Feed", "-stream": x.Type == "cdcpipeline:stream:ChangeStream", "-tables": x.Type == "cdcpipeline:lake:Tables"} {
			if of, is := strings.CutSuffix(x.Name, suffix); is && strings.HasPrefix(x.Type, "cdcpipeline:") {
				return strings.TrimPrefix(strings.TrimPrefix(of, "cdc"), "-"), true
			}
		}
	}
	return "", false
}

func TestNothingOfASourceWaitsForAnother(t *testing.T) {
	for name, cfg := range kinds() {
		all := byURN(componenttest.Run(t, program(withSources(cfg, "orders", "billing"))))
		seen := map[string]int{}
		for urn, x := range all {
			of, is := sourceOf(all, urn)
			if !is {
				continue
			}
			seen[of]++
			for _, on := range x.DependsOn {
				other, is := sourceOf(all, resource.URN(on))
				require.True(t, !is || other == of, "%s: %s waits for %s", name, urn, on)
			}
		}
		require.Len(t, seen, 3, name)
		require.Equal(t, seen["orders"], seen["billing"], name)
	}
}

// Names that must be unique in AWS, the domain or Glue are used once.
func TestEachSourceHasNamesOfItsOwn(t *testing.T) {
	once := []string{
		"clusterIdentifier", "replicationTaskId", "replicationInstanceId", "replicationSubnetGroupId", "endpointId", "certificateId", "replicationConfigIdentifier",
		"resourceIdentifier", "policyId", "roleName", "key",
	}
	named := []string{"aws:kinesis/stream:Stream", "aws:cloudwatch/logGroup:LogGroup", "aws:glue/catalogTable:CatalogTable", "aws:athena/namedQuery:NamedQuery", "aws:opensearch/serverlessAccessPolicy:ServerlessAccessPolicy", "aws:ec2/securityGroup:SecurityGroup"}
	for name, cfg := range kinds() {
		r := componenttest.Run(t, program(withSources(cfg, "orders", "abcdefghijklmnop")))
		require.Len(t, byURN(r), len(r.Resources()), name)
		taken := map[string]string{}
		for _, x := range r.Resources() {
			for _, input := range once {
				takes(t, taken, x, input)
			}
			if slices.Contains(named, x.Type) {
				takes(t, taken, x, "name")
			}
		}
	}
}

func takes(t *testing.T, taken map[string]string, x componenttest.Registered, input string) {
	t.Helper()
	value, ok := x.Input(input).(string)
	if !ok || slices.Contains([]string{"opensearch:index/rolesMapping:RolesMapping", "aws:rds/clusterInstance:ClusterInstance"}, x.Type) { // their names name their owner
		return
	}
	id := fmt.Sprintf("%s %s %s", x.Type, input, value)
	require.Empty(t, taken[id], "%s is %s's already", x.Name, id)
	taken[id] = x.Name
}

// A stolen role of one source reaches nothing of another source.
func TestTheRolesOfASourceReachItsOwnAlone(t *testing.T) {
	for name, cfg := range kinds() {
		r := componenttest.Run(t, program(withSources(cfg, "orders", "billing")))
		all, policies := byURN(r), 0
		of := map[string][]string{"": {
			"cdc-stream-stream", "cdc-bootstrap-", "cdc-rotation-", "/registry/current/", "/registry/current.json", "/registry/collections/", "/registry/collections.json",
			"/raw/*", "/errors/lake", "/errors/search", "/errors/current", "/errors/collections", "/errors/tables", "/retail-trans",
		}}
		for _, source := range []string{"orders", "billing"} {
			of[source] = []string{"cdc-" + source + "-", "source=" + source, "current-" + source, "collections-" + source, "current/" + source, source + "-retail-trans", "jobs/tables/" + source}
		}
		for urn, x := range all {
			source, is := sourceOf(all, urn)
			if !is || x.Type != "aws:iam/rolePolicy:RolePolicy" {
				continue
			}
			policies++
			for other, marks := range of {
				for _, mark := range marks {
					require.True(t, other == source || !strings.Contains(x.Input("policy").(string), mark), "%s: %s names %s", name, x.Name, mark)
				}
			}
		}
		require.Positive(t, policies)
		require.Zero(t, policies%3, name)
	}
}

func TestEachSourceHasItsOwnSettings(t *testing.T) {
	cfg := withSources(config.Config{}, "orders")
	cfg.Sources["orders"] = config.NamedSource{
		Source:      config.Source{Port: 3310, Tables: []config.Table{{Database: "shop", Table: "orders"}}, SchemaFiles: []string{"pipeline_test.go"}, RotationDays: new(0)},
		Stream:      config.Stream{Shards: 3},
		Replication: config.Replication{Kind: config.Serverless},
	}
	r := componenttest.Run(t, program(cfg))

	require.EqualValues(t, 3310, r.One(t, "aws:rds/cluster:Cluster", "cdc-orders-source-cluster").Input("port"))
	require.Equal(t, []any{"cdc-network-orders-database-id"}, r.One(t, "aws:rds/cluster:Cluster", "cdc-orders-source-cluster").Input("vpcSecurityGroupIds"))
	require.EqualValues(t, 3, r.One(t, "aws:kinesis/stream:Stream", "cdc-orders-stream-stream").Input("shardCount"))
	require.Contains(t, r.One(t, "aws:dms/replicationConfig:ReplicationConfig").Input("tableMappings"), `"shop"`)
	require.NotContains(t, r.One(t, "aws:dms/replicationTask:ReplicationTask").Input("tableMappings"), `"shop"`)
	require.Len(t, r.All("aws:secretsmanager/secretRotation:SecretRotation"), 1)
	require.Contains(t, r.One(t, "aws:dms/certificate:Certificate", "cdc-orders-replication-ca").Input("certificatePem"), "of orders")
	require.NotContains(t, r.One(t, "aws:dms/certificate:Certificate", "cdc-replication-ca").Input("certificatePem"), "of orders")
	var request struct {
		Tables []struct{ Database, Table string }
	}
	require.NoError(t, json.Unmarshal([]byte(r.One(t, "aws:lambda/invocation:Invocation", "cdc-orders-bootstrap-invocation").Input("input").(string)), &request))
	require.Equal(t, "shop", request.Tables[0].Database)
	linked := slices.Sorted(maps.Keys(func() map[string]bool {
		all := map[string]bool{}
		for _, x := range r.All("aws:iam/serviceLinkedRole:ServiceLinkedRole") {
			all[x.Name] = true
		}
		return all
	}()))
	require.Equal(t, []string{"cdc-account-roles-serverless", "cdc-linked-role-role", "cdc-source-linked-role-role"}, linked)
}

func TestAProblemOfASourceNamesIt(t *testing.T) {
	cfg := withSources(config.Config{}, "orders")
	cfg.Sources["orders"] = config.NamedSource{Source: config.Source{SchemaFiles: []string{"missing.sql"}}}
	_, err := componenttest.Try(program(cfg))
	require.ErrorContains(t, err, "sources.orders: ")
	require.ErrorContains(t, err, "missing.sql")
}

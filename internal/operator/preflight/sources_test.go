package preflight

import (
	"cdcpipeline/config"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// three returns a stack of three sources. One is unnamed, orders uses an existing database, and stock has a serverless
// task and a provisioned stream.
func three(t *testing.T) *scene {
	return newScene(t, map[string]string{
		"network":     `{"vpcId":"vpc-01234567","privateSubnetIds":["subnet-0000000a","subnet-0000000b"]}`,
		"source":      `{"enabled":true}`,
		"replication": `{"instanceClass":"dms.t3.large"}`,
		"sources": `{"orders":{"bootstrap":"check","existing":{"host":"orders.internal","secretArn":"arn:aws:secretsmanager:us-east-1:123456789012:secret:admin-AbCdEf","securityGroupId":"sg-0000000d"},
			"replicationSecretArn":"arn:aws:secretsmanager:us-east-1:123456789012:secret:cdc-AbCdEf"},
			"stock":{"instances":2,"stream":{"shards":4},"replication":{"kind":"serverless"}}}`,
		"search": fmt.Sprintf(`{"tunnelPort":%d}`, free(t)),
	})
}

// breaksOfOne lists the ways to break one of three sources.
var breaksOfOne = map[string]broken{
	"config/valid": {
		how: func(_ *testing.T, s *scene) {
			stock := s.Config.Sources["stock"]
			stock.CaFile = "no-such.pem"
			s.Config.Sources["stock"] = stock
		},
		found: "sources.stock.caFile: no-such.pem: no such file or directory", typed: "'cdc-pipeline:sources.stock.caFile' VALUE",
	},
	"name/stream/stock": {
		how: on("kinesis:DescribeStreamSummary", func(r request) answer {
			if strings.Contains(r.body, `"retail_trans_stream_stock"`) {
				return answer{body: `{"StreamDescriptionSummary":{}}`}
			}
			return answer{status: http.StatusBadRequest, code: "ResourceNotFoundException"}
		}),
		found: "sources.stock.stream.name: the name retail_trans_stream_stock is taken", typed: "'cdc-pipeline:sources.stock.stream.name' retail_trans_stream_stock_2",
	},
	"name/database/stock": {
		how: on("rds:DescribeDBClusters", func(r request) answer {
			if r.form.Get("DBClusterIdentifier") == "dms-src-stock" {
				return answer{body: `<R/>`}
			}
			return answer{status: http.StatusNotFound, code: "DBClusterNotFoundFault"}
		}),
		found: "sources.stock.clusterName: the name dms-src-stock is taken", typed: "'cdc-pipeline:sources.stock.clusterName' dms-src-stock-2",
	},
	"name/log-groups": {
		how:   on("logs:DescribeLogGroups", said(`{"logGroups":[{"logGroupName":"/aws/rds/cluster/dms-src-stock/audit"}]}`)),
		found: "left by an earlier deployment: /aws/rds/cluster/dms-src-stock/audit", typed: "--log-group-name /aws/rds/cluster/dms-src-stock/audit",
	},
	"name/dms/orders": {
		how:   on("dms:DescribeReplicationTasks", said(`{"ReplicationTasks":[{"ReplicationTaskIdentifier":"cdc-pipeline-dev-cdc-orders-replication"}]}`)),
		found: "task cdc-pipeline-dev-cdc-orders-replication", typed: "pulumi stack init",
	},
	"name/dms/stock": {
		how:   on("dms:DescribeReplicationConfigs", said(`{"ReplicationConfigs":[{"ReplicationConfigIdentifier":"cdc-pipeline-dev-cdc-stock-replication"}]}`)),
		found: "serverless replication cdc-pipeline-dev-cdc-stock-replication", typed: "pulumi stack init",
	},
	"offer/database-class/stock": {
		how: func(_ *testing.T, s *scene) {
			stock := s.Config.Sources["stock"]
			stock.InstanceClass = "db.r9g.large"
			s.Config.Sources["stock"] = stock
		},
		found: "sources.stock.instanceClass: AWS does not offer db.r9g.large in us-east-1", typed: "'cdc-pipeline:sources.stock.instanceClass' db.r7g.large",
	},
	"offer/database-version/stock": {
		how: func(_ *testing.T, s *scene) {
			stock := s.Config.Sources["stock"]
			stock.EngineVersion = "8.0.mysql_aurora.3.10.9"
			s.Config.Sources["stock"] = stock
		},
		found: "sources.stock.engineVersion: AWS does not offer 8.0.mysql_aurora.3.10.9 in us-east-1", typed: "'cdc-pipeline:sources.stock.engineVersion' 8.0.mysql_aurora.3.10.4",
	},
	"offer/dms-class/orders": {
		how: func(_ *testing.T, s *scene) {
			orders := s.Config.Sources["orders"]
			orders.Replication.EngineVersion = "3.5.4"
			s.Config.Sources["orders"] = orders
			s.answer("dms:DescribeOrderableReplicationInstances", said(`{"OrderableReplicationInstances":[`+dmsOrderable("dms.t3.large")+`,`+strings.Replace(dmsOrderable("dms.t3.medium"), "3.6.1", "3.5.4", 1)+`]}`))
		},
		found: "sources.orders.replication.instanceClass: AWS does not offer dms.t3.large in us-east-1", typed: "'cdc-pipeline:sources.orders.replication.instanceClass' dms.t3.medium",
	},
	"offer/dms-version/orders": {
		how: func(_ *testing.T, s *scene) {
			orders := s.Config.Sources["orders"]
			orders.Replication.EngineVersion = "3.6.9"
			s.Config.Sources["orders"] = orders
			s.answer("dms:DescribeOrderableReplicationInstances", said(`{"OrderableReplicationInstances":[`+dmsOrderable("dms.t3.large")+`,`+strings.Replace(dmsOrderable("dms.t3.large"), "3.6.1", "3.6.9", 1)+`]}`))
		},
		found: "sources.orders.replication.engineVersion: AWS does not offer 3.6.9 in us-east-1", typed: "'cdc-pipeline:sources.orders.replication.engineVersion' 3.6.1",
	},
	"adopted/database-group/orders": {
		how:   on("ec2:DescribeNetworkInterfaces", said(`<R/>`)),
		found: "sources.orders.existing.securityGroupId: no network interface has sg-0000000d", typed: "'cdc-pipeline:sources.orders.existing.securityGroupId' GROUP",
	},
	"adopted/database-secret/orders": {
		how:   on("secretsmanager:DescribeSecret", secretLost("secret:admin-")),
		found: "sources.orders.existing.secretArn: arn:aws:secretsmanager:us-east-1:123456789012:secret:admin-AbCdEf does not exist", typed: "'cdc-pipeline:sources.orders.existing.secretArn' ARN",
	},
	"adopted/replication-secret/orders": {
		how:   on("secretsmanager:DescribeSecret", secretLost("secret:cdc-")),
		found: "sources.orders.replicationSecretArn: arn:aws:secretsmanager:us-east-1:123456789012:secret:cdc-AbCdEf does not exist", typed: "'cdc-pipeline:sources.orders.replicationSecretArn' ARN",
	},
	"quota/shards": {
		how:   on("kinesis:DescribeLimits", said(`{"ShardLimit":20,"OpenShardCount":17,"OnDemandStreamCount":1,"OnDemandStreamCountLimit":50}`)),
		found: "shards of Kinesis: 17 of 20 in use, 4 more needed", typed: "--service-code kinesis",
	},
	"quota/streams": {
		how:   on("kinesis:DescribeLimits", said(`{"ShardLimit":20,"OpenShardCount":1,"OnDemandStreamCount":49,"OnDemandStreamCountLimit":50}`)),
		found: "49 of 50 in use, 2 more needed", typed: "--service-code kinesis",
	},
	"account/dms-linked-role": {
		how:   on("iam:SimulatePrincipalPolicy", noLinkedRole("dms.amazonaws.com")),
		found: "is absent, and the deployer has no permission to make it (iam:CreateServiceLinkedRole", typed: "--aws-service-name dms.amazonaws.com",
	},
	"vpc/subnets": {
		how:   on("ec2:DescribeSubnets", said(strings.ReplaceAll(subnetsAnswer("a", "b"), "250", "34"))),
		found: "subnet-0000000a has 34 free addresses, but needs 35", typed: "aws ec2 describe-subnets",
	},
}

func secretLost(which string) func(request) answer {
	return func(r request) answer {
		if strings.Contains(r.body, which) {
			return answer{status: http.StatusBadRequest, code: "ResourceNotFoundException"}
		}
		return answer{body: `{"Name":"other"}`}
	}
}

// threeWhereNothingIsWrong returns three with higher quotas than [rightAnswers].
func threeWhereNothingIsWrong(t *testing.T) *scene {
	s := three(t)
	s.answer("servicequotas:GetServiceQuota", quotaOf("none", 0))
	s.answer("dms:DescribeReplicationConfigs", refused(http.StatusBadRequest, "ResourceNotFoundFault"))
	return s
}

func TestEverySourceIsLookedAt(t *testing.T) {
	results := threeWhereNothingIsWrong(t).run(t)
	for name, r := range results {
		require.Equalf(t, Passed, r.Outcome, "%s: %s", name, r.Found)
	}
	for check, sources := range map[string][]string{
		"name/stream": {"", "orders", "stock"}, "name/dms": {"", "orders", "stock"}, "name/database": {"", "stock"}, "offer/database-version": {"", "stock"},
		"offer/database-class": {"", "stock"}, "offer/dms-version": {"", "orders"}, "offer/dms-class": {"", "orders"}, "adopted/database-group": {"orders"},
		"adopted/database-secret": {"orders"}, "adopted/replication-secret": {"orders"},
	} {
		for _, source := range []string{"", "orders", "stock"} {
			_, is := results[of(check, config.Feed{Name: source})]
			require.Equal(t, slices.Contains(sources, source), is, "%s of %q", check, source)
		}
	}
}

func TestWhatIsWrongWithOneSourceIsSaidByItsKeys(t *testing.T) {
	for name, b := range breaksOfOne {
		t.Run(name, func(t *testing.T) {
			s := threeWhereNothingIsWrong(t)
			b.how(t, s)
			for other, r := range s.run(t) {
				if other != name {
					require.Equalf(t, Passed, r.Outcome, "%s: %s", other, r.Found)
					continue
				}
				require.Equal(t, Failed, r.Outcome, r.Found)
				require.Contains(t, r.Found, b.found)
				require.Contains(t, strings.Join(r.Type, "\n"), b.typed)
			}
		})
	}
}

func TestProblemsOfASourceAreMendedByItsKeys(t *testing.T) {
	s := made(t)
	_, s.Problems = config.Parse(map[string]string{"source": `{"enabled":true}`, "sources": `{"db2":{"instances":20,"tables":[{"table":"x"}],"caFil":"x"}}`}, nil)
	require.Equal(t, []string{
		"pulumi config rm --stack dev --path 'cdc-pipeline:sources.db2.caFil'", "pulumi config set --stack dev --path 'cdc-pipeline:sources.db2.instances' VALUE",
		"pulumi config set --stack dev --path 'cdc-pipeline:sources.db2.tables[0].database' VALUE",
	}, s.run(t)["config/valid"].Type)
}

func TestListsAreAskedForOnceForAllSources(t *testing.T) {
	s := threeWhereNothingIsWrong(t)
	s.run(t)
	for _, action := range []string{"rds:DescribeDBEngineVersions", "rds:DescribeOrderableDBInstanceOptions", "dms:DescribeEngineVersions", "dms:DescribeOrderableReplicationInstances"} {
		asked := 0
		for _, a := range s.aws.asked {
			asked += count(a == action)
		}
		require.Equal(t, 1, asked, action)
	}
}

func TestAQuotaIsOfAllSources(t *testing.T) {
	s := three(t)
	require.Equal(t, map[string]int{
		"vcpus": 2, "database-clusters": 2, "database-instances": 3, "dms-instances": 2, "streams": 2, "shards": 4, "deliveries": 6, "domains": 1, "domain-nodes": 1,
		"concurrency": 10, // a bootstrap, a current state and a canary for each source, and two rotations
		"roles":       30, "log-policies": 1,
	}, adds(t, s.Stack))

	// The unnamed source is deployed already.
	s.State.resources = []resource{
		{Type: "aws:rds/cluster:Cluster"},
		{Type: "aws:rds/clusterInstance:ClusterInstance"},
		{Type: "aws:dms/replicationInstance:ReplicationInstance"},
		{Type: "aws:kinesis/stream:Stream", Inputs: map[string]any{"name": "retail_trans_stream"}},
		{Type: "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"},
		{Type: "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"},
		{Type: "aws:lambda/function:Function"},
	}
	left := adds(t, s.Stack)
	require.Equal(t, []int{1, 2, 1, 1, 4, 4, 9}, []int{left["database-clusters"], left["database-instances"], left["dms-instances"], left["streams"], left["shards"], left["deliveries"], left["concurrency"]})

	s.Config.Search.Current.ReservedConcurrency = 10
	s.State.resources = []resource{{Type: "aws:lambda/function:Function", Inputs: map[string]any{"reservedConcurrentExecutions": 10.0}}, {Type: "aws:lambda/function:Function", Inputs: map[string]any{"reservedConcurrentExecutions": 10.0}}, {Type: "aws:lambda/function:Function", Inputs: map[string]any{"reservedConcurrentExecutions": -1.0}}}
	require.Equal(t, 10, adds(t, s.Stack)["concurrency"], "each current state reserves as many")

	s.Config.Source.Enabled = new(false)
	require.Equal(t, []int{1, 2, 1, 1, 4, 4}, func(m map[string]int) []int {
		return []int{m["database-clusters"], m["database-instances"], m["dms-instances"], m["streams"], m["shards"], m["deliveries"]}
	}(adds(t, &Stack{Config: s.Config, AWS: s.AWS})))
}

// adds returns how much a stack adds to each quota that it counts against.
func adds(t *testing.T, s *Stack) map[string]int {
	all := map[string]int{}
	for _, c := range quotas(s) {
		n, err := c.(quota).adds(t.Context(), s)
		require.NoError(t, err)
		all[c.(quota).name] = n
	}
	return all
}

func TestASourceThatComesToADeployedStackNeedsRoom(t *testing.T) {
	s := threeWhereNothingIsWrong(t)
	s.answer("ec2:DescribeSubnets", said(strings.ReplaceAll(subnetsAnswer("a", "b"), "250", "5")))
	s.State.Deployed = true
	for _, stream := range []string{"retail_trans_stream", "retail_trans_stream_orders"} {
		s.State.resources = append(s.State.resources, resource{Type: "aws:kinesis/stream:Stream", Inputs: map[string]any{"name": stream}})
	}
	f, err := s.lookAt(t, "vpc/subnets")
	require.NoError(t, err)
	require.Equal(t, "network.privateSubnetIds: subnet-0000000a has 5 free addresses, but needs 7; subnet-0000000b has 5 free addresses, but needs 7", f.Found)
	s.State.resources = append(s.State.resources, resource{Type: "aws:kinesis/stream:Stream", Inputs: map[string]any{"name": "retail_trans_stream_stock"}})
	f, err = s.lookAt(t, "vpc/subnets")
	require.NoError(t, err)
	require.True(t, f.OK, "all is there already")
}

func TestPermissionsAreAskedForOnWhatEverySourceHas(t *testing.T) {
	s := three(t)
	all, err := s.questions(t.Context())
	require.NoError(t, err)
	var on []string
	for _, q := range all {
		on = append(on, q.resources...)
	}
	for _, arn := range []string{
		"kinesis:us-east-1:123456789012:stream/retail_trans_stream", "kinesis:us-east-1:123456789012:stream/retail_trans_stream_orders", "kinesis:us-east-1:123456789012:stream/retail_trans_stream_stock",
		"rds:us-east-1:123456789012:cluster:dms-src", "rds:us-east-1:123456789012:cluster:dms-src-stock",
	} {
		require.Contains(t, on, "arn:aws:"+arn)
	}
	require.NotContains(t, on, "arn:aws:rds:us-east-1:123456789012:cluster:dms-src-orders", "there is no such cluster")
}

func TestPoliciesOfCollectionsAreOfEverySource(t *testing.T) {
	s := newScene(t, map[string]string{"source": `{"enabled":true}`, "sources": `{"orders":{}}`, "search": `{"kind":"serverless","reach":"direct"}`})
	var named []string
	for _, p := range s.collectionPolicies() {
		named = append(named, p.name)
	}
	require.Len(t, distinct(named), 7, "the collections' own, and one of each delivery, each current state and each canary: %s", named)
	require.True(t, slices.ContainsFunc(named, func(n string) bool { return strings.HasPrefix(n, "retail-trans-cdc-orders") }))
}

// beside returns a stack of two clusters: MySQL for the unnamed source, PostgreSQL for orders.
func beside(t *testing.T, orders string) *scene {
	s := newScene(t, map[string]string{
		"source": `{"enabled":true}`, "sources": `{"orders":{"engine":"postgresql"` + orders + `}}`, "search": fmt.Sprintf(`{"tunnelPort":%d}`, free(t)),
	})
	s.answer("rds:DescribeDBEngineVersions", func(r request) answer {
		version := map[string]string{"aurora-mysql": "8.0.mysql_aurora.3.10.4", "aurora-postgresql": "17.7"}[r.form.Get("Engine")]
		return answer{body: `<R><DescribeDBEngineVersionsResult>` + items("DBEngineVersions", "DBEngineVersion", tag("EngineVersion", version)) + `</DescribeDBEngineVersionsResult></R>`}
	})
	s.answer("rds:DescribeOrderableDBInstanceOptions", func(r request) answer {
		if r.form.Get("Engine") == "aurora-postgresql" && r.form.Get("EngineVersion") == "17.7" {
			return answer{body: orderable("db.r7g.large")}
		}
		return answer{body: orderable("db.t4g.medium")}
	})
	return s
}

func TestEachEngineHasVersionsAndClassesOfItsOwn(t *testing.T) {
	found := beside(t, `,"instanceClass":"db.r7g.large"`).run(t)
	for _, check := range []string{"offer/database-version", "offer/database-version/orders", "offer/database-class", "offer/database-class/orders"} {
		require.Equal(t, Passed, found[check].Outcome, "%s: %s", check, found[check].Found)
	}
	found = beside(t, `,"engineVersion":"16.8"`).run(t)
	require.Contains(t, found["offer/database-version/orders"].Found, "sources.orders.engineVersion: AWS does not offer 16.8 in us-east-1")
	require.Contains(t, found["offer/database-version/orders"].Type, "pulumi config set --stack dev --path 'cdc-pipeline:sources.orders.engineVersion' 17.7")
}

func TestALogOfPostgreSQLThatIsLeftIsFound(t *testing.T) {
	s := beside(t, ``)
	s.answer("logs:DescribeLogGroups", said(`{"logGroups":[{"logGroupName":"/aws/rds/cluster/dms-src-orders/postgresql"}]}`))
	require.Contains(t, s.run(t)["name/log-groups"].Found, "/aws/rds/cluster/dms-src-orders/postgresql")
}

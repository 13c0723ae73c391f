package preflight

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/components/pipeline"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"cdcpipeline/internal/footprint"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// variants are pipelines that need different resources.
var variants = map[string]config.Config{
	"dev":  {},
	"prod": {Environment: config.Prod},
	"nat":  {Network: config.Network{Egress: config.EgressNAT, AvailabilityZones: 3}},
	"little": {
		Search: config.Search{Reach: config.ReachDirect, Current: config.CurrentState{Enabled: new(false)}},
		Source: config.Source{RotationDays: new(0)}, Lake: config.Lake{Catalog: config.Catalog{Enabled: new(false)}},
	},
	"collections": {Search: config.Search{Kind: config.OnCollections}},
	"next task":   {Replication: config.Replication{Next: config.Serverless}},
	"sources": {
		Source: config.Source{Enabled: new(true)},
		Sources: map[string]config.NamedSource{
			"orders": {}, "stock": {Source: config.Source{Instances: 2, RotationDays: new(0)}, Replication: config.Replication{Kind: config.Serverless}},
		},
	},
	"sources alone":          {Environment: config.Prod, Source: config.Source{Enabled: new(false)}, Sources: map[string]config.NamedSource{"orders": {}, "stock": {}}},
	"sources in collections": {Search: config.Search{Kind: config.OnCollections}, Source: config.Source{Enabled: new(true)}, Sources: map[string]config.NamedSource{"orders": {}}},
	"sources, next place":    {Search: config.Search{Next: config.OnCollections}, Source: config.Source{Enabled: new(true)}, Sources: map[string]config.NamedSource{"orders": {}}},
	"next place":             {Search: config.Search{Next: config.OnCollections}},
	"adopted": {
		Network: config.Network{VpcID: componenttest.ExistingVpcID, PrivateSubnetIDs: []string{"subnet-01234567", "subnet-89abcdef"}},
		Source: config.Source{
			Bootstrap: config.BootstrapCheck, ReplicationSecretArn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:cdc-AbCdEf",
			Existing: &config.ExistingDatabase{Host: "db.internal", SecurityGroupID: "sg-0123456789abcdef0"},
		},
		Encryption: config.Encryption{KmsKeyArn: "arn:aws:kms:us-east-1:123456789012:key/mine"},
	},
}

// registered returns the resources that the program registers for a configuration.
func registered(t *testing.T, cfg config.Config) *componenttest.Recorder {
	t.Helper()
	r := &componenttest.Recorder{}
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		code := pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")})
		_, err := pipeline.New(ctx, footprint.Pipeline, &pipeline.Args{Config: cfg, Code: feed.Code{Bootstrap: code, Rotation: code, CurrentState: code, Canary: code}})
		return err
	}, pulumi.WithMocks("cdc-pipeline", "dev", componenttest.ExistingVpc{Recorder: r})))
	return r
}

// stateOf returns the state after a deployment.
func stateOf(r *componenttest.Recorder) (s State) {
	for _, x := range r.Resources() {
		s.resources = append(s.resources, resource{Type: x.Type, Inputs: x.Inputs.Mappable()})
	}
	return s
}

func TestWhatAStackTakesIsWhatTheProgramMakes(t *testing.T) {
	for name, cfg := range variants {
		t.Run(name, func(t *testing.T) {
			r := registered(t, cfg)
			s := &Stack{Project: "cdc-pipeline", Name: "dev", Config: cfg.WithDefaults()}
			made := func(typ string) int { return len(r.All(typ)) }
			gateways := 0
			for _, e := range r.All("aws:ec2/vpcEndpoint:VpcEndpoint") {
				gateways += count(e.Input("vpcEndpointType") == "Gateway")
			}
			makes := map[string]int{
				"vpcs": made("aws:ec2/vpc:Vpc"), "gateway-endpoints": gateways, "internet-gateways": made("aws:ec2/internetGateway:InternetGateway"),
				"addresses": made("aws:ec2/eip:Eip"), "nat-gateways": min(made("aws:ec2/natGateway:NatGateway"), 1),
				"database-clusters": made("aws:rds/cluster:Cluster"), "database-instances": made("aws:rds/clusterInstance:ClusterInstance"),
				"dms-instances": made("aws:dms/replicationInstance:ReplicationInstance"), "streams": made("aws:kinesis/stream:Stream"),
				"deliveries": made("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"), "domains": made("aws:opensearch/domain:Domain"),
				"concurrency": made("aws:lambda/function:Function"), "roles": made("aws:iam/role:Role"),
				"log-policies": made("aws:cloudwatch/logResourcePolicy:LogResourcePolicy"), "vcpus": made("aws:ec2/instance:Instance"),
			}
			asked := map[string]bool{}
			for _, c := range quotas(s) {
				q, ok := c.(quota)
				require.True(t, ok)
				asked[q.name] = true
				if q.name == "vcpus" || q.name == "domain-nodes" {
					continue
				}
				adds, err := q.adds(t.Context(), s)
				require.NoError(t, err)
				require.Equal(t, makes[q.name], adds, q.name)

				deployed := &Stack{Config: s.Config, State: stateOf(r)}
				adds, err = q.adds(t.Context(), deployed)
				require.NoError(t, err)
				require.Zerof(t, adds, "%s are counted again", q.name)
			}
			for name, n := range makes {
				require.Equal(t, n > 0, asked[name], name)
			}
		})
	}
}

func TestTheNamesAreThoseThatTheProgramGives(t *testing.T) {
	for name, cfg := range variants {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, nil)
			s.Config = cfg.WithDefaults()
			s.State = stateOf(registered(t, cfg))
			for action := range s.aws.answers { // the fake answers know no resource of the stack
				s.aws.answers[action] = refused(500, "NobodyShouldAsk")
			}
			for _, c := range names(s.Stack) {
				f, err := c.Look(t.Context(), s.Stack)
				require.NoError(t, err, c.Name())
				require.True(t, f.OK, f.Found)
				require.Contains(t, f.Found, "this stack's")
			}
		})
	}
}

func TestEveryLogGroupWithANameOfItsOwnIsLookedFor(t *testing.T) {
	var named []string
	for _, g := range registered(t, config.Config{Environment: config.Prod}).All("aws:cloudwatch/logGroup:LogGroup") {
		given := fmt.Sprint(g.Input("name"))
		switch {
		case g.Input("name") == nil:
		case strings.HasPrefix(given, "dms-tasks-"): // DMS made this log group for its tasks, and the program adopts it
		case strings.HasPrefix(given, "/aws-glue/"): // its log groups have names that end in random digits
		default:
			named = append(named, given)
		}
	}
	c := config.Config{Environment: config.Prod}.WithDefaults()
	require.ElementsMatch(t, slices.Concat(footprint.SearchLogGroups(c.Search.DomainName), footprint.DatabaseLogGroups(c.Source.Engine, c.Source.ClusterName)), named)
}

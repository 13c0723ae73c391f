package graph_test

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/components/pipeline"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"cdcpipeline/internal/graph"
	"flag"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

//go:generate go test -run ^TestTheGraphPageIsCurrent$ . -update

var update = flag.Bool("update", false, "write docs/graph.md anew")

const (
	page     = "../../docs/graph.md"
	cluster  = "aws:rds/cluster:Cluster"
	database = "aws:rds/clusterInstance:ClusterInstance"
	domain   = "aws:opensearch/domain:Domain"
	instance = "aws:dms/replicationInstance:ReplicationInstance"
	task     = "aws:dms/replicationTask:ReplicationTask"
	delivery = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
)

// deployed returns the steps of `pulumi up` with a configuration.
func deployed(t *testing.T, cfg config.Config) graph.Graph {
	t.Helper()
	code := func() pulumi.Archive {
		return pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")})
	}
	recorded := componenttest.Run(t, func(ctx *pulumi.Context) error {
		_, err := pipeline.New(ctx, "cdc", &pipeline.Args{Config: cfg, Code: feed.Code{Bootstrap: code(), Rotation: code(), CurrentState: code(), Canary: code()}})
		return err
	})
	g, err := graph.FromResources(recorded.Resources())
	require.NoError(t, err)
	return g
}

func stepsOf(t *testing.T, environment config.Environment) graph.Graph {
	t.Helper()
	return deployed(t, config.Config{Environment: environment})
}

var environments = []config.Environment{config.Dev, config.Prod}

func TestTheGraphPageIsCurrent(t *testing.T) {
	want, err := graph.Page(stepsOf(t, config.Dev), stepsOf(t, config.Prod))
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(page, want, 0o644)) //nolint:gosec // a documentation page
	}
	have, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, string(want), string(have), "stale: make graph")
}

func TestDatabaseInstanceAndDomainAreMadeSideBySide(t *testing.T) {
	for _, environment := range environments {
		g := stepsOf(t, environment)
		slow := []graph.Step{g.OfType(database)[0], g.OfType(instance)[0], g.OfType(domain)[0]}
		for _, one := range slow {
			for _, other := range slow {
				require.False(t, g.Waits(one.Name, other.Name), "%s waits for %s in %s", one.Name, other.Name, environment)
				require.Less(t, one.Start, other.End, "%s begins when %s has ended in %s", one.Name, other.Name, environment)
			}
		}
	}
}

// Sources are independent too: none waits for another.
func TestSourcesAreMadeSideBySide(t *testing.T) {
	one, two := stepsOf(t, config.Dev), deployed(t, config.Config{Source: config.Source{Enabled: new(true)}, Sources: map[string]config.NamedSource{"orders": {}}})
	require.Len(t, two.OfType(cluster), 2)
	for _, typ := range []string{cluster, instance, task} {
		both := two.OfType(typ)
		require.False(t, two.Waits(both[0].Name, both[1].Name), typ)
		require.False(t, two.Waits(both[1].Name, both[0].Name), typ)
	}
	require.Equal(t, one.End(), two.End(), "a source more takes no minute more")
}

func TestADeploymentIsHardlyLongerThanItsLongestPart(t *testing.T) {
	for _, environment := range environments {
		g := stepsOf(t, environment)
		longest := g.OfType(domain)[0].Takes()
		require.Less(t, g.End(), longest+4*time.Minute, environment)
		require.Greater(t, graph.InLine(graph.Walkthrough), g.End()*3/2, "the stacks in line")
		require.Len(t, graph.Walkthrough, 8)
	}
}

func TestTheCriticalPathGoesByDomainDeliveryAndTask(t *testing.T) {
	for _, environment := range environments {
		g := stepsOf(t, environment)
		path := g.Path()
		require.Equal(t, time.Duration(0), path[0].Start)
		var types []string
		for i, s := range path {
			types = append(types, s.Type)
			if i > 0 {
				require.Equal(t, path[i-1].End, s.Start, "%s begins when what it waited for has ended", s.Name)
			}
		}
		require.Equal(t, g.End(), path[len(path)-1].End)
		at := -1
		for _, typ := range []string{domain, delivery, task} {
			next := slices.Index(types, typ)
			require.Greater(t, next, at, typ)
			at = next
		}
	}
}

func TestStepsWaitForOptionsInputsParentAndProvider(t *testing.T) {
	recorded := componenttest.Run(t, func(ctx *pulumi.Context) error {
		var domain, role, reader, inside pulumi.CustomResourceState
		part := &pulumi.ResourceState{}
		steps := []error{
			ctx.RegisterComponentResource("cdcpipeline:x:Part", "part", part),
			ctx.RegisterResource("aws:opensearch/domain:Domain", "domain", nil, &domain, pulumi.Parent(part)),
			ctx.RegisterResource("aws:iam/role:Role", "role", nil, &role),
			ctx.RegisterResource("aws:kinesis/stream:Stream", "stream", pulumi.Map{"name": role.URN()}, &reader),
			ctx.RegisterResource("opensearch:index/ismPolicy:IsmPolicy", "inside", nil, &inside, pulumi.DependsOn([]pulumi.Resource{&domain})),
		}
		for _, err := range steps {
			if err != nil {
				return err
			}
		}
		return nil
	})
	g, err := graph.FromResources(recorded.Resources())
	require.NoError(t, err)
	require.Equal(t, []string{"aws:iam/role:Role::role"}, g["aws:kinesis/stream:Stream::stream"].After, "by an input")
	require.Equal(t, 3*time.Second, g["aws:kinesis/stream:Stream::stream"].Start)
	require.Equal(t, []string{"aws:opensearch/domain:Domain::domain"}, g["opensearch:index/ismPolicy:IsmPolicy::inside"].After, "by an option")
	require.Equal(t, []string{"cdcpipeline:x:Part::part"}, g["aws:opensearch/domain:Domain::domain"].After, "by its parent")
	require.Equal(t, 22*time.Minute+33*time.Second, g.End())
	require.True(t, stepsOf(t, config.Dev).Waits(delivery+"::cdc-search-delivery", domain+"::cdc-search-domain"), "by its role inside, whose provider has the domain's address")
}

func TestResourcesThatWaitForOneAnotherAreRefused(t *testing.T) {
	a, b := "urn:pulumi:s::p::aws:iam/role:Role::a", "urn:pulumi:s::p::aws:iam/role:Role::b"
	_, err := graph.FromResources([]componenttest.Registered{{Type: "aws:iam/role:Role", Name: "a", DependsOn: []string{b}}, {Type: "aws:iam/role:Role", Name: "b", DependsOn: []string{a}}})
	require.ErrorContains(t, err, "2 resources wait for one another")
}

func TestEveryTimeIsOfATypeThatIsMadeAndSaysWhereItWasRead(t *testing.T) {
	made := map[string]bool{"aws:ec2/natGateway:NatGateway": true} // the walkthrough's steps
	for _, environment := range environments {
		for _, s := range stepsOf(t, environment) {
			made[s.Type] = true
		}
	}
	var keys []string
	for _, s := range graph.Sources {
		keys = append(keys, s.Key)
	}
	for _, time := range append(slices.Clone(graph.Times), graph.Other) {
		require.LessOrEqual(t, time.Least, time.Most, time.Type)
		if time.Source != "" {
			require.Contains(t, keys, time.Source, time.Type)
		} else {
			require.NotEmpty(t, time.Note, "%s: why is there no source?", time.Type)
		}
		require.True(t, made[time.Type] || time.Type == "", "%s is not made", time.Type)
	}
}

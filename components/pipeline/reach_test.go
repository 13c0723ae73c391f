package pipeline_test

import (
	"cdcpipeline/components/pipeline"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"cdcpipeline/internal/tunnel"
	"net"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const instanceType = "aws:ec2/instance:Instance"

// told is a tunnel that keeps what it is told.
type told []tunnel.Target

func (t *told) SetTarget(target tunnel.Target) { *t = append(*t, target) }

func TestTheDomainIsReachedThroughABastionUnlessDirectly(t *testing.T) {
	for reach, c := range map[config.Reach]struct {
		url       string
		instances int
	}{
		config.ReachTunnel: {"https://localhost:9200", 1},
		config.ReachDirect: {"https://cdc-search-domain.example.internal", 0},
	} {
		r := componenttest.Run(t, program(config.Config{Search: config.Search{Reach: reach}}))
		require.Len(t, r.All(instanceType), c.instances, reach)
		require.Equal(t, c.url, r.One(t, "pulumi:providers:opensearch").Input("url"), reach)
		require.Equal(t, c.instances == 0, admitsTheVpc(r), reach)
	}
}

// admitsTheVpc says whether the domain accepts connections from everywhere in the VPC.
func admitsTheVpc(r *componenttest.Recorder) bool {
	for _, rule := range r.All("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") {
		if strings.Contains(rule.Name, "search-from-vpc") {
			return true
		}
	}
	return false
}

func TestTheBastionStartsWhenTheNetworkIsWholeAndBeforeItIsNeeded(t *testing.T) {
	r := componenttest.Run(t, program(config.Config{}))
	require.Contains(t, strings.Join(r.One(t, instanceType).DependsOn, " "), "aws:ec2/vpcEndpoint:VpcEndpoint::cdc-network-ssmmessages")
	require.Contains(t, strings.Join(r.One(t, "pulumi:providers:opensearch").DependsOn, " "), instanceType)
	require.Equal(t, []any{"cdc-network-bastion-id"}, r.One(t, instanceType).Input("vpcSecurityGroupIds"))
}

func TestTheTunnelIsToldTheWayToTheDomain(t *testing.T) {
	var targets told
	componenttest.Run(t, func(ctx *pulumi.Context) error {
		_, err := pipeline.New(ctx, "cdc", &pipeline.Args{
			CaBundle: "-----BEGIN CERTIFICATE-----", Tunnel: &targets,
			BootstrapCode:    pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")}),
			RotationCode:     pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")}),
			CurrentStateCode: pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")}),
		})
		return err
	})
	require.Equal(t, told{{InstanceID: "cdc-bastion-instance-id", Host: "cdc-search-domain.example.internal", Port: 443}}, targets)
}

func TestAnotherPasswordGenerationMakesANewPassword(t *testing.T) {
	for generation, want := range map[int]any{0: nil, 2: map[string]any{"generation": "2"}} {
		r := componenttest.Run(t, program(config.Config{Search: config.Search{PasswordGeneration: generation}}))
		require.Equal(t, want, r.One(t, "random:index/randomPassword:RandomPassword", "cdc-search-master").Input("keepers"))
	}
}

// open opens the tunnel of a stack whose `aws:*` configuration is given.
func open(t *testing.T, search config.Search, preview bool, aws map[string]string) (opened pipeline.Tunnel, err error) {
	t.Helper()
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	failed := pulumi.RunErr(func(ctx *pulumi.Context) error {
		opened, err = pipeline.OpenTunnel(ctx, search.WithDefaults(config.Dev))
		return nil
	}, pulumi.WithMocks("project", "stack", &componenttest.Recorder{}), func(info *pulumi.RunInfo) {
		info.DryRun, info.Config = preview, aws
	})
	require.NoError(t, failed)
	if listening, ok := opened.(*tunnel.Tunnel); ok {
		t.Cleanup(func() { _ = listening.Close() })
	}
	return opened, err
}

// taken is a port that somebody listens on.
func taken(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

// free is a port that nobody listens on.
func free(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func TestATunnelListensOnItsPortAndConnectsToNothing(t *testing.T) {
	port := free(t)
	opened, err := open(t, config.Search{TunnelPort: port}, true, nil)
	require.NoError(t, err)
	listening, ok := opened.(*tunnel.Tunnel)
	require.True(t, ok)
	require.Equal(t, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1).To4(), Port: port}, &net.TCPAddr{IP: listening.Addr().IP.To4(), Port: listening.Addr().Port})
	require.Zero(t, listening.Sessions())
}

func TestTheNextProgramOfTheProcessTakesTheTunnelOver(t *testing.T) {
	port := free(t)
	first, err := open(t, config.Search{TunnelPort: port}, false, nil)
	require.NoError(t, err)
	second, err := open(t, config.Search{TunnelPort: port}, false, nil)
	require.NoError(t, err)
	require.Same(t, first, second)
}

func TestATakenPortFailsAnUpAndNotAPreview(t *testing.T) {
	port := taken(t)
	opened, err := open(t, config.Search{TunnelPort: port}, true, nil)
	require.NoError(t, err)
	require.Nil(t, opened)

	_, err = open(t, config.Search{TunnelPort: port}, false, nil)
	require.ErrorContains(t, err, "search.tunnelPort: ")
}

func TestThereIsNoTunnelToADomainThatIsReachedDirectly(t *testing.T) {
	opened, err := open(t, config.Search{Reach: config.ReachDirect}, false, map[string]string{"aws:maxRetries": "many"})
	require.NoError(t, err)
	require.Nil(t, opened)
}

func TestTheTunnelTakesTheProvidersConfiguration(t *testing.T) {
	_, err := open(t, config.Search{TunnelPort: free(t)}, false, map[string]string{"aws:maxRetries": "many"})
	require.ErrorContains(t, err, "aws:maxRetries")
}

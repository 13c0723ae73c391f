package pipeline_test

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const instanceType = "aws:ec2/instance:Instance"

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

func TestAnotherPasswordGenerationMakesANewPassword(t *testing.T) {
	for generation, want := range map[int]any{0: nil, 2: map[string]any{"generation": "2"}} {
		r := componenttest.Run(t, program(config.Config{Search: config.Search{PasswordGeneration: generation}}))
		require.Equal(t, want, r.One(t, "random:index/randomPassword:RandomPassword", "cdc-search-master").Input("keepers"))
	}
}

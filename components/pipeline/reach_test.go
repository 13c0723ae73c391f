package pipeline_test

import (
	"cdcpipeline/components/bastion"
	"cdcpipeline/components/pipeline"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
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

// admitsTheVpc reports whether the domain accepts connections from the whole VPC.
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

// workers is an engine that does one thing at a time. While a creation inside the search service waits for its
// connection, nothing else is made.
type workers struct {
	*componenttest.Recorder

	one     sync.Mutex
	led     chan struct{}
	starved chan string
}

func (w *workers) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	w.one.Lock()
	defer w.one.Unlock()
	if strings.HasPrefix(args.TypeToken, "opensearch:") {
		select {
		case <-w.led:
		case <-time.After(10 * time.Second):
			select {
			case w.starved <- args.Name:
			default:
			}
		}
	}
	return w.Recorder.NewResource(args) //nolint:wrapcheck // a mock
}

func TestTheWayToWhatIsSearchedIsOpenBeforeItsInsideKeepsEveryWorker(t *testing.T) {
	for name, cfg := range map[string]config.Config{
		"domain":                 {},
		"collections":            {Search: config.Search{Kind: config.OnCollections}},
		"domain and collections": {Search: config.Search{Next: config.OnCollections}},
	} {
		t.Run(name, func(t *testing.T) {
			w := &workers{Recorder: &componenttest.Recorder{}, led: make(chan struct{}), starved: make(chan string, 1)}
			places := 0
			err := pulumi.RunErr(func(ctx *pulumi.Context) error {
				_, err := pipeline.New(ctx, "cdc", &pipeline.Args{
					Config: cfg, Code: code(), CaBundles: map[string]string{"": "-----BEGIN CERTIFICATE-----"},
					Lead: func(_ *bastion.Bastion, to *pipeline.Place) {
						require.True(t, (to.Domain == nil) != (to.Collections == nil))
						if places++; places == 1 {
							close(w.led)
						}
					},
				})
				return err
			}, pulumi.WithMocks(componenttest.Project, componenttest.Stack, w))
			require.NoError(t, err)
			require.Equal(t, cfg.Search.Next != "", places == 2, "each place is led to")
			require.Empty(t, w.starved, "it waited for a way that nobody had opened")
		})
	}
}

package schema_test

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/components/pipeline"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"cdcpipeline/rehearsal/engine/schema"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func TestThePluginKnowsEveryInputOfTheProgram(t *testing.T) {
	plugin, err := schema.AWS()
	require.NoError(t, err)
	for name, cfg := range configurations {
		t.Run(name, func(t *testing.T) {
			recorded := deploy(t, cfg)
			seen := 0
			for _, r := range recorded.Resources() {
				if len(r.Type) > 4 && r.Type[:4] == "aws:" {
					seen++
					require.Empty(t, plugin.Unknown(r.Type, r.Inputs.Mappable()), "inputs that the plugin would drop without a word")
				}
			}
			require.Greater(t, seen, 50)
			for _, token := range recorded.Invokes() {
				require.Contains(t, plugin.Functions, token)
			}
		})
	}
}

// configurations are those that together register everything that the program can make.
var configurations = map[string]config.Config{
	"dev":    {Environment: config.Dev},
	"prod":   {Environment: config.Prod},
	"nat":    {Network: config.Network{Egress: config.EgressNAT}},
	"direct": {Search: config.Search{Reach: config.ReachDirect}},
	"logged": {Lake: config.Lake{LogBucket: "somebody-elses-logs"}},
	"adopted": {
		Network: config.Network{VpcID: componenttest.ExistingVpcID, PrivateSubnetIDs: []string{"subnet-01234567", "subnet-89abcdef"}},
		Source: config.Source{Existing: &config.ExistingDatabase{
			Host: "db.example.internal", SecretArn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:admin-AbCdEf", SecurityGroupID: "sg-0123456789abcdef0",
		}},
	},
}

func deploy(t *testing.T, cfg config.Config) *componenttest.Recorder {
	t.Helper()
	r := &componenttest.Recorder{}
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		code := pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")})
		_, err := pipeline.New(ctx, "cdc", &pipeline.Args{Config: cfg, Code: feed.Code{Bootstrap: code, Rotation: code, CurrentState: code, Canary: code}, CaBundles: map[string]string{"": "-----BEGIN CERTIFICATE-----"}})
		return err
	}, pulumi.WithMocks(componenttest.Project, componenttest.Stack, componenttest.ExistingVpc{Recorder: r})))
	return r
}

func TestUnknownInputsAreNamedByTheirPath(t *testing.T) {
	plugin, err := schema.AWS()
	require.NoError(t, err)
	require.Equal(t, []string{"aws:dms/endpoint:Endpoint.kinesisSettings.noHexPrefix", "aws:dms/endpoint:Endpoint.typo"},
		plugin.Unknown("aws:dms/endpoint:Endpoint", map[string]any{
			"typo": 1, "endpointId": "x", "kinesisSettings": map[string]any{"noHexPrefix": true, "useLargeIntegerValue": true},
		}))
	require.Equal(t, []string{"aws:x/y:Y"}, plugin.Unknown("aws:x/y:Y", nil))
}

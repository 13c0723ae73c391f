package schema_test

import (
	"cdcpipeline/components/componenttest"
	"cdcpipeline/components/pipeline"
	"cdcpipeline/config"
	"cdcpipeline/rehearsal/schema"
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
}

func deploy(t *testing.T, cfg config.Config) *componenttest.Recorder {
	t.Helper()
	return componenttest.Run(t, func(ctx *pulumi.Context) error {
		code := pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")})
		_, err := pipeline.New(ctx, "cdc", &pipeline.Args{Config: cfg, BootstrapCode: code, RotationCode: code, CaBundle: "-----BEGIN CERTIFICATE-----"})
		return err
	})
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

package stages

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

func TestThePluginIsOfTheVersionThatTheSDKsAskFor(t *testing.T) {
	text, err := os.ReadFile("../../sdks/nodejs/package.json")
	require.NoError(t, err)
	var sdk struct{ Version string }
	require.NoError(t, json.Unmarshal(text, &sdk))
	require.Equal(t, sdk.Version, pluginVersion)
}

func TestWhatAnExampleNeedsBesidesIsAddedToWhatItSays(t *testing.T) {
	file := filepath.Join(t.TempDir(), "Pulumi.yaml")
	text, err := os.ReadFile("../../examples/yaml-pipeline/Pulumi.yaml")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, text, 0o600))
	require.NoError(t, besides(file, map[string]any{"cdc": map[string]any{
		"functions": map[string]any{"architecture": "x86_64"}, "sources": map[string]any{"stock": map[string]any{"port": 5433}},
	}}))
	text, err = os.ReadFile(file)
	require.NoError(t, err)
	var program struct {
		Name      string
		Resources map[string]struct {
			Type       string
			Properties struct {
				Functions map[string]any
				Search    map[string]any
				Sources   map[string]map[string]any
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &program))
	cdc := program.Resources["cdc"]
	require.Equal(t, []string{"pipeline", "cdcpipeline:pipeline:Pipeline"}, []string{program.Name, cdc.Type})
	require.Equal(t, map[string]any{"architecture": "x86_64"}, cdc.Properties.Functions)
	require.Equal(t, map[string]any{"historyRetentionDays": 14}, cdc.Properties.Search)
	require.Equal(t, []any{5433, "warehouse"}, []any{cdc.Properties.Sources["stock"]["port"], cdc.Properties.Sources["stock"]["databaseName"]})
}

func TestAProgramThatIsWrongTakesASectionFromTheStacksConfiguration(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "wrong0")
	values, err := writeWrong(dir, "wrong0", misspelt[0])
	require.NoError(t, err)
	require.Equal(t, map[string]string{"wrong0:search.instanceTyp": "m7g.large.search"}, values)
	text, err := os.ReadFile(filepath.Join(dir, "Pulumi.yaml"))
	require.NoError(t, err)
	require.YAMLEq(t, `{name: wrong0, runtime: yaml, config: {search: {type: object}}, resources: {it: {type: "cdcpipeline:pipeline:Pipeline", properties: {search: "${search}"}}}}`, string(text))
	require.GreaterOrEqual(t, len(misspelt), 5)
}

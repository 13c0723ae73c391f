package replication

import (
	"cdcpipeline/config"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTaskSettings(t *testing.T) {
	got, err := taskSettings(config.Replication{LobMaxSizeKb: 64}, config.EngineMySQL)
	require.NoError(t, err)
	golden(t, "settings.golden.json", got)
}

// The provider reports any list as a change, and DMS rewrites the named keys.
func TestTaskSettingsHoldNothingThatDrifts(t *testing.T) {
	text, err := taskSettings(config.Replication{LobMaxSizeKb: 1}, config.EngineMySQL)
	require.NoError(t, err)
	var walk func(key string, v any)
	walk = func(key string, v any) {
		require.NotContains(t, []string{"EnableLogContext", "CloudWatchLogGroup", "CloudWatchLogStream", "historyTimeslotInMinutes"}, key)
		switch v := v.(type) {
		case []any:
			t.Errorf("%s is a list", key)
		case nil:
			t.Errorf("%s is null", key)
		case map[string]any:
			for k, inner := range v {
				walk(k, inner)
			}
		}
	}
	var document any
	require.NoError(t, json.Unmarshal([]byte(text), &document))
	walk("", document)
}

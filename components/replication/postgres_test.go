package replication

import (
	"cdcpipeline/config"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRecordsOfPostgreSQLTellTheOldRowWhole(t *testing.T) {
	of := func(engine config.Engine) (filter string, rest map[string]any) {
		text, err := taskSettings(config.Replication{LobMaxSizeKb: 64}, engine)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal([]byte(text), &rest))
		before, ok := rest["BeforeImageSettings"].(map[string]any)
		require.True(t, ok)
		filter, _ = before["ColumnFilter"].(string)
		delete(before, "ColumnFilter")
		return filter, rest
	}
	all, rest := of(config.EnginePostgreSQL)
	keys, same := of(config.EngineMySQL)
	require.Equal(t, []string{"all", "pk-only"}, []string{all, keys})
	require.Equal(t, same, rest)
}

func TestAPatternOfSchemasLeavesOutWhatIsPostgreSQLs(t *testing.T) {
	got, err := tableMappings(config.EnginePostgreSQL, []config.Table{{Database: "%", Table: "%"}}, nil)
	require.NoError(t, err)
	golden(t, "mappings_postgresql.golden.json", got)
}

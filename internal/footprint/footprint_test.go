package footprint

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestIdentifierIsWhatDMSTakes(t *testing.T) {
	require.Equal(t, "cdc-pipeline-dev-replication", Identifier("cdc-pipeline", "dev", "replication"))
	require.Equal(t, "cdc-9-lives", Identifier("9", "Lives"))
	rapid.Check(t, func(t *rapid.T) {
		id := Identifier(rapid.String().Draw(t, "project"), rapid.String().Draw(t, "stack"))
		require.Regexp(t, `^[a-z]([a-z0-9]|-[a-z0-9])*$`, id)
		require.LessOrEqual(t, len(id), maxIdentifier)
	})
}

func TestLongIdentifiersStayApart(t *testing.T) {
	long := "a-project-with-a-name-that-goes-on-and-on-and-on"
	require.NotEqual(t, Identifier(long, "dev"), Identifier(long, "prod"))
}

func TestAliasHoldsOnlyWhatKMSTakes(t *testing.T) {
	require.Equal(t, "alias/cdc-pipeline-v1-2-key_x", KeyAlias("cdc-pipeline", "v1.2", "key_x"))
}

func TestTheCatalogsDatabaseIsWhatAthenaTakesWithoutQuotes(t *testing.T) {
	require.Equal(t, "cdc_pipeline_v1_2", CatalogDatabase("cdc-pipeline", "V1.2"))
}

func TestPartsOfANamedSourceHaveItsName(t *testing.T) {
	require.Equal(t, []string{"cdc", "cdc-orders"}, []string{Parts(""), Parts("orders")})
}

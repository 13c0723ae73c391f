package naming

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestANameIsWhatAWSTakes(t *testing.T) {
	require.Equal(t, "cdc-pipeline-dev-replication", Fit(46, "cdc-pipeline", "dev", "replication"))
	require.Equal(t, "cdc-9-lives", Fit(46, "9", "Lives"))
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(10, 63).Draw(t, "limit")
		name := Fit(limit, rapid.String().Draw(t, "project"), rapid.String().Draw(t, "stack"))
		require.Regexp(t, `^[a-z]([a-z0-9]|-[a-z0-9])*$`, name)
		require.LessOrEqual(t, len(name), limit)
	})
}

func TestLongNamesStayApart(t *testing.T) {
	long := "a-project-with-a-name-that-goes-on-and-on-and-on"
	require.NotEqual(t, Fit(46, long, "dev"), Fit(46, long, "prod"))
}

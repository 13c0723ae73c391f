package inventory

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAddedIsWhatWasNotThereBefore(t *testing.T) {
	require.Equal(t, []string{"vpc/2"}, Added([]string{"vpc/1", "key/1"}, []string{"vpc/1", "vpc/2"}))
}

func TestAddedIsNeverNil(t *testing.T) {
	require.NotNil(t, Added(nil, nil), "the report says [], not null")
}

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInsertAfterLastUsesTheLastAnchor(t *testing.T) {
	got, err := insertAfterLast("a;b;a;c", "a;", "x;")
	require.NoError(t, err)
	require.Equal(t, "a;b;a;x;c", got)
}

func TestInsertAfterLastRefusesAnUnknownSource(t *testing.T) {
	_, err := insertAfterLast("a;b", "z;", "x;")
	require.ErrorContains(t, err, `no "z;"`)
}

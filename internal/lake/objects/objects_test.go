package objects_test

import (
	"cdcpipeline/internal/lake/objects"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAnotherSourcesObjectsAreBelowTheUnnamedSourcesPrefixes(t *testing.T) {
	for key, another := range map[string]bool{
		"errors/lake/x": false, "errors/source=orders/lake/x": true, "errors/lake/source=orders/x": false,
	} {
		require.Equal(t, another, objects.OfAnother("errors/", key), key)
	}
	require.False(t, objects.OfAnother("errors/source=orders/", "errors/source=orders/lake/x"), "its own")
}

func TestFoldersAreThoseOfTheDelivery(t *testing.T) {
	l := objects.Lake{Prefix: "raw"}
	require.Equal(t, "raw/schema=a%2Fb/table=%EA%B9%80-1_x.y~/", l.Folder("a/b", "김-1_x.y~"))
	at := time.Date(2026, 12, 31, 22, 30, 0, 0, time.UTC)
	require.Equal(t, []string{"raw/schema=d/table=t/dt=2026-12-31/hour=22/", "raw/schema=d/table=t/dt=2026-12-31/hour=23/", "raw/schema=d/table=t/dt=2027-01-01/hour=00/"},
		l.Hours("d", "t", at, at.Add(2*time.Hour)))
}

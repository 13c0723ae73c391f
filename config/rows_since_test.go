package config

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheLatestTimeThatMatchesATableHolds(t *testing.T) {
	since := RowsSince{"%.%": "2026-02-01T00:00:00Z", "shop.orders": "2026-03-01T00:00:00Z", "shop.%": "2026-03-01T03:00:00+02:00", "logs.%": "not a time"}
	require.Equal(t, time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC), since.Of("shop", "orders"))
	require.Equal(t, time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC), since.Of("Shop", "Orders"), "a server may keep names in lower case")
	require.Equal(t, time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC), since.Of("logs", "audit"))
	require.Zero(t, RowsSince{"shop.orders": "2026-03-01T00:00:00Z"}.Of("shop", "returns"))
}

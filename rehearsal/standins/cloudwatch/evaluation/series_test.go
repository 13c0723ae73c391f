package evaluation

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func series(values ...float64) Series {
	var s Series
	for i, v := range values {
		s = append(s, Point{time.Unix(int64(i), 0), v})
	}
	return s
}

func TestAPeriodHasItsBeginningAndNotItsEnd(t *testing.T) {
	s := series(10, 11, 12, 13)
	require.Equal(t, s[1:3], s.Between(time.Unix(1, 0), time.Unix(3, 0)))
	require.Empty(t, s.Between(time.Unix(4, 0), time.Unix(9, 0)))
	require.Empty(t, s.Between(time.Unix(2, 0), time.Unix(2, 0)))
}

func TestStatisticsAreThoseOfTheAPI(t *testing.T) {
	s := series(4, 1, 3, 2)
	for name, want := range map[string]float64{"Average": 2.5, "Sum": 10, "Minimum": 1, "Maximum": 4, "SampleCount": 4, "p50": 2, "p99": 4, "p99.9": 4, "p0": 1} {
		got, ok, err := s.Statistic(name)
		require.NoError(t, err)
		require.True(t, ok)
		require.InDelta(t, want, got, 1e-9, name)
	}
	_, ok, err := Series(nil).Statistic("Sum")
	require.NoError(t, err)
	require.False(t, ok, "no values are no zero")
	_, _, err = s.Statistic("tm99")
	require.Error(t, err)
}

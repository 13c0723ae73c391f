package reconcile

import (
	"slices"
	"time"
)

// Quantile of durations in milliseconds, 0 when there are none.
func Quantile(durations []time.Duration, q float64) float64 {
	if len(durations) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(durations))
	at := min(len(sorted)-1, int(q*float64(len(sorted))))
	return float64(sorted[at].Milliseconds())
}

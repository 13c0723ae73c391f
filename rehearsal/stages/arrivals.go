package stages

import (
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/report/reconcile"
	"strings"
	"sync"
	"time"
)

// arrivals are the records that have reached each destination, with the moments of their arrival.
type arrivals struct {
	mu      sync.Mutex
	batches map[string][]arrival
}

// arrival is a batch of records that reached a destination at one moment.
type arrival struct {
	at      time.Time
	records [][]byte
}

func newArrivals() *arrivals { return &arrivals{batches: map[string][]arrival{}} }

// record keeps what a delivery has delivered.
func (a *arrivals) record(delivery string, _ int, at time.Time, records [][]byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.batches[delivery] = append(a.batches[delivery], arrival{at: at, records: records})
}

// latencies are from the return of the commit to the delivery, for changes; loaded rows have none.
func (a *arrivals) latencies(written []reconcile.Change, delivery string) []time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	committed := map[string][]time.Time{}
	for _, c := range written {
		committed[c.ID] = append(committed[c.ID], c.At)
	}
	var found []time.Duration
	for _, batch := range a.batches[delivery] {
		for _, raw := range batch.records {
			change, ok, err := reconcile.Record(raw)
			if times := committed[change.ID]; err == nil && ok && len(times) > 0 && !strings.Contains(change.ID, " load ") {
				found = append(found, batch.at.Sub(times[0]))
				committed[change.ID] = times[1:]
			}
		}
	}
	return found
}

// quantiles of durations.
func quantiles(d []time.Duration) report.Quantiles {
	return report.Quantiles{P50: reconcile.Quantile(d, 0.5), P99: reconcile.Quantile(d, 0.99)}
}

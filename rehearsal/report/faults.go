package report

import "fmt"

// Faults counts the faults during the load, each where it was caused, and the result for the rows.
type Faults struct {
	// Kills of the domain's node, and how long it did not answer.
	Kills       int     `json:"kills"`
	DownSeconds float64 `json:"down_seconds"`
	// ThrottledRequests are bulk requests that were answered with 429 as a whole, ThrottledItems documents of others:
	// from the function and from the delivery.
	ThrottledRequests int64 `json:"throttled_requests"`
	ThrottledItems    int64 `json:"throttled_items"`
	// BatchesTwice were delivered to the function a second time, DelayedBatches after batches that were written
	// later.
	BatchesTwice   int64 `json:"batches_twice"`
	DelayedBatches int64 `json:"delayed_batches"`
	// Poison are records in the stream that cannot be indexed, PoisonParked those that the function parked, each with
	// its reason.
	Poison       int `json:"poison"`
	PoisonParked int `json:"poison_parked"`
	// Written changes, those that the history or the lake lacks, and extra copies in either.
	Written    int `json:"written"`
	Lost       int `json:"lost"`
	Duplicated int `json:"duplicated"`
	// CurrentRows of the tables afterwards, and whether the current indices equal them.
	CurrentRows  int  `json:"current_rows"`
	CurrentEqual bool `json:"current_equal"`
}

// Problems are losses, and faults that did not happen: surviving those proves nothing.
func (f *Faults) Problems() []string {
	if f == nil {
		return nil
	}
	var p []string
	fail := func(bad bool, format string, args ...any) {
		if bad {
			p = append(p, "faults: "+fmt.Sprintf(format, args...))
		}
	}
	fail(f.Kills == 0 || f.DownSeconds == 0, "the domain's node was never down")
	fail(f.ThrottledRequests == 0, "no request was throttled")
	fail(f.ThrottledItems == 0, "no document was throttled")
	fail(f.BatchesTwice == 0, "no batch was delivered twice")
	fail(f.DelayedBatches == 0, "no batch was delayed")
	fail(f.Poison == 0, "no poison was put into the stream")
	fail(f.PoisonParked != f.Poison, "of %d poison records %d were parked", f.Poison, f.PoisonParked)
	fail(f.Written == 0, "nothing was written")
	fail(f.Lost != 0, "%d of %d changes were lost", f.Lost, f.Written)
	fail(!f.CurrentEqual || f.CurrentRows == 0, "the current indices do not equal the tables' %d rows", f.CurrentRows)
	return p
}

func (f *Faults) print(row func(name string, value any)) {
	if f == nil {
		return
	}
	row("faults.kills", fmt.Sprintf("%d, down for %.1f s", f.Kills, f.DownSeconds))
	row("faults.throttled", fmt.Sprintf("%d requests, %d documents of others", f.ThrottledRequests, f.ThrottledItems))
	row("faults.batches", fmt.Sprintf("%d delivered twice, %d delayed", f.BatchesTwice, f.DelayedBatches))
	row("faults.poison", fmt.Sprintf("%d, %d parked", f.Poison, f.PoisonParked))
	row("faults.written", f.Written)
	row("faults.lost", f.Lost)
	row("faults.duplicated", f.Duplicated)
	row("faults.current_equal", fmt.Sprintf("%t: %d rows", f.CurrentEqual, f.CurrentRows))
}

package conformance

import (
	"cdcpipeline/internal/operator/verify"
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// look is how often it is looked whether enough has come.
	look = 100 * time.Millisecond
	// quiet is how long nothing has come when no more is expected, although something is missing. A shard that is read by
	// others too may be read some seconds late.
	quiet = 6 * time.Second
)

// collector takes the probe's records out of the stream.
type collector struct {
	mu       sync.Mutex
	evidence *Evidence
	step     Step
	// last is when a record of the probe was taken.
	last time.Time
}

func newCollector(e *Evidence) *collector { return &collector{evidence: e, step: stepRows} }

// begin a step: what comes from now on is of it.
func (c *collector) begin(s Step) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.step = s
}

// take a record if it is the probe's.
func (c *collector) take(a verify.Arrival) error {
	text := string(a.Data)
	if !c.evidence.about(text) {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = time.Now()
	c.evidence.Stream = append(c.evidence.Stream, Arrival{c.step, a.Shard, a.Sequence, a.PartitionKey, a.At.UTC(), text})
	return nil
}

// count the records of steps that hold rows; of all steps when none is named.
func (c *collector) count(steps ...Step) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	var texts []string
	for _, a := range c.evidence.Stream {
		if len(steps) == 0 || slices.Contains(steps, a.Step) {
			texts = append(texts, a.Data)
		}
	}
	return c.evidence.records(texts)
}

// expected is what comes of a step when all is as assumed: so many rows, and a definition of the table that has a column.
type expected struct {
	rows   int
	column string
	// last is the scene that is written last; empty when rows come in no order.
	last string
}

// come says whether the whole came, and whether no more of it will.
func (c *collector) come(s Step, of expected) (whole, ended bool) {
	rows := c.count(s)
	c.mu.Lock()
	defer c.mu.Unlock()
	ended = rows > 0 && (of.last == "" || len(c.evidence.pick(s, func(one sighting) bool { return one.scene == of.last })) > 0)
	defined := of.column == ""
	for _, d := range c.evidence.definitions() {
		defined = defined || d.json.Get("control.table-def.columns."+of.column).Exists()
	}
	return rows >= of.rows && ended && defined, ended && time.Since(c.last) > quiet
}

// await what is expected of a step; or, when the last row of it has come, until nothing more does. False says that it did
// not come in time.
func (c *collector) await(ctx context.Context, timeout time.Duration, s Step, of expected) bool {
	for began := time.Now(); ; {
		if whole, ended := c.come(s, of); whole || ended {
			return true
		}
		if time.Since(began) > timeout || !sleep(ctx, look) {
			return false
		}
	}
}

// sleep is false when ctx has ended.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

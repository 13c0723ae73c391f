package conformance

import (
	"cdcpipeline/internal/operator/verify"
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// look is the interval between two checks whether enough records have come.
	look = 100 * time.Millisecond
	// quiet is the pause after which no more records are expected, although some are missing. If others read the same
	// shard, its records may come some seconds late.
	quiet = 6 * time.Second
)

// collector takes the probe's records from the stream.
type collector struct {
	mu       sync.Mutex
	evidence *Evidence
	step     Step
	// last is the time when the probe's latest record was taken.
	last time.Time
}

func newCollector(e *Evidence) *collector { return &collector{evidence: e, step: stepRows} }

// begin starts a step. All later records belong to it.
func (c *collector) begin(s Step) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.step = s
}

// take keeps a record if it belongs to the probe.
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

// count counts the row records of some steps. Without steps it counts those of all.
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

// expected describes the records of a step if every assumption holds. rows is the number of row records. column must
// appear in a table definition.
type expected struct {
	rows   int
	column string
	// last is the scene written last. It is empty when rows come in no order.
	last string
}

// come reports whether everything expected has come, and whether nothing more will.
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

// await waits for the expected records of a step. If the last row has come but others are missing, it stops when the
// stream is quiet. It returns false on a timeout.
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

// sleep returns false if ctx has ended.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

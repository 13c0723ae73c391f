package stages

import (
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/report/page"
	"cdcpipeline/rehearsal/world"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// shown is how many seconds of rates the live page shows.
const shown = 120

// gauge is an arrow of the picture, with the number of records that passed it.
type gauge struct {
	from, to string
	total    func() int64
}

// gauges of a run. They count rows into the stream and in the function, and all records elsewhere.
func gauges(r *Run) []gauge {
	passed := func(hop world.Hop) func() int64 { return func() int64 { return r.passages.count(hop) } }
	taken := func() (n int64) {
		for _, m := range r.World.Mappings.Stats() {
			n += m.Delivered
		}
		return n
	}
	return []gauge{
		{"database", "replication", passed(world.Captured)},
		{"replication", "stream", func() int64 { return int64(read(r)) }},
		{"stream", "searchDelivery", passed(world.ReadForSearch)},
		{"stream", "currentState", passed(world.ReadForRows)},
		{"stream", "lakeDelivery", passed(world.ReadForLake)},
		{"searchDelivery", "domain", passed(world.InSearch)},
		{"currentState", "domain", taken},
		{"lakeDelivery", "bucket", passed(world.InLake)},
	}
}

// meter measures how many records pass each arrow per second.
type meter struct {
	gauges []gauge
	since  time.Time

	mu   sync.Mutex
	hops []page.LiveHop
}

func newMeter(gauges []gauge) *meter {
	m := &meter{gauges: gauges, since: time.Now()}
	for _, g := range gauges {
		m.hops = append(m.hops, page.LiveHop{From: g.from, To: g.to, Total: g.total()})
	}
	return m
}

// run measures every second until the context ends.
func (m *meter) run(ctx context.Context) {
	for pause(ctx, time.Second) == nil {
		m.tick()
	}
}

// tick is called every second. A task that is made again counts from zero.
func (m *meter) tick() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, g := range m.gauges {
		h, total := &m.hops[i], g.total()
		h.Rates, h.Total = append(h.Rates, max(0, total-h.Total)), total
		h.Rates = h.Rates[max(0, len(h.Rates)-shown):]
	}
}

// live is the page's data: the rates and the latest changes.
func (m *meter) live(latest []passage) *page.Live {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := &page.Live{Since: m.since, Hops: slices.Clone(m.hops)}
	for i := range l.Hops {
		l.Hops[i].Rates = slices.Clone(l.Hops[i].Rates)
	}
	for _, one := range latest {
		if c, ok := liveChange(one); ok {
			l.Changes = append(l.Changes, c)
		}
	}
	return l
}

// liveChange parses a DMS record; ok is false for anything that is not a change.
func liveChange(one passage) (c page.Change, ok bool) {
	var record struct {
		Metadata struct {
			RecordType string `json:"record-type"`
			Operation  string `json:"operation"`
			Schema     string `json:"schema-name"`
			Table      string `json:"table-name"`
			Key        string `json:"partition-key-value"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(one.record, &record); err != nil || record.Metadata.RecordType != "data" {
		return c, false
	}
	d := record.Metadata
	return page.Change{At: one.at, Operation: d.Operation, Table: d.Schema + "." + d.Table, Key: d.Key}, true
}

// serveLive shows this run's pipeline at the returned address until the context ends.
func serveLive(ctx context.Context, r *Run) (url string, err error) {
	so := *r.Report
	so.NotRun = notRun(r.Engine)
	m := newMeter(gauges(r))
	go m.run(ctx)
	return page.Serve(ctx, func() (report.Whole, *page.Live) { //nolint:wrapcheck // the error is complete
		return report.Whole{Report: &so}, m.live(r.passages.recent())
	})
}

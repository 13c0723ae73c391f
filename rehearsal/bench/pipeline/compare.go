package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"time"
)

// patience is how long the benchmark waits for a contender.
const patience = 10 * time.Minute

// contenders has the contenders beside the function, with their names in reports.
var contenders = []struct {
	name string
	variant
}{
	{debeziumEqual, variant{does: "write", batch: defaults.BatchSize, table: orders}},
	{debeziumDefault, variant{does: "write", table: orders}},
	{debeziumReading, variant{does: "drop", table: orders}},
}

// compare compares the function with the peer. Both write the same rows in turn, each into a new index with the
// same mapping and settings.
func (b *bench) compare(ctx context.Context) error {
	s, err := b.source(ctx)
	if s != nil && s.database != nil {
		defer s.stop()
	}
	if err != nil {
		return err
	}
	p, err := s.peer(ctx)
	if err != nil {
		return err
	}
	b.report.Versions["debezium"], b.report.Versions["java"] = p.version, javaVersion(ctx, p.java)
	if err := p.begin(ctx, orders); err != nil {
		return err
	}
	from, err := s.place(ctx)
	if err != nil {
		return err
	}
	rows := b.scale.Warming + b.scale.Rows
	b.log.Detail("%d rows are committed", rows)
	if err := s.commit(ctx, rows); err != nil {
		return err
	}
	records := make([][]byte, 0, rows)
	costs := map[string][]Measure{}
	add := func(name string, cost Cost, memory int64) {
		b.log.Detail("%s: %.0f rows/s, %.1f µs of its processor for each", name, cost.RowsPerSecond, cost.Function)
		costs[name] = append(costs[name], Measure{Micros: cost.Function, RowsPerSecond: cost.RowsPerSecond, MemoryMB: float64(memory) / 1e6})
	}
	for round := range b.scale.Rounds {
		read, err := s.read(ctx, from, b.scale.Rows, b.scale.Warming, func(record []byte) {
			if round == 0 {
				records = append(records, record)
			}
		})
		if err != nil {
			return err
		}
		read.Function = read.StandIns // the stand-in runs in this process, which does nothing else meanwhile
		add(standInReading, read, 0)
		todo := []func() error{func() error {
			cost, memory, err := b.write(ctx, records)
			if err == nil {
				add(function, cost, memory)
			}
			return err
		}}
		for _, c := range contenders {
			todo = append(todo, func() error {
				cost, memory, err := p.write(ctx, c.variant, rows)
				if err == nil {
					add(c.name, cost, memory)
				}
				return err
			})
		}
		if round%2 == 1 {
			slices.Reverse(todo)
		}
		for _, one := range todo {
			if err := one(); err != nil {
				return err
			}
		}
	}
	b.report.Peer = conclude(costs)
	b.report.Bench.PeerRows = b.report.Peer.Whole.Median
	return b.visible(ctx, p)
}

// write lets the function write the records that the stand-in of DMS has made, one batch after another.
func (b *bench) write(ctx context.Context, records [][]byte) (Cost, int64, error) {
	f, err := b.fleet(ctx, 1, orders)
	if err != nil {
		return Cost{}, 0, err
	}
	defer f.stop()
	var before spent
	for first := 0; first < len(records); first += defaults.BatchSize {
		if first >= b.scale.Warming && before.at.IsZero() {
			before = f.spent()
		}
		if err := f.call(ctx, 0, records[first:min(first+defaults.BatchSize, len(records))]); err != nil {
			return Cost{}, 0, err
		}
	}
	cost := f.spent().since(before, b.scale.Rows)
	_, memory := f.used()
	if err := b.counted(ctx, indexOf(orders), len(records)); err != nil {
		return Cost{}, 0, err
	}
	return cost, memory, b.keep(ctx)
}

// write lets the peer write the rows or drop them.
func (p *peer) write(ctx context.Context, v variant, rows int) (Cost, int64, error) {
	if err := p.fresh(ctx); err != nil {
		return Cost{}, 0, err
	}
	e, err := p.run(ctx, v, p.begun)
	if err != nil {
		return Cost{}, 0, err
	}
	defer e.process.Stop()
	before, err := e.until(ctx, p.scale.Warming, patience)
	if err != nil {
		return Cost{}, 0, err
	}
	warmed := e.rows // the last warm-up batch may contain more rows
	after, err := e.until(ctx, rows, patience)
	if err != nil {
		return Cost{}, 0, err
	}
	memory := e.memory()
	if v.does == "write" {
		if err := p.counted(ctx, peerIndex, rows); err != nil {
			return Cost{}, 0, err
		}
		if err := p.same(ctx); err != nil {
			return Cost{}, 0, err
		}
	}
	return after.since(before, e.rows-warmed), memory, nil
}

// keep saves the definition of the function's index and some of its documents, and removes the index.
func (b *bench) keep(ctx context.Context) error {
	if b.kept.index == nil {
		var err error
		if b.kept.index, err = b.definitionOf(ctx, indexOf(orders)); err != nil {
			return err
		}
		if b.kept.documents, err = b.some(ctx, indexOf(orders)); err != nil {
			return err
		}
	}
	return b.clear(ctx)
}

// fresh makes the peer's index with the mapping and settings of the function's earlier index.
func (p *peer) fresh(ctx context.Context) error {
	if err := p.clear(ctx); err != nil {
		return err
	}
	if err := p.node.Admin().Do(ctx, http.MethodPut, "/"+peerIndex, []byte(p.kept.index), nil); err != nil {
		return fmt.Errorf("making the peer's index: %w", err)
	}
	return nil
}

// kept has the saved data of the function's index.
type kept struct {
	index     json.RawMessage
	documents map[string]string
}

// definitionOf reads an index's definition in a form that can make an equal index.
func (b *bench) definitionOf(ctx context.Context, index string) (json.RawMessage, error) {
	var has map[string]struct {
		Mappings json.RawMessage `json:"mappings"`
		Settings struct {
			Index map[string]any `json:"index"`
		} `json:"settings"`
	}
	if err := b.node.Admin().Do(ctx, http.MethodGet, "/"+index, nil, &has); err != nil {
		return nil, fmt.Errorf("reading the definition of %s: %w", index, err)
	}
	settings := has[index].Settings.Index
	for _, own := range []string{"uuid", "version", "creation_date", "provided_name"} {
		delete(settings, own)
	}
	text, err := json.Marshal(map[string]any{"mappings": has[index].Mappings, "settings": map[string]any{"index": settings}})
	if err != nil {
		return nil, fmt.Errorf("writing the definition of %s: %w", index, err)
	}
	return text, nil
}

var quoted = regexp.MustCompile(`"(.*?)"`)

// javaVersion returns the version of a Java program, or an empty text if it is unknown.
func javaVersion(ctx context.Context, java string) string {
	said, _ := exec.CommandContext(ctx, java, "-version").CombinedOutput()
	if found := quoted.FindSubmatch(said); found != nil {
		return string(found[1])
	}
	return ""
}

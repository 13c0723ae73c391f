package bench

import (
	"context"
	"fmt"
	"slices"
	"time"
)

const (
	// heap is the heap size of the node, as in a rehearsal.
	heap = "1g"
	// warming is how long the node writes before a measurement starts. By then its code is compiled.
	warming = 25 * time.Second
	// rounds is the number of rounds. In each, every contender writes once.
	rounds = 5
)

// shape is the size of a row, the number of rows, and the number of shards of the index. With these numbers a run
// takes more than a second, and each of four workers gets the same number of requests.
type shape struct{ bytes, rows, shards int }

var (
	shapes = []shape{{1 << 10, 24000, 1}, {1 << 10, 24000, 4}, {4 << 10, 12000, 1}, {4 << 10, 12000, 4}}
	// concurrencies are the numbers of concurrent calls. In AWS that is the stream's shards times
	// search.current.parallelization.
	concurrencies = []int{1, 2, 4}
	// requests are the kinds of prepared requests to choose from.
	requests = []Request{{500, false, true}, {500, true, true}, {1000, false, true}, {1000, true, true}, {2000, false, true}, {2000, true, true}}
)

// others is the concurrency of the remaining contenders.
const others = 2

// String formats the shape for reports.
func (s shape) String() string {
	return fmt.Sprintf("%d KB, %s", s.bytes>>10, plural(s.shards, "shard"))
}

// warmUp lets contenders write rows that do not count.
func (b *bench) warmUp(ctx context.Context, fewer int) error {
	s := shapes[0]
	s.rows /= fewer
	c, err := b.newCourse(ctx, s)
	if err != nil {
		return err
	}
	f, err := c.writer(b.programs.now, others)
	if err != nil {
		return err
	}
	raw, err := c.raw(others, requests[0])
	if err != nil {
		return err
	}
	for end := time.Now().Add(warming / time.Duration(fewer)); time.Now().Before(end); {
		for _, who := range []contender{f, raw} {
			if _, err := c.run(ctx, who); err != nil {
				return err
			}
		}
	}
	return nil
}

// write measures one shape. It first finds the baseline's best kind of request, and then runs all contenders in
// turn.
func (b *bench) write(ctx context.Context, s shape) error {
	c, err := b.newCourse(ctx, s)
	if err != nil {
		return err
	}
	best, err := c.bestRequest(ctx)
	if err != nil {
		return err
	}
	b.log.Detail("who only sends sends best: %s", best)
	f, err := c.field(best)
	if err != nil {
		return err
	}
	for round := range rounds {
		if err := f.run(ctx, c, round); err != nil {
			return err
		}
	}
	got := conclude(s, f.pairs)
	got.Before, got.Plain, got.Indexer = f.before.figures(), f.plain.figures(), f.indexer.figures()
	got.CPURatioToBefore = f.ratioToBefore()
	b.log.Detail("the function writes %.0f rows a second, who only sends %.0f; it takes %.2f of the processor time of %s",
		got.Best.Writer.RowsPerSecond.Median, got.Best.Raw.RowsPerSecond.Median, spread(got.CPURatioToBefore).Median, Before)
	b.report.Writing = append(b.report.Writing, got)
	return nil
}

// field has all contenders of a shape.
type field struct {
	pairs []*pair
	// These write with the concurrency [others]: the function of the earlier commit, requests without versions,
	// and opensearch-go's BulkIndexer.
	before, plain, indexer side
}

func (c *course) field(best Request) (f *field, err error) {
	f = &field{}
	for _, concurrency := range concurrencies {
		p := &pair{}
		if p.writer.contender, err = c.writer(c.programs.now, concurrency); err != nil {
			return nil, err
		}
		if p.raw.contender, err = c.raw(concurrency, best); err != nil {
			return nil, err
		}
		f.pairs = append(f.pairs, p)
	}
	if f.before.contender, err = c.writer(c.programs.before, others); err != nil {
		return nil, err
	}
	if f.indexer.contender, err = c.indexer(others); err != nil {
		return nil, err
	}
	best.Versions = false
	f.plain.contender, err = c.raw(others, best)
	return f, err
}

// run runs all of them once. Every other round has the reverse order.
func (f *field) run(ctx context.Context, c *course, round int) error {
	var order []*side
	for _, p := range f.pairs {
		order = append(order, &p.writer, &p.raw)
	}
	order = append(order, &f.before, &f.plain, &f.indexer)
	if round%2 == 1 {
		slices.Reverse(order)
	}
	for _, s := range order {
		got, err := c.run(ctx, s.contender)
		if err != nil {
			return err
		}
		s.results = append(s.results, got)
	}
	return nil
}

// ratioToBefore divides the function's processor time per row by the earlier commit's, in each round, at one
// concurrency.
func (f *field) ratioToBefore() []float64 {
	for _, p := range f.pairs {
		if p.writer.concurrency == others {
			ratios := make([]float64, len(p.writer.results))
			for i := range ratios {
				ratios[i] = p.writer.results[i].ownMicros / f.before.results[i].ownMicros
			}
			return ratios
		}
	}
	return nil
}

// bestRequest tries all kinds of requests and returns the fastest.
func (c *course) bestRequest(ctx context.Context) (Request, error) {
	var best Request
	fastest := 0.0
	for _, r := range requests {
		who, err := c.raw(others, r)
		if err != nil {
			return Request{}, err
		}
		got, err := c.run(ctx, who)
		if err != nil {
			return Request{}, err
		}
		if got.rowsPerSecond > fastest {
			best, fastest = r, got.rowsPerSecond
		}
	}
	return best, nil
}

// pair has the results of the function and the baseline at one concurrency, in each round.
type pair struct{ writer, raw side }

type side struct {
	contender
	results []result
}

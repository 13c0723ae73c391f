package bench

import (
	"context"
	"fmt"
	"slices"
	"time"
)

const (
	// heap of the node, as in a rehearsal.
	heap = "1g"
	// warming is how long the node writes before anything counts: its code is compiled by then.
	warming = 25 * time.Second
	// rounds in which every contender writes once.
	rounds = 5
)

// shape of what is written: rows of a size into an index of so many shards. They are so many that a run takes a second and
// more, and that each of four workers gets as many requests.
type shape struct{ bytes, rows, shards int }

var (
	shapes = []shape{{1 << 10, 24000, 1}, {1 << 10, 24000, 4}, {4 << 10, 12000, 1}, {4 << 10, 12000, 4}}
	// concurrencies of contenders: calls of the function at once are shards of the stream times search.current.parallelization.
	concurrencies = []int{1, 2, 4}
	// requests that may be chosen from, where they are ready.
	requests = []Request{{500, false, true}, {500, true, true}, {1000, false, true}, {1000, true, true}, {2000, false, true}, {2000, true, true}}
)

// others write two at once.
const others = 2

// String says it to people.
func (s shape) String() string {
	return fmt.Sprintf("%d KB, %s", s.bytes>>10, plural(s.shards, "shard"))
}

// warmUp lets contenders write without counting.
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

// write measures one shape: first which requests suit best who sends them, then all contenders in turn.
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

// field of all contenders of a shape.
type field struct {
	pairs []*pair
	// those that write [others] at once: the function of the earlier commit, requests without versions, and opensearch-go's BulkIndexer.
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

// run all of them once, in the next round the other way round.
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

// ratioToBefore is the function's processor time for a row by the earlier commit's, of each round, at one concurrency.
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

// bestRequest tries all of them.
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

// pair is the function and who only sends at one concurrency, with what they reached in each round.
type pair struct{ writer, raw side }

type side struct {
	contender
	results []result
}

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
	shapes = []shape{{1 << 10, 32000, 1}, {1 << 10, 32000, 4}, {4 << 10, 16000, 1}, {4 << 10, 16000, 4}}
	// concurrencies of contenders: calls of the function at once are shards of the stream times search.current.parallelization.
	concurrencies = []int{1, 2, 4}
	// requests that the baseline may choose from.
	requests = []Request{{500, false}, {500, true}, {1000, false}, {1000, true}, {2000, false}, {2000, true}}
)

// String says it to people.
func (s shape) String() string {
	return fmt.Sprintf("%d KB, %s", s.bytes>>10, plural(s.shards, "shard"))
}

// warmUp lets contenders write without counting.
func (b *bench) warmUp(ctx context.Context) error {
	c, err := b.newCourse(ctx, shapes[0])
	if err != nil {
		return err
	}
	raw, err := c.raw(2, requests[0])
	if err != nil {
		return err
	}
	for end := time.Now().Add(warming); time.Now().Before(end); {
		for _, who := range []contender{c.writer(2), raw} {
			if _, err := c.run(ctx, who); err != nil {
				return err
			}
		}
	}
	return nil
}

// write measures one shape: first which requests suit the baseline best, then all contenders in turn.
func (b *bench) write(ctx context.Context, s shape) error {
	c, err := b.newCourse(ctx, s)
	if err != nil {
		return err
	}
	best, err := c.bestRequest(ctx)
	if err != nil {
		return err
	}
	b.log.Detail("the baseline sends best: %s", best)
	var pairs []*pair
	for _, concurrency := range concurrencies {
		raw, err := c.raw(concurrency, best)
		if err != nil {
			return err
		}
		pairs = append(pairs, &pair{writer: side{contender: c.writer(concurrency)}, raw: side{contender: raw}})
	}
	for round := range rounds {
		for _, p := range pairs {
			if err := p.run(ctx, c, round); err != nil {
				return err
			}
		}
	}
	got := conclude(s, pairs)
	b.log.Detail("the function writes %.0f rows a second, the baseline %.0f", got.Best.Writer.RowsPerSecond.Median, got.Best.Raw.RowsPerSecond.Median)
	b.report.Writing = append(b.report.Writing, got)
	return nil
}

// bestRequest tries all of them, two at once.
func (c *course) bestRequest(ctx context.Context) (Request, error) {
	var best Request
	fastest := 0.0
	for _, r := range requests {
		who, err := c.raw(2, r)
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

// pair is the function and the baseline at one concurrency, with what they reached in each round.
type pair struct{ writer, raw side }

type side struct {
	contender
	results []result
}

// run both, the one or the other first in turn.
func (p *pair) run(ctx context.Context, c *course, round int) error {
	order := []*side{&p.writer, &p.raw}
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

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
	shapes = []shape{{1 << 10, 48000, 1}, {1 << 10, 48000, 4}, {4 << 10, 12000, 1}, {4 << 10, 12000, 4}}
	// concurrencies are the numbers of concurrent calls. In AWS that is the stream's shards times
	// search.current.parallelization.
	concurrencies = []int{1, 2, 4}
	// requests are the kinds of prepared requests to choose from.
	requests = []Request{{500, false, true}, {500, true, true}, {1000, false, true}, {1000, true, true}, {2000, false, true}, {2000, true, true}}
	// setups are the settings of the function to choose from. The first has its defaults.
	setups = []Setup{byDefault, {500, false}, {1000, true}, {1000, false}, {2000, true}, {2000, false}}
)

// byDefault has the function's defaults.
var byDefault = Setup{defaults.BatchSize, *defaults.Compress}

// Setup has settings of the function that affect how fast it writes.
type Setup struct {
	// BatchSize is search.current.batchSize, the number of records in an event.
	BatchSize int `json:"batch_size"`
	// Compress is search.current.compress.
	Compress bool `json:"compress"`
}

// String formats the settings for reports.
func (s Setup) String() string {
	if s.Compress {
		return fmt.Sprintf("%d records, gzip", s.BatchSize)
	}
	return fmt.Sprintf("%d records", s.BatchSize)
}

// maxEvent is the length of the largest event, in bytes:
// https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html, "Maximum batch size ... 6 MB".
const maxEvent = 6 << 20

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
	f, err := c.writer(b.programs.now, others, byDefault)
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

// write measures one shape. It first finds the baseline's best kind of request and the function's best settings,
// and then runs all contenders in turn.
func (b *bench) write(ctx context.Context, s shape) error {
	c, err := b.newCourse(ctx, s)
	if err != nil {
		return err
	}
	request, err := best(ctx, c, requests, func(r Request) (contender, error) { return c.raw(others, r) })
	if err != nil {
		return err
	}
	setup, err := best(ctx, c, c.fitting, func(s Setup) (contender, error) { return c.writer(b.programs.now, others, s) })
	if err != nil {
		return err
	}
	b.log.Detail("bare requests are fastest with %s, the function with %s", request, setup)
	f, err := c.field(request, setup)
	if err != nil {
		return err
	}
	for round := range rounds {
		if err := f.run(ctx, c, round); err != nil {
			return err
		}
	}
	got := conclude(s, f.pairs)
	got.Default, got.Before, got.Plain, got.Indexer = f.byDefault.figures(), f.before.figures(), f.plain.figures(), f.indexer.figures()
	got.CPURatioToBefore = f.ratioToBefore()
	b.log.Detail("the function writes %.0f rows a second, who only sends %.0f; it takes %.2f of the processor time of %s",
		got.Best.Writer.RowsPerSecond.Median, got.Best.Raw.RowsPerSecond.Median, spread(got.CPURatioToBefore).Median, Before)
	b.report.Writing = append(b.report.Writing, got)
	return nil
}

// field has all contenders of a shape.
type field struct {
	pairs []*pair
	// These write with the concurrency [others]: the function with its defaults, that of the earlier commit, requests
	// without versions, and opensearch-go's BulkIndexer.
	byDefault, before, plain, indexer side
}

func (c *course) field(request Request, setup Setup) (f *field, err error) {
	f = &field{}
	for _, concurrency := range concurrencies {
		p := &pair{}
		if p.writer.contender, err = c.writer(c.programs.now, concurrency, setup); err != nil {
			return nil, err
		}
		if p.raw.contender, err = c.raw(concurrency, request); err != nil {
			return nil, err
		}
		f.pairs = append(f.pairs, p)
	}
	if f.byDefault.contender, err = c.writer(c.programs.now, others, byDefault); err != nil {
		return nil, err
	}
	if f.before.contender, err = c.writer(c.programs.before, others, byDefault); err != nil {
		return nil, err
	}
	if f.indexer.contender, err = c.indexer(others); err != nil {
		return nil, err
	}
	request.Versions = false
	f.plain.contender, err = c.raw(others, request)
	return f, err
}

// run runs all of them once. Every other round has the reverse order.
func (f *field) run(ctx context.Context, c *course, round int) error {
	var order []*side
	for _, p := range f.pairs {
		order = append(order, &p.writer, &p.raw)
	}
	order = append(order, &f.byDefault, &f.before, &f.plain, &f.indexer)
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

// ratioToBefore divides the function's processor time per row by the earlier commit's, in each round. Both have
// their defaults.
func (f *field) ratioToBefore() []float64 {
	ratios := make([]float64, len(f.before.results))
	for i := range ratios {
		ratios[i] = f.byDefault.results[i].ownMicros / f.before.results[i].ownMicros
	}
	return ratios
}

// tries is how often each way of a contender is tried, in turn, to find the fastest.
const tries = 3

// best tries all ways of a contender and returns the fastest.
func best[T any](ctx context.Context, c *course, ways []T, with func(T) (contender, error)) (fastest T, err error) {
	rates := make([][]float64, len(ways))
	for range tries {
		for i, way := range ways {
			who, err := with(way)
			if err != nil {
				return fastest, err
			}
			got, err := c.run(ctx, who)
			if err != nil {
				return fastest, err
			}
			rates[i] = append(rates[i], got.rowsPerSecond)
		}
	}
	at := 0
	for i := range rates {
		if spread(rates[i]).Median > spread(rates[at]).Median {
			at = i
		}
	}
	return ways[at], nil
}

// pair has the results of the function and the baseline at one concurrency, in each round.
type pair struct{ writer, raw side }

type side struct {
	contender
	results []result
}

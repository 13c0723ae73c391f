package bench

import "slices"

// Spread has the median, the least and the greatest value of a figure over all rounds.
type Spread struct {
	Median float64 `json:"median"`
	Least  float64 `json:"least"`
	Most   float64 `json:"most"`
}

// spread computes a Spread from at least one value.
func spread(values []float64) Spread {
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	median := sorted[half]
	if len(sorted)%2 == 0 {
		median = (sorted[half-1] + median) / 2
	}
	return Spread{Median: median, Least: sorted[0], Most: sorted[len(sorted)-1]}
}

// conclude computes the results of one shape from its rounds.
func conclude(s shape, pairs []*pair) Writing {
	w := Writing{RowBytes: s.bytes, Rows: s.rows, Shards: s.shards}
	writer, raw := pairs[0].writer, pairs[0].raw
	for _, p := range pairs {
		w.Pairs = append(w.Pairs, compare(p.writer, p.raw))
		if p.writer.rate().Median > writer.rate().Median {
			writer = p.writer
		}
		if p.raw.rate().Median > raw.rate().Median {
			raw = p.raw
		}
	}
	w.Best = compare(writer, raw)
	return w
}

// compare compares two contenders within each round, because a disturbance affects both.
func compare(writer, raw side) Pair {
	ratios := make([]float64, len(writer.results))
	for i := range ratios {
		ratios[i] = writer.results[i].rowsPerSecond / raw.results[i].rowsPerSecond
	}
	return Pair{Writer: writer.figures(), Raw: raw.figures(), Request: raw.request, Setup: writer.setup, Ratio: spread(ratios)}
}

func (s side) figures() Side {
	return Side{
		Concurrency: s.concurrency, RowsPerSecond: s.rate(),
		OwnMicros:  spread(s.each(func(r result) float64 { return r.ownMicros })),
		NodeMicros: spread(s.each(func(r result) float64 { return r.nodeMicros })),
	}
}

func (s side) rate() Spread { return spread(s.each(func(r result) float64 { return r.rowsPerSecond })) }

func (s side) each(figure func(result) float64) []float64 {
	values := make([]float64, len(s.results))
	for i, r := range s.results {
		values[i] = figure(r)
	}
	return values
}

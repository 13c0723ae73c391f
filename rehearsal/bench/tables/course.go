package tables

import (
	"cdcpipeline/config"
	"context"
	"fmt"
)

// merge measures changes of any rows, merged into a table of each format and by Hudi itself, one after the other.
func (b *bench) merge(ctx context.Context) error {
	s := newSource(1)
	batches := []batch{s.load(b.scale.Rows)}
	for i := range b.scale.Times {
		batches = append(batches, s.changes(fmt.Sprintf("changes-%d", i+1), b.scale.Changes, false))
	}
	p, err := b.flatten(ctx, batches)
	if err != nil {
		return err
	}
	contenders := []struct {
		name  string
		merge func(context.Context, batch) (Cost, error)
	}{{name: peerName, merge: p.merge}}
	for _, format := range formats {
		k, err := b.keep(ctx, format, "orders")
		if err != nil {
			return err
		}
		contenders = append(contenders, struct {
			name  string
			merge func(context.Context, batch) (Cost, error)
		}{string(format), k.merge})
	}
	costs := map[string][]Cost{}
	for i, batch := range batches {
		for _, c := range contenders {
			cost, err := c.merge(ctx, batch)
			if err != nil {
				return err
			}
			if i > 0 {
				costs[c.name] = append(costs[c.name], cost)
			}
		}
	}
	for _, c := range contenders {
		b.report.Merging = append(b.report.Merging, Merging{Contender: c.name, Changes: b.scale.Changes, Cost: spread(costs[c.name])})
	}
	return nil
}

const peerName = "hudi's own"

// peer is a table that Hudi keeps by itself.
type peer struct{ bench *bench }

// flatten writes all batches as the rows that Hudi's payload for records of DMS reads.
func (b *bench) flatten(ctx context.Context, batches []batch) (peer, error) {
	arguments := []string{"flat", bucket}
	for _, batch := range batches {
		raw := "raw/peer/" + batch.name + "/"
		if err := b.deliver(ctx, raw, batch); err != nil {
			return peer{}, err
		}
		arguments = append(arguments, raw, flatFolder(batch))
	}
	return peer{b}, b.log.Run("write rows for "+peerName, func() error { //nolint:wrapcheck // the log names the stage
		_, err := b.run(ctx, config.FormatHudi, arguments...)
		return err
	})
}

func flatFolder(batch batch) string { return "flat/" + batch.name }

func (p peer) merge(ctx context.Context, batch batch) (Cost, error) {
	operation := "upsert"
	if batch.name == "load" {
		operation = "bulk_insert"
	}
	return p.bench.measure(ctx, peerName+": "+batch.name, config.FormatHudi, batch.expect, "peer", bucket, flatFolder(batch), "tables/peer", operation)
}

// grow measures how the cost of a few changes grows with the table: changes of any rows in Iceberg, and of the latest ones in all.
func (b *bench) grow(ctx context.Context) error {
	for _, format := range formats {
		for _, recent := range []bool{false, true} {
			if !recent && format != config.FormatIceberg {
				continue
			}
			g := Growth{Format: string(format), Changes: b.scale.Changes / few, Recent: recent}
			for _, of := range []struct {
				rows int
				cost *Spread
			}{{b.scale.Rows, &g.Usual}, {b.scale.Rows * many, &g.Large}} {
				costs, err := b.small(ctx, format, of.rows, recent)
				if err != nil {
					return err
				}
				*of.cost = spread(costs)
			}
			b.report.Growing = append(b.report.Growing, g)
		}
	}
	return nil
}

// small merges a few changes into a table of its own.
func (b *bench) small(ctx context.Context, format config.TableFormat, rows int, recent bool) ([]Cost, error) {
	name := fmt.Sprintf("rows_%d", rows)
	if recent {
		name += "_recent"
	}
	k, err := b.keep(ctx, format, name)
	if err != nil {
		return nil, err
	}
	s := newSource(uint64(rows))
	if _, err := k.merge(ctx, s.load(rows)); err != nil {
		return nil, err
	}
	var costs []Cost
	for i := range b.scale.Times {
		cost, err := k.merge(ctx, s.changes(fmt.Sprintf("few-%d", i+1), b.scale.Changes/few, recent))
		if err != nil {
			return nil, err
		}
		costs = append(costs, cost)
	}
	return costs, nil
}

package tables

import (
	"cdcpipeline/config"
	"context"
	"fmt"
)

// merge measures merges of random changes into a table of each format, by the job and by Hudi's own writer.
func (b *bench) merge(ctx context.Context) error {
	s := newSource(1)
	load, changes := s.load(b.scale.Rows), s.changing(b.scale.Times, b.scale.Changes, false)
	p, err := b.flatten(ctx, append([]batch{load}, changes...))
	if err != nil {
		return err
	}
	if _, err := p.write(ctx, "bulk_insert", load); err != nil {
		return err
	}
	costs, err := p.write(ctx, "upsert", changes...)
	if err != nil {
		return err
	}
	b.report.Merging = append(b.report.Merging, Merging{Contender: peerName, Changes: b.scale.Changes, Cost: costs})
	for _, format := range formats {
		k, err := b.keep(ctx, format, "orders")
		if err != nil {
			return err
		}
		if _, err := k.merge(ctx, load); err != nil {
			return err
		}
		costs, err := k.merge(ctx, changes...)
		if err != nil {
			return err
		}
		upkeep, err := k.upkeep(ctx, changes[len(changes)-1])
		if err != nil {
			return err
		}
		b.report.Merging = append(b.report.Merging, Merging{Contender: string(format), Changes: b.scale.Changes, Cost: costs, Upkeep: upkeep})
	}
	return nil
}

// changing generates the batches of a session: a first one, and those after it.
func (s *source) changing(times, n int, recent bool) []batch {
	batches := make([]batch, 1+times)
	for i := range batches {
		s.changed++
		batches[i] = s.changes(fmt.Sprintf("changes-%d", s.changed), n, recent)
	}
	return batches
}

const peerName = "hudi's own"

// peer is a table that Hudi's own writer maintains.
type peer struct{ bench *bench }

// flatten writes all batches as rows in the form that Hudi's payload for DMS records reads.
func (b *bench) flatten(ctx context.Context, batches []batch) (peer, error) {
	arguments := []string{"flat", bucket}
	for _, batch := range batches {
		folder, err := b.stage(ctx, "peer", batch)
		if err != nil {
			return peer{}, err
		}
		arguments = append(arguments, folder, flatFolder(batch))
	}
	return peer{b}, b.log.Run("write rows for "+peerName, func() error { //nolint:wrapcheck // the log names the stage
		_, err := b.run(ctx, config.FormatHudi, arguments...)
		return err
	})
}

func flatFolder(batch batch) string { return "flat/" + batch.name }

func (p peer) write(ctx context.Context, operation string, batches ...batch) (Merges, error) {
	arguments := []string{"peer", bucket, "tables/peer", operation}
	for _, batch := range batches {
		arguments = append(arguments, flatFolder(batch))
	}
	return p.bench.measure(ctx, peerName, config.FormatHudi, batches, arguments...)
}

// grow measures how the cost of a few changes grows with the table. In Iceberg the changes are random or recent;
// in the other formats they are recent.
func (b *bench) grow(ctx context.Context) error {
	for _, format := range formats {
		kinds := []bool{true} // true: only recent rows
		if format == config.FormatIceberg {
			kinds = []bool{false, true}
		}
		grown := make([]Growth, len(kinds))
		for i, recent := range kinds {
			grown[i] = Growth{Format: string(format), Changes: b.scale.Changes / few, Recent: recent}
		}
		for _, large := range []bool{false, true} {
			rows := b.scale.Rows
			if large {
				rows *= many
			}
			k, err := b.keep(ctx, format, fmt.Sprintf("rows_%d", rows))
			if err != nil {
				return err
			}
			s := newSource(uint64(rows))
			if _, err := k.merge(ctx, s.load(rows)); err != nil {
				return err
			}
			for i, recent := range kinds {
				costs, err := k.merge(ctx, s.changing(b.scale.Times, b.scale.Changes/few, recent)...)
				if err != nil {
					return err
				}
				if large {
					grown[i].Large = costs
				} else {
					grown[i].Usual = costs
				}
			}
		}
		b.report.Growing = append(b.report.Growing, grown...)
	}
	return nil
}

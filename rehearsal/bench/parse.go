package bench

import (
	"cdcpipeline/rehearsal/bench/drive"
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/brianvoe/gofakeit/v7"
)

// parse measures the parsing of records, before a node runs on the machine. This build and the earlier commit take
// turns.
func (b *bench) parse(ctx context.Context) error {
	for _, size := range []int{1 << 10, 4 << 10} {
		frame := len(record(1, nil, time.Now()))
		raw := record(1, row(gofakeit.New(1), 1, size-frame), time.Now())
		file, parts := filepath.Join(b.dir, "records.parts"), make([][]byte, readings+1)
		for i := range parts {
			parts[i] = raw
		}
		if err := drive.WriteParts(file, parts); err != nil {
			return fmt.Errorf("writing records to read: %w", err)
		}
		var now, before []drive.Figures
		for round := range rounds {
			for turn := range 2 {
				program, into := b.programs.now, &now
				if (round+turn)%2 == 1 {
					program, into = b.programs.before, &before
				}
				figures, err := b.read(ctx, program, file)
				if err != nil {
					return err
				}
				*into = append(*into, figures)
			}
		}
		b.report.Parsing = append(b.report.Parsing, readingOf(len(raw), now, before))
	}
	return nil
}

// readings is how many times a run parses a record, in units of [drive.Times].
const readings = 10

func (b *bench) read(ctx context.Context, program, file string) (drive.Figures, error) {
	runs, err := start(ctx, program, drive.Task{Kind: "read", Workers: 1, Parts: file})
	if err != nil {
		return drive.Figures{}, err
	}
	figures, err := runs.race()
	if err != nil {
		return drive.Figures{}, err
	}
	return figures, runs.end()
}

// readingOf computes the result for records of one size from the rounds' figures.
func readingOf(length int, now, before []drive.Figures) Parsing {
	rate := func(f drive.Figures) float64 {
		return float64(length) * readings * drive.Times / 1e6 / f.ProcessorSeconds
	}
	p := Parsing{RecordBytes: length, Allocations: float64(now[0].Allocations) / (readings * drive.Times), AllocatedBytes: int64(now[0].AllocatedBytes) / (readings * drive.Times)}
	rates, former, ratios := make([]float64, len(now)), make([]float64, len(now)), make([]float64, len(now))
	for i := range now {
		rates[i], former[i] = rate(now[i]), rate(before[i])
		ratios[i] = rates[i] / former[i]
	}
	p.MegabytesPerSecond, p.Before, p.Ratio = spread(rates).Median, spread(former).Median, spread(ratios)
	return p
}

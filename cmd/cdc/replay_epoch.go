package main

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/operator/replay"
	"cdcpipeline/internal/operator/verify"
	"cdcpipeline/internal/table"
	"context"
	"errors"
	"time"
)

// inFlight is the longest time that a change may take to reach the index while the index is compared.
const inFlight = 30 * time.Second

// rebuild runs --new-epoch, table by table.
func (w *replaying) rebuild(ctx context.Context, o replay.Options) (sum replay.Summary, err error) {
	db, shut, err := w.compare.connection.open(ctx, w.show.tell)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, shut()) }()
	r := replay.Rebuild{
		Epochs: w.current, Target: w.function, Lake: w.d.lake(), Options: o, Tell: w.show.tell,
		Differing: func(ctx context.Context, n table.Name, epoch int) (int64, error) {
			result, err := w.current.compare(ctx, db, n, epoch, verify.CompareOptions{Ignored: w.compare.ignored, Wait: inFlight, Progress: w.show.progress})
			return result.different(), err
		},
	}
	for _, n := range w.tables {
		of, err := r.Run(ctx, n)
		if errors.Is(err, currentstate.ErrNoEpochs) {
			w.show.tell("%s has no index yet, because no record of the table has come", n)
			continue
		}
		if sum = sum.Plus(of); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

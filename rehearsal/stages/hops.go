package stages

import (
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/report/reconcile"
	"cdcpipeline/rehearsal/world"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// trace finds the written changes in the stream, to report which hops each has passed.
func trace(ctx context.Context, r *Run, written []reconcile.Change) (*trail, error) {
	records, err := streamed(ctx, kinesis.NewFromConfig(r.World.Account.Config()), r.output("streamName"))
	if err != nil {
		return nil, err
	}
	return r.passages.trace(written, records), nil
}

// countHops reports how many of the written changes went through each arrow of the architecture's picture.
func countHops(ctx context.Context, r *Run, f *trail, written int, inHistory, inLake reconcile.Difference) error {
	parked, err := parkedRecords(ctx, r)
	if err != nil {
		return err
	}
	hop := func(from, to string, rows int, samples []sample) report.Hop {
		h := report.Hop{From: from, To: to, Rows: rows, Lost: written - rows}
		if len(samples) > 0 {
			q := quantiles(durations(samples))
			h.LatencyMs = &q
		}
		return h
	}
	past := func(from, to string, at world.Hop) report.Hop {
		rows, samples := f.past(at)
		return hop(from, to, rows, samples)
	}
	// Changes in a sink were read there; the deliveries report the time.
	there := func(from, to string, at world.Hop, d reconcile.Difference) report.Hop {
		_, samples := f.past(at)
		h := hop(from, to, d.Arrived, samples)
		h.Lost = len(d.Lost)
		return h
	}
	rows, samples := f.inStream()
	r.Report.Hops = []report.Hop{
		past("database", "replication", world.Captured),
		hop("replication", "stream", rows, samples),
		past("stream", "searchDelivery", world.ReadForSearch),
		past("stream", "currentState", world.ReadForRows),
		past("stream", "lakeDelivery", world.ReadForLake),
		there("searchDelivery", "domain", world.InSearch, inHistory),
		there("lakeDelivery", "bucket", world.InLake, inLake),
		{From: "searchDelivery", To: "bucket", Rows: int(r.World.Firehose.Stats()[r.output("searchDeliveryName")].Parked)},
		{From: "currentState", To: "bucket", Rows: parked},
	}
	return nil
}

// moments is the maximum number of points in a curve.
const moments = 40

// curve of the changes' latencies. The earliest change was committed at first.
func curve(samples []sample, first time.Time) report.Curve {
	c := report.Curve{QuantilesMs: []float64{}, Course: []report.Moment{}}
	if len(samples) == 0 {
		return c
	}
	for twentieth := range 21 {
		c.QuantilesMs = append(c.QuantilesMs, reconcile.Quantile(durations(samples), float64(twentieth)/20))
	}
	last := slices.MaxFunc(samples, func(a, b sample) int { return a.committed.Compare(b.committed) }).committed
	width := cmp.Or(last.Sub(first)/moments+1, 1)
	of := map[int][]sample{}
	for _, s := range samples {
		i := int(s.committed.Sub(first) / width)
		of[i] = append(of[i], s)
	}
	for i := range moments {
		if len(of[i]) > 0 {
			middle := (time.Duration(i)*width + width/2).Round(time.Second / 10)
			c.Course = append(c.Course, report.Moment{Second: middle.Seconds(), Ms: reconcile.Quantile(durations(of[i]), 0.5)})
		}
	}
	return c
}

// earliest commit of samples; zero when there are none.
func earliest(samples []sample) time.Time {
	if len(samples) == 0 {
		return time.Time{}
	}
	return slices.MinFunc(samples, func(a, b sample) int { return a.committed.Compare(b.committed) }).committed
}

// quantiles of durations.
func quantiles(d []time.Duration) report.Quantiles {
	return report.Quantiles{P50: reconcile.Quantile(d, 0.5), P99: reconcile.Quantile(d, 0.99)}
}

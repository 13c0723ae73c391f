package firehose

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// buffer holds records that are written together.
type buffer struct {
	records []record
	lines   [][]byte // the output, one line per record
	bytes   int
	began   time.Time
	keys    map[string]string
	failed  bool // lines are error records
}

func (b *buffer) add(r record, line []byte) {
	b.records = append(b.records, r)
	b.lines = append(b.lines, line)
	b.bytes += len(line)
}

// oldest is the oldest arrival in the buffer.
func (b *buffer) oldest() time.Time {
	first := b.records[0].arrived
	for _, r := range b.records {
		if r.arrived.Before(first) {
			first = r.arrived
		}
	}
	return first
}

// maxPartitions is the limit of active partitions: https://docs.aws.amazon.com/firehose/latest/dev/limits.html.
const maxPartitions = 500

// destination writes a buffer. It returns only when everything is delivered or parked, or when the context has ended.
type destination interface {
	write(ctx context.Context, d *declared, b *buffer) (delivered []record, parked int, err error)
}

// delivery is a running delivery stream.
type delivery struct {
	config      atomic.Pointer[declared]
	destination destination
	in          chan []record
	stats       *stats
	log         *slog.Logger
	onDelivered func(Batch)
	buffers     map[string]*buffer
	quirks      *quirks
	pace        *pace
}

// run buffers records and writes buffers that are due, until the context ends. Unwritten records are then lost, as in
// AWS when a delivery stream is deleted.
func (d *delivery) run(ctx context.Context) {
	d.buffers = map[string]*buffer{}
	for ctx.Err() == nil {
		timer := time.NewTimer(d.untilDue())
		select {
		case <-ctx.Done():
		case batch := <-d.in:
			for _, r := range batch {
				d.accept(ctx, r)
			}
			d.flush(ctx, time.Now())
		case now := <-timer.C:
			d.flush(ctx, now)
		}
		timer.Stop()
	}
}

// accept puts a record into its buffer, and first writes a full buffer.
func (d *delivery) accept(ctx context.Context, r record) {
	config := d.config.Load()
	partition, keys, line := "", map[string]string(nil), r.data
	if config.lake != nil {
		line = append(slices.Clip(r.data), config.processing.delimiter...)
	}
	failed := false
	if config.partitioned {
		var err error
		if partition, keys, err = d.partition(config, r); err != nil {
			partition, line, failed = failedPartition, processingFailure(r, err), true
		}
	}
	b := d.buffers[partition]
	if b == nil {
		b = &buffer{began: time.Now(), keys: keys, failed: failed}
		d.buffers[partition] = b
	}
	b.add(r, line)
	d.stats.oldest(d.oldest())
	if b.bytes >= config.buffer.bytes {
		d.write(ctx, partition)
	}
}

// failedPartition cannot equal a joined list of keys.
const failedPartition = "\x00failed"

func (d *delivery) partition(config *declared, r record) (string, map[string]string, error) {
	keys, err := config.processing.keys(r.data)
	if err != nil {
		return "", nil, &extractionError{"DynamicPartitioning.MetadataExtractionFailed", err}
	}
	keys = d.quirks.keys(keys, r.data)
	var b strings.Builder
	for _, name := range config.lake.prefixes.records.keys() {
		value, ok := keys[name]
		if !ok {
			return "", nil, &extractionError{"DynamicPartitioning.MetadataExtractionFailed", missingKey(name)}
		}
		b.WriteString(value)
		b.WriteByte(0)
	}
	if _, open := d.buffers[b.String()]; !open && len(d.buffers) >= maxPartitions {
		return "", nil, &extractionError{"DynamicPartitioning.ActivePartitionLimitExceeded", errTooMany}
	}
	return b.String(), keys, nil
}

func (d *delivery) untilDue() time.Duration {
	interval, wait := d.interval(), time.Second // the pace may have changed
	for _, b := range d.buffers {
		wait = min(wait, time.Until(b.began.Add(interval)))
	}
	return max(wait, 0)
}

// interval is the buffering time.
func (d *delivery) interval() time.Duration {
	return d.pace.interval(d.config.Load().buffer.interval)
}

func (d *delivery) flush(ctx context.Context, now time.Time) {
	interval := d.interval()
	for partition, b := range d.buffers {
		if !b.began.Add(interval).After(now) {
			d.write(ctx, partition)
		}
	}
}

func (d *delivery) write(ctx context.Context, partition string) {
	b := d.buffers[partition]
	delivered, parked, err := d.destination.write(ctx, d.config.Load(), b)
	if err != nil { // only at the delivery's end
		d.log.Warn("records were not delivered when the delivery stream ended", "records", len(b.records), "error", err)
		return
	}
	delete(d.buffers, partition)
	d.tell(d.onDelivered, delivered)
	d.stats.done(len(delivered), parked)
	d.stats.oldest(d.oldest())
}

// tell calls a callback, if there is one, with records and the time.
func (d *delivery) tell(whom func(Batch), records []record) {
	if whom == nil || len(records) == 0 {
		return
	}
	config := d.config.Load()
	b := Batch{Delivery: config.name, Search: config.search != nil, At: time.Now(), Records: make([][]byte, len(records))}
	for i, r := range records {
		b.Records[i] = r.data
	}
	whom(b)
}

func (d *delivery) oldest() time.Time {
	var first time.Time
	for _, b := range d.buffers {
		if at := b.records[0].arrived; first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}

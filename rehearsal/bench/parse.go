package bench

import (
	"cdcpipeline/internal/change"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/brianvoe/gofakeit/v7"
)

// parsed is what the function reads of every record.
func parsed(raw []byte) (version int64, id string, err error) {
	r, err := change.Parse(raw)
	if err != nil {
		return 0, "", err
	}
	if version, err = r.Version(); err != nil {
		return 0, "", err
	}
	k, err := r.Key(change.KeyColumns{Names: []string{key}})
	return version, k.ID(), err
}

// parse measures reading records alone, before there is a node to share the machine with.
func (b *bench) parse() error {
	for _, size := range []int{1 << 10, 4 << 10} {
		frame := len(record(1, nil, time.Now()))
		raw := record(1, row(gofakeit.New(1), 1, size-frame), time.Now())
		var failed error
		var used time.Duration
		measured := testing.Benchmark(func(t *testing.B) {
			t.ReportAllocs()
			began := processor()
			for t.Loop() {
				if _, _, err := parsed(raw); err != nil {
					failed = err
				}
			}
			used = processor() - began
		})
		if failed != nil {
			return fmt.Errorf("reading a record: %w", failed)
		}
		b.report.Parsing = append(b.report.Parsing, Parsing{
			RecordBytes: len(raw), Allocations: measured.AllocsPerOp(), AllocatedBytes: measured.AllocedBytesPerOp(),
			MegabytesPerSecond: float64(len(raw)) * float64(measured.N) / 1e6 / used.Seconds(),
		})
	}
	return nil
}

// processor time of this process so far, garbage collection included: what one core does, however busy the machine is.
func processor() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // it knows itself
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

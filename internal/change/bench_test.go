//go:build unix

package change

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// realistic returns an update record of about size bytes.
func realistic(size int) []byte {
	var data strings.Builder
	data.WriteString(`"trans_id":1234567,"customer_id":"460104780596","event":"cart","sku":"IQ6879MMTB","amount":8,"device":"모바일","trans_datetime":"2026-11-23T06:24:06Z"`)
	for i := 0; data.Len() < size-700; i++ {
		fmt.Fprintf(&data, `,"column_%d":"%s","price_%d":%d.%02d,"flag_%d":true`, i, strings.Repeat("빠른 배송 fast delivery ", 2+i%5), i, i*977, i%100, i)
	}
	return []byte(`{"before-image":{"trans_id":1234567},"data":{` + data.String() + `},"metadata":{"timestamp":"2026-11-23T06:24:06.691762Z","record-type":"data","operation":"update",` +
		`"partition-key-type":"primary-key","partition-key-value":"testdb.retail_trans.1234567","schema-name":"testdb","table-name":"retail_trans",` +
		`"commit-timestamp":"2026-11-23T06:24:06.000000Z","transaction-id":677883278264080,"transaction-record-id":2,"prev-transaction-id":677883278264079,` +
		`"prev-transaction-record-id":1,"stream-position":"mysql-bin-changelog.157832:1975:0:2002:677883278264080:mysql-bin-changelog.157832:1876"}}` + "\n")
}

func BenchmarkParse(b *testing.B) {
	for _, size := range []int{1 << 10, 4 << 10} {
		raw := realistic(size)
		b.Run(fmt.Sprintf("%dKB", size>>10), func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			began := processor(b)
			for b.Loop() {
				if _, err := Parse(raw); err != nil {
					b.Fatal(err)
				}
			}
			// Report the throughput of one core. It includes garbage collection and does not depend on the
			// machine's load.
			b.ReportMetric(float64(len(raw))*float64(b.N)/1e6/(processor(b)-began).Seconds(), "MB/cpu-s")
		})
	}
}

// processor returns the processor time that this process has used.
func processor(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func BenchmarkKeyAndOrder(b *testing.B) {
	r, err := Parse(realistic(1 << 10))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		key, err := r.Key(KeyColumns{Names: []string{"trans_id"}})
		if err != nil {
			b.Fatal(err)
		}
		_ = key.ID()
		if _, err := r.Order(); err != nil {
			b.Fatal(err)
		}
	}
}

//go:build unix

package currentstate

import (
	"cdcpipeline/internal/bucket/buckettest"
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/opensearch/opensearchtest"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// realistic returns an update record of shop.orders with about size bytes.
func realistic(id, size int) string {
	var data strings.Builder
	fmt.Fprintf(&data, `"region":"eu","id":%d,"customer_id":"460104780596","event":"cart","sku":"IQ6879MMTB","amount":8,"device":"모바일","trans_datetime":"2026-11-23T06:24:06Z"`, id)
	for i := 0; data.Len() < size-600; i++ {
		fmt.Fprintf(&data, `,"column_%d":"%s","price_%d":%d.%02d`, i, strings.Repeat("빠른 배송 fast delivery ", 2+i%5), i, i*977, i%100)
	}
	return fmt.Sprintf(`{"before-image":{"region":"eu","id":%d},"data":{%s},"metadata":{"timestamp":"%s","record-type":"data","operation":"update","partition-key-type":"primary-key",`+
		`"partition-key-value":"shop.orders.eu.%d","schema-name":"shop","table-name":"orders","commit-timestamp":"2026-11-23T06:24:06.000000Z","transaction-id":677883278264080,`+
		`"transaction-record-id":%d,"prev-transaction-id":677883278264079,"prev-transaction-record-id":1,"stream-position":"mysql-bin-changelog.157832:1975:0:2002:677883278264080:mysql-bin-changelog.157832:1876"}}`+"\n",
		id, data.String(), stamp(began), id, id+1)
}

// accepting is a domain that accepts every document, with answers as short as a real domain's.
type accepting struct{ *domain }

func (a accepting) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path != "/_bulk" {
		return a.domain.RoundTrip(r)
	}
	return opensearchtest.Domain(func(r opensearchtest.Request) (int, any) {
		items := strings.Repeat(`{"index":{"status":200}},`, strings.Count(string(r.Content), `{"index":{"_index"`))
		return 200, `{"items":[` + strings.TrimSuffix(items, ",") + `]}`
	}).RoundTrip(r)
}

// BenchmarkHandle handles a whole batch, from the stream's bytes to a compressed request. It excludes the domain's
// own work.
func BenchmarkHandle(b *testing.B) {
	for _, size := range []int{1 << 10, 4 << 10} {
		b.Run(fmt.Sprintf("%dKB", size>>10), func(b *testing.B) {
			s := settings()
			s.BulkBytes, s.BulkRecords = 4<<20, 2000
			d := newDomain(func() time.Time { return began })
			f := newFunction(b, s, d, &buckettest.S3{})
			f.client.once.Transport = accepting{d}
			records, total := []string{}, 0
			for i := range 500 {
				records = append(records, realistic(i, size))
				total += len(records[i])
			}
			batch := event(0, 0, records)
			b.SetBytes(int64(total))
			b.ReportAllocs()
			start := processor(b)
			for b.Loop() {
				if answer, err := f.Handle(b.Context(), batch); err != nil || len(answer.BatchItemFailures) > 0 {
					b.Fatal(answer, err)
				}
			}
			b.ReportMetric(float64(total)*float64(b.N)/1e6/(processor(b)-start).Seconds(), "MB/cpu-s")
		})
	}
}

// BenchmarkEncode parses a record and encodes its lines.
func BenchmarkEncode(b *testing.B) {
	raw := []byte(realistic(1, 1<<10))
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		r, err := change.Parse(raw)
		if err != nil {
			b.Fatal(err)
		}
		version, err := r.Version()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := rows(domainIndices{}, "current-shop-orders-1", change.KeyColumns{Names: []string{"region", "id"}}, version, origin{record: r, position: "mysql-bin-changelog.157832:1975#2", committed: began, indexed: began}); err != nil {
			b.Fatal(err)
		}
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

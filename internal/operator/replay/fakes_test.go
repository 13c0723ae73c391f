package replay

import (
	"bytes"
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/lake/objects"
	"cdcpipeline/internal/table"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

var orders = table.Name{Database: "shop", Table: "orders"}

// at returns a minute of one day.
func at(hour, minute int) time.Time { return time.Date(2026, 11, 23, hour, minute, 0, 0, time.UTC) }

// insert returns a record of shop.orders.
func insert(id int, made time.Time) string {
	return fmt.Sprintf(`{"data":{"id":%d},"metadata":{"timestamp":%q,"record-type":"data","operation":"insert","schema-name":"shop","table-name":"orders"}}`,
		id, made.Format(time.RFC3339Nano))
}

// bucket imitates S3 in memory.
type bucket struct {
	mu      sync.Mutex
	objects map[string][]byte
	written map[string]time.Time
}

func newBucket() *bucket {
	return &bucket{objects: map[string][]byte{}, written: map[string]time.Time{}}
}

func (b *bucket) put(key string, content []byte, written time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.objects[key], b.written[key] = content, written
}

// deliver adds an object of records as the lake's delivery does.
func (b *bucket) deliver(name string, arrived time.Time, records ...string) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(w, strings.Join(records, "\n\n")+"\n")
	_ = w.Close()
	b.put(b.lake().Hours("shop", "orders", arrived, arrived)[0]+name, zipped.Bytes(), arrived.Add(time.Minute))
}

func (b *bucket) lake() objects.Lake { return objects.Lake{Client: b, Bucket: "b", Prefix: "raw"} }

func (b *bucket) keys() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.objects))
}

func (b *bucket) ListObjectsV2(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	out := &s3.ListObjectsV2Output{}
	for _, key := range b.keys() {
		if strings.HasPrefix(key, *in.Prefix) {
			out.Contents = append(out.Contents, s3types.Object{Key: &key, Size: aws.Int64(int64(len(b.objects[key]))), LastModified: aws.Time(b.written[key])})
		}
	}
	return out, nil
}

func (b *bucket) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(b.objects[*in.Key]))}, nil
}

func (b *bucket) DeleteObject(_ context.Context, in *s3.DeleteObjectInput, _ ...func(*s3.Options)) (*s3.DeleteObjectOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.objects, *in.Key)
	return &s3.DeleteObjectOutput{}, nil
}

// target keeps the ids that it was given, by epoch.
type target struct {
	mu      sync.Mutex
	ids     map[int][]string
	refuse  string // id of a record that cannot be indexed
	outages int    // number of calls that fail before one succeeds
	down    string // id of a record that never gets through
}

func newTarget() *target { return &target{ids: map[int][]string{}} }

func (f *target) Apply(_ context.Context, epoch int, records []*change.Record) (currentstate.Outcome, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out currentstate.Outcome
	if f.outages > 0 {
		f.outages--
		return out, errors.New("the domain is away")
	}
	for _, r := range records {
		id, _ := r.Data.Get("id")
		switch id {
		case f.down:
			return out, errors.New("the domain is away for good")
		case f.refuse:
			out.Parked = append(out.Parked, currentstate.Parked{Table: r.Name(), Reason: currentstate.Refused, Detail: "no"})
		default:
			f.ids[epoch] = append(f.ids[epoch], id)
			out.Applied++
		}
	}
	return out, nil
}

func (f *target) got(epoch int) []string { return slices.Sorted(slices.Values(f.ids[epoch])) }

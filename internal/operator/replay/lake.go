package replay

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/lake/objects"
	"cdcpipeline/internal/table"
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// lateness is how much later than DMS made it a record may be in an object's first hour, or its object begin an hour before:
// a delivery's buffer is 15 minutes at most, and clocks differ.
const lateness = time.Hour

// Lake is the changes of a table.
type Lake struct {
	objects.Lake
	Table table.Name
	// From and To are the times at which DMS made the records, both included; zero is no bound.
	From, To time.Time
}

// Objects of the table; S3 lists those of one hour before those of the next.
func (l Lake) Objects(ctx context.Context) ([]objects.Object, error) {
	folder := l.Folder(l.Table.Database, l.Table.Table)
	listed, err := l.List(ctx, folder)
	return slices.DeleteFunc(listed, func(o objects.Object) bool {
		at, ok := objects.Hour(strings.TrimPrefix(o.Key, folder))
		return ok && (!l.To.IsZero() && at.After(l.To.Add(lateness)) || at.Add(time.Hour+lateness).Before(l.From))
	}), err
}

// Records of an object.
func (l Lake) Records(ctx context.Context, key string, read func(int), visit func([]byte) error) error {
	l.Client = counting{l.Client, read}
	return l.Lines(ctx, key, visit)
}

// counting tells of the bytes of objects as they are read.
type counting struct {
	objects.S3
	read func(bytes int)
}

// GetObject as the client does.
func (c counting) GetObject(ctx context.Context, in *s3.GetObjectInput, options ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	out, err := c.S3.GetObject(ctx, in, options...)
	if err == nil {
		out.Body = countingBody{out.Body, c.read}
	}
	return out, err //nolint:wrapcheck // as the client
}

type countingBody struct {
	io.ReadCloser
	read func(bytes int)
}

func (b countingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read(n)
	return n, err //nolint:wrapcheck // as the body
}

// Settled leaves the object: the lake keeps what it has.
func (l Lake) Settled(context.Context, string) error { return nil }

// Wanted says whether DMS made a record in the time asked for. One that does not say when, or cannot be read, is wanted:
// it is not to be passed over in silence.
func (l Lake) Wanted(r *change.Record) bool {
	if r == nil {
		return true
	}
	made, err := time.Parse(time.RFC3339Nano, r.Metadata.Timestamp)
	return err != nil || !made.Before(l.From) && (l.To.IsZero() || !made.After(l.To))
}

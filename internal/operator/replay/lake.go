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

// lateness limits the time between the making of a record and the hour in its object's key. A delivery buffers for at
// most 15 minutes, and clocks differ.
const lateness = time.Hour

// Lake reads the changes of a table from the lake.
type Lake struct {
	objects.Lake
	Table table.Name
	// From and To bound the times when DMS made the records. Both are included. Zero means no bound.
	From, To time.Time
}

// Objects returns the objects of the table. S3 lists the objects hour by hour.
func (l Lake) Objects(ctx context.Context) ([]objects.Object, error) {
	folder := l.Folder(l.Table.Database, l.Table.Table)
	listed, err := l.List(ctx, folder)
	return slices.DeleteFunc(listed, func(o objects.Object) bool {
		at, ok := objects.Hour(strings.TrimPrefix(o.Key, folder))
		return ok && (!l.To.IsZero() && at.After(l.To.Add(lateness)) || at.Add(time.Hour+lateness).Before(l.From))
	}), err
}

// Records reads the records of an object.
func (l Lake) Records(ctx context.Context, key string, read func(int), visit func([]byte) error) error {
	l.Client = counting{l.Client, read}
	return l.Lines(ctx, key, visit)
}

// counting reports the bytes of objects while they are read.
type counting struct {
	objects.S3
	read func(bytes int)
}

// GetObject reports the bytes that its caller reads.
func (c counting) GetObject(ctx context.Context, in *s3.GetObjectInput, options ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	out, err := c.S3.GetObject(ctx, in, options...)
	if err == nil {
		out.Body = countingBody{out.Body, c.read}
	}
	return out, err //nolint:wrapcheck // the client's error, unchanged
}

type countingBody struct {
	io.ReadCloser
	read func(bytes int)
}

func (b countingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read(n)
	return n, err //nolint:wrapcheck // the body's error, unchanged
}

// Settled does nothing, because the lake keeps its objects.
func (l Lake) Settled(context.Context, string) error { return nil }

// Wanted reports whether DMS made a record in the requested time. It accepts records that cannot be read or have no
// time, so that the replay reports them.
func (l Lake) Wanted(r *change.Record) bool {
	if r == nil {
		return true
	}
	made, err := time.Parse(time.RFC3339Nano, r.Metadata.Timestamp)
	return err != nil || !made.Before(l.From) && (l.To.IsZero() || !made.After(l.To))
}

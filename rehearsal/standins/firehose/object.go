package firehose

import (
	"bytes"
	"cdcpipeline/rehearsal/standins/account"
	"compress/gzip"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// objects is the part of S3 that a delivery calls.
type objects interface {
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

// bucket writes objects with the destination's role, and retries without limit.
type bucket struct {
	client func(role string) objects
	log    *slog.Logger
	stats  *stats
}

func newBucket(acc account.Account, log *slog.Logger, st *stats) *bucket {
	var mu sync.Mutex
	clients := map[string]objects{}
	return &bucket{log: log, stats: st, client: func(role string) objects {
		mu.Lock()
		defer mu.Unlock()
		if clients[role] == nil {
			clients[role] = s3.NewFromConfig(acc.AsRole(role, "firehose"), func(o *s3.Options) { o.UsePathStyle = true })
		}
		return clients[role]
	}}
}

const (
	firstPause   = 250 * time.Millisecond
	longestPause = 10 * time.Second
)

// put writes one object. Only the end of the context stops it: AWS retries for 24 hours.
func (b *bucket) put(ctx context.Context, d *declared, to *s3Destination, prefix string, lines [][]byte) error {
	body, extension, err := encode(lines, to)
	if err != nil {
		return err
	}
	in := &s3.PutObjectInput{Bucket: &to.bucket, Key: aws.String(prefix + objectName(d, time.Now().In(to.zone)) + extension)}
	if to.kmsKey != "" {
		in.ServerSideEncryption, in.SSEKMSKeyId = types.ServerSideEncryptionAwsKms, &to.kmsKey
	}
	for wait := firstPause; ; wait = min(2*wait, longestPause) {
		in.Body = bytes.NewReader(body)
		if _, err = b.client(to.role).PutObject(ctx, in); err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("writing %s: %w", *in.Key, ctx.Err())
		}
		b.log.Warn("an object is written again", "key", *in.Key, "error", err)
		b.stats.retry()
		pause(ctx, wait)
	}
}

func encode(lines [][]byte, to *s3Destination) (body []byte, extension string, err error) {
	joined := bytes.Join(lines, nil)
	if !to.gzip {
		return joined, to.extension, nil
	}
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err = w.Write(joined); err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, "", fmt.Errorf("compressing: %w", err)
	}
	if to.extension != "" {
		return out.Bytes(), to.extension, nil
	}
	return out.Bytes(), ".gz", nil
}

// objectName is an object's name after its prefix: https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html.
func objectName(d *declared, at time.Time) string {
	var id [16]byte
	_, _ = rand.Read(id[:])
	return fmt.Sprintf("%s-%s-%s-%x-%x-%x-%x-%x", d.name, d.version, at.Format("2006-01-02-15-04-05"), id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// lake writes buffers to S3.
type lake struct {
	*bucket
	quirks *quirks
}

func (l lake) write(ctx context.Context, d *declared, b *buffer) (delivered []record, parked int, err error) {
	to := d.lake
	v := values{oldest: b.oldest().In(to.zone), errorType: "processing-failed", keys: b.keys}
	which := to.prefixes.records
	if b.failed {
		which = to.prefixes.errors
	}
	prefix, err := which.evaluate(v)
	if err != nil {
		return l.misplaced(ctx, d, b, err)
	}
	prefix, lines := l.quirks.object(b, prefix)
	if err := l.put(ctx, d, to, prefix, lines); err != nil {
		return nil, 0, err
	}
	if b.failed {
		return nil, len(b.records), nil
	}
	return b.records, 0, nil
}

// misplaced parks records whose prefix cannot be evaluated.
func (l lake) misplaced(ctx context.Context, d *declared, b *buffer, cause error) ([]record, int, error) {
	prefix, err := d.lake.prefixes.errors.evaluate(values{oldest: b.oldest().In(d.lake.zone), errorType: "processing-failed"})
	if err != nil {
		return nil, 0, err
	}
	lines := make([][]byte, len(b.records))
	for i, r := range b.records {
		lines[i] = processingFailure(r, &extractionError{"S3.PrefixEvaluationFailed", cause})
	}
	return nil, len(b.records), l.put(ctx, d, d.lake, prefix, lines)
}

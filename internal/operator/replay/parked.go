package replay

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/lake/objects"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Bucket is the part of S3 that [Parked] needs.
type Bucket interface {
	objects.S3
	DeleteObject(context.Context, *s3.DeleteObjectInput, ...func(*s3.Options)) (*s3.DeleteObjectOutput, error)
}

// Parked reads the records that the current-state function has parked, and the batches that Lambda gave up.
type Parked struct {
	Client Bucket
	Name   string
	// Function is the prefix under which the function parks records. Lambda is the prefix under which Lambda stores
	// batches. An empty prefix has no objects.
	Function, Lambda string
	// From and To bound the times when the records were parked. Zero means no bound.
	From, To time.Time
	// Keep keeps objects whose records were all applied. Otherwise they are deleted, so that only unfinished work is
	// left.
	Keep bool
}

// Objects returns the parked objects, oldest first.
func (p Parked) Objects(ctx context.Context) ([]objects.Object, error) {
	var found []objects.Object
	for _, prefix := range []string{p.Function, p.Lambda} {
		if prefix == "" { // every key of the bucket has the empty prefix
			continue
		}
		listed, err := objects.Lake{Client: p.Client, Bucket: p.Name}.List(ctx, prefix)
		if err != nil {
			return nil, err
		}
		found = append(found, slices.DeleteFunc(listed, func(o objects.Object) bool {
			return o.Written.Before(p.From) || !p.To.IsZero() && o.Written.After(p.To)
		})...)
	}
	slices.SortFunc(found, func(a, b objects.Object) int {
		return cmp.Or(a.Written.Compare(b.Written), strings.Compare(a.Key, b.Key))
	})
	return found, nil
}

// Records reads the records of an object as they came from the stream.
func (p Parked) Records(ctx context.Context, key string, read func(int), visit func([]byte) error) error {
	out, err := counting{p.Client, read}.GetObject(ctx, &s3.GetObjectInput{Bucket: &p.Name, Key: &key})
	if gone := (*types.NoSuchKey)(nil); errors.As(err, &gone) {
		return nil // another replay has deleted it since
	}
	if err != nil {
		return fmt.Errorf("reading s3://%s/%s: %w", p.Name, key, err)
	}
	defer func() { _ = out.Body.Close() }()
	records := parkedLines
	if p.Lambda != "" && strings.HasPrefix(key, p.Lambda) {
		records = invocationRecord
	}
	if err := records(out.Body, visit); err != nil {
		return fmt.Errorf("reading s3://%s/%s: %w", p.Name, key, err)
	}
	return nil
}

// parkedLines reads what the function parks: one [currentstate.Parked] a line.
func parkedLines(body io.Reader, visit func([]byte) error) error {
	return objects.EachLine(body, func(line []byte) error {
		var parked currentstate.Parked
		if err := json.Unmarshal(line, &parked); err != nil {
			return fmt.Errorf("it is not a parked record of the current-state function: %w", err)
		}
		return visit(parked.Raw())
	})
}

// invocationRecord reads a batch that Lambda gave up. The object contains the whole event as a string,
// https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html.
func invocationRecord(body io.Reader, visit func([]byte) error) error {
	var kept struct {
		Payload string `json:"payload"`
	}
	if err := json.NewDecoder(body).Decode(&kept); err != nil {
		return fmt.Errorf("it is not an invocation record of Lambda: %w", err)
	}
	if kept.Payload == "" {
		return errors.New("the invocation record of Lambda has no payload: replay the records of that time from the lake")
	}
	var batch events.KinesisEvent
	if err := json.Unmarshal([]byte(kept.Payload), &batch); err != nil {
		return fmt.Errorf("the payload of Lambda's invocation record: %w", err)
	}
	for i := range batch.Records {
		if err := visit(batch.Records[i].Kinesis.Data); err != nil {
			return err
		}
	}
	return nil
}

// Settled deletes an object. The bucket keeps the former version for a while.
func (p Parked) Settled(ctx context.Context, key string) error {
	if p.Keep {
		return nil
	}
	if _, err := p.Client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &p.Name, Key: &key}); err != nil {
		return fmt.Errorf("removing s3://%s/%s after applying its records: %w", p.Name, key, err)
	}
	return nil
}

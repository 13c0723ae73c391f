// Package bucket reads and writes whole small objects of one S3 bucket. It changes an object only if nobody has
// changed it since the caller read it. It knows S3's answers and S3's clock, but not the meaning of the objects.
//
// S3 is strongly consistent: a read or a list after a write sees the written object,
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel.
package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// callTakes limits one call, including the SDK's retries.
const callTakes = 30 * time.Second

// ErrChanged is the error of [Bucket.Change] when the object has changed since the caller read it, or is being
// changed now. Nothing was written, unless the answer to an earlier attempt was lost. The caller should read the
// object again.
var ErrChanged = errors.New("somebody else has changed it")

// S3 is the part of S3 that a bucket needs. [s3.Client] implements it.
type S3 interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	DeleteObject(context.Context, *s3.DeleteObjectInput, ...func(*s3.Options)) (*s3.DeleteObjectOutput, error)
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
}

// Bucket is one bucket.
type Bucket struct {
	S3   S3
	Name string
}

// Get returns an object and its version, S3's ETag. For a missing object the version is empty and there is no error.
// Without s3:ListBucket on the bucket S3 reports a missing object as access denied,
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html.
func (b Bucket) Get(ctx context.Context, key string) (body []byte, version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTakes)
	defer cancel()
	out, err := b.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.Name, Key: &key})
	if isMissing(err) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("reading %s: %w", b.URL(key), err)
	}
	defer out.Body.Close()
	if body, err = io.ReadAll(out.Body); err != nil {
		return nil, "", fmt.Errorf("reading %s: %w", b.URL(key), err)
	}
	return body, aws.ToString(out.ETag), nil
}

// Put writes an object unconditionally.
func (b Bucket) Put(ctx context.Context, key string, body []byte) error {
	return b.put(ctx, &s3.PutObjectInput{Key: &key}, body)
}

// Change replaces the object if it still has the version from [Bucket.Get]; with an empty version it creates an
// object that must not exist. Otherwise the error is [ErrChanged]. S3 answers 412 when the condition fails, 409
// during another change or deletion, and 404 when the object is gone,
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html. It needs s3:PutObject, and
// s3:GetObject when a version is given.
func (b Bucket) Change(ctx context.Context, key string, body []byte, version string) error {
	in := &s3.PutObjectInput{Key: &key, IfMatch: &version}
	if version == "" {
		in.IfMatch, in.IfNoneMatch = nil, aws.String("*")
	}
	err := b.put(ctx, in, body)
	if answer := (*smithyhttp.ResponseError)(nil); errors.As(err, &answer) {
		if status := answer.HTTPStatusCode(); status == http.StatusPreconditionFailed || status == http.StatusConflict || isMissing(err) {
			return fmt.Errorf("%w: %w", ErrChanged, err)
		}
	}
	return err
}

func (b Bucket) put(ctx context.Context, in *s3.PutObjectInput, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, callTakes)
	defer cancel()
	in.Bucket, in.Body, in.ContentType = &b.Name, bytes.NewReader(body), contentType(*in.Key)
	if _, err := b.S3.PutObject(ctx, in); err != nil {
		return fmt.Errorf("writing %s: %w", b.URL(*in.Key), err)
	}
	return nil
}

// Delete removes an object. A missing object is not an error.
func (b Bucket) Delete(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(ctx, callTakes)
	defer cancel()
	if _, err := b.S3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.Name, Key: &key}); err != nil {
		return fmt.Errorf("deleting %s: %w", b.URL(key), err)
	}
	return nil
}

// Keys lists the keys with a prefix, in S3's order.
func (b Bucket) Keys(ctx context.Context, prefix string) ([]string, error) {
	var keys []string
	for pages := s3.NewListObjectsV2Paginator(b.S3, &s3.ListObjectsV2Input{Bucket: &b.Name, Prefix: &prefix}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing %s: %w", b.URL(prefix), err)
		}
		for _, object := range page.Contents {
			keys = append(keys, aws.ToString(object.Key))
		}
	}
	return keys, nil
}

// Now is S3's clock, to the second, from the date of its answer.
func (b Bucket) Now(ctx context.Context) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, callTakes)
	defer cancel()
	out, err := b.S3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &b.Name, MaxKeys: aws.Int32(1)})
	if err != nil {
		return time.Time{}, fmt.Errorf("reading S3's clock: %w", err)
	}
	now, ok := middleware.GetServerTime(out.ResultMetadata)
	if !ok || now.IsZero() {
		return time.Time{}, errors.New("reading S3's clock: its answer has no date")
	}
	return now.UTC(), nil
}

// URL is an object's URL for messages.
func (b Bucket) URL(key string) string { return "s3://" + b.Name + "/" + key }

// isMissing checks the error code, because the SDK has a type for a missing object only when reading.
func isMissing(err error) bool {
	var answer smithy.APIError
	return errors.As(err, &answer) && answer.ErrorCode() == "NoSuchKey"
}

func contentType(key string) *string {
	if strings.HasSuffix(key, ".json") {
		return aws.String("application/json")
	}
	return aws.String("application/x-ndjson")
}

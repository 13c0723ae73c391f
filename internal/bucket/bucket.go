// Package bucket reads and writes small objects of one S3 bucket whole, and changes one only where it is still what the
// caller has read. It knows S3's answers and S3's clock, and nothing of what the objects hold.
//
// S3 is strongly consistent: who reads after a write gets what was written, and a list has it,
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

// callTakes bounds one call, with what the SDK tries again.
const callTakes = 30 * time.Second

// ErrChanged is the error of [Bucket.Change] when the object is not what the caller has read, or when somebody else changes it
// at this moment. Nothing was written, unless the answer to an earlier try was lost: the caller reads the object again.
var ErrChanged = errors.New("somebody else has changed it")

// S3 is the part of S3 that a bucket needs: a [s3.Client].
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

// Get an object and its version, S3's ETag. Where there is no such object the version is empty, and that is no error; S3 says so to
// who has s3:ListBucket on the bucket, and to others that access is denied,
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

// Put an object, whatever was there.
func (b Bucket) Put(ctx context.Context, key string, body []byte) error {
	return b.put(ctx, &s3.PutObjectInput{Key: &key}, body)
}

// Change an object that has the version which [Bucket.Get] gave; an empty version makes an object that must not be there. Else the
// error is [ErrChanged]. S3 answers 412 when the condition does not hold, 409 when another change or a deletion is under way,
// and 404 when the object is there no more, https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html. It
// takes s3:PutObject, and s3:GetObject with a version.
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

// Delete an object; that there is none is no error.
func (b Bucket) Delete(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(ctx, callTakes)
	defer cancel()
	if _, err := b.S3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.Name, Key: &key}); err != nil {
		return fmt.Errorf("deleting %s: %w", b.URL(key), err)
	}
	return nil
}

// Keys of the objects whose keys begin with a prefix, in S3's order.
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

// Now is S3's clock, to the second: the date of its answer.
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

// URL of an object, for messages.
func (b Bucket) URL(key string) string { return "s3://" + b.Name + "/" + key }

// isMissing goes by the code: the SDK has a type for it where an object is read, and none where one is written.
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

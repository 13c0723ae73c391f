// Package objects reads the change record objects that the lake delivery writes to S3: gzip, one record per line, in
// a folder per table and hour.
package objects

import (
	"bufio"
	"bytes"
	"cdcpipeline/internal/lake/partition"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// S3 is the part of S3 that this package calls.
type S3 interface {
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// Lake is the bucket of changes.
type Lake struct {
	Client S3
	Bucket string
	// Prefix above the tables' folders, without a trailing slash.
	Prefix string
}

// Object is one object of changes.
type Object struct {
	Key     string
	Size    int64
	Written time.Time
}

// Folder is a table's folder.
func (l Lake) Folder(schema, table string) string { return partition.Folder(l.Prefix, schema, table) }

// OfAnother reports whether an object below a prefix (with its slash) belongs to another source. The unnamed source's
// prefixes contain those of the others, source=NAME/.
func OfAnother(prefix, key string) bool {
	return strings.HasPrefix(strings.TrimPrefix(key, prefix), "source=")
}

// hourForm is the folder of an hour.
const hourForm = "dt=2006-01-02/hour=15/"

// Hour parses the hour from an object's key below its table's folder. Without one it returns false, and the object
// may be of any hour.
func Hour(below string) (at time.Time, ok bool) {
	if len(below) < len(hourForm) {
		return time.Time{}, false
	}
	at, err := time.Parse(hourForm, below[:len(hourForm)])
	return at, err == nil
}

// Hours are a table's folders for arrivals between two moments. An object is in the hour in which its first record
// arrived in the stream.
func (l Lake) Hours(schema, table string, from, to time.Time) []string {
	var folders []string
	for at := from.UTC().Truncate(time.Hour); !at.After(to); at = at.Add(time.Hour) {
		folders = append(folders, l.Folder(schema, table)+at.Format(hourForm))
	}
	return folders
}

// List the objects below a prefix.
func (l Lake) List(ctx context.Context, prefix string) ([]Object, error) {
	var found []Object
	in := &s3.ListObjectsV2Input{Bucket: &l.Bucket, Prefix: &prefix}
	for pages := s3.NewListObjectsV2Paginator(l.Client, in); pages.HasMorePages(); {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing s3://%s/%s: %w", l.Bucket, prefix, err)
		}
		for _, o := range out.Contents {
			found = append(found, Object{aws.ToString(o.Key), aws.ToInt64(o.Size), aws.ToTime(o.LastModified)})
		}
	}
	return found, nil
}

// Lines visits each record of an object.
func (l Lake) Lines(ctx context.Context, key string, visit func([]byte) error) error {
	out, err := l.Client.GetObject(ctx, &s3.GetObjectInput{Bucket: &l.Bucket, Key: &key})
	if err != nil {
		return fmt.Errorf("reading s3://%s/%s: %w", l.Bucket, key, err)
	}
	defer func() { _ = out.Body.Close() }()
	unzipped, err := gzip.NewReader(out.Body)
	if err != nil {
		return fmt.Errorf("reading s3://%s/%s: it is not gzip: %w", l.Bucket, key, err)
	}
	if err := EachLine(unzipped, visit); err != nil {
		return fmt.Errorf("reading s3://%s/%s: %w", l.Bucket, key, err)
	}
	return nil
}

// EachLine visits each line except blank ones. Both DMS and the delivery end a record with a newline.
func EachLine(body io.Reader, visit func([]byte) error) error {
	for text := bufio.NewReaderSize(body, 1<<16); ; {
		line, err := text.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) { // the text before the error may be half a line
			return err //nolint:wrapcheck // wrapped by the caller
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if err := visit(line); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}

// Package objects reads records that deliveries and functions wrote to a bucket, one per line. It does not interpret
// the records.
package objects

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Lines visits every line of the objects with a prefix, with the object's key.
func Lines(ctx context.Context, cfg aws.Config, bucket, prefix string, visit func(key string, line []byte) error) error {
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	for pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing %s: %w", prefix, err)
		}
		for _, object := range page.Contents {
			key := aws.ToString(object.Key)
			body, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: object.Key})
			if err != nil {
				return fmt.Errorf("reading %s: %w", key, err)
			}
			err = readLines(body.Body, strings.HasSuffix(key, ".gz"), func(line []byte) error { return visit(key, line) })
			_ = body.Body.Close()
			if err != nil {
				return fmt.Errorf("reading %s: %w", key, err)
			}
		}
	}
	return nil
}

// readLines reads one object.
func readLines(body io.Reader, zipped bool, visit func(line []byte) error) error {
	if zipped {
		text, err := gzip.NewReader(body)
		if err != nil {
			return fmt.Errorf("the object is not gzip: %w", err)
		}
		body = text
	}
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		if strings.TrimSpace(lines.Text()) == "" { // both DMS and the delivery end a record with a newline
			continue
		}
		if err := visit(lines.Bytes()); err != nil {
			return err
		}
	}
	return lines.Err() //nolint:wrapcheck // wrapped by the caller
}

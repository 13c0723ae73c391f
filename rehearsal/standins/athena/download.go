package athena

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// download stores every object of raw records in a file, by URL.
func download(ctx context.Context, o Options) (map[string]string, error) {
	client := s3.NewFromConfig(o.Account.Config(), func(s *s3.Options) { s.UsePathStyle = true })
	objects := map[string]string{}
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &o.Bucket, Prefix: aws.String(o.Prefix + "/")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the lake: %w", err)
		}
		for _, object := range page.Contents {
			file := filepath.Join(o.Dir, fmt.Sprintf("%06d.gz", len(objects)))
			if err := fetch(ctx, client, o.Bucket, aws.ToString(object.Key), file); err != nil {
				return nil, err
			}
			objects["s3://"+o.Bucket+"/"+aws.ToString(object.Key)] = file
		}
	}
	return objects, nil
}

func fetch(ctx context.Context, client *s3.Client, bucket, key, file string) (err error) {
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return fmt.Errorf("reading %s: %w", key, err)
	}
	defer out.Body.Close()
	into, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("keeping %s: %w", key, err)
	}
	defer func() {
		if closed := into.Close(); err == nil && closed != nil {
			err = fmt.Errorf("keeping %s: %w", key, closed)
		}
	}()
	if _, err := io.Copy(into, out.Body); err != nil {
		return fmt.Errorf("keeping %s: %w", key, err)
	}
	return nil
}

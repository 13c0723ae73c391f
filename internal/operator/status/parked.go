package status

import (
	"cdcpipeline/internal/lake/objects"
	"cdcpipeline/internal/outputs"
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Objects is the part of S3 that a status needs.
type Objects interface {
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
}

// readParked counts the source's objects below the lake's error prefix, and the batches that Lambda gave up.
func readParked(ctx context.Context, api Objects, o outputs.Outputs) Parked {
	var parked Parked
	for _, prefix := range []string{o.LakeErrorPrefix + "/", o.CurrentFailedPrefix} {
		if prefix == "" {
			continue
		}
		if err := parked.add(ctx, api, o.LakeBucket, prefix); err != nil {
			parked.Error = explain(ctx, fmt.Errorf("listing s3://%s/%s: %w", o.LakeBucket, prefix, err))
			break
		}
	}
	return parked
}

// add counts the objects below a prefix.
func (parked *Parked) add(ctx context.Context, api Objects, bucket, prefix string) error {
	in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix}
	for {
		out, err := api.ListObjectsV2(ctx, in)
		if err != nil {
			return err //nolint:wrapcheck // the caller wraps it
		}
		for _, object := range out.Contents {
			if objects.OfAnother(prefix, aws.ToString(object.Key)) {
				continue
			}
			parked.Objects++
			parked.Bytes += aws.ToInt64(object.Size)
			if at := utc(object.LastModified); at != nil && (parked.NewestAt == nil || at.After(*parked.NewestAt)) {
				parked.Newest, parked.NewestAt = aws.ToString(object.Key), at
			}
		}
		if in.ContinuationToken = out.NextContinuationToken; aws.ToString(in.ContinuationToken) == "" {
			return nil
		}
	}
}

package storestest_test

import (
	"cdcpipeline/internal/bucket"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/stores/storestest"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/require"
)

// versioned is a bucket with that name, versioned like the lake's.
func versioned(t *testing.T, name string) (bucket.Bucket, *s3.Client) {
	t.Helper()
	client := s3.NewFromConfig(account.New(storestest.Moto(t)).Config(), func(o *s3.Options) { o.UsePathStyle = true })
	_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name})
	require.NoError(t, err)
	_, err = client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
		Bucket: &name, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	require.NoError(t, err)
	return bucket.Bucket{S3: client, Name: name}, client
}

// answered is an answer's status and S3's code.
func answered(err error) string {
	var status *smithyhttp.ResponseError
	var code smithy.APIError
	if !errors.As(err, &status) || !errors.As(err, &code) {
		return fmt.Sprint(err)
	}
	return fmt.Sprint(status.HTTPStatusCode(), " ", code.ErrorCode())
}

func TestAWriteOnAConditionIsAnsweredAsByS3(t *testing.T) {
	b, client := versioned(t, "conditions")
	put := func(key string, in s3.PutObjectInput) error {
		in.Bucket, in.Key, in.Body = &b.Name, &key, strings.NewReader("x")
		_, err := client.PutObject(t.Context(), &in)
		return err
	}
	require.Equal(t, "409 ConditionalRequestConflict", answered(put("there", s3.PutObjectInput{IfMatch: aws.String(`"0"`)})), "the first change of a bucket")
	require.NoError(t, put("there", s3.PutObjectInput{IfNoneMatch: aws.String("*")}))
	require.Equal(t, "412 PreconditionFailed", answered(put("there", s3.PutObjectInput{IfNoneMatch: aws.String("*")})))
	require.Equal(t, "412 PreconditionFailed", answered(put("there", s3.PutObjectInput{IfMatch: aws.String(`"0"`)})))
	require.Equal(t, "404 NoSuchKey", answered(put("gone", s3.PutObjectInput{IfMatch: aws.String(`"0"`)})))

	_, version, err := b.Get(t.Context(), "there")
	require.NoError(t, err)
	require.NoError(t, put("there", s3.PutObjectInput{IfMatch: &version}))
	require.NoError(t, b.Delete(t.Context(), "there"))
	require.Equal(t, "404 NoSuchKey", answered(put("there", s3.PutObjectInput{IfMatch: &version})), "its latest version is a delete marker")
	require.NoError(t, put("there", s3.PutObjectInput{IfNoneMatch: aws.String("*")}))
}

func TestOneOfManyChangesAtOnceIsMade(t *testing.T) {
	b, _ := versioned(t, "at-once")
	for round := range 5 {
		key := fmt.Sprintf("%d.json", round)
		version := ""
		for _, step := range []string{"made", "changed"} {
			var made atomic.Int32
			var wait sync.WaitGroup
			for i := range 8 {
				wait.Go(func() {
					err := b.Change(t.Context(), key, fmt.Appendf(nil, "%s %d", step, i), version)
					if err == nil {
						made.Add(1)
						return
					}
					require.ErrorIs(t, err, bucket.ErrChanged)
				})
			}
			wait.Wait()
			require.EqualValues(t, 1, made.Load(), "%s in round %d", step, round)
			var err error
			_, version, err = b.Get(t.Context(), key)
			require.NoError(t, err)
		}
	}
}

func TestABucketsClockAndKeys(t *testing.T) {
	b, _ := versioned(t, "clock")
	now, err := b.Now(t.Context())
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), now, 5*time.Second)
	for _, key := range []string{"registry/current/shop-주문.json", "registry/current/shop-a.24b.json", "registry/current.json"} {
		require.NoError(t, b.Change(t.Context(), key, []byte("{}"), ""))
	}
	require.NoError(t, b.Delete(t.Context(), "registry/current/shop-a.24b.json"))
	keys, err := b.Keys(t.Context(), "registry/current/")
	require.NoError(t, err)
	require.Equal(t, []string{"registry/current/shop-주문.json"}, keys)
	_, version, err := b.Get(t.Context(), "registry/current/shop-a.24b.json")
	require.NoError(t, err)
	require.Empty(t, version)
}

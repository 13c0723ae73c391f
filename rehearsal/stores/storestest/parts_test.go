package storestest_test

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/stores/storestest"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"
)

// The stand-in reads only the requested part of an object; the result must be as in
// https://www.rfc-editor.org/rfc/rfc9110#section-14.
func TestAPartOfAnObjectIsThatPart(t *testing.T) {
	client := s3.NewFromConfig(account.New(storestest.Moto(t)).Config(), func(o *s3.Options) { o.UsePathStyle = true })
	bucket, key := aws.String("parts"), aws.String("digits")
	_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: bucket})
	require.NoError(t, err)
	_, err = client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("0123456789")})
	require.NoError(t, err)
	for part, want := range map[string][2]string{
		"bytes=0-3": {"0123", "bytes 0-3/10"}, "bytes=4-4": {"4", "bytes 4-4/10"}, "bytes=7-": {"789", "bytes 7-9/10"}, "bytes=8-99": {"89", "bytes 8-9/10"},
		"bytes=-2": {"89", "bytes 8-9/10"}, "bytes=-99": {"0123456789", "bytes 0-9/10"}, "bytes=0-": {"0123456789", "bytes 0-9/10"},
		"bytes=5-3": {"0123456789", ""}, "": {"0123456789", ""},
	} {
		in := &s3.GetObjectInput{Bucket: bucket, Key: key}
		if part != "" {
			in.Range = &part
		}
		out, err := client.GetObject(t.Context(), in)
		require.NoError(t, err, part)
		body, err := io.ReadAll(out.Body)
		require.NoError(t, err, part)
		require.Equal(t, want, [2]string{string(body), aws.ToString(out.ContentRange)}, part)
		require.EqualValues(t, len(body), aws.ToInt64(out.ContentLength), part)
	}
	for _, beyond := range []string{"bytes=10-", "bytes=10-12"} {
		_, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: key, Range: &beyond})
		require.ErrorContains(t, err, "InvalidRange", beyond)
	}
}

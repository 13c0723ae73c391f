package storestest_test

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/stores/storestest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"
)

// All versions in a bucket are deleted before it is destroyed, including the markers of replayed records.
func TestAKeyWithADeleteMarkerCanBeDeletedForGood(t *testing.T) {
	ctx, bucket, key := t.Context(), aws.String("versions"), aws.String("parked")
	c := s3.NewFromConfig(account.New(storestest.Moto(t)).Config(), func(o *s3.Options) { o.UsePathStyle = true })
	must := func(_ any, err error) { t.Helper(); require.NoError(t, err) }
	must(c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}))
	must(c.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}}))
	must(c.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("x")}))
	must(c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: key}))
	versions, err := c.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: bucket})
	require.NoError(t, err)
	require.Len(t, versions.DeleteMarkers, 1)
	// A destroy removes the versioning first.
	must(c.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusSuspended}}))
	var all []types.ObjectIdentifier
	for _, v := range versions.Versions {
		all = append(all, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
	}
	all = append(all, types.ObjectIdentifier{Key: key, VersionId: versions.DeleteMarkers[0].VersionId})
	must(c.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: bucket, Delete: &types.Delete{Objects: all}}))
	must(c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: bucket}))
}

// A client that requests encoded keys decodes them. Otherwise a key with a % would become another one, and its bucket
// would never be empty.
func TestVersionsAreListedWithEncodedKeysOnDemand(t *testing.T) {
	client := s3.NewFromConfig(account.New(storestest.Moto(t)).Config(), func(o *s3.Options) { o.UsePathStyle = true })
	bucket := aws.String("encoded")
	_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: bucket})
	require.NoError(t, err)
	_, err = client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String("table=a%24/b&c")})
	require.NoError(t, err)
	for encoding, want := range map[types.EncodingType]string{"": "table=a%24/b&c", types.EncodingTypeUrl: "table%3Da%2524/b%26c"} {
		versions, err := client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: bucket, EncodingType: encoding})
		require.NoError(t, err)
		require.Equal(t, want, aws.ToString(versions.Versions[0].Key))
	}
}

package ddl

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"
)

// fakeS3 holds one object.
type fakeS3 struct {
	text   []byte
	key    string // the key that was requested
	writes int
	err    error
}

func (f *fakeS3) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	if f.key = *in.Key; f.err != nil {
		return nil, f.err
	}
	if f.text == nil {
		return nil, &types.NoSuchKey{}
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(f.text))}, nil
}

func (f *fakeS3) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	f.writes++
	f.key = *in.Key
	var err error
	f.text, err = io.ReadAll(in.Body)
	return &s3.PutObjectOutput{}, errors.Join(err, f.err)
}

func TestWhatIsKnownIsKept(t *testing.T) {
	bucket := &fakeS3{}
	store := Store{S3: bucket, Bucket: "lake"}
	kept, err := store.Read(t.Context())
	require.NoError(t, err)
	require.Empty(t, kept)
	made := madeAs("7", "a", "p0=1 p1=2")
	made.Names = []string{"id", "amount"}
	known := map[string]Known{"shop.orders": lookedAt(t, made)}
	require.NoError(t, store.Write(t.Context(), known, kept))
	kept, err = store.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, known, kept)
	require.NoError(t, store.Write(t.Context(), known, kept))
	require.Equal(t, 1, bucket.writes, "what is as it was is not written again")
	require.NotContains(t, string(bucket.text), "\n", "a name of a column takes no line")
}

func TestWhatTheCanaryHasSeenIsReadOfEachSource(t *testing.T) {
	for source, key := range map[string]string{"": "cdc/canary-tables.json", "orders": "cdc/source=orders/canary-tables.json"} {
		bucket := &fakeS3{text: []byte(`{"shop.orders": {"made": {"id": "1", "columns": "a"}, "seen": "2026-11-23T12:01:00Z", "changed": true, "columns": ["amount"]}}`)}
		sightings, err := Store{S3: bucket, Bucket: "lake", Source: source}.Sightings(t.Context())
		require.NoError(t, err)
		require.Equal(t, key, bucket.key)
		require.Equal(t, map[string]Sighting{"shop.orders": {Seen: load.Add(time.Minute), Columns: []string{"amount"}}}, sightings)
	}
	none, err := Store{S3: &fakeS3{}, Bucket: "lake"}.Sightings(t.Context())
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestEachSourceHasAnObjectOfItsOwn(t *testing.T) {
	bucket := &fakeS3{}
	for source, key := range map[string]string{"": "cdc/loaded-tables.json", "orders": "cdc/source=orders/loaded-tables.json"} {
		require.NoError(t, Store{S3: bucket, Bucket: "lake", Source: source}.Write(t.Context(), map[string]Known{"shop.orders": {}}, nil))
		require.Equal(t, key, bucket.key)
		_, err := Store{S3: bucket, Bucket: "lake", Source: source}.Read(t.Context())
		require.NoError(t, err)
		require.Equal(t, key, bucket.key)
	}
}

func TestWhatCannotBeReadIsSaid(t *testing.T) {
	_, err := Store{S3: &fakeS3{text: []byte("{")}, Bucket: "lake"}.Read(t.Context())
	require.ErrorContains(t, err, "s3://lake/"+Key)
	_, err = Store{S3: &fakeS3{err: errors.New("AccessDenied")}, Bucket: "lake"}.Read(t.Context())
	require.ErrorContains(t, err, "reading s3://lake/"+Key+": AccessDenied")
}

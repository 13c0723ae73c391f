package bucket_test

import (
	"cdcpipeline/internal/bucket"
	"cdcpipeline/internal/bucket/buckettest"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAnObjectIsChangedOnlyAsItWasRead(t *testing.T) {
	b := (&buckettest.S3{}).Bucket("b")
	_, version, err := b.Get(t.Context(), "k.json")
	require.NoError(t, err)
	require.Empty(t, version, "there is none")
	require.ErrorIs(t, b.Change(t.Context(), "k.json", []byte("x"), `"0"`), bucket.ErrChanged, "404: it was deleted meanwhile")

	require.NoError(t, b.Change(t.Context(), "k.json", []byte("one"), ""))
	require.ErrorIs(t, b.Change(t.Context(), "k.json", []byte("x"), ""), bucket.ErrChanged, "412: it is there")
	body, version, err := b.Get(t.Context(), "k.json")
	require.NoError(t, err)
	require.Equal(t, "one", string(body))

	require.NoError(t, b.Change(t.Context(), "k.json", []byte("two"), version))
	require.ErrorIs(t, b.Change(t.Context(), "k.json", []byte("x"), version), bucket.ErrChanged, "412: it is another one")
	body, _, err = b.Get(t.Context(), "k.json")
	require.NoError(t, err)
	require.Equal(t, "two", string(body))

	require.NoError(t, b.Put(t.Context(), "k.json", []byte("three")), "whatever was there")
	require.NoError(t, b.Delete(t.Context(), "k.json"))
	require.NoError(t, b.Delete(t.Context(), "k.json"))
	_, version, err = b.Get(t.Context(), "k.json")
	require.NoError(t, err)
	require.Empty(t, version)
}

func TestWhatS3SaysOfAChange(t *testing.T) {
	for name, c := range map[string]struct {
		fault   buckettest.Fault
		changed bool
		written string
	}{
		"409, another change is under way": {buckettest.Conflict, true, "{}"},
		"403":                              {buckettest.Denied, false, "{}"},
		"503, until the SDK gives up":      {buckettest.Broken, false, "{}"},
		"nobody answers":                   {buckettest.Unsent, false, "{}"},
		"an answer is lost, and the next one is of 412": {buckettest.Lost, true, "{1}"},
	} {
		t.Run(name, func(t *testing.T) {
			s3 := &buckettest.S3{}
			b := s3.Bucket("b")
			require.NoError(t, b.Put(t.Context(), "k", []byte("{}")))
			_, version, err := b.Get(t.Context(), "k")
			require.NoError(t, err)
			tries := 0
			s3.Fault = func(string, string) buckettest.Fault {
				if tries++; tries > 1 && c.fault == buckettest.Lost {
					return buckettest.None
				}
				return c.fault
			}
			err = b.Change(t.Context(), "k", []byte("{1}"), version)
			require.ErrorContains(t, err, "writing s3://b/k")
			if c.changed {
				require.ErrorIs(t, err, bucket.ErrChanged)
			} else {
				require.NotErrorIs(t, err, bucket.ErrChanged)
			}
			require.Equal(t, map[string]string{"k": c.written}, s3.Objects("b", ""))
		})
	}
}

func TestWhatCannotBeReadIsNotTakenForMissing(t *testing.T) {
	s3 := &buckettest.S3{Fault: func(string, string) buckettest.Fault { return buckettest.Denied }}
	_, _, err := s3.Bucket("b").Get(t.Context(), "k")
	require.ErrorContains(t, err, "reading s3://b/k")
	_, err = s3.Bucket("b").Keys(t.Context(), "a/")
	require.ErrorContains(t, err, "listing s3://b/a/")
}

func TestKeysAreListedPageByPage(t *testing.T) {
	s3 := &buckettest.S3{Page: 2}
	b := s3.Bucket("b")
	var want []string
	for i := range 5 {
		want = append(want, fmt.Sprintf("a/%d-주문.json", i))
		require.NoError(t, b.Put(t.Context(), want[i], nil))
	}
	require.NoError(t, b.Put(t.Context(), "a.json", nil))
	s3.Set("other", "a/9.json", "")
	keys, err := b.Keys(t.Context(), "a/")
	require.NoError(t, err)
	require.Equal(t, want, keys)
}

func TestTheClockIsS3s(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	now, err := (&buckettest.S3{Now: func() time.Time { return at.Add(300 * time.Millisecond) }}).Bucket("b").Now(t.Context())
	require.NoError(t, err)
	require.Equal(t, at, now)
}

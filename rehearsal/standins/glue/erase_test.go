//go:build spark

package glue

import (
	"bytes"
	"cdcpipeline/rehearsal/stores/storestest"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"
)

// marker must not be found anywhere. It is its column's greatest value, so that statistics contain it too.
const marker = "zzeraseme"

// An erased value is in no version of an object and in no file's statistics, and the table continues to work.
func TestWhatIsErasedIsInNoFile(t *testing.T) {
	for _, format := range formats {
		t.Run(format, func(t *testing.T) {
			l, m, s := newLake(t, format), newModel(t), newSource(11)
			l.columns = append(l.columns, specified{"note", "note", "varchar(200)", "string"})
			l.specify(nil)
			with := append(slices.Clone(all), "note")
			gone := id{"900", "it's \\ a"}
			note := func(text string) { s.more = func() string { return fmt.Sprintf(`,"note":%q`, text) } }
			deliver := func(lines ...string) {
				m.apply(lines...)
				l.deliver(lines)
			}
			note("plain")
			deliver(append(s.load(30), s.change(40)...)...)
			note(marker + " inserted")
			deliver(s.insert(gone, 500_000, 1))
			l.run() // so that the table has a version with each state of the row
			note(marker + " updated")
			deliver(s.update(gone, gone, 501_000, 1))
			note("plain")
			deliver(append([]string{s.delete(gone, 502_000, 1)}, s.change(20)...)...)
			l.specify(map[string]any{"batch_mb": 0}) // each object is a commit
			l.run()

			l.rewrite(func(line string) bool { return !strings.Contains(line, marker) && !strings.Contains(line, `"id":900,`) })
			for range 2 { // a second time there is nothing to do, and no harm
				key := l.request(gone.number + "," + gone.part)
				l.run("--action", "erase", "--request", key)
				l.forgetVersions("tables/")
				l.forgetVersions("raw/")
			}
			found, seen, err := storestest.Site(t).FindText(t.Context(), l.options, l.bucket, marker)
			require.NoError(t, err)
			require.Greater(t, seen, 10)
			require.Empty(t, found)
			delete(m.rows, gone.number+","+gone.part)
			delete(m.versions, gone.number+","+gone.part)
			note("later")
			deliver(s.change(20)...)
			require.Len(t, l.run(), 1, "what was written anew is not new")
			l.equal(m, with...)
			require.Empty(t, l.keys("errors/"))
		})
	}
}

// request asks to erase rows.
func (l *lake) request(keys ...string) string {
	l.t.Helper()
	text, err := json.Marshal(map[string]any{"schema": "shop", "table": "orders", "keys": keys})
	require.NoError(l.t, err)
	const key = "tables/_state/erase/request.json"
	l.put(key, text)
	return key
}

// rewrite rewrites each records object that has lines to remove, as `cdc erase` does.
func (l *lake) rewrite(keep func(line string) bool) {
	l.t.Helper()
	time.Sleep(1100 * time.Millisecond) // S3's times are in whole seconds
	for _, key := range l.keys(folder) {
		out, err := l.s3.GetObject(l.t.Context(), &s3.GetObjectInput{Bucket: &l.bucket, Key: &key})
		require.NoError(l.t, err)
		r, err := gzip.NewReader(out.Body)
		require.NoError(l.t, err)
		text, err := io.ReadAll(r)
		require.NoError(l.t, err)
		lines := strings.SplitAfter(string(text), "\n")
		kept := slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return !keep(line) })
		if len(kept) == len(lines) {
			continue
		}
		var body bytes.Buffer
		w := gzip.NewWriter(&body)
		_, err = w.Write([]byte(strings.Join(kept, "")))
		require.NoError(l.t, err)
		require.NoError(l.t, w.Close())
		_, err = l.s3.PutObject(l.t.Context(), &s3.PutObjectInput{
			Bucket: &l.bucket, Key: &key, Body: bytes.NewReader(body.Bytes()), Metadata: map[string]string{"cdc-delivered": out.LastModified.UTC().Format(time.RFC3339)},
		})
		require.NoError(l.t, err)
	}
}

// forgetVersions deletes all former versions of an object.
func (l *lake) forgetVersions(prefix string) {
	l.t.Helper()
	for pages := s3.NewListObjectVersionsPaginator(l.s3, &s3.ListObjectVersionsInput{Bucket: &l.bucket, Prefix: &prefix}); pages.HasMorePages(); {
		page, err := pages.NextPage(l.t.Context())
		require.NoError(l.t, err)
		for _, v := range page.Versions {
			if !aws.ToBool(v.IsLatest) {
				_, err := l.s3.DeleteObject(l.t.Context(), &s3.DeleteObjectInput{Bucket: &l.bucket, Key: v.Key, VersionId: v.VersionId})
				require.NoError(l.t, err)
			}
		}
	}
}

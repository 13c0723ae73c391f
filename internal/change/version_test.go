package change

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// placed returns a change at a position of the binlog.
func placed(t require.TestingT, file, offset, begin, record uint64) *Record {
	return parsed(t, fmt.Sprintf(`{"data":{"id":1},"metadata":{"record-type":"data","operation":"insert","schema-name":"db","table-name":"t","timestamp":"2026-01-02T03:04:05Z",`+
		`"commit-timestamp":"2026-01-02T03:04:05Z","transaction-id":%d,"transaction-record-id":%d,"stream-position":"mysql-bin.%06d:%d:0:0"}}`, file<<32|begin, record, file, offset))
}

func loadedAt(t require.TestingT, timestamp string) *Record {
	return parsed(t, fmt.Sprintf(`{"data":{"id":1},"metadata":{"record-type":"data","operation":"load","schema-name":"db","table-name":"t","timestamp":%q}}`, timestamp))
}

// TestVersionsAreInTheOrderOfTheRecords checks binlogs as servers write them, with transactions of any size.
func TestVersionsAreInTheOrderOfTheRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		file, offset := rapid.Uint64Range(1, maxFile-20).Draw(t, "file"), uint64(4)
		previous := loadedAt(t, "2262-04-11T23:47:16.854775Z")
		for range rapid.IntRange(1, 12).Draw(t, "transactions") {
			if rapid.Bool().Draw(t, "rotated") {
				file, offset = file+1, 4
			}
			begin, record := offset, uint64(0)
			for range rapid.IntRange(1, 4).Draw(t, "events") {
				rows := rapid.OneOf(rapid.Uint64Range(1, 3), rapid.Uint64Range(1, 50_000_000)).Draw(t, "rows")
				for _, r := range []uint64{record + 1, record + rows} {
					next := placed(t, file, offset, begin, r)
					before, err := previous.Order()
					require.NoError(t, err)
					after, err := next.Order()
					require.NoError(t, err)
					order, err := before.Compare(after)
					if err != nil { // a load has no binlog
						order = -1
					}
					v, err := previous.Version()
					require.NoError(t, err)
					w, err := next.Version()
					require.NoError(t, err)
					require.Equal(t, order < 0, v < w, "%s %s", before, after)
					require.Equal(t, order == 0, v == w, "%s %s", before, after)
					previous = next
				}
				record += rows
				offset += rows // the smallest size of a row, without the header of its event
			}
			offset++
		}
	})
}

func TestAReloadIsAfterTheFirstLoadAndBelowEveryChange(t *testing.T) {
	first, err := loadedAt(t, "2026-01-02T03:04:05.000001Z").Version()
	require.NoError(t, err)
	again, err := loadedAt(t, "2026-01-02T03:04:05.000002Z").Version()
	require.NoError(t, err)
	change, err := placed(t, 0, 4, 4, 1).Version()
	require.NoError(t, err)
	require.Less(t, first, again)
	require.Less(t, again, change)
}

func TestWhatDoesNotFitAVersionIsRefused(t *testing.T) {
	last, err := placed(t, maxFile, 4, 1<<32-1, 1<<34-1<<32).Version()
	require.NoError(t, err)
	require.Equal(t, int64(1<<63-1), last)
	for message, r := range map[string]*Record{
		"binlog file 268435456 is beyond": placed(t, maxFile+1, 4, 4, 1),
		"is not from 1 to 12884901888":    placed(t, 1, 4, 1<<32-1, 12_884_901_889),
		"transaction-record-id 0 of":      placed(t, 1, 4, 4, 0),
		"not after 1970":                  loadedAt(t, "1969-12-31T23:59:59Z"),
		"does not begin in the binlog file": parsed(t, `{"data":{"id":1},"metadata":{"record-type":"data","operation":"insert","schema-name":"db","table-name":"t","commit-timestamp":"2026-01-02T03:04:05Z",`+
			`"transaction-id":1139,"transaction-record-id":1,"stream-position":"mysql-bin.000007:4:0:0"}}`),
		"IncludeTransactionDetails": parsed(t, `{"data":{"id":1},"metadata":{"record-type":"data","operation":"insert","schema-name":"db","table-name":"t","commit-timestamp":"2026-01-02T03:04:05Z",`+
			`"transaction-record-id":1,"stream-position":"mysql-bin.000007:4:0:0"}}`),
	} {
		_, err := r.Version()
		require.ErrorContains(t, err, message)
		require.ErrorContains(t, err, "db.t")
	}
}

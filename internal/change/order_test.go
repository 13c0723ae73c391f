package change

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// changeAt returns a change at a position of the binlog.
func changeAt(t require.TestingT, file string, offset, record any, commit string) Order {
	r := parsed(t, fmt.Sprintf(`{"data":{"id":1},"metadata":{"record-type":"data","operation":"update","schema-name":"db","table-name":"t",
		"stream-position":"%s:%v:0:9:1:x:1","transaction-record-id":%v,"commit-timestamp":%q}}`, file, offset, record, commit))
	o, err := r.Order()
	require.NoError(t, err)
	return o
}

func load(t require.TestingT, timestamp string) Order {
	r := parsed(t, fmt.Sprintf(`{"data":{"id":1},"metadata":{"record-type":"data","operation":"load","schema-name":"db","table-name":"t","timestamp":%q}}`, timestamp))
	o, err := r.Order()
	require.NoError(t, err)
	return o
}

func TestChangesComeInTheOrderOfTheBinlogAndLoadsFirst(t *testing.T) {
	const early, late = "2026-01-02T03:04:05.000000Z", "2026-01-02T03:04:06.000000Z"
	ordered := []Order{
		load(t, late), load(t, "2026-03-02T03:04:06.000000Z"), // regardless of its time
		changeAt(t, "mysql-bin.000009", 900, 7, late),
		changeAt(t, "mysql-bin.000010", 100, 1, early),
		changeAt(t, "mysql-bin.000010", 100, 2, early),
		changeAt(t, "mysql-bin.000010", 100, 10, early),
		changeAt(t, "mysql-bin.000010", 1000, 3, early),
		changeAt(t, "mysql-bin.000010", 1000, 3, late),
		changeAt(t, "mysql-bin.999999", uint64(18446744073709551615), 1, early),
		changeAt(t, "mysql-bin.1000000", 4, 1, early),
	}
	for i, a := range ordered {
		for j, b := range ordered {
			got, err := a.Compare(b)
			require.NoError(t, err)
			require.Equal(t, sign(i-j), sign(got), "%s and %s", a, b)
		}
	}
}

func sign(n int) int { return max(-1, min(1, n)) }

func TestWhatHasNoOrderIsAnError(t *testing.T) {
	_, err := changeAt(t, "mysql-bin.000001", 1, 1, "2026-01-02T03:04:05Z").Compare(changeAt(t, "mysql-bin-changelog.000001", 2, 1, "2026-01-02T03:04:05Z"))
	require.ErrorContains(t, err, "different servers")
	position := `"stream-position":"mysql-bin.000001:4:0","transaction-record-id":1,"commit-timestamp":"2026-01-02T03:04:05Z"`
	for metadata, message := range map[string]string{
		`"transaction-record-id":1`: `stream-position ""`,
		`"stream-position":"00000024000000010000000000000000.1","transaction-record-id":1`: "does not begin with a binlog file",
		`"stream-position":"mysql-bin:4","transaction-record-id":1`:                        "does not begin with a binlog file",
		`"stream-position":"mysql-bin.x:4","transaction-record-id":1`:                      "does not begin with a binlog file",
		`"stream-position":"mysql-bin.000001:-4","transaction-record-id":1`:                "does not begin with a binlog file",
		`"stream-position":"mysql-bin.000001:4"`:                                           `transaction-record-id ""`,
		`"stream-position":"mysql-bin.000001:4","transaction-record-id":1.5`:               `transaction-record-id "1.5"`,
		`"stream-position":"mysql-bin.000001:4","transaction-record-id":1`:                 `commit-timestamp ""`,
		position: "",
	} {
		r := parsed(t, `{"data":{"id":1},"metadata":{"record-type":"data","operation":"insert","schema-name":"db","table-name":"t",`+metadata+`}}`)
		_, err := r.Order()
		if message == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, message)
		require.ErrorContains(t, err, "db.t")
	}
	_, err = parsed(t, created).Order()
	require.ErrorContains(t, err, "a control record")
}

func TestOrderIsTotalAndAntisymmetric(t *testing.T) {
	order := rapid.Custom(func(t *rapid.T) Order {
		commit := time.Unix(rapid.Int64Range(1_700_000_000, 1_700_000_003).Draw(t, "commit"), 0).UTC().Format(time.RFC3339Nano)
		if rapid.IntRange(0, 4).Draw(t, "loaded") == 0 {
			return load(t, commit)
		}
		small := rapid.IntRange(0, 2)
		return changeAt(t, fmt.Sprintf("bin.%06d", small.Draw(t, "file")), small.Draw(t, "offset"), small.Draw(t, "record"), commit)
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := order.Draw(t, "a"), order.Draw(t, "b"), order.Draw(t, "c")
		compare := func(x, y Order) int {
			n, err := x.Compare(y)
			require.NoError(t, err)
			return sign(n)
		}
		require.Equal(t, compare(a, b), -compare(b, a))
		require.Equal(t, a == b, compare(a, b) == 0)
		if compare(a, b) <= 0 && compare(b, c) <= 0 {
			require.LessOrEqual(t, compare(a, c), 0)
		}
	})
}

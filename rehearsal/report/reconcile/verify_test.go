package reconcile

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func record(t *testing.T, raw string) Change {
	t.Helper()
	c, ok, err := Record([]byte(raw))
	require.NoError(t, err)
	require.True(t, ok)
	return c
}

func TestJournalAndRecordOfTheSameChangeAreEqual(t *testing.T) {
	journal, err := Journal(strings.NewReader(`{"op":"insert","table":"db.t","row":{"id":18446744073709551615,"price":"12.3400","at":"2026-01-02T03:04:05.120000Z","note":null,"name":"김"}}`), "")
	require.NoError(t, err)
	arrived := record(t, `{"metadata":{"record-type":"data","operation":"insert","schema-name":"db","table-name":"t"},"data":{"name":"김","id":18446744073709551615,"price":12.34,"at":"2026-01-02T03:04:05.12Z"}}`)
	require.Equal(t, journal[0].ID, arrived.ID)
}

func TestOneDifferentColumnIsAnotherChange(t *testing.T) {
	a := record(t, `{"metadata":{"record-type":"data","operation":"insert","schema-name":"db","table-name":"t"},"data":{"id":18446744073709551615}}`)
	b := record(t, `{"metadata":{"record-type":"data","operation":"insert","schema-name":"db","table-name":"t"},"data":{"id":18446744073709551614}}`)
	require.NotEqual(t, a.ID, b.ID)
}

func TestControlRecordsAreNoChanges(t *testing.T) {
	_, ok, err := Record([]byte(`{"control":{},"metadata":{"record-type":"control","operation":"create-table"}}`))
	require.NoError(t, err)
	require.False(t, ok)
}

func TestARecordWithoutMetadataIsAnError(t *testing.T) {
	_, _, err := Record([]byte(`{"data":{"id":1}}`))
	require.ErrorContains(t, err, "incomplete metadata")
}

func TestCompareCountsLostForeignAndDuplicated(t *testing.T) {
	d := Compare(
		[]Change{{ID: "a"}, {ID: "a"}, {ID: "b"}, {ID: "c"}},
		[]Change{{ID: "a"}, {ID: "c"}, {ID: "c"}, {ID: "x"}},
	)
	require.Equal(t, Difference{Arrived: 2, Lost: []string{"a", "b"}, Foreign: []string{"x"}, Duplicated: 1}, d)
}

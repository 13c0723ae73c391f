package main

import (
	"bytes"
	"cdcpipeline/internal/operator/erase"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBadFlagsOfEraseAreRefusedTogether(t *testing.T) {
	_, err := runs(t, "erase", "--table", "orders", "--key", "7", "--key", "id=7", "--key", "id=8", "--settle", "-1s", "--output", "xml")
	for _, message := range []string{"write database.table", `--key "7": write COLUMN=VALUE`, "--key id: give each column only once", "--settle: must not be negative", "write table or json"} {
		require.ErrorContains(t, err, message)
	}
	_, err = runs(t, "erase", "--table", "shop.orders")
	require.ErrorContains(t, err, `required flag(s) "key" not set`)
}

func TestWhatErasesIsPrintedAsItIsTyped(t *testing.T) {
	command := newRoot()
	found, rest, err := command.Find([]string{"erase", "--table", "shop.orders", "--key", "id=7", "--key", "name=O'Hara, x", "--vanished", "--settle", "1h"})
	require.NoError(t, err)
	require.NoError(t, found.ParseFlags(rest))
	require.Equal(t, `cdc erase --key id=7 --key 'name=O'\''Hara, x' --settle 1h0m0s --table shop.orders --vanished=true --yes`, typed(found))
}

func TestAnErasureIsPrinted(t *testing.T) {
	report := erase.Report{
		Table: "shop.orders", Key: map[string]string{"id": "7"}, OtherKeys: []string{"8"},
		Raw: erase.Found{Records: 3, Objects: 2, Versions: 1}, History: erase.Documents{Documents: 3, Indices: []string{"retail-trans-2026-11-28"}},
		Tables: []string{"shop_orders_table"}, TableVersions: 4, QueryResults: 2, Unreadable: []string{"raw/x.gz: 1 records"},
		Left: []erase.Left{{Where: "the stream s", Until: time.Date(2026, 12, 5, 0, 0, 0, 0, time.UTC), Why: "it keeps"}, {Where: "others"}},
	}
	f := &eraseFlags{output: "table", typed: "cdc erase … --yes"}
	var out bytes.Buffer
	require.NoError(t, f.print(&out, report, false))
	for _, text := range []string{
		"shop.orders with id=7\n", "it also had the key 8", "3 records in 2 objects, 1 former versions", "3 documents in retail-trans-2026-11-28", "│ current indices │ 0 documents",
		"shop_orders_table; 4 former versions of files", "  raw/x.gz: 1 records\n", "│ the stream s │ 2026-12-05 │ it keeps │", "│ others       │ -          │", "nothing was changed; to erase the row, run:\n\n  cdc erase … --yes\n",
	} {
		require.Contains(t, out.String(), text)
	}
	out.Reset()
	require.NoError(t, f.print(&out, report, true))
	require.NotContains(t, out.String(), "--yes", "a refused erasure is not offered")
	report.Erased = true
	require.NoError(t, f.print(&out, report, false))
	require.Contains(t, out.String(), "the row is erased")
	out.Reset()
	require.NoError(t, (&eraseFlags{output: "json"}).print(&out, report, false))
	require.Contains(t, out.String(), `"queryResults": 2`)
}

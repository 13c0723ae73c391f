package dms

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLinesOfTestDecodingAreRead(t *testing.T) {
	for line, want := range map[string]lineOf{
		`table public.t: INSERT: id[integer]:1 v[text]:'it''s [a]:1 "x" \n' n[text]:null`: {
			table: name{"public", "t"}, operation: opInsert, hasRow: true,
			row: []written{{column: "id", text: "1"}, {column: "v", text: `it's [a]:1 "x" \n`}, {column: "n", text: "null", null: true}},
		},
		`table "Odd, schema"."a "" b: c": UPDATE: old-key: "old-key"[character varying]:'null' new-tuple: "new-tuple"[integer[]]:'{1,2}' t["S]x"."ty""pe"[]]:unchanged-toast-datum`: {
			table: name{"Odd, schema", `a " b: c`}, operation: opUpdate, hasRow: true, hasOld: true,
			old: []written{{column: "old-key", text: "null"}},
			row: []written{{column: "new-tuple", text: "{1,2}"}, {column: "t", text: "unchanged-toast-datum", unchanged: true}},
		},
		`table public.t: DELETE: id[bigint]:-1 b[bit]:B'101' f[double precision]:-1.5e-07 ok[boolean]:true`: {
			table: name{"public", "t"}, operation: opDelete, hasOld: true,
			old: []written{{column: "id", text: "-1"}, {column: "b", text: "101"}, {column: "f", text: "-1.5e-07"}, {column: "ok", text: "true"}},
		},
		`table public.t: DELETE: (no-tuple-data)`:                  {table: name{"public", "t"}, operation: opDelete},
		`table public.a, public.b: TRUNCATE: restart_seqs cascade`: {table: name{"public", "a"}},
		`table public.a: TRUNCATE: (no-flags)`:                     {table: name{"public", "a"}},
		"table public.t: INSERT: v[text]:'two\nlines'":             {table: name{"public", "t"}, operation: opInsert, hasRow: true, row: []written{{column: "v", text: "two\nlines"}}},
	} {
		got, err := parseChange(line)
		require.NoError(t, err, line)
		require.Equal(t, want, got, line)
	}
}

func TestLinesThatAreNoneOfTestDecodingAreRefused(t *testing.T) {
	for _, line := range []string{
		"table ", "table public", "table public.", `table "public.t: INSERT: a[integer]:1`, "table public.t: INSERT: a", "table public.t: INSERT: a[integer]1",
		"table public.t: INSERT: a[integer", "table public.t: INSERT: a[text]:'open", "table public.t: UPDATE: old-key: a[integer]:1", `table public.t: INSERT: a["x]:1`,
		"table public.t: INSERT: a[text]:'x'y",
	} {
		_, err := parseChange(line)
		require.Error(t, err, line)
	}
}

func FuzzParseChange(f *testing.F) {
	f.Add(`table "a"."b": UPDATE: old-key: id[integer]:1 new-tuple: id[integer]:2 v[text[]]:'{}'`)
	f.Fuzz(func(_ *testing.T, line string) { _, _ = parseChange(line) })
}

func TestNumbersWithoutAPrecisionAreRoundedToSixDigits(t *testing.T) {
	c := column{name: "n", kind: kindDecimal, unbounded: true}
	for text, want := range map[string]string{
		"0.611111104488373": "0.611111", "1.5": "1.5", "-2.0000005": "-2.000001", "9999999999999999999999.1": "9999999999999999999999.1", "0": "0",
	} {
		got, err := c.read(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := c.read("12345678901234567890123")
	require.ErrorContains(t, err, "does not fit into NUMERIC(28,6)")
	exact := column{name: "n", kind: kindDecimal}
	got, err := exact.read("0.611111104488373")
	require.NoError(t, err)
	require.Equal(t, "0.611111104488373", got)
}

func TestDatesThatHaveNoTextOfISO8601AreRefused(t *testing.T) {
	c := column{name: "d", kind: kindDateTime}
	for _, text := range []string{"infinity", "-infinity", "0044-03-15 00:00:00 BC", "10000-01-01 00:00:00"} {
		_, err := c.read(text)
		require.ErrorContains(t, err, "is not a date that DMS could write", text)
	}
	got, err := c.read("2026-11-23 09:40:00.5+00")
	require.NoError(t, err)
	require.Equal(t, "2026-11-23 09:40:00.5", got)
}

func TestSlotsAreNamedAsDMSNamesThem(t *testing.T) {
	name := newSlotName("arn:aws:dms:eu-west-1:1:task:A2NGEXTSKH5DXNXWAAAA", 139051)
	require.Regexp(t, `^a2ngextskh5dxnxw_00139051_[0-9a-f]{8}_[0-9a-f]{4}_[0-9a-f]{4}_[0-9a-f]{4}_[0-9a-f]{12}$`, name)
	require.NotEqual(t, name, newSlotName("arn:aws:dms:eu-west-1:1:task:A2NGEXTSKH5DXNXWAAAA", 139051))
}

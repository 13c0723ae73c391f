package change

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const (
	loaded  = `{"data":{"id":42,"name":"김"},"metadata":{"timestamp":"2024-07-29T00:57:35.691762Z","record-type":"data","operation":"load","partition-key-type":"primary-key","partition-key-value":"public.foo.42","schema-name":"public","table-name":"foo"}}`
	updated = `{"before-image":{"id":18446744073709551615},"data":{"id":18446744073709551614,"price":12.3400,"note":null},"metadata":{"timestamp":"2026-01-02T03:04:05.000001Z","record-type":"data","operation":"update","partition-key-type":"primary-key","partition-key-value":"db.t.18446744073709551614","schema-name":"db","table-name":"t","commit-timestamp":"2026-01-02T03:04:05.000000Z","transaction-id":677883278264080,"transaction-record-id":2,"prev-transaction-id":677883278264079,"prev-transaction-record-id":1,"stream-position":"mysql-bin-changelog.157832:1975:0:2002:677883278264080:mysql-bin-changelog.157832:1876","shard":{"new":[1,2]}},"later":"x"}`
	created = `{"control":{"table-def":{"columns":{"id":{"type":"INT32","nullable":false}},"primary-key":["id"]}},"metadata":{"timestamp":"2024-07-29T00:57:35.691762Z","record-type":"control","operation":"create-table","partition-key-type":"task-id","schema-name":"","table-name":"awsdms_apply_exceptions"}}`
)

func parsed(t require.TestingT, raw string) *Record {
	r, err := Parse([]byte(raw))
	require.NoError(t, err)
	return r
}

func TestRecordsAreClassifiedWithEveryDigitAndEveryUnknownMember(t *testing.T) {
	r := parsed(t, loaded)
	require.Equal(t, []any{Data, Load, "public.foo"}, []any{r.Type, r.Operation, r.Name()})
	require.Equal(t, Row{{"id", "42"}, {"name", `"김"`}}, r.Data)
	require.Nil(t, r.Before)

	r = parsed(t, updated)
	require.Equal(t, Update, r.Operation)
	require.Equal(t, Row{{"id", "18446744073709551614"}, {"price", "12.3400"}, {"note", "null"}}, r.Data)
	require.Equal(t, Row{{"id", "18446744073709551615"}}, r.Before)
	require.Equal(t, Row{{"later", `"x"`}}, r.Unknown)
	require.Equal(t, Metadata{
		Timestamp: "2026-01-02T03:04:05.000001Z", CommitTimestamp: "2026-01-02T03:04:05.000000Z",
		PartitionKeyType: "primary-key", PartitionKeyValue: "db.t.18446744073709551614",
		TransactionID: "677883278264080", TransactionRecordID: "2", PrevTransactionID: "677883278264079", PrevTransactionRecordID: "1",
		StreamPosition: "mysql-bin-changelog.157832:1975:0:2002:677883278264080:mysql-bin-changelog.157832:1876",
		Unknown:        Row{{"shard", `{"new":[1,2]}`}},
	}, r.Metadata)

	r = parsed(t, created)
	require.Equal(t, Control, r.Type)
	require.Equal(t, Operation("create-table"), r.Operation)
	require.Contains(t, r.Control, `"primary-key":["id"]`)
	require.Nil(t, r.Data)
}

func TestWhatSaysTooLittleIsRefused(t *testing.T) {
	metadata := func(more string) string {
		return `{"data":{"id":1},"metadata":{"record-type":"data","operation":"insert","schema-name":"db","table-name":"t"` + more + `}}`
	}
	parsed(t, metadata(""))
	for message, raw := range map[string]string{
		"not JSON":                           `{"data":{}`,
		"not UTF-8":                          "{\"a\":\"\xff\"}",
		"the record is not an object":        `[1]`,
		"no metadata":                        `{"data":{}}`,
		"metadata is not an object":          `{"metadata":"x"}`,
		"data is not an object":              `{"data":[],"metadata":{}}`,
		"neither data nor control":           strings.Replace(metadata(""), `:"data"`, `:"heartbeat"`, 1),
		"operation \"truncate\"":             strings.Replace(metadata(""), "insert", "truncate", 1),
		"no schema-name or no table-name":    strings.Replace(metadata(""), `"t"`, `""`, 1),
		"has no data":                        strings.Replace(metadata(""), `"data":{`, `"date":{`, 1),
		`metadata: "operation" comes twice`:  metadata(`,"operation":"delete"`),
		`data: "id" comes twice`:             strings.Replace(metadata(""), `"id":1`, `"id":1,"\u0069d":2`, 1),
		"stream-position is neither":         metadata(`,"stream-position":{}`),
		"a control record has no operation":  `{"metadata":{"record-type":"control"}}`,
		`the record: "metadata" comes twice`: `{"metadata":{},"metadata":{}}`,
	} {
		_, err := Parse([]byte(raw))
		require.ErrorContains(t, err, message, raw)
	}
}

func TestNamesThatComeTwiceAreFoundInWideRowsToo(t *testing.T) {
	wide := func(last string) string {
		var b strings.Builder
		for i := range 2 * few {
			fmt.Fprintf(&b, `"column_%d":1,`, i)
		}
		return "{" + b.String() + `"` + last + `":2}`
	}
	_, err := rowOf(wide("column"), "data")
	require.NoError(t, err)
	_, err = rowOf(wide("column_7"), "data")
	require.ErrorContains(t, err, `"column_7" comes twice`)
}

// name and value generate any JSON that a database could contain.
var (
	name  = rapid.StringN(1, 12, 40)
	value = rapid.OneOf(
		rapid.Map(rapid.Int64(), func(v int64) any { return v }), rapid.Map(rapid.Uint64(), func(v uint64) any { return v }),
		rapid.Map(rapid.StringMatching(`-?[1-9][0-9]{0,40}\.[0-9]{1,30}`), func(v string) any { return json.Number(v) }),
		rapid.Map(rapid.String(), func(v string) any { return v }), rapid.Map(rapid.Bool(), func(v bool) any { return v }),
		rapid.Just[any](nil), rapid.Just[any](map[string]any{"a": []any{json.Number("1e400"), nil}}),
	)
)

func TestRoundTripLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		record := map[string]any{}
		for n, v := range rapid.MapOfN(name, value, 0, 3).Draw(t, "unknown") {
			record[n] = v
		}
		metadata := map[string]any{}
		for n, v := range rapid.MapOfN(name, value, 0, 3).Draw(t, "unknown metadata") {
			metadata["x-"+n] = v
		}
		metadata["record-type"], metadata["schema-name"], metadata["table-name"] = "data", name.Draw(t, "schema"), name.Draw(t, "table")
		metadata["operation"] = rapid.SampledFrom([]string{"load", "insert", "update", "delete"}).Draw(t, "operation")
		data := rapid.MapOfN(name, value, 0, 40).Draw(t, "data")
		record["data"], record["metadata"], record[BeforeImage] = data, metadata, rapid.MapOfN(name, value, 0, 3).Draw(t, "before")
		raw, err := json.Marshal(record)
		require.NoError(t, err)

		r := parsed(t, string(raw)+"\n")
		back, err := json.Marshal(r)
		require.NoError(t, err)
		require.Equal(t, decoded(t, raw), decoded(t, back))
		want := decoded(t, raw).(map[string]any)
		require.Equal(t, want["data"], objectOf(t, r.Data))
		require.Equal(t, want[BeforeImage], objectOf(t, r.Before))
		require.Equal(t, metadata["schema-name"].(string)+"."+metadata["table-name"].(string), r.Name())
		for _, c := range r.Unknown {
			require.Equal(t, want[c.Name], decoded(t, []byte(c.JSON)))
		}
		require.Len(t, r.Unknown, len(want)-3)
	})
}

func decoded(t require.TestingT, raw []byte) any {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	require.NoError(t, d.Decode(&v), string(raw))
	return v
}

func objectOf(t require.TestingT, row Row) any {
	o := map[string]any{}
	for _, c := range row {
		o[c.Name] = decoded(t, []byte(c.JSON))
	}
	return o
}

// FuzzParse checks that Parse never panics, and that the standard library can decode every record that it accepts.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{loaded, updated, created, `{"metadata":{"record-type":"control","operation":"\ud800"}}`, "{\"a\\u0062\":1,\"metadata\":{}}", "", "[", `{"metadata":{"operation":1e5}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := Parse(raw)
		if err != nil {
			return
		}
		if bytes.Count(raw, []byte("["))+bytes.Count(raw, []byte("{")) > 9000 {
			t.Skip("the standard library has a limit of depth")
		}
		want, ok := decoded(t, raw).(map[string]any)
		require.True(t, ok)
		require.Equal(t, want["metadata"].(map[string]any)["operation"], asDecoded(want, r.Operation))
		if r.Type == Data {
			require.Equal(t, want["data"], objectOf(t, r.Data))
			if _, err := r.Order(); err == nil && r.Operation != Load {
				require.Contains(t, r.Metadata.StreamPosition, ":")
			}
			columns := make([]string, len(r.Data))
			for i := range r.Data {
				columns[i] = r.Data[i].Name
			}
			if key, err := r.Key(KeyColumns{Names: columns}); err == nil {
				require.LessOrEqual(t, len(key.ID()), maxID)
				require.NotEmpty(t, key.ID())
			}
		}
	})
}

// asDecoded is the operation in its original JSON type.
func asDecoded(record map[string]any, op Operation) any {
	if _, number := record["metadata"].(map[string]any)["operation"].(json.Number); number {
		return json.Number(op)
	}
	return string(op)
}

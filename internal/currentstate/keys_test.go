package currentstate

import (
	"cdcpipeline/internal/table"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// keyed returns a record of shop.odd. An empty before means no before-image. A load has no position in the binlog.
func keyed(operation string, place int, data, before string) string {
	r := strings.Replace(rowOf("odd", "bin", 0, place, ""), `{"region":"eu","id":0}`, data, 1)
	r = strings.Replace(r, `"operation":"insert"`, fmt.Sprintf(`"operation":%q`, operation), 1)
	if before != "" {
		r = strings.Replace(r, `{"data":`, `{"before-image":`+before+`,"data":`, 1)
	}
	return r
}

// A row has one document, however its load, its changes and its delete spell the key. Each type has two texts: the
// two spellings that DMS may use.
func TestARowHasOneDocumentHoweverItsKeyIsWritten(t *testing.T) {
	for declared, written := range map[string][2]string{
		"datetime(6)":  {`"k":"2026-01-02T03:04:05Z"`, `"k":"2026-01-02T03:04:05.000000Z"`},
		"time(6)":      {`"k":"12:00:00.000000"`, `"k":"12:00:00"`}, // MariaDB's binlog has whole seconds
		"decimal(9,2)": {`"k":1.50`, `"k":"1.5"`},
		"float":        {`"k":0.1`, `"k":0.10000000149011612`},
		"binary(4)":    {`"k":"0xCAFE0000"`, `"k":"0xCAFE"`},
		"varbinary(4)": {`"k":"0x"`, `"k":null`},
		"varchar(20)":  {`"k":""`, `"none":null`},
		"char(4)":      {`"k":null`, `"k":""`},
		"bit(1)":       {`"k":true`, `"k":1`},
		"inet6":        {`"k":"2001:db8::"`, `"k":"0x20010DB8"`},
	} {
		for _, order := range [][2]int{{0, 1}, {1, 0}} {
			t.Run(fmt.Sprint(declared, order), func(t *testing.T) {
				r := newRig(t, func(s *Settings) {
					s.Tables = append(s.Tables, Table{Database: "shop", Table: "odd", Key: []string{"tenant", "k"}, Columns: map[string]string{"tenant": "int(11)", "k": declared}})
				})
				image := func(i, v int) string { return fmt.Sprintf(`{"tenant":7,%s,"v":%d}`, written[order[i]], v) }
				require.Equal(t, -1, r.handle(t, keyed("load", 0, image(0, 1), ""), keyed("update", 20, image(1, 2), image(0, 0))))
				shown := r.domain.shown(t, "current-shop-odd")
				require.Len(t, shown, 1)
				for _, row := range shown {
					require.InDelta(t, 2, row["v"], 0)
					require.Contains(t, row, "k", "a key that did not come is an empty one")
				}
				require.Equal(t, -1, r.handle(t, keyed("delete", 30, image(0, 2), "")))
				require.Empty(t, r.domain.shown(t, "current-shop-odd"))
				require.Empty(t, r.parked())
			})
		}
	}
}

// Different keys mean different rows. The function never guesses that two keys are equal.
func TestDifferentKeysAreDifferentRows(t *testing.T) {
	for declared, keys := range map[string][]string{
		"varbinary(4)": {`"0x01"`, `"0x0100"`},
		"varchar(20)":  {`"a"`, `"A"`, `"a "`, `"1.0"`, `"1"`, `""`},
		"":             {`"0x01"`, `"0x0100"`, `"12:00:00"`, `"12:00:00.0"`},
	} {
		r := newRig(t, func(s *Settings) {
			s.Tables = append(s.Tables, Table{Database: "shop", Table: "odd", Key: []string{"k"}, Columns: map[string]string{"k": declared}})
		})
		for i, key := range keys {
			require.Equal(t, -1, r.handle(t, keyed("insert", 10*(i+1), `{"k":`+key+`}`, "")))
		}
		require.Len(t, r.domain.shown(t, "current-shop-odd"), len(keys), declared)
	}
}

// The server's collation may treat 'A' and 'a' as equal. The row was loaded with 'A' and changed with 'a'; the
// function handles this as a change of the key.
func TestAKeyInAnotherCaseTakesTheFormersPlace(t *testing.T) {
	r := newRig(t, func(s *Settings) {
		s.Tables = append(s.Tables, Table{Database: "shop", Table: "odd", Key: []string{"k"}, Columns: map[string]string{"k": "varchar(20)"}})
	})
	require.Equal(t, -1, r.handle(t, keyed("load", 0, `{"k":"A"}`, ""), keyed("update", 20, `{"k":"a"}`, `{"k":"A"}`)))
	require.Equal(t, map[string]map[string]any{"a": {"k": "a"}}, r.domain.shown(t, "current-shop-odd"))
}

// If the settings have no MySQL types, DMS's types apply, as far as they are known.
func TestTypesOfTheKeyAreThoseOfTheDefinitionWhereTheSettingsHaveNone(t *testing.T) {
	r := newRig(t, nil)
	require.Equal(t, -1, r.handle(t, created("odd", `"k":{"type":"TIMESTAMP"},"code":{"type":"STRING"}`, `"k","code"`),
		keyed("load", 0, `{"k":"2026-01-02T03:04:05Z","v":1}`, ""), keyed("update", 20, `{"k":"2026-01-02T03:04:05.000Z","code":"","v":2}`, "")))
	require.Equal(t, map[string]map[string]any{"2026-01-02T03:04:05Z,%e": {"k": "2026-01-02T03:04:05.000Z", "code": "", "v": 2.0}}, r.domain.shown(t, "current-shop-odd"))
}

// An epoch of an earlier release has no types. Its documents keep their ids.
func TestDocumentsOfAnEarlierReleaseKeepTheirIDs(t *testing.T) {
	r := newRig(t, func(s *Settings) {
		s.Tables = append(s.Tables, Table{Database: "shop", Table: "odd", Key: []string{"k"}, Columns: map[string]string{"k": "datetime(3)"}})
	})
	n := table.Name{Database: "shop", Table: "odd"}
	_, err := r.f.registry.update(t.Context(), n, func(*entry) (*entry, error) {
		e := newEntry(n)
		e.Key, e.Columns, e.Epochs[0].Key = []string{"k"}, map[string]fieldType{"k": date}, []string{"k"}
		return e, nil
	})
	require.NoError(t, err)
	require.Equal(t, -1, r.handle(t, keyed("load", 0, `{"k":"2026-01-02T03:04:05.120Z","v":1}`, ""), keyed("update", 20, `{"k":"2026-01-02T03:04:05.120Z","v":2}`, "")))
	require.Contains(t, r.domain.shown(t, "current-shop-odd"), "2026-01-02T03:04:05.120Z")
}

package partition_test

import (
	"cdcpipeline/internal/lake/partition"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/itchyny/gojq"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// partitionOf runs the query on a record as Firehose does.
func partitionOf(t require.TestingT, record any) map[string]any {
	query, err := gojq.Parse(partition.Query())
	require.NoError(t, err)
	results := query.Run(record)
	first, ok := results.Next()
	require.True(t, ok)
	keys, ok := first.(map[string]any)
	require.True(t, ok, "%v", first)
	_, more := results.Next()
	require.False(t, more, "one object per record")
	return keys
}

func TestRecordIsPartitionedBySchemaAndTable(t *testing.T) {
	for name, c := range map[string]struct{ record, schema, table string }{
		"a loaded row": {
			`{"data":{"id":1},"metadata":{"record-type":"data","operation":"load","schema-name":"testdb","table-name":"retail_trans"}}`,
			"testdb", "retail_trans",
		},
		"a deleted row": {
			`{"data":{"id":1},"metadata":{"record-type":"data","operation":"delete","schema-name":"testdb","table-name":"retail_trans"}}`,
			"testdb", "retail_trans",
		},
		"a table's definition": {
			`{"control":{"table-def":{}},"metadata":{"record-type":"control","operation":"create-table","schema-name":"testdb","table-name":"retail_trans"}}`,
			"_control", "_control",
		},
		"a table of DMS's own": {
			`{"control":{},"metadata":{"record-type":"control","operation":"create-table","schema-name":"","table-name":"awsdms_apply_exceptions"}}`,
			"_control", "_control",
		},
		"null names":  {`{"metadata":{"record-type":"data","schema-name":null,"table-name":null}}`, "_control", "_control"},
		"empty names": {`{"metadata":{"record-type":"data","schema-name":"","table-name":""}}`, "_control", "_control"},
		"no names":    {`{"metadata":{"record-type":"data"}}`, "_control", "_control"},
		"no metadata": {`{"data":{}}`, "_control", "_control"},
		"a slash":     {`{"metadata":{"record-type":"data","schema-name":"a/b","table-name":"../c"}}`, "a%2Fb", "..%2Fc"},
		"an equals":   {`{"metadata":{"record-type":"data","schema-name":"a=b","table-name":"c d"}}`, "a%3Db", "c%20d"},
		"what one jq escapes and another does not": {`{"metadata":{"record-type":"data","schema-name":"it's","table-name":"a!(b)*~%21%"}}`, "it's", "a!(b)*~%2521%25"},
		"another tongue": {`{"metadata":{"record-type":"data","schema-name":"상점","table-name":"t"}}`, "%EC%83%81%EC%A0%90", "t"},
	} {
		t.Run(name, func(t *testing.T) {
			var record any
			require.NoError(t, json.Unmarshal([]byte(c.record), &record))
			require.Equal(t, map[string]any{"schema": c.schema, "table": c.table}, partitionOf(t, record))
		})
	}
}

func TestPartitionIsNeverEmptyAndNeverOpensAFolder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		record := map[string]any{"metadata": map[string]any{
			"record-type": rapid.SampledFrom([]string{"data", "control"}).Draw(t, "type"),
			"schema-name": rapid.String().Draw(t, "schema"),
			"table-name":  rapid.String().Draw(t, "table"),
		}}
		for key, value := range partitionOf(t, record) {
			require.NotEmpty(t, value, key)
			require.NotContains(t, value, "/", key)
			require.NotContains(t, value, "=", key)
		}
	})
}

// names are possible table names, including characters that are or are not escaped, and texts that look like escapes.
var names = rapid.StringMatching(`([a-z]|[!'()*%$ /~é상]|%2[1789A]){1,12}`)

// The library that runs the query here escapes like jq 1.7. The test of Firehose's stand-in uses jq 1.6.
func TestReadersLookWhereTheDeliveryWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		schema, table := names.Draw(t, "schema"), names.Draw(t, "table")
		keys := partitionOf(t, map[string]any{"metadata": map[string]any{"record-type": "data", "schema-name": schema, "table-name": table}})
		require.Equal(t, fmt.Sprintf("raw/schema=%s/table=%s/", keys["schema"], keys["table"]), partition.Folder("raw", schema, table))
	})
}

func TestPartitionsOfDifferentTablesDiffer(t *testing.T) {
	of := func(table string) any {
		return partitionOf(t, map[string]any{"metadata": map[string]any{"record-type": "data", "schema-name": "s", "table-name": table}})["table"]
	}
	require.NotEqual(t, of("a/b"), of("a_b"))
	require.NotEqual(t, of("a/b"), of("a%2Fb"))
}

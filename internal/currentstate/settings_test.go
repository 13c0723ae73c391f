package currentstate

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/table"
	"encoding/json"
	"path"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSettingsComeFromTheEnvironment(t *testing.T) {
	environment := map[string]string{
		"SEARCH_ENDPOINT": "https://vpc-x.es.amazonaws.com/", "PARKING_BUCKET": "lake", "STREAM_RETENTION_HOURS": "24", "INDEX_REPLICAS": "0",
		"TABLES": `[{"database":"testdb","table":"retail_trans","key":["trans_id"],"columns":{"trans_id":"bigint(20)"}}]`,
	}
	s, err := ReadSettings(func(name string) string { return environment[name] })
	require.NoError(t, err)
	require.Equal(t, Settings{
		Endpoint: "https://vpc-x.es.amazonaws.com", Service: opensearch.Domain, Bucket: "lake", Prefix: "parked/current/", Retention: 24 * time.Hour, Parked: 720 * time.Hour,
		Shards: 1, BulkBytes: 4 << 20, BulkRecords: 2000, Function: "currentstate",
		Tables: []Table{{"testdb", "retail_trans", []string{"trans_id"}, map[string]string{"trans_id": "bigint(20)"}}},
	}, s)
}

// If a setting had different names for writing and reading, production would use its default.
func TestWhatIsWrittenIsReadBack(t *testing.T) {
	written := Settings{
		Endpoint: "https://x.us-east-1.aoss.amazonaws.com", Service: opensearch.Serverless, Source: "orders", Kind: change.PostgreSQL, Bucket: "lake", Registry: "serverless", RegistryFrom: "current", Prefix: "errors/current/", Retention: 200 * time.Hour, Parked: 10 * day,
		Shards: 2, Replicas: 3, BulkBytes: 1 << 20, BulkRecords: 77, BulkPlain: true, Function: "f",
		Tables: []Table{{"testdb", "retail_trans", []string{"trans_id"}, map[string]string{"trans_id": "bigint(20)"}}},
	}
	for i, fields := 0, reflect.ValueOf(written); i < fields.NumField(); i++ {
		require.Falsef(t, fields.Field(i).IsZero(), "give %s a value here, so that it is tried", fields.Type().Field(i).Name)
	}
	variables, err := written.Variables()
	require.NoError(t, err)
	require.NotContains(t, variables, functionVariable, "Lambda refuses a variable of its own")
	variables[functionVariable] = "f"
	read, err := ReadSettings(func(name string) string { return variables[name] })
	require.NoError(t, err)
	require.Equal(t, written, read)
}

func TestNoReplicaIsWrittenAndTheRestIsTheFunctionsToChoose(t *testing.T) {
	variables, err := Settings{Shards: 1}.Variables()
	require.NoError(t, err)
	require.Equal(t, "0", variables[replicasVariable])
	require.Equal(t, "[]", variables[tablesVariable])
	require.NotContains(t, variables, bulkBytesVariable)
	require.NotContains(t, variables, kindVariable)
	ofMySQL, err := Settings{Shards: 1, Kind: change.MySQL}.Variables()
	require.NoError(t, err)
	require.Equal(t, variables, ofMySQL, "functions that are there stay as they are")
}

func TestAllThatIsWrongWithTheEnvironmentComesBackAtOnce(t *testing.T) {
	environment := map[string]string{"SEARCH_ENDPOINT": "http://x", "SEARCH_SERVICE": "s3", "SOURCE": "a-b", "SOURCE_KIND": "oracle", "REGISTRY": "../x", "PARKING_PREFIX": "p", "BULK_BYTES": "1", "PARKED_DAYS": "x", "BULK_PLAIN": "yes", "TABLES": `[{"database":"d"}]`}
	_, err := ReadSettings(func(name string) string { return environment[name] })
	for _, name := range []string{"SEARCH_ENDPOINT", "SEARCH_SERVICE", "SOURCE: ", `SOURCE_KIND: "oracle"`, "REGISTRY", "PARKING_BUCKET", "PARKING_PREFIX", "BULK_BYTES", "PARKED_DAYS", `BULK_PLAIN: "yes" is neither true nor false`, "TABLES: d."} {
		require.ErrorContains(t, err, name)
	}
	environment["SOURCE"], environment["REGISTRY"] = "orders", ""
	_, err = ReadSettings(func(name string) string { return environment[name] })
	require.ErrorContains(t, err, "REGISTRY: current is the unnamed source's: the source orders needs a registry of its own")
	environment["TABLES"] = "{"
	_, err = ReadSettings(func(name string) string { return environment[name] })
	require.ErrorContains(t, err, "not a JSON list")
}

// indexed is an epoch of a table in one place.
type indexed struct {
	source Source
	table  table.Name
	epoch  int
}

func TestNoTwoTablesOfAnySourcesShareAName(t *testing.T) {
	odd := []string{"A", "a-b", "b-1", "12", "012", ".31", "a.2db", "a.b", "..", "주문", "ORDERS", strings.Repeat("A", 60), strings.Repeat("1", 64)}
	name := rapid.OneOf(rapid.SampledFrom(odd), rapid.StringN(1, 64, -1))
	strange := rapid.Custom(func(t *rapid.T) indexed {
		source := rapid.OneOf(rapid.Just(""), rapid.StringMatching(sourceForm.String())).Draw(t, "source")
		return indexed{Source(source), table.Name{Database: name.Draw(t, "schema"), Table: name.Draw(t, "table")}, rapid.IntRange(1, 12).Draw(t, "epoch")}
	})
	like := rapid.SampledFrom([]string{"a", "1"}) // it looks like a source's name or an epoch
	alike := rapid.Custom(func(t *rapid.T) indexed {
		return indexed{rapid.SampledFrom([]Source{"", "a"}).Draw(t, "source"), table.Name{Database: like.Draw(t, "schema"), Table: like.Draw(t, "table")}, 1}
	})
	tables := rapid.OneOf(strange, alike, alike, alike)
	rapid.Check(t, func(t *rapid.T) {
		a, b := tables.Draw(t, "a"), tables.Draw(t, "b")
		require.NoError(t, a.source.Validate())
		same := a.source == b.source && a.table == b.table
		require.Equal(t, same, a.source.Alias(a.table) == b.source.Alias(b.table))
		index := a.source.Index(a.table, a.epoch)
		require.Equal(t, same && a.epoch == b.epoch, index == b.source.Index(b.table, b.epoch))
		require.Equal(t, same && a.epoch == b.epoch, written(index) == written(b.source.Index(b.table, b.epoch)))
		for _, other := range []string{b.source.Alias(b.table), written(b.source.Index(b.table, b.epoch))} {
			require.NotEqual(t, index, other)
		}
		require.NotEqual(t, written(index), b.source.Alias(b.table))
		require.True(t, a.source.Has(index))
		require.Equal(t, a.source == b.source, b.source.Has(index), "nobody takes another source's index for its own")
		require.False(t, b.source.Has(a.source.Alias(a.table)) || b.source.Has(written(index)))
		matches, err := path.Match(a.source.Indices(), index)
		require.NoError(t, err)
		require.True(t, matches)
		require.LessOrEqual(t, len(written(index)), 255)
		require.Equal(t, strings.ToLower(index), index)
		require.NotRegexp(t, `[\\/*?"<>| ,#:]`, index)
	})
}

func TestNamesAreReadable(t *testing.T) {
	require.Equal(t, "current-testdb-retail_trans-1", unnamed.Index(table.Name{Database: "testdb", Table: "retail_trans"}, 1))
	require.Equal(t, "current-.53hop-주문", unnamed.Alias(table.Name{Database: "Shop", Table: "주문"}))
	require.NotEqual(t, unnamed.Alias(table.Name{Database: "a", Table: "b-c"}), unnamed.Alias(table.Name{Database: "a-b", Table: "c"}))
	require.Equal(t, "current-orders-testdb-retail_trans-12", Source("orders").Index(table.Name{Database: "testdb", Table: "retail_trans"}, 12))
	require.Equal(t, "current-orders-shop-.31", Source("orders").Alias(table.Name{Database: "shop", Table: "1"}))
	require.Equal(t, "current-orders-shop-1", unnamed.Index(table.Name{Database: "orders", Table: "shop"}, 1))
}

func TestDifferentColumnsNeverShareAField(t *testing.T) {
	name := rapid.OneOf(rapid.SampledFrom([]string{"_id", "%5Fid", "a.b", "a%2Eb", "_cdc", "_"}), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		a, b := name.Draw(t, "a"), name.Draw(t, "b")
		require.Equal(t, a == b, field(a) == field(b))
		require.Equal(t, a, column(field(a)))
		require.NotContains(t, field(a), ".")
		require.False(t, strings.HasPrefix(field(a), "_"))
	})
}

func TestADocumentIsItsRowWithoutNull(t *testing.T) {
	r, err := change.Parse([]byte(row(1, 10, `,"none":null,"_id":"x","a.b":1.50,"big":18446744073709551615,"object":{"k": [1]},"text":"김 \"q\" \u0001"`)))
	require.NoError(t, err)
	docs, err := rows(domainIndices{}, "i", change.KeyColumns{Names: []string{"id"}}, 5, origin{record: r, position: "bin.000001:10#1", committed: began, indexed: began})
	require.NoError(t, err)
	lines := strings.Split(string(docs[0].lines), "\n")
	require.Equal(t, `{"index":{"_index":"i-w","_id":"1","version":5,"version_type":"external_gte"}}`, lines[0])
	require.Equal(t, `{"region":"eu","id":1,"%5Fid":"x","a%2Eb":1.50,"big":18446744073709551615,"object":"{\"k\": [1]}","text":"김 \"q\" \u0001",`+
		`"_cdc":{"deleted":false,"operation":"insert","position":"bin.000001:10#1","committed":"2026-11-23T06:00:00.000000Z","indexed":"2026-11-23T06:00:00.000000Z"}}`, lines[1])
	require.True(t, json.Valid([]byte(lines[1])))

	read, err := ReadDocument([]byte(lines[1]))
	require.NoError(t, err)
	require.Equal(t, Document{Position: "bin.000001:10#1", Row: change.Row{
		{Name: "_id", JSON: `"x"`},
		{Name: "a.b", JSON: "1.50"},
		{Name: "big", JSON: "18446744073709551615"},
		{Name: "id", JSON: "1"},
		{Name: "object", JSON: `"{\"k\": [1]}"`},
		{Name: "region", JSON: `"eu"`},
		{Name: "text", JSON: `"김 \"q\" \u0001"`},
	}}, read)
	docs[0].tombstone(origin{record: r, position: "bin.000001:10#1"})
	read, err = ReadDocument([]byte(strings.Split(string(docs[0].lines), "\n")[1]))
	require.NoError(t, err)
	require.Equal(t, Document{Position: "bin.000001:10#1", Deleted: true}, read)
	_, err = ReadDocument([]byte(`{"id":1}`))
	require.ErrorContains(t, err, "its member _cdc")
}

func TestTypesOfMySQLPostgreSQLAndDMS(t *testing.T) {
	for declared, want := range map[string]fieldType{
		"bigint(20)": long, "bigint(20) unsigned": unsignedLong, "int(10) unsigned zerofill": long, "tinyint(1)": long, "decimal(30,6)": decimal, "double": double,
		"datetime(6)": date, "date": date, "time": keyword, "varchar(20)": keyword, "bit(1)": keyword, "enum('date','int')": keyword,
		"INT32": long, "UINT64": unsignedLong, "UINT8": unsignedLong, "double precision": double, "timestamp(3) with time zone": date, "numeric(10,2)": decimal, "numeric(10,2)[]": keyword, "timestamp without time zone[]": keyword, "uuid": keyword,
		"jsonb": keyword, "interval": keyword, "boolean": keyword, "REAL8": double, "NUMERIC": decimal, "TIMESTAMP": date, "STRING": keyword, "BOOLEAN": keyword, "": keyword,
	} {
		require.Equal(t, want, typeOf(declared), declared)
	}
}

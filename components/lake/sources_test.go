package lake

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"encoding/json"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// ofSources are the shop's tables in three sources: all tables in the unnamed source, one table with another type in
// orders, and a pattern in billing.
func ofSources(a *CatalogArgs) {
	a.Sources = append(a.Sources,
		CatalogSource{Name: "billing", Prefix: "raw/source=billing", Tables: []config.Table{{Database: "shop", Table: "%"}}, Found: pulumi.String(`{}`)},
		CatalogSource{
			Name: "orders", Prefix: "raw/source=orders", Tables: []config.Table{{Database: "shop", Table: "orders"}},
			RowsSince: config.RowsSince{"shop.orders": "2026-11-23T21:38:10Z"},
			Found:     pulumi.String(`{"tables":[{"database":"shop","table":"orders","columns":[{"name":"id","type":"varchar(20)"}],"primaryKey":["id"]}]}`),
		})
}

func TestEachSourceHasTablesOfItsOwnRecords(t *testing.T) {
	r := cataloged(t, ofSources)

	require.ElementsMatch(t, []string{
		"shop_orders_records", "shop_lines_records", "dms_control_records", "billing_dms_control_records", "orders_shop_orders_records", "orders_dms_control_records",
	}, names(r.All(tableType), "EXTERNAL_TABLE"))
	for table, location := range map[string]string{
		"shop_orders": "raw/schema=shop/table=orders/", "orders_shop_orders": "raw/source=orders/schema=shop/table=orders/",
		"dms_control": "raw/schema=_control/table=_control/", "orders_dms_control": "raw/source=orders/schema=_control/table=_control/",
	} {
		records := r.One(t, tableType, "catalog-"+table+"_records")
		require.Equal(t, "s3://lake/"+location, records.Input("storageDescriptor").(map[string]any)["location"])
	}
	require.Contains(t, sqlOf(t, r.One(t, tableType, "catalog-orders_shop_orders")), `FROM "orders_shop_orders_changes"`)
	require.Contains(t, sqlOf(t, r.One(t, tableType, "catalog-orders_shop_orders")), "2026-11-23 21:38:10")
	require.Contains(t, sqlOf(t, r.One(t, tableType, "catalog-orders_shop_orders_changes")), `FROM "orders_shop_orders_records"`)
}

func TestAnotherSourceChangesNothingOfTheFirstOnesCatalog(t *testing.T) {
	for _, also := range []func(*CatalogArgs){func(*CatalogArgs) {}, keeping} {
		both := cataloged(t, func(a *CatalogArgs) { ofSources(a); also(a) })
		for _, x := range cataloged(t, also).Resources() {
			if strings.HasPrefix(x.Type, "aws:") {
				require.Equal(t, x.Inputs, both.One(t, x.Type, x.Name).Inputs, x.Name)
			}
		}
	}
}

func TestQueriesAskSeveralSourcesAtOnce(t *testing.T) {
	r := cataloged(t, ofSources)

	rows := r.One(t, queryType, "catalog-all-sources-rows")
	require.Equal(t, 3, strings.Count(rows.Input("query").(string), "count(*)"))
	join := r.One(t, queryType, "catalog-two-sources-unnamed-and-orders")
	require.Equal(t, "two sources: unnamed and orders", join.Input("name"))
	require.Contains(t, join.Input("query"), `JOIN "orders_shop_orders" b ON a."id" = TRY_CAST(b."id" AS decimal(20,0))`)
	require.NotNil(t, r.One(t, queryType, "catalog-orders-all-tables-rows"))
	require.Len(t, r.All(queryType), 2*6+4+6+4+2, "of billing there is no table to ask about")
}

func TestOfOneSourceWithTablesNoQueryAsksSeveral(t *testing.T) {
	for _, query := range cataloged(t, func(a *CatalogArgs) { ofSources(a); a.Sources = a.Sources[:2] }).All(queryType) {
		require.NotContains(t, query.Name, "sources")
	}
}

func TestWhatIsWrongWithASourceSaysWhich(t *testing.T) {
	_, err := tryCatalog(func(a *CatalogArgs) { ofSources(a); a.Sources[2].Found = nil })
	require.ErrorContains(t, err, "Found of orders: is missing")
	_, err = tryCatalog(func(a *CatalogArgs) { a.Sources = nil })
	require.ErrorContains(t, err, "Sources: is missing")
}

// ofOrders are the tables of a named source.
func ofOrders(a *TablesArgs) {
	a.Source, a.Lake.Prefix, a.Lake.ErrorPrefix, a.Lake.Tables.AlarmTopic = "orders", "raw/source=orders", "errors/source=orders", topic
}

func TestJobsOfTwoSourcesTouchNothingOfEachOther(t *testing.T) {
	of := func(change func(*TablesArgs)) (spec struct {
		Database, Source, Errors string
		Tables                   []struct{ Name, Next, Raw, Location string }
	}, r *componenttest.Recorder,
	) {
		r = tabled(t, change)
		require.NoError(t, json.Unmarshal([]byte(r.One(t, objectType, "tables-spec").Input("content").(string)), &spec))
		return spec, r
	}
	orders, r := of(ofOrders)
	unnamed, first := of(func(a *TablesArgs) { a.Lake.Tables.AlarmTopic = topic })

	require.Equal(t, []string{"orders", "errors/source=orders/tables"}, []string{orders.Source, orders.Errors})
	require.Empty(t, unnamed.Source)
	for i, table := range orders.Tables {
		was := unnamed.Tables[i]
		require.Equal(t, []string{"orders_" + was.Name, "orders_" + was.Next, strings.Replace(was.Raw, "raw/", "raw/source=orders/", 1)}, []string{table.Name, table.Next, table.Raw})
		require.Equal(t, strings.Replace(was.Location, "/iceberg/", "/iceberg/orders_", 1), table.Location)
	}
	for _, object := range []string{"tables-script", "tables-code", "tables-spec"} {
		require.Contains(t, r.One(t, objectType, object).Input("key"), "jobs/tables/orders/")
		require.NotContains(t, first.One(t, objectType, object).Input("key"), "jobs/tables/orders/")
	}
	permits := statements(t, r.One(t, "aws:iam/rolePolicy:RolePolicy").Input("policy"))
	require.Equal(t, []string{bucketArn + "/errors/source=orders/tables/*"}, permits["PutAside"].Resource)
	require.Contains(t, permits["ReadCodeAndRecords"].Resource, bucketArn+"/raw/source=orders/*")
	require.NotContains(t, permits["ReadCodeAndRecords"].Resource, bucketArn+"/raw/*")
	require.Equal(t, map[string]any{"Database": "project_stack", "Source": "orders"}, r.One(t, alarmType, "tables-late").Input("dimensions"))
	require.Contains(t, r.One(t, alarmType, "tables-refused").Input("alarmDescription"), "below errors/source=orders/tables, each with its reason; `cdc tables replay --source orders`")
	require.Contains(t, first.One(t, alarmType, "tables-refused").Input("alarmDescription"), "below errors/tables, each with its reason; `cdc tables replay` when")
}

// ofPostgres is a PostgreSQL table, with types in PostgreSQL's spelling.
func ofPostgres(a *CatalogArgs) {
	a.Sources = append(a.Sources, CatalogSource{
		Name: "stock", Engine: config.EnginePostgreSQL, Prefix: "raw/source=stock", Tables: []config.Table{{Database: "public", Table: "items"}},
		Found: pulumi.String(`{"tables":[{"database":"public","table":"items","columns":[{"name":"id","type":"uuid"},{"name":"at","type":"timestamp(3) with time zone"}],"primaryKey":["id"]}]}`),
	})
}

func TestRecordsAreReadByTheEngineOfTheirSource(t *testing.T) {
	r := cataloged(t, ofPostgres)
	mysql, postgres := sqlOf(t, r.One(t, tableType, "catalog-shop_orders_changes")), sqlOf(t, r.One(t, tableType, "catalog-stock_public_items_changes"))
	require.Equal(t, []bool{true, false}, []bool{strings.Contains(mysql, "binlog_file"), strings.Contains(postgres, "binlog_file")})
	require.Contains(t, postgres, "second_lsn")
	unplaced := "catalog-stock-all-tables-records-that-nobody-can-place"
	require.Contains(t, r.One(t, queryType, unplaced).Input("query"), "[0-9A-Fa-f]{1,8}")
}

func TestASourceOfAnotherEngineChangesNothingOfTheFirstOnesCatalog(t *testing.T) {
	both := cataloged(t, ofPostgres)
	for _, x := range cataloged(t, nil).Resources() {
		if strings.HasPrefix(x.Type, "aws:") {
			require.Equal(t, x.Inputs, both.One(t, x.Type, x.Name).Inputs, x.Name)
		}
	}
	alone := cataloged(t, func(a *CatalogArgs) { ofPostgres(a); a.Sources = a.Sources[1:] })
	require.Equal(t, "Changes of tables in the lake, and their rows as they are", alone.One(t, "aws:glue/catalogDatabase:CatalogDatabase").Input("description"))
}

func TestTheJobOfTablesReadsRecordsByTheEngineOfTheirSource(t *testing.T) {
	of := func(engine config.Engine) string {
		r := tabled(t, func(a *TablesArgs) { a.Engine = engine })
		text, ok := r.One(t, objectType, "tables-spec").Input("content").(string)
		require.True(t, ok)
		return text
	}
	require.Contains(t, of(config.EnginePostgreSQL), `"kind": "postgresql"`)
	require.NotContains(t, of(config.EngineMySQL), "kind")
	require.Equal(t, of(""), of(config.EngineMySQL))
}

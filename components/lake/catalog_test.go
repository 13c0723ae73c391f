package lake

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/lake-reader-policy.json")

const (
	tableType    = "aws:glue/catalogTable:CatalogTable"
	queryType    = "aws:athena/namedQuery:NamedQuery"
	foundInShops = `{"tables":[
{"database":"shop","table":"orders","columns":[{"name":"id","type":"bigint(20) unsigned"},{"name":"total","type":"decimal(12,2)"},{"name":"secret","type":"text"}],"primaryKey":["id"]},
{"database":"shop","table":"lines","columns":[{"name":"id","type":"int"}],"primaryKey":["id"]}]}`
)

var shopTables = []config.Table{{Database: "shop", Table: "orders", OmitColumns: []string{"Secret"}}, {Database: "shop", Table: "Lines"}}

func cataloged(t *testing.T, change func(*CatalogArgs)) *componenttest.Recorder {
	t.Helper()
	r, err := tryCatalog(change)
	require.NoError(t, err)
	return r
}

func tryCatalog(change func(*CatalogArgs)) (*componenttest.Recorder, error) {
	args := &CatalogArgs{
		Sources: []CatalogSource{{Tables: shopTables, Found: pulumi.String(foundInShops)}},
		Bucket:  pulumi.String("lake"), BucketArn: pulumi.String(bucketArn), KmsKeyArn: pulumi.String(keyArn),
	}
	if change != nil {
		change(args)
	}
	return componenttest.Try(func(ctx *pulumi.Context) error {
		_, err := NewCatalog(ctx, "catalog", args)
		return err
	})
}

func names(of []componenttest.Registered, typ string) []string {
	var all []string
	for _, r := range of {
		if typ == "" || r.Input("tableType") == typ {
			all = append(all, r.Input("name").(string))
		}
	}
	return all
}

func TestEachTableHasRecordsChangesAndRows(t *testing.T) {
	r := cataloged(t, nil)

	require.ElementsMatch(t, []string{"shop_orders_records", "shop_lines_records", "dms_control_records"}, names(r.All(tableType), "EXTERNAL_TABLE"))
	require.ElementsMatch(t, []string{"shop_orders", "shop_orders_changes", "shop_lines", "shop_lines_changes"}, names(r.All(tableType), "VIRTUAL_VIEW"))
	for _, table := range r.All(tableType) {
		require.Equal(t, "project_stack", table.Input("databaseName"))
	}
}

func keeping(a *CatalogArgs) { a.Lake.Tables.Format = config.FormatHudi }

// sqlOf is the SQL of a view.
func sqlOf(t *testing.T, view componenttest.Registered) string {
	t.Helper()
	encoded := strings.TrimSuffix(strings.TrimPrefix(view.Input("viewOriginalText").(string), "/* Presto View: "), " */")
	text, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(t, err)
	var v struct {
		OriginalSQL string `json:"originalSql"`
	}
	require.NoError(t, json.Unmarshal(text, &v))
	return v.OriginalSQL
}

func TestTheViewOfRowsReadsTheirTableWhereThereIsOne(t *testing.T) {
	plain, r := cataloged(t, nil), cataloged(t, keeping)

	require.ElementsMatch(t, []string{"shop_orders", "shop_orders_raw", "shop_orders_changes", "shop_lines", "shop_lines_raw", "shop_lines_changes"}, names(r.All(tableType), "VIRTUAL_VIEW"))
	require.ElementsMatch(t, names(plain.All(tableType), "EXTERNAL_TABLE"), names(r.All(tableType), "EXTERNAL_TABLE"), "the job makes its own")
	require.Equal(t, "SELECT\n  \"id\",\n  \"total\"\nFROM \"shop_orders_table\"\nWHERE NOT \"cdc_gone\"\n", sqlOf(t, r.One(t, tableType, "catalog-shop_orders")))
	raw, was := r.One(t, tableType, "catalog-shop_orders_raw"), plain.One(t, tableType, "catalog-shop_orders")
	require.Equal(t, was.Input("viewOriginalText"), raw.Input("viewOriginalText"))
	require.Equal(t, was.Input("storageDescriptor"), raw.Input("storageDescriptor"))
	require.Equal(t, was.Input("storageDescriptor").(map[string]any)["columns"].([]any)[:2], r.One(t, tableType, "catalog-shop_orders").Input("storageDescriptor").(map[string]any)["columns"], "without cdc_unreadable")
	for _, query := range plain.All(queryType) {
		require.Equal(t, query.Input("query"), r.One(t, queryType, query.Name).Input("query"), "saved queries have the names that they had")
	}
}

func TestReadersOfTablesReadTheirFiles(t *testing.T) {
	policy := make(chan string, 1)
	componenttest.Run(t, func(ctx *pulumi.Context) error {
		c, err := NewCatalog(ctx, "catalog", &CatalogArgs{
			Lake: config.Lake{Tables: config.LakeTables{Format: config.FormatIceberg}}, Sources: []CatalogSource{{Tables: shopTables, Found: pulumi.String(foundInShops)}},
			Bucket: pulumi.String("lake"), BucketArn: pulumi.String(bucketArn), KmsKeyArn: pulumi.String(keyArn),
		})
		if err != nil {
			return err
		}
		c.ReaderPolicy.ApplyT(func(text string) string { policy <- text; return text })
		return nil
	})
	read := statements(t, <-policy)
	require.Equal(t, []string{bucketArn + "/raw/*", bucketArn + "/tables/*"}, read["ReadRecords"].Resource)
	require.Equal(t, []string{"raw/*", "tables/*", "athena-results/*"}, read["FindObjects"].Condition["StringLike"]["s3:prefix"])
}

func TestRecordsAreFoundWithoutACrawler(t *testing.T) {
	table := cataloged(t, nil).One(t, tableType, "catalog-shop_lines_records")

	const location = "s3://lake/raw/schema=shop/table=lines/"
	require.Equal(t, location, table.Input("storageDescriptor").(map[string]any)["location"], "as the source spells it")
	parameters := table.Input("parameters").(map[string]any)
	require.Equal(t, "true", parameters["projection.enabled"])
	require.Equal(t, location+"dt=${dt}/hour=${hour}/", parameters["storage.location.template"])
	require.Equal(t, "2026-01-01,NOW", parameters["projection.dt.range"])
	require.Equal(t, []any{map[string]any{"name": "dt", "type": "string"}, map[string]any{"name": "hour", "type": "string"}}, table.Input("partitionKeys"))

	control := cataloged(t, nil).One(t, tableType, "catalog-dms_control_records")
	require.Equal(t, "s3://lake/raw/schema=_control/table=_control/", control.Input("storageDescriptor").(map[string]any)["location"])
}

func TestViewsHaveTheSourcesTypesWithoutOmittedColumns(t *testing.T) {
	view := cataloged(t, nil).One(t, tableType, "catalog-shop_orders")

	require.Equal(t, []any{
		map[string]any{"name": "id", "type": "decimal(20,0)"},
		map[string]any{"name": "total", "type": "decimal(12,2)"},
		map[string]any{"name": "cdc_unreadable", "type": "string"},
	}, view.Input("storageDescriptor").(map[string]any)["columns"])
	require.Equal(t, map[string]any{"presto_view": "true", "comment": "Presto View"}, view.Input("parameters"))
	require.Nil(t, view.Input("description"), "Trino takes it for the comment")
	require.Equal(t, "cdc-pipeline", view.Input("owner"))
	encoded := strings.TrimSuffix(strings.TrimPrefix(view.Input("viewOriginalText").(string), "/* Presto View: "), " */")
	text, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(t, err)
	require.Contains(t, string(text), `"schema":"project_stack"`)
}

func TestRowsAreOfTheRecordsThatCount(t *testing.T) {
	r := cataloged(t, func(a *CatalogArgs) { a.Sources[0].RowsSince = config.RowsSince{"shop.orders": "2026-11-23T21:38:10Z"} })
	sql := func(view string) string {
		encoded := strings.TrimSuffix(strings.TrimPrefix(r.One(t, tableType, view).Input("viewOriginalText").(string), "/* Presto View: "), " */")
		text, err := base64.StdEncoding.DecodeString(encoded)
		require.NoError(t, err)
		return string(text)
	}
	require.Contains(t, sql("catalog-shop_orders"), "2026-11-23 21:38:10")
	require.NotContains(t, sql("catalog-shop_orders_changes"), "21:38:10")
	require.NotContains(t, sql("catalog-shop_lines"), "21:38:10")
}

func TestTimesOfOtherTablesAreRefused(t *testing.T) {
	_, err := tryCatalog(func(a *CatalogArgs) {
		a.Sources[0].RowsSince = config.RowsSince{"shop.orders": "yesterday", "shop.returns": "2026-11-23T21:38:10Z"}
	})
	require.ErrorContains(t, err, `source.rowsSince["shop.orders"]: "yesterday" is not a time`)
	require.ErrorContains(t, err, `source.rowsSince["shop.returns"]: matches no entry of source.tables`)
}

func TestWorkgroupDecidesForItsClients(t *testing.T) {
	workgroup := cataloged(t, func(a *CatalogArgs) { a.Environment = config.Prod }).One(t, "aws:athena/workgroup:Workgroup")

	require.Equal(t, false, workgroup.Input("forceDestroy"))
	require.Equal(t, map[string]any{
		"enforceWorkgroupConfiguration":   true,
		"publishCloudwatchMetricsEnabled": true,
		"bytesScannedCutoffPerQuery":      100e9,
		"engineVersion":                   map[string]any{"selectedEngineVersion": "Athena engine version 3"},
		"resultConfiguration": map[string]any{
			"outputLocation":          "s3://lake/athena-results/",
			"expectedBucketOwner":     componenttest.Account,
			"encryptionConfiguration": map[string]any{"encryptionOption": "SSE_KMS", "kmsKeyArn": keyArn},
		},
	}, workgroup.Input("configuration"))
}

func TestQueriesAreSavedOfEachTableAndOfAll(t *testing.T) {
	r := cataloged(t, nil)

	saved := names(r.All(queryType), "")
	require.Len(t, saved, 2*6+4)
	require.Contains(t, saved, "shop_orders: history of a row")
	require.Contains(t, saved, "all tables: rows")
	query := r.One(t, queryType, "catalog-shop_orders-history-of-a-row")
	require.Equal(t, "project_stack", query.Input("workgroup"))
	require.Contains(t, query.Input("query"), `WHERE "id" = ?`)
	require.Contains(t, query.Input("description"), "shop.orders")
}

func TestPatternsAreNotInTheCatalog(t *testing.T) {
	r := cataloged(t, func(a *CatalogArgs) { a.Sources[0].Tables = []config.Table{{Database: "shop", Table: "%"}} })

	require.Equal(t, []string{"dms_control_records"}, names(r.All(tableType), ""))
	require.Empty(t, r.All(queryType))
}

func TestDatabaseIsNamedAsTold(t *testing.T) {
	r := cataloged(t, func(a *CatalogArgs) { a.Catalog.Database = "shops" })

	require.Equal(t, "shops", r.One(t, "aws:glue/catalogDatabase:CatalogDatabase").Input("name"))
	require.Equal(t, "shops", r.One(t, "aws:athena/workgroup:Workgroup").Input("name"))
}

func TestResultsAreForgottenAndRecordsAreNot(t *testing.T) {
	rules := madeBucket(t, BucketArgs{}).One(t, "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2").Input("rules").([]any)

	for _, rule := range rules {
		expires := rule.(map[string]any)["expiration"] != nil
		require.Equal(t, expires, rule.(map[string]any)["filter"].(map[string]any)["prefix"] == "athena-results/", rule)
	}
	require.Equal(t, map[string]any{"days": 7.0}, rules[2].(map[string]any)["expiration"])
}

// The page for administrators, docs/lake-reader-policy.json, shows the component's own output.
func TestReadersPolicyIsTheDocumentedOne(t *testing.T) {
	policy := make(chan string, 1)
	componenttest.Run(t, func(ctx *pulumi.Context) error {
		c, err := NewCatalog(ctx, "catalog", &CatalogArgs{
			Sources: []CatalogSource{{Tables: shopTables, Found: pulumi.String(foundInShops)}}, Lake: config.Lake{Catalog: config.Catalog{Database: "catalog_database"}},
			Bucket: pulumi.String("LAKE_BUCKET"), BucketArn: pulumi.String("arn:aws:s3:::LAKE_BUCKET"), KmsKeyArn: pulumi.String("KMS_KEY_ARN"),
		})
		if err != nil {
			return err
		}
		c.ReaderPolicy.ApplyT(func(text string) string { policy <- text; return text })
		return nil
	})
	text := strings.NewReplacer(componenttest.Account, "ACCOUNT", componenttest.Region, "REGION", "catalog_database", "CATALOG_DATABASE").Replace(<-policy)
	var parsed any
	require.NoError(t, json.Unmarshal([]byte(text), &parsed))
	indented, err := json.MarshalIndent(parsed, "", "  ")
	require.NoError(t, err)
	const page = "../../docs/lake-reader-policy.json"
	if *update {
		require.NoError(t, os.WriteFile(page, append(indented, '\n'), 0o644))
	}
	want, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, string(want), string(indented)+"\n", "run go test ./components/lake -run Reader -update after looking at the difference")
}

func TestReadersWriteNothingButResults(t *testing.T) {
	text, err := os.ReadFile("../../docs/lake-reader-policy.json")
	require.NoError(t, err)
	for sid, s := range statements(t, string(text)) {
		require.Equal(t, "Allow", s.Effect)
		require.Nil(t, s.Principal)
		for _, action := range s.Action {
			writes := strings.Contains(action, "Put") || strings.Contains(action, "Abort")
			require.Equal(t, writes, writes && sid == "KeepResults", action)
			require.NotContains(t, action, "*")
		}
		if sid != "OpenConsole" {
			require.NotContains(t, s.Resource, "*", sid)
		}
	}
}

func TestCatalogIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*CatalogArgs)
		want   string
	}{
		"without findings": {func(a *CatalogArgs) { a.Sources[0].Found = nil }, "the arguments of lake.Catalog: Found: is missing"},
		"with a bad day":   {func(a *CatalogArgs) { a.Catalog.Since = "yesterday" }, "lake.catalog.since"},
		"of an unseen table": {
			func(a *CatalogArgs) { a.Sources[0].Tables = []config.Table{{Database: "shop", Table: "new"}} },
			"the bootstrap has not read shop.new: raise source.schemaRevision to make it read the tables again",
		},
		"of findings that are none": {func(a *CatalogArgs) { a.Sources[0].Found = pulumi.String("null?") }, "reading what the bootstrap found"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tryCatalog(c.change)
			require.ErrorContains(t, err, c.want)
		})
	}
}

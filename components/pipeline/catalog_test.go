package pipeline_test

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLakeIsCatalogedAsTheBootstrapFoundItsTables(t *testing.T) {
	r := componenttest.Run(t, program(config.Config{}))

	rows := r.One(t, "aws:glue/catalogTable:CatalogTable", "cdc-catalog-testdb_retail_trans")
	require.Equal(t, []any{map[string]any{"name": "id", "type": "bigint"}, map[string]any{"name": "cdc_unreadable", "type": "string"}}, rows.Input("storageDescriptor").(map[string]any)["columns"])
	records := r.One(t, "aws:glue/catalogTable:CatalogTable", "cdc-catalog-testdb_retail_trans_records")
	require.Contains(t, strings.Join(records.PropertyDependsOn["storageDescriptor"], " "), "aws:lambda/invocation:Invocation")
	require.Equal(t, "project_stack", r.One(t, "aws:athena/workgroup:Workgroup").Input("name"))
}

func TestLakeIsNotCatalogedWhenToldNotTo(t *testing.T) {
	r := componenttest.Run(t, program(config.Config{Lake: config.Lake{Catalog: config.Catalog{Enabled: new(false)}}}))

	for _, x := range r.Resources() {
		require.NotContains(t, x.Type, "glue")
		require.NotContains(t, x.Type, "athena")
	}
}

func TestTablesAreKeptWhenAskedForAndInProd(t *testing.T) {
	const jobType = "aws:glue/job:Job"
	none := componenttest.Run(t, program(config.Config{}))
	require.Empty(t, none.All(jobType))
	require.Empty(t, none.All("aws:s3/bucketObjectv2:BucketObjectv2"))
	for name, cfg := range map[string]config.Config{
		"asked for": {Lake: config.Lake{Tables: config.LakeTables{Format: config.FormatDelta}}}, "prod": {Environment: config.Prod},
	} {
		r := componenttest.Run(t, program(cfg))
		require.Contains(t, r.One(t, jobType).Parent, "cdcpipeline:lake:Tables::cdc-tables", name)
		spec := r.One(t, "aws:s3/bucketObjectv2:BucketObjectv2", "cdc-tables-spec")
		require.Contains(t, spec.Input("content"), `"database": "project_stack"`)
		require.Contains(t, strings.Join(spec.DependsOn, " "), "aws:s3/bucketPolicy:BucketPolicy::cdc-lake-policy")
	}
}

func TestOfPatternsNoTableIsKept(t *testing.T) {
	schema := filepath.Join(t.TempDir(), "shop.sql")
	require.NoError(t, os.WriteFile(schema, []byte("CREATE DATABASE IF NOT EXISTS shop;"), 0o600))
	r := componenttest.Run(t, program(config.Config{
		Environment: config.Prod,
		Source:      config.Source{Tables: []config.Table{{Database: "shop", Table: "%"}}, SchemaFiles: []string{schema}},
	}))
	require.Empty(t, r.All("aws:glue/job:Job"))
}

package pipeline_test

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
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

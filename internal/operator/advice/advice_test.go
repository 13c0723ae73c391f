package advice_test

import (
	"cdcpipeline/internal/operator/advice"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestALineToTypeNamesTheSource(t *testing.T) {
	for text, want := range map[string]string{
		"`cdc start --reload-table a.b`":                "`cdc start --source orders --reload-table a.b`",
		"`cdc stop` and `cdc start`":                    "`cdc stop --source orders` and `cdc start --source orders`",
		"`cdc stop && cdc start`":                       "`cdc stop --source orders && cdc start --source orders`",
		"`cdc epoch switch --table a.b`":                "`cdc epoch switch --source orders --table a.b`",
		"`cdc tables run`, then `cdc verify --deep`":    "`cdc tables run --source orders`, then `cdc verify --source orders --deep`",
		"`cdc tunnel db`":                               "`cdc tunnel db --source orders`",
		"raise source.schemaRevision":                   "raise sources.orders.schemaRevision",
		"'cdc-pipeline:source.rowsSince[\"%.%\"]'":      "'cdc-pipeline:sources.orders.rowsSince[\"%.%\"]'",
		"`cdc status`, `cdc epoch --help`, the cdc":     "`cdc status`, `cdc epoch --help`, the cdc",
		"table source.orders of datasource.tables":      "table source.orders of datasource.tables",
		"`cdc tunnel search --collection history` then": "`cdc tunnel search --collection history` then",
	} {
		require.Equal(t, want, advice.Of("orders", text))
		require.Equal(t, text, advice.Of("", text))
	}
}

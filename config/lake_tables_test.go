package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// refusedLakeTables has settings that Glue would refuse, or that would leave tables without a catalog.
var refusedLakeTables = []refusal{
	{"a format there is not", `lake: {tables: {format: parquet}}`, `lake.tables.format: "parquet" is not allowed here: use one of none, iceberg, delta, hudi`},
	{"minutes that no cron expression says", `lake: {tables: {minutes: 45}}`, `lake.tables.minutes: 45 is not allowed here: use one of 5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440`},
	{"more often than Glue takes", `lake: {tables: {minutes: 4}}`, `lake.tables.minutes: 4 is not allowed here: use one of 5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440`},
	{"no minutes", `lake: {tables: {minutes: 0}}`, `lake.tables.minutes: is empty or zero: give a value, or remove the key to use the default`},
	{"everything out of bounds", `lake: {tables: {tombstoneDays: -1, workers: 1, workerType: Standard, timeoutMinutes: 1}}`, lines(
		`lake.tables.tombstoneDays: -1 is out of range: use 1 to 36500 days`,
		`lake.tables.workers: 1 is out of range: use 2 to 299 workers, one of which is the driver`,
		`lake.tables.workerType: "Standard" is not allowed here: use one of G.1X, G.2X, G.4X, G.8X`,
		`lake.tables.timeoutMinutes: 1 is out of range: use 5 to 10080 minutes: Glue ends a run after seven days`,
	)},
	{"a generation that no folder has", `lake: {tables: {generation: 10000}}`, `lake.tables.generation: 10000 is out of range: use 1 to 9999 generations`},
	{"a topic by its name", `lake: {tables: {alarmTopic: ops}}`, `lake.tables.alarmTopic: "ops" must be the full ARN of an SNS topic, arn:aws:sns:<region>:<account>:<name>`},
	{"tables without a catalog", `lake: {catalog: {enabled: false}, tables: {format: delta}}`, `lake.tables.format: delta needs the catalog, because the tables are in its database: set lake.catalog.enabled to true, or use none`},
	{"records among the tables", `lake: {prefix: tables/raw, errorPrefix: jobs/failed, tables: {format: iceberg}}`, lines(
		`lake.prefix: must not be under tables, nor may lake.errorPrefix, because the job of lake.tables writes there: use other prefixes, or set lake.tables.format to none`,
		`lake.prefix: must not be under jobs, nor may lake.errorPrefix, because the job of lake.tables writes there: use other prefixes, or set lake.tables.format to none`,
	)},
}

func TestTablesAreKeptInProdOfWhatIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		config string
		format TableFormat
		keeps  bool
	}{
		"dev":                    {`environment: dev`, FormatNone, false},
		"prod":                   {`environment: prod`, FormatIceberg, true},
		"dev with tables":        {`lake: {tables: {format: hudi}}`, FormatHudi, true},
		"prod without tables":    {`{environment: prod, lake: {tables: {format: none}}}`, FormatNone, false},
		"prod without a catalog": {`{environment: prod, lake: {catalog: {enabled: false}}}`, FormatNone, false},
		"prod of patterns":       {`{environment: prod, source: {tables: [{database: shop, table: "%"}], schemaFiles: [a.sql]}}`, FormatIceberg, false},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := Parse(stackValues(t, c.config), nil)
			require.NoError(t, err)
			require.Equal(t, c.format, cfg.Lake.Tables.Format)
			require.Equal(t, c.keeps, cfg.KeepsTables())
		})
	}
}

func TestDeletedRowsAreRememberedAsLongAsAnOlderChangeMayCome(t *testing.T) {
	for text, want := range map[string]int{
		``:                                       7 + 30,
		`stream: {retentionHours: 169}`:          8 + 30,
		`lake: {tables: {tombstoneDays: 3}}`:     3,
		`stream: {retentionHours: 8760}`:         365 + 30,
		`{environment: prod, stream: {name: s}}`: 7 + 30,
	} {
		cfg, err := Parse(stackValues(t, text), nil)
		require.NoError(t, err, text)
		require.Equal(t, want, cfg.Lake.Tables.TombstoneDays, text)
	}
}

func TestPrefixesOfTablesAreFreeWithoutThem(t *testing.T) {
	_, err := Parse(stackValues(t, `lake: {prefix: tables/raw, errorPrefix: jobs}`), nil)
	require.NoError(t, err)
}

func TestAWorkerCountsAsItsProcessors(t *testing.T) {
	for worker, dpus := range map[WorkerType]int{G1X: 1, G2X: 2, G4X: 4, G8X: 8} {
		require.Equal(t, dpus, worker.DPUs())
	}
}

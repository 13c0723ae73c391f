package athena

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The rehearsal's part rows runs the same in Trino.
func TestOneValueTakesNothingElseAway(t *testing.T) {
	for _, trial := range Trials() {
		t.Run(trial.Table.Name, func(t *testing.T) {
			got, err := answers(t, asked(t, trial.Table), lake{"raw/schema=shop/table=" + trial.Table.Name + "/dt=2026-11-01/hour=07/a.gz": trial.Lines})
			require.NoError(t, err)
			require.Empty(t, Differences([]Trial{trial}, got))
		})
	}
}

// The engines refuse SQL that Athena refuses, and SQL that may give another result here than in Athena.
func TestWhatAthenaRefusesIsRefused(t *testing.T) {
	for sql, want := range map[string]string{
		`SELECT CAST('12.0' AS bigint)`:                   "a text is no such value",
		`SELECT CAST('1.2E3' AS integer)`:                 "a text is no such value",
		`SELECT CAST(' 2026-11-01' AS date)`:              "a text is no such value",
		`SELECT CAST('2026-11-01T07:00:00' AS timestamp)`: "a text is no such value",
		`SELECT 7 / 2`: "nobody has shown that DuckDB means by it what Athena does",
		`SELECT date_diff('day', current_timestamp, current_timestamp)`: "nobody has shown",
		`SELECT avg(1)`:                       "nobody has shown",
		`SELECT json_parse('{}')`:             "is not implemented by itself",
		`SELECT something_of_duckdb_alone(1)`: "nobody has shown",
	} {
		q := asked(t, orders)
		q.Queries = []query{{"refused", sql}}
		_, err := answers(t, q, lake{})
		require.ErrorContains(t, err, want, sql)
	}
	q := asked(t, orders)
	q.Queries = []query{{"answered", `SELECT CAST('12' AS bigint) AS a, TRY_CAST('12.0' AS bigint) AS b, TRY_CAST('1.2E3' AS decimal(38,0)) AS c`}}
	got, err := answers(t, q, lake{})
	require.NoError(t, err)
	require.Equal(t, []Row{{"a": "12", "b": nil, "c": "1200"}}, got.Queries["answered"])
}

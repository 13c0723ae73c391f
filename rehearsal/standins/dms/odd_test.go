package dms

import (
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/operator/verify"
	"cdcpipeline/internal/operator/workload"
	names "cdcpipeline/internal/table"
	"cdcpipeline/rehearsal/odd"
	"cdcpipeline/rehearsal/stores/storestest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/stretchr/testify/require"
)

// TestTablesOfAnyKindAreCompared: with a real database, what `cdc verify --deep` reads of tables whose keys no paging by the key
// could follow, and into which no row could be made up, is what a task writes of them.
func TestTablesOfAnyKindAreCompared(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
	for _, statement := range odd.Made("dms_test") {
		s.exec(statement)
	}
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	s.wait("running")
	for _, statement := range odd.Changed("dms_test") {
		s.exec(statement)
	}
	copies, end := newCopies(t, storestest.Moto(t), s)
	defer end()
	database := storestest.MariaDB(t)
	db, err := schema.Open(t.Context(), schema.Connection{Host: database.Host, Port: database.Port, User: database.User, Password: database.Password, TLS: database.ClientTLS()})
	require.NoError(t, err)
	defer db.Close()

	o := verify.CompareOptions{Wait: time.Minute}
	for _, name := range odd.Tables("dms_test") {
		n, err := names.Parse(name)
		require.NoError(t, err)
		o.Tables = append(o.Tables, n)
	}
	compare := func() (verify.Result, []verify.Difference) {
		var found []verify.Difference
		result, err := verify.Compare(t.Context(), verify.Database{DB: db}, copies.pipeline(s), o, func(d verify.Difference) { found = append(found, d) })
		require.NoError(t, err)
		return result, found
	}
	result, found := compare()
	require.Empty(t, found)
	require.Empty(t, result.Uncompared)
	require.Len(t, result.Counts, 2*len(o.Tables))
	for _, c := range result.Counts {
		require.Equal(t, c.Rows, c.Same, c.Table)
		require.NotZero(t, c.Rows, c.Table)
		require.NotZero(t, c.Changes, c.Table)
		require.Empty(t, c.NotCompared, c.Table)
	}

	// A difference in each table is found, and looked up by its key once more.
	o.Wait = 200 * time.Millisecond
	for _, name := range odd.Tables("dms_test") {
		s.exec("SET sql_log_bin = 0; UPDATE " + name + " SET v = -1 LIMIT 1; SET sql_log_bin = 1")
	}
	_, found = compare()
	require.Len(t, found, 2*len(o.Tables))
	for _, d := range found {
		require.Equal(t, verify.Differs, d.Kind, "%+v", d)
		require.Equal(t, []verify.ColumnDifference{{Column: "v", Source: "-1", Sink: d.Columns[0].Sink}}, d.Columns)
	}
	// A row that only the server's collation takes for the same is another row.
	s.exec("SET sql_log_bin = 0; UPDATE dms_test.names SET name = 'A', v = 11 WHERE name = 'a'; SET sql_log_bin = 1")
	o.Tables = []names.Name{{Database: "dms_test", Table: "names"}}
	_, found = compare()
	kinds := map[string]int{}
	for _, d := range found {
		kinds[d.Key+" "+d.Kind]++
	}
	require.Subset(t, kinds, map[string]int{"name=A country=DE missing": 2, "name=a country=DE extra": 2})

	_, err = workload.InsertOne(t.Context(), db, names.Name{Database: "dms_test", Table: "order_items"}, 1, nil)
	require.ErrorContains(t, err, "column order_id refers to another table and cannot be NULL")
	s.exec("CREATE TABLE dms_test.keyless (line VARCHAR(20))")
	_, err = schema.Load(t.Context(), db, names.Name{Database: "dms_test", Table: "keyless"})
	require.ErrorIs(t, err, schema.ErrNoKey)
}

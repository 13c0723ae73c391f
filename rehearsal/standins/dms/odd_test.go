package dms

import (
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/operator/verify"
	"cdcpipeline/internal/operator/workload"
	names "cdcpipeline/internal/table"
	"cdcpipeline/rehearsal/odd"
	"cdcpipeline/rehearsal/stores/storestest"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/stretchr/testify/require"
)

// TestTablesOfAnyKindAreCompared uses a real database. `cdc verify --deep` must read the same rows from tables as a
// task writes. That includes tables whose keys do not allow paging, and tables in which no test row can be made.
func TestTablesOfAnyKindAreCompared(t *testing.T) {
	c := compareTables(t, odd.Listed)
	// A row that equals another only in the server's collation is a different row.
	c.s.exec("SET sql_log_bin = 0; UPDATE dms_test.names SET name = 'A', v = 11 WHERE name = 'a'; SET sql_log_bin = 1")
	c.options.Tables = []names.Name{{Database: "dms_test", Table: "names"}}
	_, found := c.compare()
	kinds := map[string]int{}
	for _, d := range found {
		kinds[d.Key+" "+d.Kind]++
	}
	require.Subset(t, kinds, map[string]int{"name=A country=DE missing": 2, "name=a country=DE extra": 2})

	_, err := workload.InsertOne(t.Context(), c.db, names.Name{Database: "dms_test", Table: "order_items"}, 1, nil)
	require.ErrorContains(t, err, "column order_id refers to another table and cannot be NULL")
	c.s.exec("CREATE TABLE dms_test.keyless (line VARCHAR(20))")
	_, err = schema.Load(t.Context(), c.db, names.Name{Database: "dms_test", Table: "keyless"})
	require.ErrorIs(t, err, schema.ErrNoKey)
}

func TestTablesOfKindsThatNobodyListedAreCompared(t *testing.T) { compareTables(t, odd.Unlisted) }

// comparison compares tables with a task's records.
type comparison struct {
	s       *scene
	db      *sql.DB
	copies  *copies
	options verify.CompareOptions
}

func (c *comparison) compare() (verify.Result, []verify.Difference) {
	var found []verify.Difference
	result, err := verify.Compare(c.s.t.Context(), verify.Database{DB: c.db}, c.copies.pipeline(c.s), c.options, func(d verify.Difference) { found = append(found, d) })
	require.NoError(c.s.t, err)
	return result, found
}

// compareTables makes a task load tables and follow their changes. Every row and change must be the same, and a
// difference in each table must be found.
func compareTables(t *testing.T, tables odd.Set) *comparison {
	s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
	for _, statement := range tables.Made("dms_test") {
		s.exec(statement)
	}
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	s.wait("running")
	s.exec(strings.Join(tables.Changed("dms_test"), "; "))
	copies, end := newCopies(t, storestest.Moto(t), s)
	t.Cleanup(end)
	database := storestest.MariaDB(t)
	db, err := schema.Open(t.Context(), schema.Connection{Host: database.Host, Port: database.Port, User: database.User, Password: database.Password, TLS: database.ClientTLS()})
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })

	c := &comparison{s, db, copies, verify.CompareOptions{Wait: time.Minute}}
	for _, name := range tables.Tables("dms_test") {
		n, err := names.Parse(name)
		require.NoError(t, err)
		c.options.Tables = append(c.options.Tables, n)
	}
	result, found := c.compare()
	require.Empty(t, found)
	require.Empty(t, result.Uncompared)
	require.Len(t, result.Counts, 2*len(tables))
	for _, n := range result.Counts {
		require.Equal(t, n.Rows, n.Same, n.Table)
		require.NotZero(t, n.Rows, n.Table)
		require.NotZero(t, n.Changes, n.Table)
		require.Empty(t, n.NotCompared, n.Table)
	}

	// A difference in each table is found, and looked up again by its key.
	c.options.Wait = 200 * time.Millisecond
	for _, name := range tables.Tables("dms_test") {
		s.exec("SET sql_log_bin = 0; UPDATE " + name + " SET v = -1 LIMIT 1; SET sql_log_bin = 1")
	}
	_, found = c.compare()
	require.Len(t, found, 2*len(tables))
	for _, d := range found {
		require.Equal(t, verify.Differs, d.Kind, "%+v", d)
		require.Equal(t, []verify.ColumnDifference{{Column: "v", Source: "-1", Sink: d.Columns[0].Sink}}, d.Columns)
	}
	return c
}

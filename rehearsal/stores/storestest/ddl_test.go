package storestest_test

import (
	"cdcpipeline/internal/operator/ddl"
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/table"
	"cdcpipeline/rehearsal/stores/storestest"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestTheDatabaseTellsWhatWasDoneToATable runs each kind of statement on its own table.
func TestTheDatabaseTellsWhatWasDoneToATable(t *testing.T) {
	server := storestest.MariaDB(t)
	db := opened(t, server, server.User, server.Password)
	const plain, ranges = "(id INT PRIMARY KEY, v INT)", "(id INT PRIMARY KEY, v INT) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20), PARTITION pmax VALUES LESS THAN MAXVALUE)"
	for name, c := range map[string]struct {
		made, statements, want string
		carried                int64
	}{
		"truncated":   {plain, "TRUNCATE TABLE %", ddl.Replaced, 1},
		"recreated":   {plain, "DROP TABLE %; CREATE TABLE % " + plain, ddl.Replaced, 0},
		"dropped":     {plain, "DROP TABLE %", ddl.Gone, 0},
		"swapped":     {plain, "CREATE TABLE %_new LIKE %; RENAME TABLE % TO %_old, %_new TO %", ddl.Replaced, 0},
		"ghost":       {plain, "CREATE TABLE %_gho LIKE %; ALTER TABLE %_gho ADD COLUMN w INT; RENAME TABLE % TO %_del, %_gho TO %", ddl.Awaited, 0},
		"renamed":     {plain, "RENAME TABLE % TO %_away", ddl.Gone, 0},
		"with-dash$":  {plain, "TRUNCATE TABLE %", ddl.Replaced, 1},
		"Upper":       {plain, "TRUNCATE TABLE %", ddl.Replaced, 1},
		"part_drop":   {ranges, "ALTER TABLE % DROP PARTITION p0", "DROP PARTITION p0", 0},
		"part_empty":  {ranges, "ALTER TABLE % TRUNCATE PARTITION p1", "TRUNCATE, EXCHANGE or REBUILD PARTITION p1", 0},
		"part_other":  {ranges, "CREATE TABLE %_x " + plain + "; ALTER TABLE % EXCHANGE PARTITION p1 WITH TABLE %_x", "TRUNCATE, EXCHANGE or REBUILD PARTITION p1", 0},
		"part_all":    {ranges, "TRUNCATE TABLE %", ddl.Replaced, 1},
		"part_add":    {"(id INT PRIMARY KEY, v INT) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10))", "ALTER TABLE % ADD PARTITION (PARTITION p1 VALUES LESS THAN (20))", "", 0},
		"part_split":  {ranges, "ALTER TABLE % REORGANIZE PARTITION pmax INTO (PARTITION p2 VALUES LESS THAN (30), PARTITION pmax VALUES LESS THAN MAXVALUE)", "", 0},
		"column":      {plain, "ALTER TABLE % ADD COLUMN w INT", "", 1},
		"rebuilt":     {plain, "ALTER TABLE % ADD COLUMN w INT, ALGORITHM=COPY", "", 1},
		"part_column": {ranges, "ALTER TABLE % ADD COLUMN w INT, ALGORITHM=COPY", "", 1},
		"dropped_col": {plain, "ALTER TABLE % DROP COLUMN v", "DROP or RENAME of the column v", 1},
		"renamed_col": {plain, "ALTER TABLE % RENAME COLUMN v TO w", "DROP or RENAME of the column v", 1},
		"copied_col":  {plain, "ALTER TABLE % DROP COLUMN v, ALGORITHM=COPY", "DROP or RENAME of the column v", 1},
		"computed":    {"(id INT PRIMARY KEY, v INT, w INT AS (v + 1) PERSISTENT, x INT INVISIBLE)", "ALTER TABLE % DROP COLUMN w, DROP COLUMN x", "", 1},
		"indexed":     {plain, "ALTER TABLE % ADD INDEX (v)", "", 1},
		"written":     {plain, "INSERT INTO % VALUES (1, 1), (2, 2); DELETE FROM %", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			n := table.Name{Database: "cdc_ddl-test", Table: name}
			exec := func(text string) {
				t.Helper()
				for statement := range strings.SplitSeq(text, "; ") {
					statement = strings.ReplaceAll(statement, "%", "`cdc_ddl-test`.`"+name)
					statement = quotedNames(statement, name)
					_, err := db.ExecContext(t.Context(), statement)
					require.NoError(t, err, statement)
				}
			}
			_, err := db.ExecContext(t.Context(), "CREATE OR REPLACE DATABASE `cdc_ddl-test`")
			require.NoError(t, err)
			exec("CREATE TABLE % " + c.made)
			loaded := ddl.Statistics{Began: time.Now().Add(time.Minute), Loaded: time.Now().Add(2 * time.Minute)}
			before := tablesOf(t, db)[n]
			known, changes := ddl.Look(ddl.Known{}, before, loaded, time.Now().Add(3*time.Minute))
			require.Empty(t, changes)
			exec(c.statements)
			loaded.Ddls = c.carried
			after := tablesOf(t, db)[n]
			_, changes = ddl.Look(known, after, loaded, time.Now().Add(4*time.Minute))
			got := ""
			for _, change := range changes {
				got += change.What
			}
			require.Equal(t, c.want, got, "%+v\n%+v", before, after)
		})
	}
}

func TestAUserWhoMayNotSeeHowTablesAreMadeIsToldWhatToGrant(t *testing.T) {
	server := storestest.MariaDB(t)
	db := opened(t, server, server.User, server.Password)
	for _, statement := range []string{"CREATE OR REPLACE USER 'ddl_reader'@'%' IDENTIFIED BY 'secret'", "GRANT SELECT ON *.* TO 'ddl_reader'@'%'"} {
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	_, err := ddl.Database{DB: opened(t, server, "ddl_reader", "secret")}.Tables(t.Context())
	require.ErrorContains(t, err, "run GRANT PROCESS ON *.* for the user")
}

// quotedNames closes the quotes of the names that begin with a table's.
func quotedNames(statement, name string) string {
	var b strings.Builder
	for i, piece := range strings.Split(statement, "`cdc_ddl-test`.`"+name) {
		if i > 0 {
			end := strings.IndexAny(piece+" ", " ,;")
			piece = "`cdc_ddl-test`.`" + name + piece[:end] + "`" + piece[end:]
		}
		b.WriteString(piece)
	}
	return b.String()
}

func opened(t *testing.T, server *storestest.Database, user, password string) *sql.DB {
	t.Helper()
	db, err := schema.Open(t.Context(), schema.Connection{Host: server.Host, Port: server.Port, User: user, Password: password, TLS: server.ClientTLS()})
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func tablesOf(t *testing.T, db *sql.DB) map[table.Name]*ddl.Table {
	t.Helper()
	all, err := ddl.Database{DB: db}.Tables(t.Context())
	require.NoError(t, err)
	return all
}

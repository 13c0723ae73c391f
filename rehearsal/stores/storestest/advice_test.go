package storestest_test

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/source/mysql"
	"cdcpipeline/rehearsal/stores/storestest"
	"cmp"
	"database/sql/driver"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every message of the bootstrap says what to do. This test follows each way literally: it runs SQL as the named
// user, and applies settings through the configuration. Afterwards the finding must be better.

// situation is a database that is not ready, and its configuration.
type situation struct {
	name string
	// sql makes the database as root; undo removes what is outside the database advice.
	sql, undo string
	tables    []config.Table
	change    func(*config.Config)
	// alone is for state that a server remembers: it gets its own server.
	alone bool
	// check is the finding's name; ways are the ways in its advice, by the words that name them.
	check string
	ways  []string
}

func one(name string) []config.Table { return []config.Table{{Database: "advice", Table: name}} }

var everyTable = one("%")

func cascades(to config.Cascades) func(*config.Config) {
	return func(c *config.Config) { c.Source.Cascades = to }
}

func omit(columns ...string) []config.Table {
	return []config.Table{{Database: "advice", Table: "t", OmitColumns: columns}}
}

func filtered(column string) []config.Table {
	return []config.Table{{Database: "advice", Table: "t", Filters: []config.Filter{{Column: column, Operator: config.FilterNotNull}}}}
}

func variable(name, wrong, right string) situation {
	return situation{
		name: name + " " + wrong, sql: "CREATE TABLE advice.t (id INT PRIMARY KEY); SET GLOBAL " + name + " = " + wrong, undo: "SET GLOBAL " + name + " = " + right,
		tables: one("t"), check: name, ways: []string{"setting"},
	}
}

const parent = "CREATE TABLE advice.parent (id INT, tenant INT, PRIMARY KEY (id, tenant)); CREATE TABLE advice.t (id INT PRIMARY KEY, p INT, q INT, CONSTRAINT of_parent FOREIGN KEY (p, q) REFERENCES advice.parent (id, tenant) "

var situations = []situation{
	{name: "no key", sql: "CREATE TABLE advice.t (ID INT, a INT)", tables: one("t"), check: "table advice.t", ways: []string{"sql"}},
	{name: "no key, but numbers", sql: "CREATE TABLE advice.t (n INT AUTO_INCREMENT, KEY (n))", tables: one("t"), check: "table advice.t", ways: []string{"sql"}},
	{name: "an invisible column", sql: `CREATE TABLE advice.t (id INT PRIMARY KEY, pin ENUM('a INVISIBLE','b''c') NOT NULL INVISIBLE DEFAULT 'b''c' COMMENT 'INVISIBLE, to some')`, tables: one("t"), check: "invisible column pin of advice.t", ways: []string{"sql", "omit"}},
	{name: "an invisible column of a pattern", sql: "CREATE TABLE advice.t (id INT PRIMARY KEY, pin INT INVISIBLE)", tables: everyTable, check: "invisible column pin of advice.t", ways: []string{"sql", "omit"}},
	{name: "an invisible key", sql: "CREATE TABLE advice.t (id INT INVISIBLE AUTO_INCREMENT PRIMARY KEY, a INT)", tables: one("t"), check: "invisible column id of advice.t", ways: []string{"sql"}},
	{name: "a stored column", sql: "CREATE TABLE advice.t (id INT PRIMARY KEY, twice INT AS (id * 2) STORED)", tables: one("t"), check: "computed column twice of advice.t", ways: []string{"omit"}},
	{name: "a virtual column", sql: "CREATE TABLE advice.t (id INT PRIMARY KEY, twice INT AS (id * 2) VIRTUAL)", tables: one("t"), check: "computed column twice of advice.t", ways: []string{"omit"}},
	{name: "a compressed column", sql: "CREATE TABLE advice.t (id INT PRIMARY KEY, memo VARCHAR(100) COMPRESSED DEFAULT 'x')", tables: one("t"), check: "compressed column memo of advice.t", ways: []string{"sql"}},
	{name: "a compressed LOB", sql: "CREATE TABLE advice.t (id INT PRIMARY KEY, memo TEXT COMPRESSED)", tables: one("t"), check: "compressed column memo of advice.t", ways: []string{"sql"}},
	{name: "a compressed column of a table that is not followed", sql: "CREATE TABLE advice.t (id INT PRIMARY KEY); CREATE TABLE advice.u (id INT PRIMARY KEY, memo TEXT COMPRESSED COMMENT 'COMPRESSED')", tables: one("t"), check: "compressed column memo of advice.u", ways: []string{"sql"}},
	{name: "former times", sql: "SET GLOBAL mysql56_temporal_format = OFF; CREATE TABLE advice.t (id INT PRIMARY KEY, at DATETIME(3)); SET GLOBAL mysql56_temporal_format = ON", tables: one("t"), check: "format of column at of advice.t", ways: []string{"sql"}},
	{name: "former times for ever", sql: "SET GLOBAL mysql56_temporal_format = OFF; CREATE TABLE advice.t (id INT PRIMARY KEY, at TIMESTAMP(3))", undo: "SET GLOBAL mysql56_temporal_format = ON", tables: one("t"), check: "format of column at of advice.t", ways: []string{"sql"}},
	{name: "a back-tick", sql: "CREATE TABLE advice.t (id INT PRIMARY KEY, `a``b` INT, a_b INT)", tables: one("t"), check: "name of column a`b of advice.t", ways: []string{"sql"}},
	{name: "a single quote", sql: "CREATE TABLE advice.t (id INT PRIMARY KEY, `a'b` INT)", tables: one("t"), check: "name of column a'b of advice.t", ways: []string{"sql"}},
	{name: "a long key", sql: "CREATE TABLE advice.t (id VARCHAR(300) PRIMARY KEY); INSERT INTO advice.t VALUES (REPEAT('x', 300))", tables: append(one("t"), config.Table{Database: "testdb", Table: "retail_trans"}), check: "longest key of advice.t", ways: []string{"take out"}},
	{name: "a dot in a column", sql: "CREATE TABLE advice.t (id INT PRIMARY KEY, `a.b` INT, a_b INT)", tables: one("t"), check: "name of column a.b of advice.t", ways: []string{"sql", "dotted"}},
	{name: "a dot", sql: "CREATE TABLE advice.t (id INT PRIMARY KEY); CREATE TABLE advice.`a.b` (id INT PRIMARY KEY)", tables: everyTable, check: "name of advice.a.b", ways: []string{"sql", "exclude"}},
	{name: "spaces and quotes", sql: "CREATE TABLE advice.t (id INT PRIMARY KEY); CREATE TABLE advice.`it's ``1``` (id INT PRIMARY KEY)", tables: everyTable, check: "name of advice.it's `1`", ways: []string{"sql", "exclude"}},
	{name: "system versions", sql: "CREATE TABLE advice.t (id INT PRIMARY KEY) WITH SYSTEM VERSIONING", tables: append(one("t"), config.Table{Database: "testdb", Table: "retail_trans"}), check: "table advice.t", ways: []string{"sql", "take out"}},
	{name: "system versions of a pattern", sql: "CREATE TABLE advice.t (id INT PRIMARY KEY) WITH SYSTEM VERSIONING; CREATE TABLE advice.u (id INT PRIMARY KEY)", tables: everyTable, check: "table advice.t", ways: []string{"sql", "exclude"}},
	{name: "a view", sql: "CREATE VIEW advice.t AS SELECT 1 AS a", tables: append(one("t"), config.Table{Database: "testdb", Table: "retail_trans"}), check: "table advice.t", ways: []string{"take out"}},
	{name: "rows deleted by a foreign key", sql: parent + "ON DELETE CASCADE)", tables: one("t"), check: "foreign key of_parent of advice.t", ways: []string{"sql"}},
	{name: "rows changed by a foreign key", sql: parent + "ON DELETE SET NULL ON UPDATE CASCADE)", tables: everyTable, change: cascades(config.CascadesFail), check: "foreign key of_parent of advice.t", ways: []string{"sql", "cascades"}},
	{name: "partitions", sql: "CREATE TABLE advice.t (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 3", tables: one("t"), check: "partitions of advice.t", ways: []string{"sql"}},
	{name: "a prepared transaction", sql: "CREATE TABLE advice.t (id INT PRIMARY KEY); XA START 'it''s','b',7; INSERT INTO advice.t VALUES (1); XA END 'it''s','b',7; XA PREPARE 'it''s','b',7", alone: true, tables: one("t"), check: "XA transactions", ways: []string{"sql"}},
	{name: "a LOB too long for the setting", sql: "CREATE TABLE advice.t (id INT PRIMARY KEY, doc LONGTEXT); INSERT INTO advice.t VALUES (1, REPEAT('x', 200000))", tables: one("t"), check: "largest LOB of advice.t", ways: []string{"lob"}},
	{name: "a LOB too long for DMS", sql: "CREATE TABLE advice.t (id INT PRIMARY KEY, doc LONGTEXT); INSERT INTO advice.t VALUES (1, REPEAT('x', 2000000))", tables: one("t"), check: "largest LOB of advice.t", ways: []string{"omit"}},
	{name: "a table that is missing", sql: "CREATE TABLE advice.u (id INT PRIMARY KEY)", tables: append(one("t"), one("u")...), check: "table advice.t", ways: []string{"create", "schema", "take out"}},
	{name: "a table in another case", sql: "CREATE TABLE advice.Orders (id INT PRIMARY KEY)", tables: one("orders"), check: "table advice.orders", ways: []string{"spelling"}},
	{name: "a pattern of nothing", sql: "CREATE TABLE advice.t (id INT PRIMARY KEY)", tables: []config.Table{{Database: "advice", Table: "t"}, {Database: "advice", Table: "order%"}}, check: "tables advice.order%", ways: []string{"create", "take out"}},
	{name: "an omitted column in another case", sql: "CREATE TABLE advice.t (id INT PRIMARY KEY, pin INT)", tables: omit("PIN"), check: "omitted column PIN of advice.t", ways: []string{"letters"}},
	{name: "an omitted key", sql: "CREATE TABLE advice.t (id INT PRIMARY KEY, pin INT)", tables: omit("id"), check: "omitted column id of advice.t", ways: []string{"no omission"}},
	{name: "an omitted column like two", sql: "CREATE TABLE advice.t (id INT PRIMARY KEY, p_n INT, pin INT)", tables: omit("p_n"), check: "omitted column p_n of advice.t", ways: []string{"both", "no omission"}},
	{name: "a filter on a LOB", sql: "CREATE TABLE advice.t (id INT PRIMARY KEY, doc LONGTEXT)", tables: filtered("doc"), check: "filtered column doc of advice.t", ways: []string{"filter"}},
	{name: "a filter on a computed column", sql: "CREATE TABLE advice.t (id INT PRIMARY KEY, twice INT AS (id * 2) STORED)", tables: filtered("twice"), check: "filtered column twice of advice.t", ways: []string{"filter"}},
	{name: "a plugin that DMS does not speak", sql: "CREATE TABLE advice.t (id INT PRIMARY KEY); CREATE USER 'cdc_test'@'%' IDENTIFIED VIA mysql_old_password USING '5d2e19393cc5ef67' REQUIRE SSL", tables: one("t"), check: "replication user's authentication plugin", ways: []string{"sql"}},
	variable("binlog_format", "MIXED", "ROW"),
	variable("binlog_row_image", "MINIMAL", "FULL"),
	variable("binlog_row_image", "FULL_NODUP", "FULL"),
	variable("binlog_checksum", "CRC32", "NONE"),
	variable("log_bin_compress", "ON", "OFF"),
	variable("max_statement_time", "10", "0"),
}

func TestRealServerIsReadyWhenItsAdviceIsFollowed(t *testing.T) {
	for _, s := range situations {
		for _, name := range s.ways {
			t.Run(s.name+": "+name, func(t *testing.T) {
				server := storestest.MariaDB
				if s.alone {
					server = func(t testing.TB) *storestest.Database { return storestest.MariaDBWith(t) }
				}
				r := connectTo(t, server(t))
				t.Cleanup(func() { r.exec(cmp.Or(s.undo, "DO 0") + "; DROP DATABASE IF EXISTS advice") })
				r.exec("CREATE DATABASE advice")
				r.execAndLeave(s.sql)
				c := config.Config{Source: config.Source{Tables: slices.Clone(s.tables), SchemaFiles: []string{"tables.sql"}}}
				if s.change != nil {
					s.change(&c)
				}
				found, before := r.finding(c, s.check)
				require.Containsf(t, []mysql.Status{mysql.Failed, mysql.Warning}, before.Status, "%s of %v", s.check, found)
				require.ElementsMatch(t, s.ways, said(before), "ways that the advice says: %s", before.Advice)
				ways[name].follow(r, &c, before)
				require.NoError(t, c.WithDefaults().Validate(), "the configuration takes what is advised")
				_, after := r.finding(c, s.check)
				require.NotEqual(t, mysql.Failed, after.Status, after)
				require.NotEqual(t, before.Status, after.Status, after)
			})
		}
	}
}

// execAndLeave runs statements in a session that ends: one that has prepared a transaction takes nothing else.
func (r *realServer) execAndLeave(statements string) {
	r.t.Helper()
	session, err := r.root.Conn(r.t.Context())
	require.NoError(r.t, err)
	_, err = session.ExecContext(r.t.Context(), statements)
	require.NoError(r.t, err)
	require.ErrorIs(r.t, session.Raw(func(any) error { return driver.ErrBadConn }), driver.ErrBadConn)
}

// finding runs the bootstrap as a deployment of the configuration would.
func (r *realServer) finding(c config.Config, check string) (mysql.Findings, mysql.Finding) {
	r.t.Helper()
	c = c.WithDefaults()
	req := mysql.Request{
		BinlogRetentionHours: c.Source.BinlogRetentionHours, LobMaxSizeKb: c.Replication.LobMaxSizeKb,
		FailOnCascades: c.Source.Cascades == config.CascadesFail, AcceptDottedColumns: c.Source.DottedColumns == config.DottedColumnsWarn,
	}
	for _, t := range c.Source.Tables {
		at := mysql.Table{Database: t.Database, Table: t.Table}
		rule := mysql.ColumnRule{Table: at, Omit: t.OmitColumns}
		for _, f := range t.Filters {
			rule.Filter = append(rule.Filter, f.Column)
		}
		req.Tables, req.Columns = append(req.Tables, at), append(req.Columns, rule)
	}
	req.Schema = mysql.DefaultSchema(req.Tables)
	for _, file := range c.Source.SchemaFiles[1:] {
		req.Schema = append(req.Schema, mysql.Script{Name: "advised", SQL: file})
	}
	for _, t := range c.Source.Exclude {
		req.Exclude = append(req.Exclude, mysql.Table{Database: t.Database, Table: t.Table})
	}
	findings, _ := r.run(r.user(password), req)
	i := slices.IndexFunc(findings.Checks, func(f mysql.Finding) bool { return f.Check == check })
	if i < 0 {
		return findings, mysql.Finding{}
	}
	return findings, findings.Checks[i]
}

func TestRealServerIsReadyWhenItsAdviceIsFollowedAfterACheck(t *testing.T) {
	r := connectReal(t)
	_, err := r.run(r.user(password), r.request())
	require.NoError(t, err)
	req := r.request()
	req.CheckOnly, req.BinlogRetentionHours = true, 30
	r.exec("REVOKE ALL, GRANT OPTION FROM 'cdc_test'@'%'; GRANT USAGE ON *.* TO 'cdc_test'@'%'")
	findings, err := r.run(r.user(password), req)
	require.Error(t, err)
	for _, f := range findings.Checks {
		for _, statement := range f.SQL {
			r.asAdministrator(statement)
		}
	}
	_, err = r.run(r.user(password), req)
	require.NoError(t, err)

	r.exec("CALL mysql.rds_set_configuration('binlog retention hours', 25)")
	findings, err = r.run(r.user(password), req)
	require.ErrorContains(t, err, "or lower source.binlogRetentionHours from 30 to 25")
	require.NoError(t, config.Config{Source: config.Source{BinlogRetentionHours: 25}}.WithDefaults().Validate())
	req.BinlogRetentionHours = 25
	_, err = r.run(r.user(password), req)
	require.NoError(t, err, findings)
}

func TestRealServerOfOnesOwnIsReadyWhenItsAdviceIsFollowed(t *testing.T) {
	r := connectReal(t)
	r.withoutRDS()
	r.exec("SET GLOBAL binlog_expire_logs_seconds = 3600")
	findings, err := r.run(r.user(password), r.request())
	require.ErrorContains(t, err, "run SET GLOBAL binlog_expire_logs_seconds = 86400, and write it into the server's configuration")
	i := slices.IndexFunc(findings.Checks, func(f mysql.Finding) bool { return f.Check == "binlog retention" })
	r.exec(findings.Checks[i].SQL[0])
	_, err = r.run(r.user(password), r.request())
	require.NoError(t, err)
}

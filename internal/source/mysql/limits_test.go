package mysql

import (
	"context"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
)

func TestWhatDMSCannotReadOfABinaryLog(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*fakeServer)
		check  string
		want   string
		advice string
	}{
		"an enhanced one":                    {func(f *fakeServer) { f.status["aurora_enhanced_binlog"] = "ACTIVE" }, "aurora_enhanced_binlog", "failed: ACTIVE", "set aurora_enhanced_binlog to 0, binlog_backup to 1"},
		"one that will be enhanced":          {func(f *fakeServer) { f.variables["aurora_enhanced_binlog"] = "1" }, "aurora_enhanced_binlog", "failed: ACTIVE", "set aurora_enhanced_binlog to 0"},
		"one that is not enhanced":           {func(f *fakeServer) { f.status["aurora_enhanced_binlog"] = "INACTIVE" }, "aurora_enhanced_binlog", "ok: INACTIVE", ""},
		"a server that knows of none":        {func(*fakeServer) {}, "aurora_enhanced_binlog", "not applicable", ""},
		"a file too large":                   {func(f *fakeServer) { f.logs = append(f.logs, []string{"mysql-bin.000002", "4294967297"}) }, "size of binary logs", "warning: 4294967297 bytes of mysql-bin.000002", "write less in one transaction"},
		"files of any size that is read":     {func(f *fakeServer) { f.logs[0][1] = "4294967296" }, "size of binary logs", "ok: below 4 GB", ""},
		"a replica that logs nothing":        {func(f *fakeServer) { f.variables["log_replica_updates"], f.replica = "OFF", true }, "log_replica_updates", "failed: OFF", "set log_replica_updates to ON in the parameter group"},
		"a replica of an older server":       {func(f *fakeServer) { f.variables["log_slave_updates"], f.replica = "OFF", true }, "log_slave_updates", "failed: OFF", "set log_slave_updates to ON"},
		"a replica that logs":                {func(f *fakeServer) { f.variables["log_replica_updates"], f.replica = "ON", true }, "log_replica_updates", "ok: ON", ""},
		"no replica":                         {func(f *fakeServer) { f.variables["log_replica_updates"] = "OFF" }, "log_replica_updates", "ok: OFF, for a server that is no replica", ""},
		"a row image that leaves values out": {func(f *fakeServer) { f.variables["binlog_row_image"] = "FULL_NODUP" }, "binlog_row_image", "failed: FULL_NODUP", "set binlog_row_image to FULL in the parameter group"},
		"a row image of a session":           {func(*fakeServer) {}, "binlog_row_image", "ok: full (the server's: what a session sets for itself is not seen)", ""},
		"compressed events":                  {func(f *fakeServer) { f.variables["log_bin_compress"] = "ON" }, "log_bin_compress", "failed: ON", "set log_bin_compress to OFF in the parameter group"},
	} {
		t.Run(name, func(t *testing.T) {
			f := aurora()
			c.change(f)
			findings, err := runOn(f, defaultRequest())
			require.Equal(t, c.want, findings.Summary()[c.check])
			require.Contains(t, named(findings, c.check).Advice, c.advice)
			require.Equal(t, strings.HasPrefix(c.want, "failed"), err != nil)
		})
	}
}

func TestTransactionsOfTheXAProtocol(t *testing.T) {
	const check = "XA transactions"
	f := aurora()
	findings, err := runOn(f, defaultRequest())
	require.NoError(t, err)
	require.Equal(t, "ok: none prepared since the server started", findings.Summary()[check])

	f.status["Com_xa_prepare"] = "7"
	findings, err = runOn(f, defaultRequest())
	require.NoError(t, err)
	require.Equal(t, []string{"XA transactions is 7 prepared since the server started: start or reload the task only while none is prepared (XA RECOVER)"}, findings.Warnings())

	f.variables["version"] = "11.4.5-MariaDB-log"
	findings, _ = runOn(f, defaultRequest())
	require.Contains(t, named(findings, check).Advice, "write followed tables in ordinary transactions: DMS supports no XA transactions of MariaDB")

	f.prepared = [][]string{{"1", "3", "1", "abc\x01"}}
	_, err = runOn(f, defaultRequest())
	require.ErrorContains(t, err, "XA transactions is 1 transaction prepared and not committed: run XA COMMIT X'616263', X'01', 1 (or XA ROLLBACK with the same)")
}

// deaf refuses one query.
type deaf struct {
	*fakeServer
	question string
	number   uint16
}

func (d deaf) Query(ctx context.Context, query string, args ...any) ([][]string, error) {
	if strings.HasPrefix(query, d.question) {
		return nil, &mysql.MySQLError{Number: d.number, Message: "you may not"}
	}
	return d.fakeServer.Query(ctx, query, args...)
}

func TestWhoMayNotSeeIsNotHeldUp(t *testing.T) {
	for question, number := range map[string]uint16{"XA RECOVER": 1401, "SHOW BINARY LOGS": 1227, "SHOW REPLICA STATUS": 1227} {
		f := aurora()
		f.variables["log_replica_updates"] = "OFF"
		_, err := Run(t.Context(), deaf{f, question, number}, f.login, replication, defaultRequest())
		require.NoError(t, err, question)
		_, err = Run(t.Context(), deaf{f, question, 2013}, f.login, replication, defaultRequest())
		require.ErrorContains(t, err, "you may not", "another error is told")
	}
	f := aurora()
	f.variables["log_replica_updates"], f.replica = "OFF", true
	_, err := Run(t.Context(), deaf{f, "SHOW REPLICA STATUS", 1064}, f.login, replication, defaultRequest())
	require.ErrorContains(t, err, "SHOW SLAVE STATUS", "older servers have another word")
}

func TestPartitionsAreWarnedOf(t *testing.T) {
	f, req := orders()
	table := f.tables[req.Tables[0]]
	table.options = "partitioned"
	f.tables[req.Tables[0]] = table
	findings, err := runOn(f, req)
	require.NoError(t, err)
	require.Equal(t, []string{"partitions of my_shop.orders is not followed when they are dropped, emptied or exchanged: run ALTER TABLE `my_shop`.`orders` REMOVE PARTITIONING, " +
		"or delete rows by DELETE alone, and run cdc start --reload-table my_shop.orders after ALTER TABLE … PARTITION"}, findings.Warnings())
}

func TestASystemVersionedTableFailsByNameAndBehindAPattern(t *testing.T) {
	for _, pattern := range []bool{false, true} {
		f, req := shop()
		f.tables[Table{Database: "my_shop", Table: "prices"}] = fakeTable{kind: "SYSTEM VERSIONED"}
		want := "table my_shop.prices is a system-versioned table, which DMS does not support: run ALTER TABLE `my_shop`.`prices` DROP SYSTEM VERSIONING, which deletes its former rows, or "
		way := `add {database: "my_shop", table: "prices"} to source.exclude`
		if !pattern {
			req.Tables, req.Exclude, way = []Table{{Database: "my_shop", Table: "prices"}}, nil, "take it out of source.tables"
		}
		findings, err := runOn(f, req)
		require.ErrorContains(t, err, want+way)
		if pattern {
			require.Equal(t, "ok: 2 tables", findings.Summary()["tables my_shop.%"])
		}
	}
}

func TestAKeyIsMadeByTheStatementThatIsSaid(t *testing.T) {
	for want, columns := range map[string][][]string{
		"ALTER TABLE `my_shop`.`orders` ADD COLUMN `id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY":   {{"memo", "int", "YES"}},
		"ALTER TABLE `my_shop`.`orders` ADD COLUMN `id_2` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY": {{"ID", "int", "YES"}},
		"ALTER TABLE `my_shop`.`orders` ADD PRIMARY KEY (`n`)":                                                 {{"n", "int", "NO", "auto_increment"}},
	} {
		f, req := orders()
		f.tables[req.Tables[0]] = fakeTable{kind: "BASE TABLE", columns: columns}
		findings, err := runOn(f, req)
		require.ErrorContains(t, err, "table my_shop.orders is without a primary key: run "+want+", or make another of its columns the key")
		require.Equal(t, []string{want}, named(findings, "table my_shop.orders").SQL)
	}
}

// The configuration does not accept a name with a dot or a space. A matching pattern works, unless it matches other
// tables too.
func TestATableWhoseNameCannotBeTakenIsLeftOutByAPattern(t *testing.T) {
	f, req := shop()
	f.tables[Table{Database: "my_shop", Table: "big.orders"}] = f.tables[Table{Database: "my_shop", Table: "orders"}]
	_, err := runOn(f, req)
	require.ErrorContains(t, err, "run RENAME TABLE `my_shop`.`big.orders` TO `my_shop`.`big_orders`, or add {database: \"my_shop\", table: \"big%orders\"} to source.exclude")
	f.tables[Table{Database: "my_shop", Table: "big_orders"}] = f.tables[Table{Database: "my_shop", Table: "orders"}]
	_, err = runOn(f, req)
	require.ErrorContains(t, err, "RENAME TABLE `my_shop`.`big.orders` TO `my_shop`.`big_orders_2`, or name the tables beside it one by one in source.tables")
}

func TestADatabaseWhoseNameCannotBeTakenIsLeftOut(t *testing.T) {
	f, req := shop()
	req.Tables, req.Exclude = []Table{{Database: "%shop", Table: "%"}}, nil
	f.tables[Table{Database: "big.shop", Table: "orders"}] = f.tables[Table{Database: "my_shop", Table: "orders"}]
	findings, err := runOn(f, req)
	require.ErrorContains(t, err, `is not one that an index or an object key can hold: add {database: "big%shop", table: "orders"} to source.exclude`)
	require.Empty(t, named(findings, "name of big.shop.orders").SQL, "no statement renames a database")
}

func TestEveryMissingPrivilegeIsSaid(t *testing.T) {
	f, req := checked()
	f.users["cdc"].privileges = map[string]bool{}
	findings, err := runOn(f, req)
	require.Error(t, err)
	require.Equal(t, []string{
		"GRANT REPLICATION CLIENT ON *.* TO 'cdc'@'%'", "GRANT REPLICATION SLAVE ON *.* TO 'cdc'@'%'", "GRANT SELECT ON `my\\_shop`.* TO 'cdc'@'%'",
	}, named(findings, checkPrivileges).SQL)
}

func TestTheRetentionIsLoweredToWhatTheConfigurationTakes(t *testing.T) {
	for hours, way := range map[string]string{"12": "as the administrator", "30": "as the administrator, or lower source.binlogRetentionHours from 48 to 30"} {
		f, req := checked()
		f.retention, req.BinlogRetentionHours = hours, 48
		findings, _ := runOn(f, req)
		require.Equal(t, "run CALL mysql.rds_set_configuration('binlog retention hours', 48) "+way, named(findings, retentionCheck).Advice)
	}
}

func TestAServerOfOnesOwnIsToldWhatToSet(t *testing.T) {
	for variable, want := range map[string]string{
		"binlog_expire_logs_seconds": "SET GLOBAL binlog_expire_logs_seconds = 108000", "expire_logs_days": "SET GLOBAL expire_logs_days = 2",
	} {
		f := aurora()
		f.rds = false
		f.variables[variable] = "1"
		req := defaultRequest()
		req.BinlogRetentionHours = 30
		findings, _ := runOn(f, req)
		require.Equal(t, []string{want}, named(findings, retentionCheck).SQL)
	}
}

func TestAMissingTableIsNotToBeMadeByACheck(t *testing.T) {
	f, req := checked()
	req.Tables = append(req.Tables, Table{Database: "stock", Table: "bins"})
	findings, err := runOn(f, req)
	require.Error(t, err)
	require.Equal(t, "create it, or take it out of source.tables", named(findings, "table stock.bins").Advice, "a check runs no files")
}

func TestALobThatIsTooLongMayBeLeftOut(t *testing.T) {
	f, req := orders([]string{"memo", "longtext", "YES"})
	table := f.tables[req.Tables[0]]
	table.longest = "2000000"
	f.tables[req.Tables[0]] = table
	_, err := runOn(f, req)
	require.ErrorContains(t, err, "DMS takes at most 1024 KB: shorten the value, or keep the column in a table that is not followed, or add memo to omitColumns of my_shop.orders")
}

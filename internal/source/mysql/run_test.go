package mysql

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var replication = Credentials{Username: "cdc", Password: "s3cret-word"}

func defaultRequest() Request {
	tables := []Table{RetailTrans}
	return Request{BinlogRetentionHours: 24, LobMaxSizeKb: 64, Tables: tables, Schema: DefaultSchema(tables)}
}

func runOn(f *fakeServer, req Request) (Findings, error) {
	return Run(context.Background(), f, f.login, replication, req)
}

func TestAnEmptyDatabaseIsPrepared(t *testing.T) {
	f := aurora()
	findings, err := runOn(f, defaultRequest())
	require.NoError(t, err)
	require.Equal(t, "8.0.39 (Aurora 3.10.4)", findings.Server)
	require.Equal(t, []string{
		"binlog retention hours: 24, was 0", "database testdb", "table testdb.retail_trans", "user cdc",
		"granted REPLICATION CLIENT ON *.*", "granted REPLICATION SLAVE ON *.*", "granted SELECT ON `testdb`.`retail_trans`",
	}, findings.Changed)
	require.Equal(t, "ok: 24 h", findings.Summary()["binlog retention"])
	require.Equal(t, "ok: primary key (trans_id)", findings.Summary()["table testdb.retail_trans"])
	require.Equal(t, "not applicable", findings.Summary()["log_bin_compress"])
}

func TestASecondRunChangesNothing(t *testing.T) {
	f := aurora()
	_, err := runOn(f, defaultRequest())
	require.NoError(t, err)
	f.statements = nil
	findings, err := runOn(f, defaultRequest())
	require.NoError(t, err)
	require.Empty(t, findings.Changed)
	require.Equal(t, []string{retailTrans}, f.statements, "the scripts, which are idempotent, and nothing else")
}

func TestAWrongVariableFailsWithWhatToDo(t *testing.T) {
	for variable, wrong := range map[string]string{
		"log_bin": "OFF", "binlog_format": "MIXED", "binlog_row_image": "MINIMAL", "binlog_checksum": "CRC32",
		"binlog_transaction_compression": "ON", "binlog_row_value_options": "PARTIAL_JSON", "server_id": "0",
	} {
		t.Run(variable, func(t *testing.T) {
			f := aurora()
			f.variables[variable] = wrong
			findings, err := runOn(f, defaultRequest())
			require.ErrorContains(t, err, variable+" is "+wrong+": ")
			require.Equal(t, "failed: "+wrong, findings.Summary()[variable])
			require.Regexp(t, "parameter group|configuration", err.Error(), "the message says what to do")
		})
	}
}

func TestEveryFailureComesBackAtOnce(t *testing.T) {
	f := aurora()
	f.variables["binlog_format"] = "STATEMENT"
	f.variables["binlog_checksum"] = "CRC32"
	req := defaultRequest()
	req.Tables = append(req.Tables, Table{Database: "testdb", Table: "absent"})
	_, err := runOn(f, req)
	var problems Problems
	require.ErrorAs(t, err, &problems)
	require.Len(t, problems, 3)
	require.NotContains(t, err.Error(), "\n", "Lambda's answer is JSON: a line break would be an escape in it")
}

func TestAReaderIsLeftAlone(t *testing.T) {
	f := aurora()
	f.variables["innodb_read_only"] = "ON"
	_, err := runOn(f, defaultRequest())
	require.ErrorContains(t, err, "cluster endpoint")
	require.Empty(t, f.statements)
}

func TestOptionalVariablesAreNotApplicableWhereMissing(t *testing.T) {
	f := aurora()
	f.variables["version"] = "11.4.5-MariaDB-log"
	delete(f.variables, "aurora_version")
	delete(f.variables, "binlog_transaction_compression")
	delete(f.variables, "binlog_row_value_options")
	findings, err := runOn(f, defaultRequest())
	require.NoError(t, err)
	require.Equal(t, "not applicable", findings.Summary()["binlog_transaction_compression"])
	require.Equal(t, "not applicable", findings.Summary()["binlog_row_value_options"])
}

func TestAServerOfOnesOwnMustKeepItsBinaryLog(t *testing.T) {
	for seconds, want := range map[string]string{"3600": "failed: 3600 s", "86400": "ok: 86400 s", "0": "ok: 0 s"} {
		t.Run(seconds, func(t *testing.T) {
			f := aurora()
			f.rds = false
			f.variables["binlog_expire_logs_seconds"] = seconds
			findings, _ := runOn(f, defaultRequest())
			require.Equal(t, want, findings.Summary()["binlog retention"])
		})
	}
}

func TestLobs(t *testing.T) {
	cases := []struct {
		name, column string
		table        fakeTable
		want         string
	}{
		{"a type that cannot exceed the limit is not read", "tinytext", fakeTable{longest: "9999999"}, ""},
		{"a short value passes", "longtext", fakeTable{longest: "2048"}, "ok: 2 KB in lob"},
		{"an empty table passes", "json", fakeTable{}, "ok: none yet"},
		{"a long value fails", "json", fakeTable{longest: "65537"}, "failed: 65 KB in lob"},
		{"a table too large to read is a warning", "longblob", fakeTable{slow: true}, "warning: not measured within 45 s"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := aurora()
			table := retailTransTable()
			table.columns = append(table.columns, []string{"lob", c.column, "YES"})
			table.longest, table.slow = c.table.longest, c.table.slow
			f.tables[RetailTrans] = table
			req := defaultRequest()
			req.Schema = nil
			findings, _ := runOn(f, req)
			require.Equal(t, c.want, findings.Summary()["largest LOB of testdb.retail_trans"])
		})
	}
}

func TestTheUserKeepsOnlyWhatItNeeds(t *testing.T) {
	f := aurora()
	f.users["cdc"] = &fakeUser{password: "old", plugin: "caching_sha2_password", privileges: map[string]bool{"SELECT ON *.*": true, "ALL PRIVILEGES ON `testdb`.*": true}}
	findings, err := runOn(f, defaultRequest())
	require.NoError(t, err)
	require.Equal(t, map[string]bool{"REPLICATION CLIENT ON *.*": true, "REPLICATION SLAVE ON *.*": true, "SELECT ON `testdb`.`retail_trans`": true}, f.users["cdc"].privileges)
	require.Equal(t, "ANY", f.users["cdc"].tls)
	require.Equal(t, replication.Password, f.users["cdc"].password)
	require.Contains(t, findings.Changed, "password of user cdc")
}

func TestAPluginThatDMSDoesNotSpeakFails(t *testing.T) {
	f := aurora()
	f.users["cdc"] = &fakeUser{password: replication.Password, plugin: "ed25519", tls: "ANY", privileges: map[string]bool{}}
	_, err := runOn(f, defaultRequest())
	require.ErrorContains(t, err, "authentication plugin is ed25519")
}

func TestNoMessageHoldsThePassword(t *testing.T) {
	f := aurora()
	f.refuse = "CREATE USER"
	_, err := runOn(f, defaultRequest())
	require.ErrorContains(t, err, "creating user cdc")
	require.NotContains(t, err.Error(), replication.Password)
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		require.NotContains(t, fmt.Sprintf(format, replication), replication.Password)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "user", replication)
	require.NotContains(t, log.String(), replication.Password)
}

func TestDelimiterIsRefused(t *testing.T) {
	req := defaultRequest()
	req.Schema = []Script{{Name: "p.sql", SQL: "DELIMITER //\nCREATE PROCEDURE x() BEGIN END//"}}
	_, err := runOn(aurora(), req)
	require.ErrorContains(t, err, "running p.sql: DELIMITER")
}

func TestQuoting(t *testing.T) {
	require.Equal(t, "`a``b`", quoteName("a`b"))
	require.Equal(t, `'a''b\\'`, quoteText(`a'b\`, false))
	require.Equal(t, `'a''b\'`, quoteText(`a'b\`, true))
}

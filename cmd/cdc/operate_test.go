package main

import (
	"bytes"
	"cdcpipeline/internal/operator/status"
	"cdcpipeline/internal/operator/tables"
	"cdcpipeline/internal/task"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

const deployed = `{"taskArn":"arn:aws:dms:us-east-1:123456789012:task:T","streamName":"s","searchUrl":"https://127.0.0.1:1","searchEndpoint":"127.0.0.1:1",
"searchMasterSecretArn":"` + secretArn + `","searchDeliveryName":"d","dashboardsUrl":"https://127.0.0.1:1/_dashboards/","historyIndex":"h","lakeBucket":"b","lakeErrorPrefix":"errors","lakeDeliveryName":"l",
"sourceHost":"db.local","sourcePort":3306,"sourceSecretArn":"` + secretArn + `","region":"us-east-1","accountId":"123456789012","reach":"direct","bastionInstanceId":""}`

func elevenTables() []string {
	var flags []string
	for i := range 11 {
		flags = append(flags, fmt.Sprintf("--reload-table=shop.t%d", i))
	}
	return append(flags, "--reload-table=shop.t0") // the same name twice counts once
}

func TestFlagsOfOperationsAreRefusedTogether(t *testing.T) {
	for _, c := range []struct {
		args     []string
		messages []string
	}{
		{[]string{"status", "--output", "xml", "--watch", "10ms", "--max-lag", "0s", "--within", "-1s"}, []string{`--output "xml": write table or json`, "--watch: must be at least 1s", "--max-lag: must be more", "--within: must be more"}},
		{[]string{"status", "--accept-table", "orders", "--no-database", "--port", "-1"}, []string{`--accept-table: table "orders": write database.table`, "--accept-table and --no-database: give only one of them", "--port: must be"}},
		{[]string{"start", "--reload", "--reload-table", "orders", "--reload-table", "a.b.c"}, []string{"--reload and --reload-table: give only one of them", `table "orders": write database.table`, `table "a.b.c"`}},
		{append([]string{"start", "--yes"}, elevenTables()...), []string{"--yes: give it only with --reload, which asks for confirmation", "--reload-table: you gave 11 tables, but DMS reloads at most 10 at a time"}},
		{[]string{"start", "--yes"}, []string{"--yes: give it only with --reload, which asks for confirmation"}},
		{[]string{"start", "--no-compare", "--port", "-1"}, []string{"--no-compare and --ignore-column: give them only with", "--port: must be"}},
		{[]string{"start", "--reload-table", "a.b", "--ignore-column", "a.b", "--host", "h"}, []string{`--ignore-column "a.b": write database.table.column`, "--host: give --secret-arn or --user too"}},
		{[]string{"epoch", "switch", "--table", "orders", "--epoch", "-1", "--timeout", "-1s", "--output", "xml", "--port", "-1"}, []string{`--table: table "orders": write database.table`, "--epoch: must be a number", "--timeout: must not be negative", "write table or json", "--port: must be"}},
		{[]string{"epoch", "rollback"}, []string{`required flag(s) "table" not set`}},
		{[]string{"epoch", "drop", "--table", "a.b"}, []string{"--yes: give it, because there is no terminal to ask for confirmation"}},
		{[]string{"epoch", "list", "--output", "xml"}, []string{"write table or json"}},
		{[]string{"tables", "run", "--timeout", "-1s"}, []string{"--timeout: must not be negative"}},
		{[]string{"tables", "status", "--output", "xml"}, []string{"write table or json"}},
		{[]string{"stop", "--timeout", "-1s"}, []string{"--timeout: must not be negative"}},
		{[]string{"tunnel", "search", "--port", "70000"}, []string{"--port: must be 1 to 65535, is 70000"}},
		{[]string{"generate", "--host", "h", "--engine", "oracle"}, []string{`--engine "oracle": write mysql or postgresql`}},
		{[]string{"generate", "--engine", "postgresql"}, []string{"--engine and --database: give them only with --host"}},
		{[]string{"generate", "--host", "h", "--engine", "postgresql"}, []string{"--database: name the database", "--host: give --secret-arn or --user too"}},
		{[]string{"generate", "--host", "h", "--database", "d"}, []string{"--database: give it only with --engine postgresql"}},
		{[]string{"stop", "now"}, []string{"unknown command"}},
		{[]string{"tunnel", "everything"}, []string{"unknown command"}},
	} {
		_, err := runs(t, c.args...)
		for _, message := range c.messages {
			require.ErrorContains(t, err, message)
		}
	}
}

func TestTunnelOfAStackWithoutBastionSaysThatNoneIsNeeded(t *testing.T) {
	stackOf(t, deployed, region)
	for command, address := range map[string]string{"search": "https://127.0.0.1:1", "dashboards": "https://127.0.0.1:1/_dashboards/", "db": "db.local:3306"} {
		_, err := runs(t, "tunnel", command)
		require.ErrorContains(t, err, "the stack has no bastion for a tunnel (search.reach is direct): from inside the VPC, or its Client VPN, connect directly to "+address+"; to get a tunnel, set search.reach to tunnel")
	}
}

func TestReloadOfEverythingIsConfirmed(t *testing.T) {
	_, err := runs(t, "start", "--reload")
	require.ErrorContains(t, err, "--reload: give --yes too, because there is no terminal to ask for confirmation")
	pulumi(t, "exit 7")
	for answer, message := range map[string]string{"\n": "nothing was changed", "n\n": "nothing was changed", "": "nothing was changed", "y\n": "exit status 7", "YES\n": "exit status 7"} {
		cmd := newStart(&stackFlags{dir: "."})
		f := &startFlags{options: task.StartOptions{Reload: true}, terminal: func(io.Reader) bool { return true }}
		var asked bytes.Buffer
		cmd.SetIn(strings.NewReader(answer))
		cmd.SetErr(&asked)
		cmd.SetContext(t.Context())
		require.ErrorContains(t, f.run(cmd, &stackFlags{dir: "."}), message, answer)
		require.Equal(t, "This stops the task if it runs, and loads every row of every table again. Go on? [y/N] ", asked.String())
	}
	_, err = runs(t, "start", "--reload", "--yes")
	require.ErrorContains(t, err, "exit status 7")
}

func TestStopOfAStoppedTaskIsNoError(t *testing.T) {
	awsAnswers(t, map[string]string{
		"GetCallerIdentity":        caller,
		"DescribeReplicationTasks": `{"ReplicationTasks":[{"ReplicationTaskArn":"arn:aws:dms:us-east-1:123456789012:task:T","Status":"stopped"}]}`,
	})
	stackOf(t, deployed, region)
	out, err := runs(t, "stop")
	require.NoError(t, err)
	require.Regexp(t, `^\d\d:\d\d:\d\d  the task is stopped: nothing to stop\n$`, out)
}

func TestStatusShowsWhatItCanAndEndsWith1(t *testing.T) {
	awsAnswers(t, map[string]string{
		"GetCallerIdentity":            caller,
		"DescribeReplicationTasks":     `{"ReplicationTasks":[{"ReplicationTaskArn":"arn:aws:dms:us-east-1:123456789012:task:T","ReplicationTaskIdentifier":"cdc","ReplicationInstanceArn":"i","Status":"running","MigrationType":"cdc"}]}`,
		"DescribeReplicationInstances": `{"ReplicationInstances":[{"ReplicationInstanceArn":"i","ReplicationInstanceIdentifier":"one"}]}`,
		"DescribeTableStatistics":      `{"TableStatistics":[{"SchemaName":"a","TableName":"b","TableState":"Table completed","Inserts":3}]}`,
	})
	stackOf(t, deployed, region)
	out, err := runs(t, "status", "-o", "json")
	require.ErrorIs(t, err, errUnhealthy)
	var s status.Status
	require.NoError(t, json.Unmarshal([]byte(out), &s))
	require.Equal(t, "running", s.Task.State)
	require.Equal(t, int64(3), s.Tables.List[0].Inserts)
	require.Contains(t, s.Search.Error, "AccessDeniedException: GetSecretValue is not allowed (your credentials need secretsmanager:GetSecretValue on it")
	require.NotContains(t, s.Search.Error, "RequestID")
	require.NotEmpty(t, s.Parked.Error)
	require.NotEmpty(t, s.Lag.Error)
	out, err = runs(t, "status")
	require.ErrorIs(t, err, errUnhealthy)
	require.Contains(t, out, "│ task   │ running")
	require.NotContains(t, out, "\x1b")
	require.Equal(t, 1, execute(t.Context(), []string{"status"}))
}

func TestLoadsAreToldEveryFewSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		l := &loads{tell: teller(&out)}
		for range 7 {
			l.show(task.Loading{Table: "a.b", State: "Full load", Rows: 5})
			time.Sleep(time.Second)
		}
		require.Equal(t, 2, strings.Count(out.String(), "a.b: Full load, 5 rows\n"))
	})
}

func TestTheAdviceIsForTheStackThatWasNamed(t *testing.T) {
	for name, want := range map[string]string{
		"":     "`pulumi config set --path 'cdc-pipeline:source.rowsSince[\"%.%\"]' 2026-01-31T12:00:00Z && pulumi up`",
		"prod": "`pulumi config set --stack prod --path 'cdc-pipeline:source.rowsSince[\"%.%\"]' 2026-01-31T12:00:00Z && pulumi up --stack prod`",
	} {
		var told string
		(&stackFlags{name: name}).adviseSince(func(format string, args ...any) { told = fmt.Sprintf(format, args...) }, anyTable, time.Date(2026, 1, 31, 12, 0, 0, 900, time.UTC), false)
		require.Contains(t, told, want)
	}
}

func TestAStackWithoutTablesSaysHowToHaveThem(t *testing.T) {
	stackOf(t, deployed, region)
	for _, command := range []string{"run", "replay", "upkeep", "status"} {
		_, err := runs(t, "tables", command)
		require.ErrorContains(t, err, "the stack keeps no lake tables (lake.tables.format is none): run `pulumi config set --path lake.tables.format iceberg`, then `pulumi up`")
	}
}

func TestTablesAreShownAndAStoppedOneIsAnError(t *testing.T) {
	until := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	notes := []tables.Note{{Table: "shop_a_table", Source: "shop.a", At: until, Until: &until, Rows: 3, Objects: 2, Bytes: 1_540_000, Refused: 1}, {Table: "shop_b_table", Source: "shop.b", At: until}}
	var shown bytes.Buffer
	require.NoError(t, printTables(&shown, "", notes))
	require.Regexp(t, `│ shop_a +│ shop.a +│ +3 │ +2 │ 1.5 MB │ 2026-11-28T09:00:00Z │ +1 │`, shown.String())
	require.Regexp(t, `│ shop_b +│ shop.b +│ +0 │ +0 │ 0.0 MB │ - +│ +0 │`, shown.String())
	shown.Reset()
	require.NoError(t, printTables(&shown, "", nil))
	require.Equal(t, "the job has not run yet: start it with `cdc tables run`\n", shown.String())
	require.ErrorContains(t, stoppedOf(append(notes, tables.Note{Table: "shop_c_table", Stopped: "no column x"})), "shop_c has stopped: no column x")
	require.NoError(t, stoppedOf(notes))
	require.EqualError(t, refusedOf(notes), "shop_a: the job refused 1 records; see the reason of each below errors/tables in the lake's bucket")
	require.NoError(t, refusedOf(notes[1:]))
}

package storestest_test

import (
	"cdcpipeline/internal/source/mysql"
	"cdcpipeline/internal/source/mysql/rdsca"
	"cdcpipeline/rehearsal/stores/storestest"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// realServer is the database with a master user like RDS's.
type realServer struct {
	t      *testing.T
	admin  mysql.Credentials
	server mysql.Server
	root   *sql.DB
}

func connectReal(t *testing.T) *realServer {
	t.Helper()
	return connectTo(t, storestest.MariaDB(t))
}

func connectTo(t *testing.T, database *storestest.Database) *realServer {
	t.Helper()
	r := &realServer{
		t: t, admin: mysql.Credentials{Username: "admin", Password: "Admin-password-1"}, root: database.Open(t),
		server: mysql.Server{Host: database.Host, Port: database.Port, Certificates: string(database.Authority.PEM())},
	}
	require.NoError(t, database.ApplyMaster(t.Context(), r.admin.Username, r.admin.Password))
	r.clean()
	t.Cleanup(r.clean)
	return r
}

func (r *realServer) exec(statements string) {
	r.t.Helper()
	_, err := r.root.Exec(statements)
	require.NoError(r.t, err)
}

func (r *realServer) count(query string) (n int) {
	r.t.Helper()
	require.NoError(r.t, r.root.QueryRow(query).Scan(&n))
	return n
}

func (r *realServer) clean() {
	r.exec("DROP DATABASE IF EXISTS testdb; DROP USER IF EXISTS 'cdc_test'@'%';" +
		"CALL mysql.rds_set_configuration('binlog retention hours', NULL)")
}

// withoutRDS removes RDS's additions from the server until the test ends.
func (r *realServer) withoutRDS() {
	r.t.Helper()
	for _, procedure := range []string{"mysql.rds_show_configuration", "mysql.rds_set_configuration"} {
		columns := make([]sql.NullString, 6)
		into := make([]any, len(columns))
		for i := range columns {
			into[i] = &columns[i]
		}
		require.NoError(r.t, r.root.QueryRow("SHOW CREATE PROCEDURE "+procedure).Scan(into...))
		r.exec("DROP PROCEDURE " + procedure)
		r.t.Cleanup(func() { r.exec("USE mysql; " + columns[2].String) })
	}
	r.exec("RENAME TABLE mysql.rds_configuration TO mysql.hidden_configuration")
	r.t.Cleanup(func() { r.exec("RENAME TABLE mysql.hidden_configuration TO mysql.rds_configuration") })
}

func (r *realServer) user(password string) mysql.Credentials {
	return mysql.Credentials{Username: "cdc_test", Password: password}
}

func (r *realServer) request(tables ...mysql.Table) mysql.Request {
	if len(tables) == 0 {
		tables = []mysql.Table{mysql.RetailTrans}
	}
	return mysql.Request{BinlogRetentionHours: 24, LobMaxSizeKb: 64, Tables: tables, Schema: mysql.DefaultSchema(tables)}
}

func (r *realServer) run(user mysql.Credentials, req mysql.Request) (mysql.Findings, error) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db, err := mysql.Connect(ctx, r.server, r.admin)
	require.NoError(r.t, err)
	defer func() { require.NoError(r.t, db.Close()) }()
	return mysql.Run(ctx, db, r.server.TryLogin, user, req)
}

const password = `Pa'ss\"wo"rd-1`

func TestRealServerIsPreparedOnce(t *testing.T) {
	r := connectReal(t)
	first, err := r.run(r.user(password), r.request())
	require.NoError(t, err)
	require.Contains(t, first.Changed, "user cdc_test")
	require.Contains(t, first.Changed, "table testdb.retail_trans")
	require.Contains(t, first.Changed, "binlog retention hours: 24, was 0")
	require.Equal(t, []string{"trans_id"}, first.Tables[0].PrimaryKey)
	require.Len(t, first.Tables[0].Columns, 7)

	second, err := r.run(r.user(password), r.request())
	require.NoError(t, err)
	require.Empty(t, second.Changed)
	require.Equal(t, first.Checks, second.Checks)
	for _, check := range second.Checks {
		require.Containsf(t, []mysql.Status{mysql.OK, mysql.NotApplicable}, check.Status, "%+v", check)
	}
}

func TestRealServerThatIsNotRDSIsPrepared(t *testing.T) {
	r := connectReal(t)
	r.withoutRDS()
	r.exec("SET GLOBAL binlog_expire_logs_seconds = 86400")
	findings, err := r.run(r.user(password), r.request())
	require.NoError(t, err)
	require.Contains(t, findings.Changed, "user cdc_test")
	require.Equal(t, "ok: 86400 s", findings.Summary()["binlog retention"])
}

func TestRealServerTakesAwayWhatTheUserNeedsNot(t *testing.T) {
	r := connectReal(t)
	r.exec("CREATE DATABASE testdb; CREATE USER 'cdc_test'@'%' IDENTIFIED BY 'old'; GRANT SELECT, INSERT ON *.* TO 'cdc_test'@'%'; GRANT SELECT, UPDATE, DROP, LOCK TABLES ON testdb.* TO 'cdc_test'@'%' WITH GRANT OPTION")
	findings, err := r.run(r.user(password), r.request())
	require.NoError(t, err)
	require.Contains(t, findings.Changed, "TLS required of user cdc_test")
	require.Contains(t, findings.Changed, "password of user cdc_test")
	require.Equal(t, "ok: REPLICATION CLIENT ON *.*, REPLICATION SLAVE ON *.*, SELECT ON `testdb`.`retail_trans`", findings.Summary()["replication user's privileges"])
}

func TestRealServerReportsEveryProblemAtOnce(t *testing.T) {
	r := connectReal(t)
	r.exec("CREATE DATABASE testdb; CREATE TABLE testdb.nokey (a INT); CREATE VIEW testdb.v AS SELECT 1 AS a;" +
		"CREATE TABLE testdb.long_texts (id INT PRIMARY KEY, doc JSON, pic LONGBLOB); INSERT INTO testdb.long_texts VALUES (1, '{}', REPEAT('x', 200000))")
	in := func(table string) mysql.Table { return mysql.Table{Database: "testdb", Table: table} }
	_, err := r.run(r.user(password), r.request(in("nokey"), in("v"), in("long_texts"), in("absent")))
	require.ErrorContains(t, err, "table testdb.nokey is without a primary key")
	require.ErrorContains(t, err, "table testdb.v is a view")
	require.ErrorContains(t, err, "table testdb.absent is missing")
	require.ErrorContains(t, err, "raise replication.lobMaxSizeKb from 64 to at least 196")
	require.NotContains(t, err.Error(), password)
}

func TestRealServerTakesAnyNameThatDMSTakes(t *testing.T) {
	r := connectReal(t)
	table := mysql.Table{Database: "testdb", Table: "or-ders$ü"}
	req := r.request(table)
	req.Schema = []mysql.Script{{Name: "odd.sql", SQL: "CREATE TABLE IF NOT EXISTS testdb.`or-ders$ü` (`k k` INT PRIMARY KEY, `t\"x` LONGTEXT)"}}
	_, err := r.run(r.user(password), req)
	require.NoError(t, err)
	second, err := r.run(r.user(password), req)
	require.NoError(t, err)
	require.Empty(t, second.Changed)
}

// Such a server stores names in lower case whatever is typed. The next run would revoke grants on other spellings.
func TestRealServerWithoutCaseRefusesOtherNamesThanItsOwn(t *testing.T) {
	r := connectTo(t, storestest.MariaDBWith(t, "--lower-case-table-names=1"))
	req := r.request(mysql.Table{Database: "TestDB", Table: "Retail_Trans"})
	req.Schema = mysql.DefaultSchema([]mysql.Table{mysql.RetailTrans})
	findings, err := r.run(r.user(password), req)
	require.ErrorContains(t, err, `write {database: "testdb", table: "retail_trans"} in source.tables`)
	require.Empty(t, findings.Changed)
	require.Zero(t, r.count("SELECT COUNT(*) FROM mysql.user WHERE user = 'cdc_test'"), "nothing is made under a wrong name")
	for run, change := range []bool{true, false} {
		findings, err = r.run(r.user(password), r.request())
		require.NoError(t, err)
		require.Equal(t, change, len(findings.Changed) > 0, "run %d", run)
		require.Contains(t, findings.Summary()["replication user's privileges"], "SELECT ON `testdb`.`retail_trans`")
	}
}

func TestRealServerRefusesABrokenScriptAndNamesIt(t *testing.T) {
	r := connectReal(t)
	req := r.request()
	req.Schema = append(req.Schema, mysql.Script{Name: "b.sql", SQL: "SELECT 1; CREATE TABLE nonsense"})
	_, err := r.run(r.user(password), req)
	require.ErrorContains(t, err, "running b.sql")
}

func TestRealServersCertificateIsVerified(t *testing.T) {
	r := connectReal(t)
	stranger := r.server
	stranger.Certificates = rdsca.Certificates()
	_, err := mysql.Connect(context.Background(), stranger, r.admin)
	require.ErrorContains(t, err, "source.caFile")

	wrong := r.admin
	wrong.Password = "wrong-password"
	_, err = mysql.Connect(context.Background(), r.server, wrong)
	require.ErrorContains(t, err, "administrator's secret")
	require.NotContains(t, err.Error(), "wrong-password")
}

// storedSecrets is Secrets Manager in memory.
type storedSecrets map[string]string

func (s storedSecrets) Get(_ context.Context, arn string) (string, error) { return s[arn], nil }

func (s storedSecrets) Put(_ context.Context, arn, value string) error {
	s[arn] = value
	return nil
}

func TestRealServerIsReachedWithWhatTheSecretsSay(t *testing.T) {
	r := connectReal(t)
	admin, err := json.Marshal(map[string]string{"username": r.admin.Username, "password": r.admin.Password})
	require.NoError(t, err)
	secrets := storedSecrets{"admin": string(admin), "replication": `{"username":"cdc_test","password":"Seed-0000","host":"elsewhere","port":1}`}
	req := r.request()
	req.Host, req.Port, req.Certificates = r.server.Host, r.server.Port, r.server.Certificates
	req.AdminSecret, req.ReplicationSecret = "admin", "replication"
	findings, err := mysql.Handle(context.Background(), secrets, req)
	require.NoError(t, err)
	require.Contains(t, findings.Changed, "host and port in the replication secret")
	require.Contains(t, secrets["replication"], fmt.Sprintf(`"port":%d`, r.server.Port))
}

func TestRealServerFollowsEveryTableOfAPattern(t *testing.T) {
	r := connectReal(t)
	r.exec("CREATE DATABASE my_shop; CREATE TABLE my_shop.orders (id INT PRIMARY KEY, pin INT); CREATE TABLE my_shop.tmp_orders (id INT)")
	t.Cleanup(func() { r.exec("DROP DATABASE my_shop") })
	req := r.request(mysql.Table{Database: "my_shop", Table: "%"})
	req.Exclude = []mysql.Table{{Database: "%", Table: "tmp_%"}}
	req.Columns = []mysql.ColumnRule{{Table: req.Tables[0], Omit: []string{"pin"}}}
	findings, err := r.run(r.user(password), req)
	require.NoError(t, err)
	require.Equal(t, "ok: 1 table", findings.Summary()["tables my_shop.%"])
	require.Contains(t, findings.Summary()["replication user's privileges"], "SELECT ON `my\\_shop`.*")
	second, err := r.run(r.user(password), req)
	require.NoError(t, err)
	require.Empty(t, second.Changed)
}

func TestRealServerIsOnlyChecked(t *testing.T) {
	r := connectReal(t)
	_, err := r.run(r.user(password), r.request())
	require.NoError(t, err)
	before := r.grants()

	req := r.request()
	req.CheckOnly, req.BinlogRetentionHours = true, 12
	findings, err := r.run(r.user(password), req)
	require.NoError(t, err)
	require.Empty(t, findings.Changed)
	require.Equal(t, "ok: 24 h", findings.Summary()["binlog retention"], "it stays as it was")

	r.exec("REVOKE SELECT ON testdb.retail_trans FROM 'cdc_test'@'%'; DROP TABLE testdb.retail_trans")
	req.BinlogRetentionHours = 48
	_, err = r.run(r.user("another-Password-1"), req)
	for _, want := range []string{"binlog retention is 24 h", "table testdb.retail_trans is missing", "replication user's login is"} {
		require.ErrorContains(t, err, want)
	}
	require.NotEqual(t, before, r.grants(), "what the test took away is not given back")
}

// grants are the replication user's privileges.
func (r *realServer) grants() (all []string) {
	r.t.Helper()
	rows, err := r.root.Query("SHOW GRANTS FOR 'cdc_test'@'%'")
	require.NoError(r.t, err)
	defer rows.Close()
	for rows.Next() {
		var grant string
		require.NoError(r.t, rows.Scan(&grant))
		all = append(all, grant)
	}
	require.NoError(r.t, rows.Err())
	return all
}

func TestRealServerIsCheckedByTheReplicationUserAlone(t *testing.T) {
	r := connectReal(t)
	_, err := r.run(r.user(password), r.request())
	require.NoError(t, err)
	r.admin = r.user(password)
	req := r.request()
	req.CheckOnly = true
	r.withoutRDS()
	r.exec("SET GLOBAL binlog_expire_logs_seconds = 86400")
	findings, err := r.run(r.user(password), req)
	require.NoError(t, err)
	require.Equal(t, "ok: 86400 s", findings.Summary()["binlog retention"])
	require.Contains(t, findings.Summary()["replication user's privileges"], "SELECT ON `testdb`.`retail_trans`")
}

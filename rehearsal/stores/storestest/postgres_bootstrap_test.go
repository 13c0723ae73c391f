package storestest_test

import (
	"cdcpipeline/internal/source/mysql/rdsca"
	"cdcpipeline/internal/source/postgres"
	"cdcpipeline/rehearsal/stores/storestest"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// realPostgres is a separate database on a real server, with a master user like RDS's and the name of a future
// replication user.
type realPostgres struct {
	t      *testing.T
	admin  postgres.Credentials
	server postgres.Server
	root   *sql.DB
	user   postgres.Credentials
}

var realPostgresCount atomic.Int64

func connectPostgres(t *testing.T) *realPostgres {
	t.Helper()
	return connectPostgresTo(t, storestest.Postgres(t))
}

func connectPostgresTo(t *testing.T, d *storestest.PostgresDatabase) *realPostgres {
	t.Helper()
	name := fmt.Sprintf("shop%d", realPostgresCount.Add(1))
	r := &realPostgres{
		t: t, admin: postgres.Credentials{Username: "master", Password: "Master-password-1"},
		server: postgres.Server{Host: d.Host, Port: d.Port, Database: name, Certificates: string(d.Authority.PEM())},
		user:   postgres.Credentials{Username: "cdc_" + name, Password: `Pa'ss\"wo"rd-1`},
	}
	require.NoError(t, d.ApplyMaster(t.Context(), r.admin.Username, r.admin.Password))
	require.NoError(t, d.Make(t.Context(), name, r.admin.Username))
	r.root = d.Open(t, name)
	return r
}

// exec runs statements as the master user, who then owns the objects.
func (r *realPostgres) exec(statements string) {
	r.t.Helper()
	_, err := r.root.Exec("SET ROLE " + r.admin.Username + "; " + statements)
	require.NoError(r.t, err)
	_, err = r.root.Exec("RESET ROLE")
	require.NoError(r.t, err)
}

// strings are a query's rows, joined.
func (r *realPostgres) strings(query string) (all []string) {
	r.t.Helper()
	rows, err := r.root.Query(query)
	require.NoError(r.t, err)
	defer rows.Close()
	for rows.Next() {
		var text string
		require.NoError(r.t, rows.Scan(&text))
		all = append(all, text)
	}
	require.NoError(r.t, rows.Err())
	return all
}

func (r *realPostgres) request(tables ...postgres.Table) postgres.Request {
	if len(tables) == 0 {
		tables = []postgres.Table{postgres.RetailTrans}
	}
	return postgres.Request{Engine: postgres.Engine, DatabaseName: r.server.Database, LobMaxSizeKb: 64, Tables: tables, Schema: postgres.DefaultSchema(tables)}
}

func (r *realPostgres) run(req postgres.Request) (postgres.Findings, error) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db, err := postgres.Connect(ctx, r.server, r.admin)
	require.NoError(r.t, err)
	defer func() { require.NoError(r.t, db.Close()) }()
	return postgres.Run(ctx, db, r.server.Login, r.user, req)
}

func inShop(table string) postgres.Table { return postgres.Table{Database: "shop", Table: table} }

func TestRealPostgresIsPreparedOnce(t *testing.T) {
	r := connectPostgres(t)
	first, err := r.run(r.request())
	require.NoError(t, err)
	require.Equal(t, []string{
		"schema testdb", "table testdb.retail_trans", "user " + r.user.Username, `granted "rds_replication"`,
		`granted USAGE ON SCHEMA "testdb"`, `granted SELECT ON TABLE "testdb"."retail_trans"`, "schema cdc_heartbeat",
	}, first.Changed)
	require.Equal(t, []string{"trans_id"}, first.Tables[0].PrimaryKey)
	require.Equal(t, postgres.Column{Name: "customer_id", Type: "character varying(12)"}, first.Tables[0].Columns[1])
	require.Equal(t, postgres.Column{Name: "trans_datetime", Type: "timestamp(0) without time zone", Nullable: true}, first.Tables[0].Columns[6])
	require.Equal(t, "ok: the key", first.Summary()["replica identity of testdb.retail_trans"], "no value of its short columns is ever stored elsewhere")
	require.Equal(t, "ok: a slot with test_decoding was made, and dropped", first.Summary()["logical decoding"])

	second, err := r.run(r.request())
	require.NoError(t, err)
	require.Empty(t, second.Changed)
	require.Equal(t, first.Checks, second.Checks)
	for _, check := range second.Checks {
		if check.Check != "max_slot_wal_keep_size" {
			require.Containsf(t, []postgres.Status{postgres.OK, postgres.NotApplicable}, check.Status, "%+v", check)
		}
	}
	require.Equal(t, []string{r.user.Username}, r.strings("SELECT pg_get_userbyid(nspowner)::text FROM pg_namespace WHERE nspname = 'cdc_heartbeat'"))
	require.Empty(t, r.strings("SELECT 'x' FROM pg_auth_members WHERE roleid = '"+r.user.Username+"'::regrole AND (inherit_option OR set_option)"),
		"the master user is no member of the user any longer")
}

func TestRealPostgresThatIsNotRDSWantsItsSuperuser(t *testing.T) {
	d := storestest.PostgresWith(t)
	r := connectPostgresTo(t, d)
	_, err := r.root.Exec("DROP ROLE rds_replication; ALTER ROLE master NOREPLICATION") // membership no longer gives the attribute
	require.NoError(t, err)
	_, err = r.run(r.request())
	require.ErrorContains(t, err, `replication user's attributes is without REPLICATION: run ALTER ROLE "`+r.user.Username+`" REPLICATION as a superuser`)
	_, err = r.root.Exec(`ALTER ROLE "` + r.user.Username + `" REPLICATION`)
	require.NoError(t, err)
	findings, err := r.run(r.request())
	require.NoError(t, err)
	require.Empty(t, findings.Changed)
}

func TestRealPostgresReportsEveryProblemAtOnce(t *testing.T) {
	r := connectPostgres(t)
	r.exec(`CREATE SCHEMA shop;
CREATE TABLE shop.nokey (a int);
CREATE VIEW shop.v AS SELECT 1 AS a;
CREATE MATERIALIZED VIEW shop.m AS SELECT 1 AS a;
CREATE TABLE shop.long_texts (id int PRIMARY KEY, doc jsonb, pic bytea); ALTER TABLE shop.long_texts REPLICA IDENTITY FULL;
INSERT INTO shop.long_texts SELECT 1, '{}', string_agg(decode(md5(i::text), 'hex'), '') FROM generate_series(1, 12500) i;
CREATE TABLE shop.texts (id int PRIMARY KEY, note text);
CREATE TABLE shop.swapped (id int PRIMARY KEY DEFERRABLE, a int);
CREATE TABLE shop.parts (id int PRIMARY KEY, a int) PARTITION BY RANGE (id);
CREATE TABLE shop.parts_1 PARTITION OF shop.parts FOR VALUES FROM (0) TO (10);
CREATE UNLOGGED TABLE shop.volatile (id int PRIMARY KEY);
CREATE TABLE shop.parent (id int PRIMARY KEY); CREATE TABLE shop.child () INHERITS (shop.parent);
CREATE TABLE shop.none (id int PRIMARY KEY); ALTER TABLE shop.none REPLICA IDENTITY NOTHING;
CREATE TABLE shop.indexed (id int PRIMARY KEY, u int NOT NULL UNIQUE); ALTER TABLE shop.indexed REPLICA IDENTITY USING INDEX indexed_u_key;
CREATE TABLE shop."Case" (id int PRIMARY KEY); CREATE TABLE shop."case" (id int PRIMARY KEY);
CREATE TABLE shop.guarded (id int PRIMARY KEY); ALTER TABLE shop.guarded ENABLE ROW LEVEL SECURITY;
CREATE TABLE shop.loose_key (id numeric PRIMARY KEY);
CREATE TABLE shop.made_key (a int, id int GENERATED ALWAYS AS (a * 2) STORED PRIMARY KEY)`)
	names := []string{"nokey", "v", "m", "long_texts", "texts", "swapped", "parts", "parts_1", "volatile", "parent", "none", "indexed", "Case", "guarded", "loose_key", "made_key", "absent"}
	var tables []postgres.Table
	for _, name := range names {
		tables = append(tables, inShop(name))
	}
	_, err := r.run(r.request(tables...))
	for _, want := range []string{
		`table shop.nokey is without a primary key: run ALTER TABLE "shop"."nokey" ADD COLUMN "id" BIGINT`,
		"table shop.v is a view", "table shop.m is a materialized view", "table shop.absent is missing",
		"raise replication.lobMaxSizeKb from 64 to at least 196",
		"replica identity of shop.texts is the key, and an UPDATE that leaves a long value of note as it is",
		`ALTER TABLE "shop"."swapped" DROP CONSTRAINT "swapped_pkey", ADD CONSTRAINT "swapped_pkey" PRIMARY KEY ("id")`,
		"table shop.parts is a partitioned table", `ALTER TABLE "shop"."volatile" SET LOGGED`, "table shop.parent is a table that others inherit from",
		"replica identity of shop.none is NOTHING", "replica identity of shop.indexed is USING INDEX", "spelling of shop.Case is one that differs from shop.case",
		"row security of shop.guarded is not open to user cdc_", "type of column id of shop.loose_key is a key of numeric",
		"generated column id of shop.made_key is part of the primary key",
	} {
		require.ErrorContains(t, err, want)
	}
	require.NotContains(t, err.Error(), r.user.Password)
	require.NotContains(t, err.Error(), "SCRAM")
	var problems postgres.Problems
	require.ErrorAs(t, err, &problems)
	require.Len(t, problems, 17, "%s", strings.ReplaceAll(err.Error(), ";", "\n"))
}

// The statements in any failed check's advice repair the problem.
func TestRealPostgresAdviceMendsWhatItIsFor(t *testing.T) {
	r := connectPostgres(t)
	r.exec(`CREATE SCHEMA shop;
CREATE TABLE shop.nokey (a int); CREATE TABLE shop.numbered (n serial); CREATE TABLE shop.texts (id int PRIMARY KEY, note text);
CREATE TABLE shop.swapped (id int PRIMARY KEY DEFERRABLE, a int); CREATE UNLOGGED TABLE shop.volatile (id int PRIMARY KEY);
CREATE TABLE shop.none (id int PRIMARY KEY); ALTER TABLE shop.none REPLICA IDENTITY NOTHING;
CREATE TABLE shop."Case" (id int PRIMARY KEY); CREATE TABLE shop."case" (id int PRIMARY KEY);
CREATE TABLE shop.guarded (id int PRIMARY KEY); ALTER TABLE shop.guarded ENABLE ROW LEVEL SECURITY;
CREATE TABLE shop.made_key (a int, id int GENERATED ALWAYS AS (a * 2) STORED PRIMARY KEY);
CREATE TABLE shop.object_key (id oid PRIMARY KEY); CREATE TABLE shop.dotted (id int PRIMARY KEY, "a.b" int); CREATE TABLE shop."a b" (id int PRIMARY KEY)`)
	req := r.request(inShop("%"))
	findings, err := r.run(req)
	var problems postgres.Problems
	require.ErrorAs(t, err, &problems)
	for _, check := range findings.Checks {
		if check.Status == postgres.Failed {
			require.NotEmpty(t, check.SQL, "%+v", check)
			r.exec(strings.Join(check.SQL, "; "))
		}
	}
	_, err = r.run(req)
	require.NoError(t, err)
}

func TestRealPostgresSetsReplicaIdentityWhenItIsTold(t *testing.T) {
	r := connectPostgres(t)
	r.exec(`CREATE SCHEMA shop; CREATE TABLE shop.texts (id int PRIMARY KEY, note text, state int); CREATE TABLE shop.short (id int PRIMARY KEY, state int)`)
	req := r.request(inShop("texts"), inShop("short"))
	req.Columns = []postgres.ColumnRule{{Table: inShop("short"), Filter: []string{"state"}}}
	_, err := r.run(req)
	require.ErrorContains(t, err, "a DELETE does not say state, by which rows are filtered")
	require.ErrorContains(t, err, "source.setReplicaIdentity")
	req.SetReplicaIdentity = true
	findings, err := r.run(req)
	require.NoError(t, err)
	require.Equal(t, []string{"replica identity FULL of shop.texts", "replica identity FULL of shop.short"}, findings.Changed)
	req.Tables = req.Tables[:1]
	req.Columns = []postgres.ColumnRule{{Table: inShop("texts"), Omit: []string{"note"}}}
	r.exec("ALTER TABLE shop.texts REPLICA IDENTITY DEFAULT")
	req.SetReplicaIdentity = false
	_, err = r.run(req)
	require.NoError(t, err, "what is in no record need not be in the log")
}

func TestRealPostgresFollowsEveryTableOfAPattern(t *testing.T) {
	r := connectPostgres(t)
	r.exec("CREATE SCHEMA shop; CREATE TABLE shop.orders (id int PRIMARY KEY, pin int); CREATE TABLE shop.tmp_orders (id int)")
	req := r.request(postgres.Table{Database: "%", Table: "%"}, inShop("%"))
	req.Exclude = []postgres.Table{{Database: "%", Table: "tmp_%"}}
	req.Columns = []postgres.ColumnRule{{Table: inShop("%"), Omit: []string{"pin"}}}
	req.Tables = req.Tables[1:]
	findings, err := r.run(req)
	require.NoError(t, err)
	require.Equal(t, "ok: 1 table", findings.Summary()["tables shop.%"])
	require.Contains(t, findings.Changed, "granted SELECT on later tables of master in schema shop")
	second, err := r.run(req)
	require.NoError(t, err)
	require.Empty(t, second.Changed)

	r.exec("CREATE TABLE shop.later (id int PRIMARY KEY)")
	session, err := r.server.Login(t.Context(), r.user)
	require.NoError(t, err)
	_, err = session.Query(t.Context(), "SELECT * FROM shop.later")
	require.NoError(t, err)
	require.NoError(t, session.Exec(t.Context(), "CREATE TABLE cdc_heartbeat.awsdms_heartbeat (id int PRIMARY KEY)"), "the user may make tables where its heartbeat is")
	require.Error(t, session.Exec(t.Context(), "CREATE TABLE shop.mine (id int)"))
	require.NoError(t, session.Close())
	req.Tables = []postgres.Table{{Database: "%", Table: "%"}}
	findings, err = r.run(req)
	require.NoError(t, err)
	require.Equal(t, "ok: 2 tables", findings.Summary()["tables %.%"], "its heartbeat is none of them")
}

func TestRealPostgresTakesAwayWhatTheUserNeedsNot(t *testing.T) {
	r := connectPostgres(t)
	_, err := r.run(r.request())
	require.NoError(t, err)
	r.exec(fmt.Sprintf(`CREATE TABLE testdb.other (id int); GRANT SELECT, INSERT ON testdb.other TO %[1]q; GRANT UPDATE ON testdb.retail_trans TO %[1]q;
GRANT CREATE ON SCHEMA testdb TO %[1]q; GRANT pg_monitor TO %[1]q; ALTER ROLE %[1]q PASSWORD 'another'`, r.user.Username))
	findings, err := r.run(r.request())
	require.NoError(t, err)
	require.ElementsMatch(t, []string{
		"password of user " + r.user.Username, `revoked "pg_monitor"`, `revoked CREATE ON SCHEMA "testdb"`,
		`revoked INSERT ON TABLE "testdb"."other"`, `revoked SELECT ON TABLE "testdb"."other"`, `revoked UPDATE ON TABLE "testdb"."retail_trans"`,
	}, findings.Changed)
}

func TestRealPostgresIsOnlyChecked(t *testing.T) {
	r := connectPostgres(t)
	req := r.request()
	req.CheckOnly = true
	_, err := r.run(req)
	for _, want := range []string{"table testdb.retail_trans is missing", "replication user's login is of a user that is not there"} {
		require.ErrorContains(t, err, want)
	}
	require.Empty(t, r.strings("SELECT nspname::text FROM pg_namespace WHERE nspname IN ('testdb', 'cdc_heartbeat')"))

	_, err = r.run(r.request())
	require.NoError(t, err)
	findings, err := r.run(req)
	require.NoError(t, err)
	require.Empty(t, findings.Changed)
	require.Equal(t, "not applicable: not tried: nothing is changed", findings.Summary()["logical decoding"])

	r.exec(fmt.Sprintf("REVOKE SELECT ON testdb.retail_trans FROM %q; ALTER ROLE %q SET statement_timeout = '1min'", r.user.Username, r.user.Username))
	findings, err = r.run(req)
	require.ErrorContains(t, err, `run GRANT SELECT ON TABLE "testdb"."retail_trans" TO`)
	require.Equal(t, "warning: statement_timeout 60000 ms", findings.Summary()["replication user's timeouts"])
	r.user.Password = "another-Password-1"
	_, err = r.run(req)
	require.ErrorContains(t, err, "replication user's login is")

	r.user.Password = `Pa'ss\"wo"rd-1`
	findings, err = r.run(r.request())
	require.NoError(t, err)
	require.Contains(t, findings.Changed, "timeouts of user "+r.user.Username+" lifted: statement_timeout 60000 ms")
}

func TestRealPostgresIsCheckedByTheReplicationUserAlone(t *testing.T) {
	r := connectPostgres(t)
	_, err := r.run(r.request())
	require.NoError(t, err)
	r.admin = r.user
	req := r.request()
	req.CheckOnly = true
	findings, err := r.run(req)
	require.NoError(t, err)
	require.Contains(t, findings.Summary()["replication user's privileges"], `SELECT ON TABLE "testdb"."retail_trans"`)
}

// An application's tables belong to its own role, of which RDS's master user need not be a member.
func TestRealPostgresSaysWhatItsAdministratorMayNot(t *testing.T) {
	r := connectPostgres(t)
	app := r.user.Username + "_app"
	_, err := r.root.Exec(fmt.Sprintf(`CREATE ROLE %[1]q; CREATE SCHEMA shop AUTHORIZATION %[1]q; CREATE TABLE shop.texts (id text PRIMARY KEY, note text);
ALTER TABLE shop.texts OWNER TO %[1]q; CREATE TABLE shop.shown (id int PRIMARY KEY); ALTER TABLE shop.shown OWNER TO %[1]q;
GRANT USAGE ON SCHEMA shop TO %[2]q; GRANT SELECT ON shop.shown TO %[2]q; ALTER DATABASE %[3]q OWNER TO tests`, app, r.admin.Username, r.server.Database))
	require.NoError(t, err)
	req := r.request(inShop("texts"), inShop("shown"))
	req.SetReplicaIdentity = true
	findings, err := r.run(req)
	require.ErrorContains(t, err, "setting the replica identity of shop.texts")
	require.ErrorContains(t, err, "a member of the role that owns the table")
	require.Equal(t, "warning: not measured: the administrator may not read the table", findings.Summary()["largest LOB of shop.texts"])
	require.Equal(t, "warning: not measured: the administrator may not read the table", findings.Summary()["longest key of shop.texts"])
	var statements []string
	for _, check := range findings.Checks {
		if check.Status == postgres.Failed {
			statements = append(statements, check.SQL...)
		}
	}
	require.ElementsMatch(t, []string{
		fmt.Sprintf(`GRANT USAGE ON SCHEMA "shop" TO %q`, r.user.Username), fmt.Sprintf(`GRANT SELECT ON TABLE "shop"."texts" TO %q`, r.user.Username),
		fmt.Sprintf(`GRANT SELECT ON TABLE "shop"."shown" TO %q`, r.user.Username), fmt.Sprintf(`CREATE SCHEMA "cdc_heartbeat" AUTHORIZATION %q`, r.user.Username),
	}, statements)
	require.Equal(t, []string{"user " + r.user.Username, `granted "rds_replication"`}, findings.Changed)

	_, err = r.root.Exec(strings.Join(append(statements, `ALTER TABLE shop.texts REPLICA IDENTITY FULL`), "; "))
	require.NoError(t, err)
	findings, err = r.run(req)
	require.NoError(t, err)
	require.Empty(t, findings.Changed)
}

func TestRealPostgresRefusesABrokenScriptAndNamesIt(t *testing.T) {
	r := connectPostgres(t)
	req := r.request()
	req.Schema = append(req.Schema, postgres.Script{Name: "b.sql", SQL: "SET search_path = nowhere; BEGIN; SELECT 1; CREATE TABLE nonsense"})
	_, err := r.run(req)
	require.ErrorContains(t, err, "running b.sql")
	var problems postgres.Problems
	require.ErrorAs(t, err, &problems)
	require.Len(t, problems, 1, "what the script leaves behind breaks nothing else")
}

func TestRealPostgresSeesNoPassword(t *testing.T) {
	d := storestest.PostgresWith(t, "log_statement=all")
	r := connectPostgresTo(t, d)
	_, err := r.run(r.request())
	require.NoError(t, err)
	log, err := os.ReadFile(d.Log)
	require.NoError(t, err)
	require.Contains(t, string(log), "CREATE ROLE \""+r.user.Username)
	require.NotContains(t, string(log), "ss\\\"wo\"rd-1")
}

func TestRealPostgresFindsSlotsAndTransactionsThatAreLeftBehind(t *testing.T) {
	r := connectPostgresTo(t, storestest.PostgresWith(t, "max_prepared_transactions=2", "max_replication_slots=2", "wal_sender_timeout=5s"))
	r.exec("CREATE TABLE t (id int)")
	_, err := r.root.Exec("SELECT pg_create_logical_replication_slot('left_behind', 'test_decoding'); BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'a''b'")
	require.NoError(t, err)
	findings, err := r.run(r.request())
	require.ErrorContains(t, err, "prepared transactions is 1 transaction prepared and not committed: run COMMIT PREPARED 'a''b' (or ROLLBACK PREPARED")
	require.ErrorContains(t, err, "wal_sender_timeout is 5000 ms: set wal_sender_timeout to 0, or to 10000 ms or more,")
	require.Equal(t, "ok: 1 of 2 taken", findings.Summary()["max_replication_slots"])
	require.Equal(t, "warning: not tried within 20 s", findings.Summary()["logical decoding"], "making a slot waits for them")
	require.Contains(t, findings.Summary()["slot left_behind"], "warning: read by nobody, and 0 MB")
	_, err = r.root.Exec("COMMIT PREPARED 'a''b'")
	require.NoError(t, err)
}

func TestRealPostgresCertificateIsVerified(t *testing.T) {
	r := connectPostgres(t)
	stranger := r.server
	stranger.Certificates = rdsca.Certificates()
	_, err := postgres.Connect(t.Context(), stranger, r.admin)
	require.ErrorContains(t, err, "source.caFile")

	wrong := r.admin
	wrong.Password = "wrong-password"
	_, err = postgres.Connect(t.Context(), r.server, wrong)
	require.ErrorContains(t, err, "administrator's secret")
	require.NotContains(t, err.Error(), "wrong-password")

	absent := r.server
	absent.Database = "absent"
	_, err = postgres.Connect(t.Context(), absent, r.admin)
	require.ErrorContains(t, err, "source.databaseName")
}

func TestRealPostgresIsReachedWithWhatTheSecretsSay(t *testing.T) {
	r := connectPostgres(t)
	admin, err := json.Marshal(map[string]string{"username": r.admin.Username, "password": r.admin.Password})
	require.NoError(t, err)
	secrets := storedSecrets{"admin": string(admin), "replication": fmt.Sprintf(`{"username":%q,"password":"Seed-0000","host":"elsewhere","port":1}`, r.user.Username)}
	req := r.request()
	req.Host, req.Port, req.Certificates = r.server.Host, r.server.Port, r.server.Certificates
	req.AdminSecret, req.ReplicationSecret = "admin", "replication"
	findings, err := postgres.Handle(context.Background(), secrets, req)
	require.NoError(t, err)
	require.Contains(t, findings.Changed, "host and port in the replication secret")
	require.Contains(t, secrets["replication"], fmt.Sprintf(`"port":%d`, r.server.Port))
}

func TestRealPostgresTypeOfADomainIsTheOneBelowAllDomains(t *testing.T) {
	r := connectPostgres(t)
	r.exec("CREATE SCHEMA IF NOT EXISTS shop; CREATE DOMAIN shop.number AS numeric(12,2); CREATE DOMAIN shop.price AS shop.number; " +
		"CREATE TABLE shop.priced (id bigint PRIMARY KEY, price shop.price, plain shop.number)")
	req := r.request(inShop("priced"))
	req.SetReplicaIdentity = true // a numeric may be long
	found, err := r.run(req)
	require.NoError(t, err)
	require.Equal(t, []postgres.Column{
		{Name: "id", Type: "bigint"}, {Name: "price", Type: "numeric(12,2)", Nullable: true}, {Name: "plain", Type: "numeric(12,2)", Nullable: true},
	}, found.Tables[0].Columns)
}

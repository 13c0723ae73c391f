package postgres

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var replication = Credentials{Username: "cdc", Password: "s3cret-word"}

func defaultRequest(tables ...Table) Request {
	if len(tables) == 0 {
		tables = []Table{RetailTrans}
	}
	return Request{LobMaxSizeKb: 64, Tables: tables, Schema: DefaultSchema(tables)}
}

func runOn(f *fakeServer, req Request) (Findings, error) {
	return Run(context.Background(), f, f.login, replication, req)
}

func TestAnEmptyDatabaseIsPrepared(t *testing.T) {
	f := onRDS()
	f.aurora = "17.4.1"
	findings, err := runOn(f, defaultRequest())
	require.NoError(t, err)
	require.Equal(t, "17.6 (Aurora 17.4.1)", findings.Server)
	require.Equal(t, []string{
		"schema testdb", "table testdb.retail_trans", "user cdc", `granted "rds_replication"`, `granted USAGE ON SCHEMA "testdb"`,
		`granted SELECT ON TABLE "testdb"."retail_trans"`, "schema cdc_heartbeat",
	}, findings.Changed)
	require.Equal(t, "ok: primary key (trans_id)", findings.Summary()["table testdb.retail_trans"])
	require.Equal(t, "ok: the key", findings.Summary()["replica identity of testdb.retail_trans"])
}

func TestASecondRunChangesNothing(t *testing.T) {
	f := onRDS()
	_, err := runOn(f, defaultRequest())
	require.NoError(t, err)
	f.statements = nil
	findings, err := runOn(f, defaultRequest())
	require.NoError(t, err)
	require.Empty(t, findings.Changed)
	for _, statement := range f.statements {
		if statement != retailTrans {
			require.Regexp(t, "^(SET|RESET|ROLLBACK; RESET) ", statement)
		}
	}
}

func TestACheckAloneRunsNothingButSettingsOfItsSession(t *testing.T) {
	f := onRDS().with("texts", fakeTable{outside: true, columns: [][]string{long("note", "text")}})
	req := defaultRequest(inShop("texts"))
	_, err := runOn(f, req)
	require.Error(t, err)
	for _, users := range []map[string]*fakeUser{f.users, {}} {
		f.users, f.statements = users, nil
		f.timeouts = [][]string{{"statement_timeout", "60000"}}
		req.CheckOnly, req.SetReplicaIdentity = true, true
		findings, err := runOn(f, req)
		require.ErrorContains(t, err, `ALTER TABLE "shop"."texts" REPLICA IDENTITY FULL as the table's owner: `)
		require.Empty(t, findings.Changed)
		require.Equal(t, "SET default_transaction_read_only = on", f.statements[0])
		for _, statement := range f.statements {
			require.Regexp(t, "^(SET|RESET) ", statement)
		}
	}
}

func TestSettings(t *testing.T) {
	for name, c := range map[string]struct {
		setting, value string
		own            bool
		check, want    string
		advice         string
	}{
		"logical decoding is off on RDS":        {"rds.logical_replication", "off", false, "rds.logical_replication", "failed: off", "set rds.logical_replication to 1 in the parameter group"},
		"logical decoding waits for a restart":  {"wal_level", "replica", false, "wal_level", "failed: replica", "restart the writer"},
		"logical decoding is off on one's own":  {"wal_level", "replica", true, "wal_level", "failed: replica", "run ALTER SYSTEM SET wal_level = 'logical' as a superuser"},
		"a sender that gives up too early":      {"wal_sender_timeout", "9999", false, "wal_sender_timeout", "failed: 9999 ms", "10000 ms or more"},
		"a sender that never gives up":          {"wal_sender_timeout", "0", false, "wal_sender_timeout", "warning: 0 ms", "300000 ms or less"},
		"a sender that gives up late":           {"wal_sender_timeout", "600000", false, "wal_sender_timeout", "warning: 600000 ms", "300000 ms or less"},
		"a slot may fill the disk":              {"max_slot_wal_keep_size", "-1", false, "max_slot_wal_keep_size", "warning: -1, no limit", "what the disk can spare"},
		"one slot, where AWS asks for more":     {"max_replication_slots", "1", false, "max_replication_slots", "failed: 0 of 1 taken", "set max_replication_slots to 2 or more"},
		"no sender":                             {"max_wal_senders", "0", false, "max_wal_senders", "failed: 0 of 0 taken", "set max_wal_senders to 2 or more"},
		"no TLS":                                {"ssl", "off", true, "ssl", "failed: off", "set ssl to on"},
		"an old server":                         {"server_version_num", "90624", false, "server version", "failed: 17.6", "upgrade to PostgreSQL 10"},
		"a server that AWS does not document":   {"server_version_num", "180001", false, "server version", "warning: 17.6", "up to 17"},
		"the oldest, which has no such setting": {"max_slot_wal_keep_size", "", false, "max_slot_wal_keep_size", "not applicable", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := onRDS()
			f.settings[c.setting] = c.value
			if c.value == "" {
				delete(f.settings, c.setting)
			}
			if c.own {
				f.rds = false
				delete(f.settings, logicalReplication)
			}
			findings, err := runOn(f, defaultRequest())
			require.Equal(t, c.want, findings.Summary()[c.check])
			if strings.HasPrefix(c.want, "failed") {
				require.ErrorContains(t, err, c.advice)
			} else {
				require.NoError(t, err)
				require.Contains(t, strings.Join(findings.Warnings(), "\n"), c.advice)
			}
		})
	}
}

func TestAReaderIsLeftAlone(t *testing.T) {
	f := onRDS()
	f.recovering = true
	_, err := runOn(f, defaultRequest())
	require.ErrorContains(t, err, "cluster endpoint")
	require.Empty(t, f.statements)
}

func TestSlots(t *testing.T) {
	idle := []string{"idle", "test_decoding", "app", "f", "reserved", "73400320"}
	lost := []string{"gone", "pgoutput", "other", "f", "lost", "0"}
	ours := []string{"ours", "test_decoding", "app", "t", "reserved", "0"}
	replica := []string{"replica", "", "", "f", "", "0"}
	for name, c := range map[string]struct {
		slots        [][]string
		most         string
		check, want  string
		failed       bool
		summaryOfOwn string
	}{
		"nobody reads it":             {[][]string{idle}, "20", "slot idle", "warning: read by nobody, and 70 MB of the log are kept for it", false, "ok: a slot with test_decoding was made, and dropped"},
		"its log is gone":             {[][]string{lost}, "20", "slot gone", "warning: lost: what its reader has not read is gone", false, "ok: a slot with test_decoding was made, and dropped"},
		"none is free":                {[][]string{idle, lost}, "2", "max_replication_slots", "failed: 2 of 2 taken", true, "ok: a slot with test_decoding was made, and dropped"},
		"none is free but the task's": {[][]string{ours, lost}, "2", "max_replication_slots", "ok: 2 of 2 taken", false, "ok: read already by way of slot ours"},
		"a replica's is no business":  {[][]string{replica}, "20", "max_replication_slots", "ok: 1 of 20 taken", false, "ok: a slot with test_decoding was made, and dropped"},
	} {
		t.Run(name, func(t *testing.T) {
			f := onRDS()
			f.slots, f.settings["max_replication_slots"] = c.slots, c.most
			findings, err := runOn(f, defaultRequest())
			require.Equal(t, c.failed, err != nil)
			require.Equal(t, c.want, findings.Summary()[c.check])
			require.Equal(t, c.summaryOfOwn, findings.Summary()["logical decoding"])
			require.NotContains(t, findings.Summary(), "slot replica")
		})
	}
}

func TestPreparedTransactionsAreNamed(t *testing.T) {
	f := onRDS()
	f.prepared = [][]string{{"it's", "app"}, {"other", "app"}}
	_, err := runOn(f, defaultRequest())
	require.ErrorContains(t, err, "2 transactions prepared and not committed: run COMMIT PREPARED 'it''s'; COMMIT PREPARED 'other' (or ROLLBACK PREPARED")
}

// Objects that cannot be followed at all, and problems of a followed table.
func TestTables(t *testing.T) {
	for name, c := range map[string]struct {
		table       fakeTable
		check, want string
		advice      string
	}{
		"without a key":                  {fakeTable{key: []string{}, columns: [][]string{plain("ID", "bigint")}}, "table shop.t", "failed: without a primary key", `ADD COLUMN "id_2" BIGINT`},
		"without a key, with numbers":    {fakeTable{key: []string{}, columns: [][]string{{"n", "integer", "f", "f", "f", "b", "t"}}}, "table shop.t", "failed: without a primary key", `run ALTER TABLE "shop"."t" ADD PRIMARY KEY ("n"), `},
		"a deferrable key":               {fakeTable{deferrable: true}, "table shop.t", "failed: with a primary key that is deferrable", `DROP CONSTRAINT "pk", ADD CONSTRAINT "pk" PRIMARY KEY ("id")`},
		"a view":                         {fakeTable{kind: "v"}, "table shop.t", "failed: a view", "take it out of source.tables"},
		"a foreign table":                {fakeTable{kind: "f"}, "table shop.t", "failed: a foreign table", "take it out of source.tables"},
		"partitioned":                    {fakeTable{kind: partitioned}, "table shop.t", "failed: a partitioned table: DMS loads its rows under its own name, and brings their changes under the names of its partitions", "follow its partitions"},
		"a partition":                    {fakeTable{partitioned: true}, "partition shop.t", "warning: not followed when it is attached, detached or dropped", "delete rows by DELETE alone"},
		"a parent":                       {fakeTable{parent: true}, "table shop.t", "failed: a table that others inherit from: DMS loads their rows under its name, and brings their changes under their own", "none inherits from"},
		"unlogged":                       {fakeTable{persistence: unlogged}, "table shop.t", "failed: unlogged: none of its changes are in the log", "SET LOGGED"},
		"long values":                    {fakeTable{outside: true, columns: [][]string{long("a", "text"), long("b", "jsonb")}}, "replica identity of shop.t", "failed: the key, and an UPDATE that leaves a long value of a, b as it is does not say it", "or set source.setReplicaIdentity to true"},
		"long values in the log":         {fakeTable{outside: true, identity: identityFull, columns: [][]string{long("a", "text")}}, "replica identity of shop.t", "ok: FULL", ""},
		"short values of such a type":    {fakeTable{columns: [][]string{long("a", "character varying(12)")}}, "replica identity of shop.t", "ok: the key", ""},
		"nothing in the log":             {fakeTable{identity: identityNone}, "replica identity of shop.t", "failed: NOTHING: the log does not say which row is changed", "REPLICA IDENTITY DEFAULT"},
		"an index in the log":            {fakeTable{identity: "i", outside: true, columns: [][]string{long("a", "text")}}, "replica identity of shop.t", "failed: USING INDEX: the log need not have the key of a row that is changed", "REPLICA IDENTITY FULL"},
		"a generated column":             {fakeTable{columns: [][]string{{"g", "integer", "t", "t", "f", "b", "f"}}}, "generated column g of shop.t", "warning: carried by no record", "add g to omitColumns of shop.t, so that DMS need not look at it"},
		"a generated key":                {fakeTable{key: []string{"g"}, columns: [][]string{{"g", "integer", "t", "t", "f", "b", "f"}}}, "generated column g of shop.t", "failed: part of the primary key, and carried by no record", `ALTER COLUMN "g" DROP EXPRESSION`},
		"a large object":                 {fakeTable{columns: [][]string{plain("o", "oid")}}, "column o of shop.t", "warning: carried by no record", "type bytea"},
		"numbers without bounds":         {fakeTable{columns: [][]string{plain("n", "numeric")}}, "type of column n of shop.t", "warning: numeric without a precision, which DMS rounds to numeric(28,6)", "6 decimals"},
		"a key without bounds":           {fakeTable{key: []string{"n"}, columns: [][]string{plain("n", "numeric")}}, "type of column n of shop.t", "failed: a key of numeric without a precision, which DMS rounds to numeric(28,6)", "round to one"},
		"a type with parts":              {fakeTable{columns: [][]string{plain("i", "interval day to second(3)")}}, "table shop.t", "ok: primary key (id)", ""},
		"a type that nobody documents":   {fakeTable{columns: [][]string{plain("d", "daterange")}}, "type of column d of shop.t", "warning: daterange, which AWS does not document for DMS", "or add d to omitColumns of shop.t"},
		"a key that DMS takes for a LOB": {fakeTable{key: []string{"k"}, columns: [][]string{long("k", "text")}}, "key column k of shop.t", "warning: text, which DMS takes for a LOB", `TYPE character varying(249)`},
		"a key of bytes":                 {fakeTable{key: []string{"k"}, columns: [][]string{long("k", "bytea")}}, "key column k of shop.t", "warning: bytea, which DMS takes for a LOB", "columns that are no LOBs"},
		"a long key":                     {fakeTable{key: []string{"k"}, columns: [][]string{plain("k", "character varying(400)")}, longest: "250"}, "longest key of shop.t", "failed: 250 characters, and Kinesis takes 249 beside the table's name", "shorter primary key"},
		"a key that may be long":         {fakeTable{key: []string{"k"}, columns: [][]string{plain("k", "character varying(400)")}, longest: "249"}, "longest key of shop.t", "ok: 249 characters of 249", ""},
		"a long LOB":                     {fakeTable{columns: [][]string{plain("b", "bytea")}, longest: "65537"}, "largest LOB of shop.t", "failed: 65 KB in b", "raise replication.lobMaxSizeKb from 64 to at least 65"},
		"a LOB that DMS never takes":     {fakeTable{columns: [][]string{plain("b", "integer[]")}, longest: "2000000"}, "largest LOB of shop.t", "failed: 1954 KB in b", "or add b to omitColumns of shop.t"},
		"no LOB yet":                     {fakeTable{columns: [][]string{plain("b", "jsonb")}}, "largest LOB of shop.t", "ok: none yet", ""},
		"a dotted column":                {fakeTable{columns: [][]string{plain("a.b", "integer")}}, "name of column a.b of shop.t", "failed: one with a dot: the history keeps it, and does not find it", `RENAME COLUMN "a.b" TO "a_b"`},
		"row security":                   {fakeTable{guarded: true}, "row security of shop.t", "failed: not open to user cdc", `FOR SELECT TO "cdc" USING (true)`},
		"row security that lets in":      {fakeTable{guarded: true, policies: [][]string{{"t", "true"}}}, "row security of shop.t", "ok: open to user cdc", ""},
		"row security that keeps out":    {fakeTable{guarded: true, policies: [][]string{{"t", "true"}, {"f", "(id > 1)"}}}, "row security of shop.t", "failed: not open to user cdc", "restrictive policies"},
	} {
		t.Run(name, func(t *testing.T) {
			f := onRDS().with("t", c.table)
			findings, err := runOn(f, defaultRequest(inShop("t")))
			require.Equal(t, c.want, findings.Summary()[c.check])
			if strings.HasPrefix(c.want, "failed") {
				require.ErrorContains(t, err, c.advice)
				require.Len(t, err, 1, "it is the only problem")
			} else {
				require.NoError(t, err)
				require.Contains(t, strings.Join(findings.Warnings(), "\n"), c.advice)
			}
		})
	}
}

func TestOnlyWhatRecordsCarryIsInTheFindings(t *testing.T) {
	f := onRDS().with("t", fakeTable{columns: [][]string{plain("o", "oid"), {"g", "integer", "t", "t", "f", "b", "f"}, {"mood", "shop.mood", "t", "f", "f", "e", "f"}}})
	findings, err := runOn(f, defaultRequest(inShop("t")))
	require.NoError(t, err)
	require.Equal(t, []TableFound{{
		Table: inShop("t"), Columns: []Column{{Name: "id", Type: "bigint"}, {Name: "mood", Type: "shop.mood", Nullable: true}}, PrimaryKey: []string{"id"},
	}}, findings.Tables)
}

func TestReplicaIdentityIsSetWhenItMayBe(t *testing.T) {
	f := onRDS().with("t", fakeTable{outside: true, columns: [][]string{long("a", "text")}}).with("u", fakeTable{identity: identityNone})
	req := defaultRequest(inShop("t"))
	req.SetReplicaIdentity = true
	findings, err := runOn(f, req)
	require.NoError(t, err)
	require.Contains(t, findings.Changed, "replica identity FULL of shop.t")

	for c, want := range map[string]string{errLocked: "a transaction holds the table", errPrivilege: "a member of the role that owns the table"} {
		f.tables[inShop("t")].identity = identityKey
		f.refuse = map[string]string{"ALTER TABLE": c}
		_, err = runOn(f, req)
		require.ErrorContains(t, err, want)
	}
	f.refuse = nil
	req.Tables = []Table{inShop("u")}
	_, err = runOn(f, req)
	require.ErrorContains(t, err, "NOTHING", "what somebody chose is not overruled")
}

func TestAFilterWithoutTheKeyNeedsWholeRows(t *testing.T) {
	f := onRDS().with("t", fakeTable{columns: [][]string{plain("state", "integer"), long("note", "text")}})
	req := defaultRequest(inShop("t"))
	for column, want := range map[string]string{
		"state": "a DELETE does not say state, by which rows are filtered", "note": "filter by another column: DMS compares no LOBs", "absent": "unknown",
	} {
		req.Columns = []ColumnRule{{Table: inShop("t"), Filter: []string{column}}}
		_, err := runOn(f, req)
		require.ErrorContains(t, err, want)
	}
	req.Columns = []ColumnRule{{Table: inShop("t"), Filter: []string{"id"}}}
	_, err := runOn(f, req)
	require.NoError(t, err)
}

func TestPatternsTakeInWhatDMSTakesIn(t *testing.T) {
	f := onRDS().with("orders", fakeTable{}).with("tmp_orders", fakeTable{}).with("v", fakeTable{kind: "v"}).with("p", fakeTable{kind: partitioned})
	f.schemas["cdc_heartbeat"] = "cdc"
	f.tables[Table{Database: "cdc_heartbeat", Table: "awsdms_heartbeat"}] = &fakeTable{kind: ordinary, persistence: "p", identity: identityKey}
	req := defaultRequest(Table{Database: "%", Table: "%"})
	req.Exclude = []Table{{Database: "%", Table: "tmp_%"}}
	findings, err := runOn(f, req)
	require.ErrorContains(t, err, `add {database: "shop", table: "p"} to source.exclude`)
	require.Equal(t, "ok: 1 table", findings.Summary()["tables %.%"])
	require.NotContains(t, strings.Join(findings.Changed, "\n"), "later tables", "in which schema is not known")

	req.Tables = []Table{inShop("%")}
	req.Exclude = append(req.Exclude, inShop("p"))
	f.refuse = map[string]string{`ALTER DEFAULT PRIVILEGES FOR ROLE "owner"`: errPrivilege}
	findings, err = runOn(f, req)
	require.NoError(t, err)
	require.Contains(t, findings.Changed, "granted SELECT on later tables of admin in schema shop")
	require.Equal(t, "warning: not readable by user cdc", findings.Summary()["later tables of owner in schema shop"])

	req.Tables = []Table{inShop("none%")}
	_, err = runOn(f, req)
	require.ErrorContains(t, err, "correct the pattern")
}

// A check of the whole pipeline temporarily makes followed tables.
func TestWhatIsMadeLaterMayBeRead(t *testing.T) {
	f := onRDS()
	req := defaultRequest()
	req.Later = []Table{{Database: "cdc_conformance", Table: "%"}}
	findings, err := runOn(f, req)
	require.NoError(t, err)
	for _, want := range []string{"schema cdc_conformance", `granted USAGE ON SCHEMA "cdc_conformance"`, "granted SELECT on later tables of admin in schema cdc_conformance"} {
		require.Contains(t, findings.Changed, want)
	}
	f.tables[Table{Database: "cdc_conformance", Table: "probe"}] = &fakeTable{kind: ordinary, persistence: "p", identity: identityKey}
	f.users["cdc"].may[privilege{"SELECT", `TABLE "cdc_conformance"."probe"`}] = true // as the database returns it
	findings, err = runOn(f, req)
	require.NoError(t, err)
	require.NotContains(t, strings.Join(findings.Changed, "\n"), "revoked")

	f.users["cdc"].later, req.CheckOnly = nil, true
	findings, err = runOn(f, req)
	require.NoError(t, err)
	require.Contains(t, strings.Join(findings.Warnings(), "\n"), `run ALTER DEFAULT PRIVILEGES FOR ROLE "admin" IN SCHEMA "cdc_conformance" GRANT SELECT`)
}

func TestNamesThatDifferInCaseAreToldApart(t *testing.T) {
	f := onRDS().with("Orders", fakeTable{}).with("orders", fakeTable{})
	_, err := runOn(f, defaultRequest(inShop("orders")))
	require.ErrorContains(t, err, `run ALTER TABLE "shop"."orders" RENAME TO "orders_2", or rename the other one`)
	_, err = runOn(f, defaultRequest(inShop("ORDERS")))
	require.ErrorContains(t, err, `write {database: "shop", table: "orders"} in source.tables, as the server spells it`)
}

func TestTheUserKeepsOnlyWhatItNeeds(t *testing.T) {
	f := onRDS()
	f.users["cdc"] = &fakeUser{verifier: "SCRAM-SHA-256$4096:c2FsdA==$x:y", may: map[privilege]bool{{"INSERT", `TABLE "a"."b"`}: true, {on: `"rds_superuser"`}: true}}
	findings, err := runOn(f, defaultRequest())
	require.NoError(t, err)
	require.Equal(t, map[privilege]bool{
		{on: `"rds_replication"`}: true, {"USAGE", `SCHEMA "testdb"`}: true, {"SELECT", `TABLE "testdb"."retail_trans"`}: true,
	}, f.users["cdc"].may)
	require.Contains(t, findings.Changed, "password of user cdc")
	require.Contains(t, findings.Changed, `revoked "rds_superuser"`)
}

func TestAServerOfOnesOwnNeedsTheAttribute(t *testing.T) {
	f := onRDS()
	f.rds = false
	findings, err := runOn(f, defaultRequest())
	require.NoError(t, err)
	require.Contains(t, findings.Changed, "REPLICATION of user cdc")
	f.users["cdc"].replication = false
	f.refuse = map[string]string{`ALTER ROLE "cdc" REPLICATION`: errPrivilege, "SELECT slot_name FROM pg_create": errNoFile}
	_, err = runOn(f, defaultRequest())
	require.ErrorContains(t, err, `run ALTER ROLE "cdc" REPLICATION as a superuser`)
	require.ErrorContains(t, err, "contrib package")
}

func TestTheHeartbeatsSchemaIsTheUsersOwn(t *testing.T) {
	f := onRDS()
	f.refuse = map[string]string{"CREATE SCHEMA \"cdc_heartbeat\"": errPrivilege}
	_, err := runOn(f, defaultRequest())
	require.NoError(t, err)
	require.Contains(t, f.statements, `GRANT "cdc" TO "admin"; CREATE SCHEMA "cdc_heartbeat" AUTHORIZATION "cdc"; REVOKE "cdc" FROM "admin"`)
	require.Equal(t, "cdc", f.schemas["cdc_heartbeat"])

	f.schemas["cdc_heartbeat"] = "somebody"
	findings, err := runOn(f, defaultRequest())
	require.NoError(t, err)
	require.Contains(t, findings.Changed, `granted USAGE, CREATE ON SCHEMA "cdc_heartbeat"`)
}

func TestTimeoutsAreLiftedForTheUserAlone(t *testing.T) {
	f := onRDS()
	f.timeouts = [][]string{{"idle_in_transaction_session_timeout", "86400000"}, {"statement_timeout", "60000"}}
	findings, err := runOn(f, defaultRequest())
	require.NoError(t, err)
	require.Contains(t, findings.Changed, "timeouts of user cdc lifted: idle_in_transaction_session_timeout 86400000 ms, statement_timeout 60000 ms")
	require.Contains(t, f.statements, `ALTER ROLE "cdc" SET idle_in_transaction_session_timeout = 0; ALTER ROLE "cdc" SET statement_timeout = 0`)
}

func TestNoStatementAndNoMessageHoldsThePassword(t *testing.T) {
	f := onRDS()
	_, err := runOn(f, defaultRequest())
	require.NoError(t, err)
	require.NotContains(t, strings.Join(f.statements, "\n"), replication.Password)
	f = onRDS()
	f.refuse = map[string]string{"CREATE ROLE": errPrivilege}
	_, err = runOn(f, defaultRequest())
	require.ErrorContains(t, err, "creating user cdc (the administrator needs CREATEROLE)")
	require.NotContains(t, err.Error(), "SCRAM")

	_, err = Run(context.Background(), f, f.login, Credentials{Username: "cdc", Password: "pässword"}, defaultRequest())
	require.ErrorContains(t, err, "signs of ASCII only")
	require.NotContains(t, err.Error(), "pässword")
}

// RFC 7677's own example: user's password is pencil.
func TestAVerifierIsThatOfTheStandard(t *testing.T) {
	salt, err := base64.StdEncoding.DecodeString("W22ZaJ0SNY7soEsUEjb6gQ==")
	require.NoError(t, err)
	got, err := verifier("pencil", salt)
	require.NoError(t, err)
	require.Equal(t, "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=", got)
}

func TestAScriptOfPsqlIsRefused(t *testing.T) {
	req := defaultRequest()
	req.Schema = []Script{{Name: "p.sql", SQL: "CREATE TABLE t (id int);\n\\connect other\n"}}
	_, err := runOn(onRDS(), req)
	require.ErrorContains(t, err, "running p.sql: a line that begins with a backslash is a command of psql")
}

func TestQuoting(t *testing.T) {
	require.Equal(t, `"a""b"`, quoteName(`a"b`))
	require.Equal(t, `'a''b'`, quoteText(`a'b`))
	require.Equal(t, `E'a''b\\'`, quoteText(`a'b\`))
}

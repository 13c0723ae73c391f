package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSourcesOfPostgreSQLAreRefused(t *testing.T) { requireRefused(t, refusedPostgres) }
func TestEnginesBesideOthersAreRefused(t *testing.T) { requireRefused(t, refusedEngines) }

// postgres returns the configuration of a stack with one PostgreSQL cluster.
func postgres(keys string) string { return `source: {engine: postgresql` + keys + `}` }

// yours returns the configuration of a stack with one existing PostgreSQL database.
func yours(keys string) string { return `{VPC, source: {engine: postgresql, EXISTING` + keys + `}}` }

// long returns a name with n letters.
func long(n int) string { return strings.Repeat("a", n) }

// refusedPostgres has settings of one source that PostgreSQL, RDS or DMS would refuse or ignore.
var refusedPostgres = []refusal{
	{"an engine there is not", `source: {engine: oracle}`, `source.engine: "oracle" is not allowed here: use one of mysql, postgresql`},
	{"an engine in other letters", `source: {engine: PostgreSQL}`, `source.engine: "PostgreSQL" is not allowed here: use one of mysql, postgresql`},
	{"an empty engine", `source: {engine: ""}`, `source.engine: is empty or zero: give a value, or remove the key to use the default`},
	{"a list of engines", `source: {engine: [mysql]}`, `source.engine: ["mysql"] is not text: give one value, in quotes`},

	{"a binlog of PostgreSQL", postgres(`, binlogRetentionHours: 24`), `source.binlogRetentionHours: is a setting for MySQL: PostgreSQL keeps its log for a slot, and for a cluster source.slotWalGb is the limit; remove it, or set source.engine to mysql`},
	{"cascades of PostgreSQL", postgres(`, cascades: warn`), `source.cascades: is a setting for MySQL: PostgreSQL's log contains the rows that foreign keys change; remove it, or set source.engine to mysql`},
	{"a database's name of MySQL", `source: {databaseName: shop}`, `source.databaseName: is a setting for PostgreSQL: for MySQL, source.tables names the databases; remove it, or set source.engine to postgresql`},
	{"a slot's bound of MySQL", `source: {slotWalGb: 10}`, `source.slotWalGb: is a setting for PostgreSQL: for MySQL, source.binlogRetentionHours sets how long the log is kept; remove it, or set source.engine to postgresql`},
	{"a replica identity of MySQL", `source: {setReplicaIdentity: true}`, `source.setReplicaIdentity: is a setting for PostgreSQL: MySQL's records always contain the whole row; remove it, or set source.engine to postgresql`},
	{"an alarm of MySQL", `source: {alarmTopic: "arn:aws:sns:us-east-1:123456789012:ops"}`, `source.alarmTopic: is a setting for PostgreSQL: its alarm watches a replication slot; remove it, or set source.engine to postgresql`},
	{"an alarm that tells nobody", postgres(`, alarmTopic: ops`), `source.alarmTopic: "ops" must be the full ARN of an SNS topic, arn:aws:sns:<region>:<account>:<name>`},
	{"an alarm of a server of one's own", yours(`, databaseName: shop, alarmTopic: "arn:aws:sns:us-east-1:123456789012:ops"`), `source.alarmTopic: cannot be set together with source.existing: its alarm watches the Aurora cluster that the stack makes if there is no existing database; remove one of the two, and watch the slots of your server yourself`},
	{"all keys of the other engine", `source: {engine: mysql, databaseName: shop, slotWalGb: 1, setReplicaIdentity: true}`, lines(
		`source.databaseName: is a setting for PostgreSQL: for MySQL, source.tables names the databases; remove it, or set source.engine to postgresql`,
		`source.slotWalGb: is a setting for PostgreSQL: for MySQL, source.binlogRetentionHours sets how long the log is kept; remove it, or set source.engine to postgresql`,
		`source.setReplicaIdentity: is a setting for PostgreSQL: MySQL's records always contain the whole row; remove it, or set source.engine to postgresql`,
	)},

	{"an existing server without its database", yours(``), `source.databaseName: is missing: name the database of source.existing to follow; source.tables names its schemas`},
	{"a pattern for a database", yours(`, databaseName: "shop%"`), `source.databaseName: "shop%" must be letters, digits, _, $ and - only: name one database, without wildcards`},
	{"a database that would end a setting", yours(`, databaseName: "shop;sslmode=none"`), `source.databaseName: "shop;sslmode=none" must be letters, digits, _, $ and - only: name one database, without wildcards`},
	{"a database with a hyphen in a cluster", postgres(`, databaseName: my-shop`), `source.databaseName: "my-shop" must be letters, digits and _ only, and must begin with a letter`},
	{"a database that begins with a digit", postgres(`, databaseName: 2shops`), `source.databaseName: "2shops" must be letters, digits and _ only, and must begin with a letter`},
	{"the database that every cluster has", postgres(`, databaseName: postgres`), `source.databaseName: "postgres" belongs to PostgreSQL itself: follow a database of your own`},
	{"a template of databases", yours(`, databaseName: template1`), `source.databaseName: "template1" belongs to PostgreSQL itself: follow a database of your own`},
	{"a database's name too long", postgres(`, databaseName: ` + long(64)), `source.databaseName: is 64 bytes long: PostgreSQL allows at most 63`},
	{"a number for a database", postgres(`, databaseName: 7`), `source.databaseName: 7 was read as a number (an unquoted 3.10 arrives as 3.1): put the value in quotes`},

	{"a table's name too long", postgres(`, schemaFiles: [a.sql], tables: [{database: public, table: ` + long(64) + `}]`), `source.tables[0].table: is 64 bytes long: PostgreSQL allows at most 63`},
	{"a name too long in bytes", postgres(`, schemaFiles: [a.sql], tables: [{database: ` + strings.Repeat("ä", 32) + `, table: x}]`), `source.tables[0].database: is 64 bytes long: PostgreSQL allows at most 63`},
	{"an exclusion's name too long", postgres(`, schemaFiles: [a.sql], tables: [{database: public, table: "%"}], exclude: [{database: public, table: ` + long(70) + `}]`), `source.exclude[0].table: is 70 bytes long: PostgreSQL allows at most 63`},
	{"a schema of the system", postgres(`, schemaFiles: [a.sql], tables: [{database: pg_catalog, table: pg_class}, {database: information_schema, table: "%"}, {database: pg_temp_1, table: x}]`), lines(
		`source.tables[0].database: "pg_catalog" belongs to PostgreSQL itself: follow tables of your own schemas`,
		`source.tables[1].database: "information_schema" belongs to PostgreSQL itself: follow tables of your own schemas`,
		`source.tables[2].database: "pg_temp_1" belongs to PostgreSQL itself: follow tables of your own schemas`,
	)},
	{"the heartbeat", postgres(`, schemaFiles: [a.sql], tables: [{database: cdc_heartbeat, table: "%"}]`), `source.tables[0].database: "cdc_heartbeat" is the schema of DMS's heartbeat: follow tables of your own schemas`},
	{"a table of a database and a schema", postgres(`, schemaFiles: [a.sql], tables: [{database: shop.public, table: orders}]`), `source.tables[0].database: "shop.public" must be letters, digits, _, $ and - only, and % for any text`},
	{"tables that nobody makes", postgres(`, tables: [{database: public, table: orders}]`), `source.schemaFiles[0]: must name the SQL file that creates source.tables[0] (public.orders): the bootstrap makes only testdb.retail_trans without a file`},

	{"a version of MySQL", postgres(`, engineVersion: 8.0.mysql_aurora.3.10.4`), `source.engineVersion: "8.0.mysql_aurora.3.10.4" must be a full Aurora PostgreSQL version such as 17.7`},
	{"a version of PostgreSQL for MySQL", `source: {engineVersion: "17.7"}`, `source.engineVersion: "17.7" must be a full Aurora MySQL version such as 8.0.mysql_aurora.3.10.4`},
	{"half a version", postgres(`, engineVersion: "17"`), `source.engineVersion: "17" must be a full Aurora PostgreSQL version such as 17.7`},
	{"a version out of support", postgres(`, engineVersion: "13.20"`), `source.engineVersion: 13.20 is out of support: use Aurora PostgreSQL version 14 or newer, such as 17.7`},
	{"a version that DMS does not follow", postgres(`, engineVersion: "18.1"`), `source.engineVersion: 18.1 is newer than DMS supports: use Aurora PostgreSQL version 17 or older, such as 17.7`},
	{"a version that this DMS does not follow", `{source: {engine: postgresql}, replication: {engineVersion: 3.5.4}}`, `replication.engineVersion: 3.5.4 does not support PostgreSQL 17, the version in source.engineVersion: use 3.6.1 or newer, or an older source.engineVersion`},
	{"a class that Aurora PostgreSQL has not", postgres(`, instanceClass: db.m6g.large`), `source.instanceClass: db.m6g.large cannot run Aurora PostgreSQL: use db.t4g.medium, db.t4g.large or a memory-optimized class such as db.r7g.large`},
	{"a port too low", postgres(`, port: 543`), `source.port: 543 is out of range: use 1150 to 65535 (the ports that RDS allows)`},

	{"a slot without a bound", postgres(`, slotWalGb: -1`), `source.slotWalGb: -1 is out of range: use 1 to 65536 GB: a cluster's storage has at most 64 TB`},
	{"no log for a slot", postgres(`, slotWalGb: 0`), `source.slotWalGb: is empty or zero: give a value, or remove the key to use the default`},
	{"a unit behind a bound", postgres(`, slotWalGb: 10 GB`), `source.slotWalGb: "10 GB" is not a whole number: write only digits, without a unit`},
	{"a bound of a server of one's own", yours(`, databaseName: shop, slotWalGb: 10`), `source.slotWalGb: cannot be set together with source.existing: it describes the Aurora cluster that the stack makes if there is no existing database; remove one of the two, and set max_slot_wal_keep_size on your server yourself`},
	{"a cluster's keys of a server of one's own", yours(`, databaseName: shop, engineVersion: "17.7", port: 5432`), lines(
		`source.engineVersion: cannot be set together with source.existing: it describes the Aurora cluster that the stack makes if there is no existing database; remove one of the two`,
		`source.port: cannot be set together with source.existing: it describes the Aurora cluster that the stack makes if there is no existing database; remove one of the two, or set source.existing.port`,
	)},
	{"a reader", `{VPC, source: {engine: postgresql, databaseName: shop, existing: {host: db.cluster-ro-abc.us-east-1.rds.amazonaws.com, secretArn: SECRETARN, securityGroupId: sg-01234567}}}`, `source.existing.host: "db.cluster-ro-abc.us-east-1.rds.amazonaws.com" may lead to a reader, but only the writer has a slot: use the cluster's writer endpoint`},
	{"a check that changes tables", `{VPC, source: {engine: postgresql, databaseName: shop, existing: {host: db.example.com, securityGroupId: sg-01234567}, bootstrap: check, replicationSecretArn: SECRETARN, setReplicaIdentity: true}}`, `source.setReplicaIdentity: changes tables, but source.bootstrap check changes nothing: remove one of the two, and run the statements that the bootstrap names`},
	{"text for a switch", postgres(`, setReplicaIdentity: full`), `source.setReplicaIdentity: "full" is not a boolean: write true or false`},
	{"a name of another system", `source: {engine: postgresql, walKeepGb: 10}`, `source.walKeepGb: is not a key of this project: did you mean source.slotWalGb?`},
	{"all that is wrong at once", yours(`, cascades: fail, binlogRetentionHours: 48, slotWalGb: 3, tables: [{database: public, table: "%"}, {database: public, table: orders}, {database: pg_toast, table: x}]`), lines(
		`source.slotWalGb: cannot be set together with source.existing: it describes the Aurora cluster that the stack makes if there is no existing database; remove one of the two, and set max_slot_wal_keep_size on your server yourself`,
		`source.binlogRetentionHours: is a setting for MySQL: PostgreSQL keeps its log for a slot, and for a cluster source.slotWalGb is the limit; remove it, or set source.engine to mysql`,
		`source.cascades: is a setting for MySQL: PostgreSQL's log contains the rows that foreign keys change; remove it, or set source.engine to mysql`,
		`source.databaseName: is missing: name the database of source.existing to follow; source.tables names its schemas`,
		`source.tables[1]: public.orders and source.tables[0] (public.%) include the same tables: separate the patterns, or remove one of them`,
		`source.tables[2].database: "pg_toast" belongs to PostgreSQL itself: follow tables of your own schemas`,
	)},
}

// besides returns the configuration of two sources on one PostgreSQL server.
func besides(unnamed, orders string) string {
	return onOneServer(`, engine: postgresql`+unnamed, `, engine: postgresql`+orders)
}

// refusedEngines has named sources that are invalid, or that are valid alone but not together.
var refusedEngines = []refusal{
	{"a named source's keys of another engine", `{source: {enabled: true}, sources: {orders: {engine: postgresql, cascades: fail, binlogRetentionHours: 24}, stock: {databaseName: stock}}}`, lines(
		`sources.orders.binlogRetentionHours: is a setting for MySQL: PostgreSQL keeps its log for a slot, and for a cluster sources.orders.slotWalGb is the limit; remove it, or set sources.orders.engine to mysql`,
		`sources.orders.cascades: is a setting for MySQL: PostgreSQL's log contains the rows that foreign keys change; remove it, or set sources.orders.engine to mysql`,
		`sources.stock.databaseName: is a setting for PostgreSQL: for MySQL, sources.stock.tables names the databases; remove it, or set sources.stock.engine to postgresql`,
	)},
	{"a named server without its database", `{VPC, source: {enabled: true}, sources: {orders: {engine: postgresql, EXISTING}}}`, `sources.orders.databaseName: is missing: name the database of sources.orders.existing to follow; sources.orders.tables names its schemas`},
	{"an engine of a source there is not", `{source: {enabled: false, engine: postgresql, databaseName: shop}, sources: {orders: {}}}`, lines(`source.engine`+noOther, `source.databaseName`+noOther)},
	{"one server of two engines", `{VPC, source: {EXISTING}, sources: {orders: {engine: postgresql, databaseName: shop, existing: {host: DB.example.com., port: 3306, secretArn: SECRETARN, securityGroupId: sg-01234567}, tables: [{database: shop, table: orders}]}}}`, `sources.orders.engine: postgresql, but source.engine: mysql is for the same server, db.example.com:3306, which can be only one of the two: give each source its own server`},
	{"the same tables of one database", besides(`, databaseName: shop, tables: [{database: public, table: "%"}]`, `, databaseName: shop, tables: [{database: public, table: orders}]`), `sources.orders.tables[0]: public.orders and source.tables[0] (public.%) include the same tables of one database, db.example.com:5432, so both sources would carry the same rows: separate the patterns, or remove one of them`},
	{"the name of the unnamed source", `{source: {enabled: true}, sources: {unnamed: {engine: postgresql}}}`, `sources.unnamed: "unnamed" is the name of another part of the stack: give the source another name, such as its database's`},
	{"a DMS that follows one of two", `{source: {enabled: true}, replication: {engineVersion: 3.6.1}, sources: {orders: {engine: postgresql, replication: {engineVersion: 3.5.4}}}}`, `sources.orders.replication.engineVersion: 3.5.4 does not support PostgreSQL 17, the version in sources.orders.engineVersion: use 3.6.1 or newer, or an older sources.orders.engineVersion`},
	{"a table in Athena that another's control records are", `{VPC, source: {EXISTING, tables: [{database: orders_dms, table: control}]}, sources: {orders: {engine: postgresql}}}`, `sources.orders: its control records would get the name orders_dms_control in Athena, and so would source.tables[0] (orders_dms.control): give the source another name`},
	{"a view in Athena that another's control records are", `{VPC, source: {EXISTING, tables: [{database: a, table: b}, {database: orders, table: dms_control_records}]}, sources: {orders: {}}}`, `sources.orders: its control records would get the name orders_dms_control_records in Athena, and so would source.tables[1] (orders.dms_control_records): give the source another name`},
	{"one name in Athena of two engines", `{VPC, source: {EXISTING, tables: [{database: orders_public, table: items}]}, sources: {orders: {engine: postgresql, tables: [{database: public, table: items}], schemaFiles: [a.sql]}}}`, `sources.orders: public.items (tables[0]) would get the name orders_public_items in Athena, and so would source.tables[0] (orders_public.items): give the source another name`},
	{"one cluster's name of two engines", `{source: {enabled: true}, sources: {orders: {engine: postgresql, clusterName: dms-src}}}`, `sources.orders.clusterName: "dms-src" is also source.clusterName: give each cluster a name of its own`},
}

func TestAcceptedSourcesOfPostgreSQL(t *testing.T) {
	for name, config := range map[string]string{
		"all defaults":                      postgres(``),
		"a name of 63 bytes":                postgres(`, databaseName: ` + long(63) + `, schemaFiles: [a.sql], tables: [{database: public, table: ` + long(63) + `}]`),
		"all its own keys":                  postgres(`, databaseName: Shop_1, slotWalGb: 65536, setReplicaIdentity: true, alarmTopic: "arn:aws:sns:us-east-1:123456789012:ops", engineVersion: "16.8", port: 6000`),
		"what is false is not set":          `source: {setReplicaIdentity: false}`,
		"an existing server":                yours(`, databaseName: my-shop, tables: [{database: public, table: "%"}]`),
		"the administrator's database":      yours(`, databaseName: postgres`),
		"a check":                           `{VPC, source: {engine: postgresql, databaseName: shop, existing: {host: db.example.com, securityGroupId: sg-01234567}, bootstrap: check, replicationSecretArn: SECRETARN}}`,
		"two databases of one server":       besides(`, databaseName: a`, `, databaseName: b`),
		"tables of one database, apart":     besides(`, databaseName: a`, `, databaseName: a, tables: [{database: public, table: orders}]`),
		"a serverless task":                 `{source: {engine: postgresql}, replication: {kind: serverless}}`,
		"an older engine with an older DMS": `{source: {engine: postgresql, engineVersion: "16.8"}, replication: {engineVersion: 3.5.4}}`,
		"a control table with no other":     `{VPC, source: {EXISTING, tables: [{database: dms, table: control}]}, sources: {orders: {}}}`,
		"three engines' clusters":           `{source: {enabled: true}, sources: {orders: {engine: postgresql}, stock: {engine: mysql}}}`,
	} {
		t.Run(name, func(t *testing.T) { parsed(t, "dev", config) })
	}
}

func TestAnEngineHasDefaultsOfItsOwn(t *testing.T) {
	of := func(stack, config string) []any {
		s := parsed(t, stack, config).Feeds()[0].Source
		return []any{s.DatabaseName, s.EngineVersion, s.Port, s.SlotWalGb, s.BinlogRetentionHours, s.Cascades, s.InstanceClass}
	}
	require.Equal(t, []any{"testdb", "17.7", 5432, 10, 0, Cascades(""), "db.t4g.medium"}, of("dev", postgres(``)))
	require.Equal(t, []any{"testdb", "17.7", 5433, 100, 0, Cascades(""), "db.r7g.large"}, of("prod", `{environment: prod, source: {engine: postgresql}}`))
	require.Equal(t, []any{"", "8.0.mysql_aurora.3.10.4", 3306, 0, 24, CascadesWarn, "db.t4g.medium"}, of("dev", ``))
	require.Equal(t, 5432, parsed(t, "dev", yours(`, databaseName: shop`)).Source.Existing.Port)
	c := parsed(t, "dev", postgres(``))
	require.Equal(t, c, c.WithDefaults())
}

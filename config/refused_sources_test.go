package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamedSourcesAreRefused(t *testing.T)        { requireRefused(t, refusedNamedSources) }
func TestSourcesBesideOthersAreRefused(t *testing.T) { requireRefused(t, refusedBeside) }

// badName returns the error for an invalid name of a source.
func badName(key, name string) string {
	return fmt.Sprintf("%s: %q must be a name of 1 to 16 lower-case letters and digits that begins with a letter, because it becomes part of the names of the source's resources", key, name)
}

const (
	ambiguous = "source.enabled: must be set if sources is set and the section source is empty: true keeps the source without a name, which every stack made without sources has; false has only the named sources"
	noOther   = ": cannot be set together with source.enabled: false, because that source does not exist then; remove one of the two"
)

// refusedNamedSources has values that are no sources, sources with invalid names, and sources that are invalid
// alone.
var refusedNamedSources = []refusal{
	{"a name in capitals", `{source: {enabled: true}, sources: {Orders: {}}}`, badName("sources.Orders", "Orders")},
	{"a name with a hyphen", `{source: {enabled: true}, sources: {my-orders: {}}}`, badName("sources.my-orders", "my-orders")},
	{"a name too long", `{source: {enabled: true}, sources: {abcdefghijklmnopq: {}}}`, badName("sources.abcdefghijklmnopq", "abcdefghijklmnopq")},
	{"a name that begins with a digit", `{source: {enabled: true}, sources: {2nd: {}}}`, badName("sources.2nd", "2nd")},
	{"no name", `{source: {enabled: true}, sources: {"": {}}}`, badName(`sources[""]`, "")},
	{"a name with a dot", `{source: {enabled: true}, sources: {eu.orders: {clusterName: 3}}}`, badName(`sources["eu.orders"]`, "eu.orders")},
	{"names of other parts", `{source: {enabled: true}, sources: {current: {}, lake: {}, all: {}}}`, lines(
		`sources.all: "all" is the name of another part of the stack: give the source another name, such as its database's`,
		`sources.current: "current" is the name of another part of the stack: give the source another name, such as its database's`,
		`sources.lake: "lake" is the name of another part of the stack: give the source another name, such as its database's`,
	)},
	{"a list of sources", `sources: [orders]`, "sources: must be an object, not a JSON array: set its keys one by one, such as `pulumi config set --path 'cdc-pipeline:sources.orders.existing' <value>`"},
	{"text for sources", `sources: orders`, "sources: must be an object, not text: set its keys one by one, such as `pulumi config set --path 'cdc-pipeline:sources.orders.existing' <value>`"},
	{"a source without keys", `{source: {enabled: true}, sources: {orders: null}}`, "sources.orders: null is not an object: write its keys below it, indented, or {} for a source with only defaults"},
	{"text for a source", `{source: {enabled: true}, sources: {orders: db.example.com}}`, `sources.orders: "db.example.com" is not an object: write its keys below it, indented, or {} for a source with only defaults`},
	{"a list for a source", `{source: {enabled: true}, sources: {orders: [1]}}`, `sources.orders: [1] is not an object: write its keys below it, indented, or {} for a source with only defaults`},
	{"a source set without --path", `sources.orders: db.example.com`, "sources.orders: was set without --path: remove it with `pulumi config rm cdc-pipeline:sources.orders`, then run `pulumi config set --path 'cdc-pipeline:sources.orders' <value>`"},
	{"a key of a source set without --path", `sources.orders.stream.shards: "2"`, "sources.orders.stream.shards: was set without --path: remove it with `pulumi config rm cdc-pipeline:sources.orders.stream.shards`, then run `pulumi config set --path 'cdc-pipeline:sources.orders.stream.shards' <value>`"},
	{"an unknown key", `{source: {enabled: true}, sources: {orders: {instanceClas: db.r7g.large}}}`, `sources.orders.instanceClas: is not a key of this project: did you mean sources.orders.instanceClass?`},
	{"unknown keys further down", `{source: {enabled: true}, sources: {orders: {stream: {shard: 1}, replication: {multiAZ: true}, tables: [{database: testdb, table: retail_trans, filter: []}]}}}`, lines(
		`sources.orders.replication.multiAZ: is not a key of this project: did you mean sources.orders.replication.multiAz?`,
		`sources.orders.stream.shard: is not a key of this project: did you mean sources.orders.stream.shards?`,
		`sources.orders.tables[0].filter: is not a key of this project: did you mean sources.orders.tables[].filters?`,
	)},
	{"a section that is of all sources", `{source: {enabled: true}, sources: {orders: {search: {bufferMb: 5}}}}`, `sources.orders.search: is not a key of this project: did you mean search?`},
	{"values of other types", `{source: {enabled: true}, sources: {orders: {instances: two, engineVersion: 3.10, stream: {shards: some}, existing: db}}}`, lines(
		`sources.orders.stream.shards: "some" is not a whole number: write only digits, without a unit`,
		`sources.orders.existing: "db" is not an object: write its keys below it, indented`,
		`sources.orders.engineVersion: 3.1 was read as a number (an unquoted 3.10 arrives as 3.1): put the value in quotes`,
		`sources.orders.instances: "two" is not a whole number: write only digits, without a unit`,
	)},
	{"an empty value", `{source: {enabled: true}, sources: {orders: {clusterName: "", tables: [], stream: {name: ""}}}}`, lines(
		`sources.orders.clusterName: is empty or zero: give a value, or remove the key to use the default`,
		`sources.orders.tables: is empty or zero: give a value, or remove the key to use the default`,
		`sources.orders.stream.name: is empty or zero: give a value, or remove the key to use the value of stream.name`,
	)},
	{"on demand beside shards", `{source: {enabled: true}, stream: {shards: 4}, sources: {orders: {stream: {shards: 0}}}}`, `sources.orders.stream.shards: is empty or zero: give a value, or remove the key to use the value of stream.shards`},
	{"a switch of a named source", `{source: {enabled: true}, sources: {orders: {enabled: false}}}`, `sources.orders.enabled: is only for the section source: a named source exists as long as sources names it; remove the key, or the source`},
	{"too many", `{source: {enabled: true}, sources: {MANY}}`, `sources: has 21 sources: name at most 20 in a stack, and the others in another stack`},
	{"nothing about the unnamed source", `{sources: {orders: {}}}`, ambiguous},
	{"nothing in the section source", `{source: {}, sources: {orders: {}}}`, ambiguous},
	{"no source at all", `source: {enabled: false}`, `source.enabled: is false, but sources is empty: name a source there, or remove this key`},
	{"keys of a source there is not", `{source: {enabled: false, EXISTING, tables: [{database: a, table: b}], conformance: true}, stream: {name: rows}, sources: {orders: {}}}`, lines(
		`source.existing`+noOther, `source.tables`+noOther, `source.conformance`+noOther,
		`stream.name: cannot be set together with source.enabled: false, because each named source has a stream of its own; set sources.<name>.stream.name`,
	)},
	{"what is wrong with any source", `{source: {enabled: true}, sources: {orders: {engineVersion: "8.0", tables: [{database: shop, table: "%"}, {database: shop, table: orders}, {table: x}], exclude: [{database: stock, table: x}], rowsSince: {a.b: never}}}}`, lines(
		`sources.orders.engineVersion: "8.0" must be a full Aurora MySQL version such as 8.0.mysql_aurora.3.10.4`,
		`sources.orders.schemaFiles[0]: must name the SQL file that creates sources.orders.tables[0] (shop.%): the bootstrap makes only testdb.retail_trans without a file`,
		`sources.orders.tables[1]: shop.orders and sources.orders.tables[0] (shop.%) include the same tables: separate the patterns, or remove one of them`,
		`sources.orders.tables[2].database: is missing: give each table a database and a table name`,
		`sources.orders.exclude[0]: stock.x matches no entry of sources.orders.tables: remove it`,
		`sources.orders.rowsSince["a.b"]: matches no entry of sources.orders.tables: remove it`,
		`sources.orders.rowsSince["a.b"]: "never" is not a time: write it in quotes, such as "2026-01-31T12:00:00Z"`,
	)},
	{"a check of what is made here", `{source: {enabled: true}, sources: {orders: {bootstrap: check, rotationDays: 1, schemaFiles: [a.sql]}}}`, lines(
		`sources.orders.replicationSecretArn: is missing: with sources.orders.bootstrap check the stack makes no replication user; give the ARN of the secret of an existing one`,
		`sources.orders.bootstrap: check is for an existing database: name the database in sources.orders.existing, or use apply`,
		`sources.orders.rotationDays: cannot be set together with sources.orders.bootstrap check: rotate the secret of your user yourself; DMS reads it again when it reconnects`,
		`sources.orders.schemaFiles: do not run with sources.orders.bootstrap check: remove them, or use apply`,
	)},
	{"a user where one is made", `{source: {enabled: true}, sources: {orders: {replicationSecretArn: SECRETARN}}}`, `sources.orders.replicationSecretArn: is for an existing replication user: set sources.orders.bootstrap to check too, or remove this key to let the bootstrap make the user`},
	{"a database of one's own and a cluster", `{VPC, source: {enabled: true}, sources: {orders: {EXISTING, instances: 2, port: 3307}}}`, lines(
		`sources.orders.instances: cannot be set together with sources.orders.existing: it describes the Aurora cluster that the stack makes if there is no existing database; remove one of the two`,
		`sources.orders.port: cannot be set together with sources.orders.existing: it describes the Aurora cluster that the stack makes if there is no existing database; remove one of the two, or set sources.orders.existing.port`,
	)},
	{"a probe that a pattern takes in", `{VPC, source: {enabled: true}, sources: {orders: {EXISTING, conformance: true, tables: [{database: "%", table: "%"}]}}}`, "sources.orders.conformance: is not needed, because sources.orders.tables[0] (%.%) already includes cdc_conformance.%: remove it, and name a table with `cdc conformance --table`"},
	{"a stream and a task of its own", `{source: {enabled: true}, sources: {orders: {stream: {name: "a b", retentionHours: 24}, replication: {kind: serverless, next: serverless, minDcu: 8, maxDcu: 2, storageGb: 50}}}}`, lines(
		`sources.orders.stream.name: "a b" must be 1 to 128 letters, digits, _, . and -`,
		`sources.orders.stream.retentionHours: 24 is out of range: use 168 to 8760 hours: a failing delivery may need seven days, and Kinesis keeps records for at most a year`,
		`sources.orders.replication.next: serverless is the present sources.orders.replication.kind: remove this key, or give the other kind`,
		`sources.orders.replication.storageGb: is a setting of a replication instance, but neither sources.orders.replication.kind nor sources.orders.replication.next is instance: remove it`,
		`sources.orders.replication.minDcu: 8 is above sources.orders.replication.maxDcu, which is 2: use at most that`,
	)},
	{"what is wrong with the sections, once", `{source: {enabled: true}, stream: {retentionHours: 24}, replication: {storageGb: 1}, sources: {orders: {replication: {lobMaxSizeKb: 5000}}, stock: {}}}`, lines(
		`stream.retentionHours: 24 is out of range: use 168 to 8760 hours: a failing delivery may need seven days, and Kinesis keeps records for at most a year`,
		`replication.storageGb: 1 is out of range: use 5 to 6144 GB`,
		`sources.orders.replication.lobMaxSizeKb: 5000 is out of range: use 1 to 1024 KB: a Kinesis record has at most 1 MB`,
	)},
}

// onOneServer returns the configuration of two sources on one existing database: the unnamed one, and orders.
func onOneServer(unnamed, orders string) string {
	return `{VPC, source: {EXISTING` + unnamed + `}, sources: {orders: {existing: {host: DB.example.com., secretArn: SECRETARN, securityGroupId: sg-01234567}` + orders + `}}}`
}

// refusedBeside has sources that are valid alone but not together.
var refusedBeside = []refusal{
	{"one cluster's name for two", `{source: {enabled: true}, sources: {a: {clusterName: shop}, b: {clusterName: shop}}}`, `sources.b.clusterName: "shop" is also sources.a.clusterName: give each cluster a name of its own`},
	{"the unnamed source's cluster", `{source: {enabled: true}, sources: {orders: {clusterName: dms-src}}}`, `sources.orders.clusterName: "dms-src" is also source.clusterName: give each cluster a name of its own`},
	{"a name that is another's default", `{source: {clusterName: dms-src-orders}, sources: {orders: {}}}`, `sources.orders.clusterName: "dms-src-orders" is also source.clusterName: give each cluster a name of its own`},
	{"one stream's name for two", `{source: {enabled: true}, sources: {a: {stream: {name: rows}}, b: {stream: {name: rows}}}}`, `sources.b.stream.name: "rows" is also sources.a.stream.name: give each source a stream of its own`},
	{"the unnamed source's stream", `{source: {enabled: true}, sources: {orders: {stream: {name: retail_trans_stream}}}}`, `sources.orders.stream.name: "retail_trans_stream" is also stream.name: give each source a stream of its own`},
	{"the same tables of one server", onOneServer(`, tables: [{database: a, table: b}, {database: shop, table: "%"}]`, `, tables: [{database: Shop, table: orders}]`), `sources.orders.tables[0]: Shop.orders and source.tables[1] (shop.%) include the same tables of one database, db.example.com:3306, so both sources would carry the same rows: separate the patterns, or remove one of them`},
	{"the probes of one server", onOneServer(`, conformance: true`, `, conformance: true, tables: [{database: shop, table: orders}]`), `sources.orders.conformance: cdc_conformance.% and source.conformance (cdc_conformance.%) include the same tables of one database, db.example.com:3306, so both sources would carry the same rows: separate the patterns, or remove one of them`},
	{"two retentions of one server", onOneServer(``, `, binlogRetentionHours: 48, tables: [{database: shop, table: orders}]`), `sources.orders.binlogRetentionHours: 48, but source.binlogRetentionHours: 24 is for the same database, db.example.com:3306, so each deployment would set one value and then the other: give both the same value`},
	{"a database that no new VPC leads to", `{source: {enabled: true}, sources: {orders: {EXISTING}}}`, `sources.orders.existing: the database is in an existing VPC, and a new VPC has no route to it: set network.vpcId and network.privateSubnetIds to those of the database`},
	{"one name in Athena", `{VPC, source: {EXISTING, tables: [{database: a, table: b}, {database: Orders-x, table: y}]}, sources: {orders: {tables: [{database: x, table: y}], schemaFiles: [a.sql]}}}`, `sources.orders: x.y (tables[0]) would get the name orders_x_y in Athena, and so would source.tables[1] (Orders-x.y): give the source another name`},
	{"a name in Athena that a view has", `{VPC, source: {EXISTING, tables: [{database: orders_x, table: y_changes}]}, sources: {orders: {tables: [{database: x, table: y}], schemaFiles: [a.sql]}}}`, `sources.orders: x.y (tables[0]) would get the name orders_x_y_changes in Athena, and so would source.tables[0] (orders_x.y_changes): give the source another name`},
	{"a history that the unnamed one's pattern matches", `{source: {enabled: true}, search: {historyIndex: orders}, sources: {orders: {}}}`, `search.historyIndex: the pattern orders* also matches orders-orders, the history of sources.orders: give one of the two another name`},
	{"a history among others' indices", `{source: {enabled: true}, search: {historyIndex: auditlog-rows}, sources: {security: {}}}`, `search.historyIndex: makes the name "security-auditlog-rows" for the history of sources.security, but security-auditlog-* are other indices: give one of the two another name`},
	{"a history too long with the source's name", `{source: {enabled: true}, search: {historyIndex: HISTORY}, sources: {orders: {}}}`, `search.historyIndex: makes a name of 82 bytes, "orders-` + strings.Repeat("history", 11)[:75] + `", for the history of sources.orders: Firehose allows at most 80`},
	{"a record that one stream forgets first", `{source: {enabled: true}, stream: {retentionHours: 200}, search: {current: {maxAgeHours: 168}}, sources: {a: {}, b: {stream: {retentionHours: 168}}, c: {stream: {retentionHours: 168}}}}`, `search.current.maxAgeHours: 168 hours, but the stream deletes a record after sources.b.stream.retentionHours, sources.c.stream.retentionHours: 168, before it could be parked: use less, or a longer retention`},
	{"a serverless task without endpoints", `{source: {enabled: true}, network: {egress: nat}, sources: {orders: {replication: {kind: serverless}}}}`, `network.egress: nat makes no VPC endpoints, but a serverless task reaches Kinesis, Secrets Manager and S3 only through them: use endpoints, or run the task on an instance (sources.orders.replication.kind, sources.orders.replication.next)`},
	{"two moves at once", `{source: {enabled: true}, search: {next: serverless}, sources: {orders: {replication: {next: serverless}}}}`, `search.next: cannot be set together with sources.orders.replication.next: a new task loads tables into new epochs, which would be missing in the next place; finish one move before the other`},
	{"a network too small for all", `{source: {enabled: true}, network: {cidr: 10.0.0.0/24}, sources: {a: {}, b: {}, c: {}, d: {}, e: {}, f: {}, g: {}}}`, `network.cidr: 10.0.0.0/24 gives each subnet 59 addresses, but the stack needs 65: use a larger block, up to a /16`},
}

func TestASecretSourceIsRefusedAndNotRepeated(t *testing.T) {
	_, err := Parse(map[string]string{"source": `{"enabled":true}`, "sources": `{"orders":{"clusterName":"hunter2"},"Hunter2":1}`}, []string{"sources"})
	require.EqualError(t, err, "sources: has a secret value: store the secret in Secrets Manager, set its ARN instead, and remove this value with `pulumi config rm cdc-pipeline:sources`")
}

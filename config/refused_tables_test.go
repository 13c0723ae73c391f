package config

// refusedTables has tables that DMS would refuse, or for which its behaviour is not documented.
var refusedTables = []refusal{
	{"a table that a pattern takes in", `source: {tables: [{database: shop, table: "%"}, {database: shop, table: orders}], schemaFiles: [a.sql]}`, `source.tables[1]: shop.orders and source.tables[0] (shop.%) include the same tables: separate the patterns, or remove one of them`},
	{"patterns that overlap", `source: {tables: [{database: "shop%", table: "%_log"}, {database: "%_eu", table: "audit%"}], schemaFiles: [a.sql]}`, `source.tables[1]: %_eu.audit% and source.tables[0] (shop%.%_log) include the same tables: separate the patterns, or remove one of them`},
	{"a pattern named twice", `source: {tables: [{database: shop, table: "%"}, {database: Shop, table: "%"}], schemaFiles: [a.sql]}`, `source.tables[1]: Shop.% is already source.tables[0] (upper and lower case count as the same name): remove one of them`},
	{"an exclusion without table", `source: {tables: [{database: shop, table: "%"}], exclude: [{database: shop}], schemaFiles: [a.sql]}`, `source.exclude[0].table: is missing: give each table a database and a table name`},
	{"an exclusion of nothing", `source: {tables: [{database: shop, table: "%"}], exclude: [{database: stock, table: "%"}], schemaFiles: [a.sql]}`, `source.exclude[0]: stock.% matches no entry of source.tables: remove it`},
	{"an exclusion of everything", `source: {tables: [{database: shop, table: "order%"}], exclude: [{database: "%", table: "o%"}], schemaFiles: [a.sql]}`, `source.exclude[0]: %.o% excludes everything that source.tables[0] (shop.order%) includes: remove one of them`},
	{"an exclusion of a table named", `source: {exclude: [{database: testdb, table: retail_trans}]}`, `source.exclude[0]: testdb.retail_trans excludes everything that source.tables[0] (testdb.retail_trans) includes: remove one of them`},
	{"a probe that a pattern takes in", `source: {conformance: true, tables: [{database: "%", table: "%"}], schemaFiles: [a.sql]}`, `source.conformance: is not needed, because source.tables[0] (%.%) already includes cdc_conformance.%: remove it, and name a table with ` + "`cdc conformance --table`"},
	{"a column omitted twice", `source: {tables: [{database: testdb, table: retail_trans, omitColumns: [memo, memo, ""]}]}`, lines(
		`source.tables[0].omitColumns[1]: "memo" is already source.tables[0].omitColumns[0]: remove one of them`,
		`source.tables[0].omitColumns[2]: is empty: give a value, or remove the entry`,
	)},
	{"a pattern of columns", `source: {tables: [{database: testdb, table: retail_trans, omitColumns: ["pay%"]}]}`, `source.tables[0].omitColumns[0]: "pay%" must be letters, digits and _ only: name each column separately; DMS cannot transform columns with other names`},
	{"a filter on a pattern", `source: {tables: [{database: shop, table: "%", filters: [{column: region, operator: eq, value: eu}]}], schemaFiles: [a.sql]}`, `source.tables[0].filters: need a table that is given by its name, because DMS does not filter the tables of a pattern: name the table in an entry of its own`},
	{"a filter without anything", `source: {tables: [{database: testdb, table: retail_trans, filters: [{}]}]}`, lines(
		`source.tables[0].filters[0].column: is missing: name the column to filter on`,
		`source.tables[0].filters[0].operator: "" is not allowed here: use one of eq, noteq, gte, lte, ste, between, notbetween, null, notnull`,
	)},
	{"an operator there is not", `source: {tables: [{database: testdb, table: retail_trans, filters: [{column: trans_id, operator: gt, value: "1"}]}]}`, `source.tables[0].filters[0].operator: "gt" is not allowed here: use one of eq, noteq, gte, lte, ste, between, notbetween, null, notnull`},
	{"half a range", `source: {tables: [{database: testdb, table: retail_trans, filters: [{column: trans_id, operator: between, value: "1"}]}]}`, `source.tables[0].filters[0].endValue: is missing: operator between compares with 2 values`},
	{"a value for null", `source: {tables: [{database: testdb, table: retail_trans, filters: [{column: trans_id, operator: "null", value: "1"}]}]}`, `source.tables[0].filters[0].value: must be left out: operator null compares with 0 values`},
	{"an alternative to a negative", `source: {tables: [{database: testdb, table: retail_trans, filters: [{column: trans_id, operator: noteq, value: "1"}, {column: trans_id, operator: eq, value: "2"}]}]}`, `source.tables[0].filters[0].operator: noteq must be the only filter on column "trans_id", because DMS allows no alternative to a negative filter: remove the others`},
	{"a filter on an omitted column", `source: {tables: [{database: testdb, table: retail_trans, omitColumns: [memo], filters: [{column: memo, operator: notnull}]}]}`, `source.tables[0].filters[0].column: "memo" is in omitColumns too, and AWS does not document whether DMS can filter by an omitted column: remove one of the two`},
}

// refusedTimes has values that are no valid rowsSince.
var refusedTimes = []refusal{
	{"a day for a time", `source: {rowsSince: {"%.%": "2026-01-31"}}`, `source.rowsSince["%.%"]: "2026-01-31" is not a time: write it in quotes, such as "2026-01-31T12:00:00Z"`},
	{"a time of a table that is not followed", `source: {rowsSince: {shop.orders: "2026-01-31T12:00:00Z"}}`, `source.rowsSince["shop.orders"]: matches no entry of source.tables: remove it`},
	{"times without tables", `source: {rowsSince: {orders: "2026-01-31T12:00:00Z", testdb.retail_trans.memo: "x"}}`, lines(
		`source.rowsSince["orders"]: is not the name of a table: write database.table, with % for any text`,
		`source.rowsSince["testdb.retail_trans.memo"]: is not the name of a table: write database.table, with % for any text`,
		`source.rowsSince["testdb.retail_trans.memo"]: "x" is not a time: write it in quotes, such as "2026-01-31T12:00:00Z"`,
	)},
	{"a time of nothing", `source: {rowsSince: "2026-01-31T12:00:00Z"}`, `source.rowsSince: "2026-01-31T12:00:00Z" is not an object: write its keys below it, indented`},
}

// refusedAdoptions has existing resources that the configuration names only in part.
var refusedAdoptions = []refusal{
	{"a way with foreign keys there is not", `source: {cascades: ignore}`, `source.cascades: "ignore" is not allowed here: use one of warn, fail`},
	{"a bootstrap there is not", `source: {bootstrap: none}`, `source.bootstrap: "none" is not allowed here: use one of apply, check`},
	{"a check of a database that is made here", `source: {bootstrap: check, replicationSecretArn: SECRETARN}`, `source.bootstrap: check is for an existing database: name the database in source.existing, or use apply`},
	{"a check without a user", `{VPC, source: {bootstrap: check, existing: {host: db.example.com, secretArn: SECRETARN, securityGroupId: sg-01234567}}}`, `source.replicationSecretArn: is missing: with source.bootstrap check the stack makes no replication user; give the ARN of the secret of an existing one`},
	{"a check with a user's name", `{VPC, source: {bootstrap: check, replicationSecretArn: cdc, existing: {host: db.example.com, secretArn: SECRETARN, securityGroupId: sg-01234567}}}`, `source.replicationSecretArn: "cdc" must be the full ARN of a Secrets Manager secret, arn:aws:secretsmanager:<region>:<account>:secret:<name>`},
	{"a check with files to run", `{VPC, source: {bootstrap: check, replicationSecretArn: SECRETARN, schemaFiles: [a.sql], existing: {host: db.example.com, securityGroupId: sg-01234567}}}`, `source.schemaFiles: do not run with source.bootstrap check: remove them, or use apply`},
	{"a rotation of a user who is not made here", `{VPC, source: {bootstrap: check, rotationDays: 30, replicationSecretArn: SECRETARN, existing: {host: db.example.com, securityGroupId: sg-01234567}}}`, `source.rotationDays: cannot be set together with source.bootstrap check: rotate the secret of your user yourself; DMS reads it again when it reconnects`},
	{"a rotation too rare", `source: {rotationDays: 1001}`, `source.rotationDays: 1001 is out of range: use 0 to 1000 days (0 turns the rotation off)`},
	{"a user where one is made", `source: {replicationSecretArn: SECRETARN}`, `source.replicationSecretArn: is for an existing replication user: set source.bootstrap to check too, or remove this key to let the bootstrap make the user`},
	{"a key by alias", `encryption: {kmsKeyArn: alias/cdc}`, `encryption.kmsKeyArn: "alias/cdc" must be the full ARN of a KMS key (not of an alias), arn:aws:kms:<region>:<account>:key/<id>`},
	{"a log bucket by ARN", `lake: {logBucket: "arn:aws:s3:::logs"}`, `lake.logBucket: "arn:aws:s3:::logs" must be the name of a bucket, not its ARN or URL`},
	{"a lake that logs into itself", `lake: {bucketName: lake, logBucket: lake}`, `lake.logBucket: "lake" is the lake's own bucket, where writing a log would cause another log: name another bucket`},
}

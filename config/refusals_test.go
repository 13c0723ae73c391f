package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// refusal has a stack's `config:` in the user's spelling, without namespace, and the complete error of Parse.
type refusal struct{ name, config, want string }

// expand replaces abbreviations in the test cases with long texts.
var expand = strings.NewReplacer(
	"LONG", strings.Repeat("abcdefghij", 9),
	"{VPC,", "{network: {vpcId: vpc-01234567, privateSubnetIds: [subnet-01234567, subnet-89abcdef]},",
	"MANY", strings.Join(numbered("s%d: {}", 21), ", "),
	"TWENTY", strings.Join(numbered("s%d: {}", 20), ", "),
	"HISTORY", strings.Repeat("history", 11)[:75],
	"OPERATORS", strings.Join(operators(21), ", "),
	"EXISTING", "existing: {host: db.example.com, secretArn: \"arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf\", securityGroupId: sg-01234567}",
	"SECRETARN", "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf",
)

func operators(n int) []string { return numbered(`"arn:aws:iam::123456789012:role/ops%d"`, n) }

func numbered(format string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(format, i)
	}
	return all
}

func lines(each ...string) string { return strings.Join(each, "\n") }

func requireRefused(t *testing.T, refusals []refusal) {
	for _, r := range refusals {
		t.Run(r.name, func(t *testing.T) {
			_, err := Parse(stackValues(t, expand.Replace(r.config)), nil)
			require.EqualError(t, err, r.want)
		})
	}
}

func TestKeysAndTypesAreRefused(t *testing.T)      { requireRefused(t, refusedKeys) }
func TestNetworksAreRefused(t *testing.T)          { requireRefused(t, refusedNetworks) }
func TestSourcesAreRefused(t *testing.T)           { requireRefused(t, refusedSources) }
func TestTablesAreRefused(t *testing.T)            { requireRefused(t, refusedTables) }
func TestTimesAreRefused(t *testing.T)             { requireRefused(t, refusedTimes) }
func TestAdoptionsAreRefused(t *testing.T)         { requireRefused(t, refusedAdoptions) }
func TestStreamsAndTasksAreRefused(t *testing.T)   { requireRefused(t, refusedStreams) }
func TestDomainsAreRefused(t *testing.T)           { requireRefused(t, refusedDomains) }
func TestLakesAndFunctionsAreRefused(t *testing.T) { requireRefused(t, refusedLakes) }
func TestLakesTablesAreRefused(t *testing.T)       { requireRefused(t, refusedLakeTables) }

// refusedKeys has keys and values that cannot be decoded.
var refusedKeys = []refusal{
	{"an environment there is not", `environment: staging`, `environment: "staging" is not allowed here: use one of dev, prod`},
	{"an unknown section", `serach: {domainName: retail}`, `serach: is not a key of this project: did you mean search?`},
	{"an unknown key at top level", `domainName: retail`, `domainName: is not a key of this project: did you mean search.domainName?`},
	{"a key set without --path", `search.domainName: retail`, "search.domainName: was set without --path: remove it with `pulumi config rm cdc-pipeline:search.domainName`, then run `pulumi config set --path 'cdc-pipeline:search.domainName' <value>`"},
	{"a key of another section", `search: {cidr: 10.0.0.0/16}`, `search.cidr: is not a key of this project: did you mean network.cidr?`},
	{"a key in other letters", `network: {vpcID: vpc-0123456789abcdef0}`, `network.vpcID: is not a key of this project: did you mean network.vpcId?`},
	{"a misspelt key of a table", `source: {tables: [{database: testdb, tabel: retail_trans}]}`, lines(
		`source.tables[0].tabel: is not a key of this project: did you mean source.tables[].table?`,
		`source.tables[0].table: is missing: give each table a database and a table name`,
	)},
	{"a section that is text", `search: retail`, "search: must be an object, not text: set its keys one by one, such as `pulumi config set --path 'cdc-pipeline:search.kind' <value>`"},
	{"a section that is a list", `search: [retail]`, "search: must be an object, not a JSON array: set its keys one by one, such as `pulumi config set --path 'cdc-pipeline:search.kind' <value>`"},
	{"an unquoted version", `replication: {engineVersion: 3.10}`, `replication.engineVersion: 3.1 was read as a number (an unquoted 3.10 arrives as 3.1): put the value in quotes`},
	{"an unquoted boolean", `search: {historyIndex: true}`, `search.historyIndex: true was read as a boolean: put the value in quotes`},
	{"an object for text", `search: {domainName: {name: retail}}`, `search.domainName: {"name":"retail"} is not text: give one value, in quotes`},
	{"text for a number", `search: {volumeGb: 20 GB}`, `search.volumeGb: "20 GB" is not a whole number: write only digits, without a unit`},
	{"a fraction for a number", `search: {volumeGb: 20.5}`, `search.volumeGb: 20.5 is not a whole number: write only digits, without a unit`},
	{"text for a boolean", `lake: {forceDestroy: "yes"}`, `lake.forceDestroy: "yes" is not a boolean: write true or false`},
	{"text for a list", `source: {tables: testdb.retail_trans}`, `source.tables: "testdb.retail_trans" is not a list: write - before each entry`},
	{"text for an object", `source: {existing: db.example.com}`, `source.existing: "db.example.com" is not an object: write its keys below it, indented`},
	{"an empty value", `search: {domainName: ""}`, `search.domainName: is empty or zero: give a value, or remove the key to use the default`},
	{"a zero", `source: {instances: 0}`, `source.instances: is empty or zero: give a value, or remove the key to use the default`},
	{"an empty list", `source: {tables: []}`, `source.tables: is empty or zero: give a value, or remove the key to use the default`},
}

// refusedNetworks has settings that EC2 or a domain in the network would refuse.
var refusedNetworks = []refusal{
	{"a VPC id of another shape", `network: {vpcId: my-vpc, privateSubnetIds: [subnet-01234567, subnet-89abcdef]}`, `network.vpcId: "my-vpc" must be the ID of a VPC: vpc- and 8 or 17 hexadecimal digits`},
	{"an adopted VPC without subnets", `network: {vpcId: vpc-01234567}`, `network.privateSubnetIds: has 0 subnets, but an adopted VPC needs at least two, in two zones: add a subnet`},
	{"an adopted VPC with a subnet named twice", `network: {vpcId: vpc-01234567, privateSubnetIds: [subnet-01234567, subnet-01234567]}`, `network.privateSubnetIds[1]: "subnet-01234567" is already network.privateSubnetIds[0]: remove one of them`},
	{"an adopted VPC with a wrong subnet", `network: {vpcId: vpc-01234567, privateSubnetIds: [subnet-01234567, private-b]}`, `network.privateSubnetIds[1]: "private-b" must be the ID of a subnet: subnet- and 8 or 17 hexadecimal digits`},
	{"an adopted VPC with settings of a new one", `network: {vpcId: vpc-01234567, privateSubnetIds: [subnet-01234567, subnet-89abcdef], cidr: 10.0.0.0/16, availabilityZones: 2, egress: nat, flowLogs: false}`, lines(
		`network.cidr: cannot be set together with network.vpcId: the stack does not change an adopted VPC; remove one of the two`,
		`network.availabilityZones: cannot be set together with network.vpcId: the stack does not change an adopted VPC; remove one of the two`,
		`network.egress: cannot be set together with network.vpcId: the stack does not change an adopted VPC; remove one of the two`,
		`network.flowLogs: cannot be set together with network.vpcId: the stack does not change an adopted VPC; remove one of the two`,
	)},
	{"subnets without their VPC", `network: {privateSubnetIds: [subnet-01234567, subnet-89abcdef]}`, `network.privateSubnetIds: are subnets of an existing VPC: set network.vpcId too, or remove them`},
	{"a block that is none", `network: {cidr: 10.0.0.0}`, `network.cidr: "10.0.0.0" is not an IPv4 block: write one such as 10.0.0.0/16`},
	{"an IPv6 block", `network: {cidr: "fd00::/16"}`, `network.cidr: "fd00::/16" is not an IPv4 block: write one such as 10.0.0.0/16`},
	{"a block with host bits", `network: {cidr: 10.0.0.1/16}`, `network.cidr: 10.0.0.1/16 has bits set after its prefix: write 10.0.0.0/16`},
	{"a block too small", `network: {cidr: 10.0.0.0/28}`, `network.cidr: 10.0.0.0/28 is too small for the subnets of 2 zones: use /16 to /24`},
	{"a block too large", `network: {cidr: 10.0.0.0/8}`, `network.cidr: 10.0.0.0/8 is larger than AWS allows: use /16 to /24`},
	{"a public block", `network: {cidr: 8.8.0.0/16}`, `network.cidr: 8.8.0.0/16 is a public block: use one within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16`},
	{"one zone", `network: {availabilityZones: 1}`, `network.availabilityZones: 1 is out of range: use 2 to 3 zones`},
	{"an egress there is not", `network: {egress: internet}`, `network.egress: "internet" is not allowed here: use one of endpoints, nat`},
	{"subnets too small for the domain", `{network: {cidr: 10.0.0.0/24, availabilityZones: 3}, search: {instanceType: r7g.large.search, instanceCount: 42, availabilityZones: 3}}`, `network.cidr: 10.0.0.0/24 gives each subnet 59 addresses, but the stack needs 62: use a larger block, up to a /16`},
}

// refusedStreams has settings that Kinesis or DMS would refuse.
var refusedStreams = []refusal{
	{"a stream name", `stream: {name: retail trans}`, `stream.name: "retail trans" must be 1 to 128 letters, digits, _, . and -`},
	{"too many shards", `stream: {shards: 501}`, `stream.shards: 501 is out of range: use 0 to 500 shards (0: on-demand); for more you first need a higher quota`},
	{"negative shards", `stream: {shards: -1}`, `stream.shards: -1 is out of range: use 0 to 500 shards (0: on-demand); for more you first need a higher quota`},
	{"a day of retention", `stream: {retentionHours: 24}`, `stream.retentionHours: 24 is out of range: use 168 to 8760 hours: a failing delivery may need seven days, and Kinesis keeps records for at most a year`},

	{"a replication class", `replication: {instanceClass: t3.medium}`, `replication.instanceClass: "t3.medium" must be a replication instance class such as dms.t3.medium`},
	{"an old DMS", `replication: {engineVersion: 3.5.3}`, `replication.engineVersion: 3.5.3 writes large integers in scientific notation and AWS makes no new instances of it: use 3.5.4 or newer`},
	{"half a DMS version", `replication: {engineVersion: "3.6"}`, `replication.engineVersion: "3.6" must be a full version such as 3.6.1`},
	{"too much replication storage", `replication: {storageGb: 7000}`, `replication.storageGb: 7000 is out of range: use 5 to 6144 GB`},
	{"a migration type", `replication: {migrationType: full-load-and-change}`, `replication.migrationType: "full-load-and-change" is not allowed here: use one of full-load-and-cdc, full-load, cdc`},
	{"serverless replication without endpoints", "network: {egress: nat}\nreplication: {next: serverless}", `network.egress: nat makes no VPC endpoints, but a serverless task reaches Kinesis, Secrets Manager and S3 only through them: use endpoints, or run the task on an instance (replication.kind, replication.next)`},
	{"a kind of replication", `replication: {kind: Serverless}`, `replication.kind: "Serverless" is not allowed here: use one of instance, serverless`},
	{"an instance class without an instance", `replication: {kind: serverless, instanceClass: dms.t3.medium}`, `replication.instanceClass: is a setting of a replication instance, but neither replication.kind nor replication.next is instance: remove it`},
	{"an engine version without an instance", `replication: {kind: serverless, engineVersion: "3.6.1"}`, `replication.engineVersion: is a setting of a replication instance, but neither replication.kind nor replication.next is instance: remove it`},
	{"storage without an instance", `replication: {kind: serverless, storageGb: 50}`, `replication.storageGb: is a setting of a replication instance, but neither replication.kind nor replication.next is instance: remove it`},
	{"a greatest capacity of an instance", `replication: {maxDcu: 4}`, `replication.maxDcu: is a setting of a serverless task, but neither replication.kind nor replication.next is serverless: remove it`},
	{"a least capacity of an instance", `replication: {kind: instance, minDcu: 2}`, `replication.minDcu: is a setting of a serverless task, but neither replication.kind nor replication.next is serverless: remove it`},
	{"a capacity that DMS does not know", `replication: {kind: serverless, maxDcu: 12}`, `replication.maxDcu: 12 is not allowed here: use one of 1, 2, 4, 8, 16, 32, 64, 128, 192, 256, 384`},
	{"a capacity below the least", `replication: {kind: serverless, minDcu: -1}`, `replication.minDcu: -1 is not allowed here: use one of 1, 2, 4, 8, 16, 32, 64, 128, 192, 256, 384`},
	{"more capacity at least than at most", `replication: {kind: serverless, maxDcu: 4, minDcu: 8}`, `replication.minDcu: 8 is above replication.maxDcu, which is 4: use at most that`},
	{"the same kind next", `replication: {kind: serverless, next: serverless}`, `replication.next: serverless is the present replication.kind: remove this key, or give the other kind`},
	{"an unknown kind next", `replication: {next: none}`, `replication.next: "none" is not allowed here: use one of instance, serverless`},
	{"LOBs larger than a record", `replication: {lobMaxSizeKb: 2048}`, `replication.lobMaxSizeKb: 2048 is out of range: use 1 to 1024 KB: a Kinesis record has at most 1 MB`},
}

// refusedLakes has settings that S3, Firehose, Lambda or CloudWatch Logs would refuse.
var refusedLakes = []refusal{
	{"a bucket name", `lake: {bucketName: Retail_Lake}`, `lake.bucketName: "Retail_Lake" must be 3 to 63 lower-case letters, digits and -, and must begin and end with a letter or digit`},
	{"a reserved bucket name", `lake: {bucketName: lake--ol-s3}`, `lake.bucketName: "lake--ol-s3" begins or ends with --ol-s3, which S3 reserves: choose another name`},
	{"an error prefix under the raw one", `lake: {errorPrefix: raw/errors}`, `lake.errorPrefix: "raw/errors" and lake.prefix "raw" contain one another, so queries for raw changes would also read failed records: use two separate prefixes`},
	{"a raw prefix under the error one", `lake: {prefix: data/raw, errorPrefix: data}`, `lake.errorPrefix: "data" and lake.prefix "data/raw" contain one another, so queries for raw changes would also read failed records: use two separate prefixes`},
	{"an expression in the prefix", `lake: {prefix: "raw/!{timestamp:yyyy}"}`, `lake.prefix: "raw/!{timestamp:yyyy}" contains a Firehose expression: write a plain prefix; the delivery adds the partitions`},
	{"an expression in the error prefix", `lake: {errorPrefix: "errors/!{firehose:error-output-type}"}`, `lake.errorPrefix: "errors/!{firehose:error-output-type}" contains a Firehose expression: write a plain prefix; the delivery adds the partitions`},
	{"a prefix with slashes at its ends", `lake: {prefix: /raw/}`, `lake.prefix: "/raw/" must be letters, digits, _ . = - in parts separated by single slashes, without a slash at either end`},
	{"a prefix too long", `lake: {prefix: LONGLONGLONG}`, `lake.prefix: is 270 characters long: use at most 256, because Firehose accepts 1024 with the partitions`},
	{"a buffer too small for dynamic partitioning", `lake: {bufferMb: 5}`, `lake.bufferMb: 5 is out of range: use 64 to 128 MB: with dynamic partitioning Firehose accepts no other buffer size`},
	{"a buffer too fast for dynamic partitioning", `lake: {bufferSeconds: 30}`, `lake.bufferSeconds: 30 is out of range: use 60 to 900 seconds: with dynamic partitioning Firehose accepts no other buffer time`},
	{"a catalog's database", `lake: {catalog: {database: Shop-Dev}}`, `lake.catalog.database: "Shop-Dev" must be 2 to 128 lower-case letters, digits and _, and must begin with a letter and not end with _`},
	{"a catalog without a beginning", `lake: {catalog: {since: "01.02.2026"}}`, `lake.catalog.since: "01.02.2026" is not a day: write it as YYYY-MM-DD, such as 2026-01-31`},
	{"a catalog without bounds", `lake: {catalog: {scanLimitGb: -1, resultDays: -1}}`, lines(
		`lake.catalog.scanLimitGb: -1 is out of range: use 1 to 1000000 GB`,
		`lake.catalog.resultDays: -1 is out of range: use 1 to 36500 days`,
	)},
	{"records among results that go away", `lake: {prefix: athena-results/raw}`, `lake.prefix: must not be under athena-results, nor may lake.errorPrefix, because objects there are deleted after lake.catalog.resultDays: use other prefixes`},
	{"infrequent access too early", `lake: {infrequentAccessDays: 7}`, `lake.infrequentAccessDays: 7 is out of range: use 30 to 36500 days: S3 first keeps an object in STANDARD for 30 days`},
	{"Glacier before infrequent access", `lake: {infrequentAccessDays: 90, glacierDays: 100}`, `lake.glacierDays: 100 must be at least 30 days after lake.infrequentAccessDays (90) and at most 36500`},

	{"an architecture", `functions: {architecture: amd64}`, `functions.architecture: "amd64" is not allowed here: use one of arm64, x86_64`},
	{"a log retention CloudWatch has not", `functions: {logRetentionDays: 10}`, `functions.logRetentionDays: 10 is not allowed here: use one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653`},
}

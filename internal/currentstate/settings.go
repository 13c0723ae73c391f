package currentstate

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/opensearch"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Settings configures the function. The component writes the settings with [Settings.Variables] into the function's
// environment, which Lambda limits to 4 KB, and the function reads them with [ReadSettings]:
//
//	SEARCH_ENDPOINT         https://vpc-name-....es.amazonaws.com, the domain, or the collection's; required
//	SEARCH_SERVICE          the service there: es (a domain) or aoss (a collection of OpenSearch Serverless); default es
//	SOURCE_KIND             kind of the source: mysql or postgresql; default mysql
//	SOURCE                  short name of the source, used in the names of its indices; default empty: the unnamed source
//	PARKING_BUCKET          name of the bucket for the registry, and for records that cannot be indexed; required
//	REGISTRY                name of the source's registry below registry/ in that bucket; default current, for the unnamed source
//	PARKING_PREFIX          prefix of parked records' keys; default parked/current/
//	TABLES                  JSON list of the tables that are known at the deployment; default []:
//	                        [{"database":"testdb","table":"retail_trans","key":["trans_id"],
//	                          "columns":{"trans_id":"bigint(20)","amount":"int(11)","trans_datetime":"datetime"}}]
//	STREAM_RETENTION_HOURS  retention of the Kinesis stream; default 168
//	PARKED_DAYS             greatest age of a parked record at its replay; default 30
//	INDEX_SHARDS            primary shards of a new index in a domain; default 1
//	INDEX_REPLICAS          replicas of each shard; default 1
//	BULK_BYTES              size of one request before compression; default 4194304
//	BULK_RECORDS            documents in one request; default 2000
//	BULK_PLAIN              true: requests are not compressed; default false
//
// An empty variable counts as absent. Certificates are verified with the system's authorities, or those of SSL_CERT_FILE.
type Settings struct {
	// Endpoint is the URL of the domain or collection, without a trailing slash.
	Endpoint string
	// Service is the service at the endpoint. Requests are signed for it.
	Service opensearch.Service
	// Source is the source of the stream, and Kind its kind. An empty Kind means MySQL.
	Source Source
	Kind   change.Kind
	// Bucket has the registry and the parked records. Prefix is the prefix of parked records, with a trailing
	// slash.
	Bucket, Prefix string
	// Registry is the name of the registry.
	Registry Place
	// RegistryFrom is the registry of another place. The function copies it into this one when it runs here for
	// the first time. Then both registries have the same tables, each with its latest epoch. If it is empty,
	// nothing is copied.
	RegistryFrom Place
	Tables       []Table
	// Retention is the retention of the stream. Parked is the greatest age of a parked record at its replay.
	// Tombstones are kept longer than both.
	Retention, Parked time.Duration
	Shards, Replicas  int
	// BulkBytes and BulkRecords limit one request. The service accepts bodies of 10 MiB on its smaller instances:
	// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html#network-limits.
	BulkBytes, BulkRecords int
	// BulkPlain sends requests without compressing them.
	BulkPlain bool
	// Function is the function's name in metrics.
	Function string
}

// Table is a table of the source as the bootstrap has read it.
type Table struct {
	Database string `json:"database"`
	Table    string `json:"table"`
	// Key has the columns of the primary key, in order.
	Key []string `json:"key"`
	// Columns has the types of columns by name: MySQL's as information_schema writes them (bigint(20) unsigned),
	// or PostgreSQL's as format_type writes them (timestamp(3) with time zone). Columns that are neither numbers
	// nor dates may be missing, because they become keywords anyway. The types of the key's columns determine
	// which spellings of a key are equal; for most types DMS's own types do as well. In PostgreSQL, do not omit a
	// column that may be stored outside of its row ([change.Outside]): if an update omits the value of such a
	// column, the function parks it, but only if it knows the column.
	Columns map[string]string `json:"columns,omitempty"`
}

// These environment variables pass the settings to the function. Lambda itself sets the last one.
const (
	endpointVariable     = "SEARCH_ENDPOINT"
	serviceVariable      = "SEARCH_SERVICE"
	kindVariable         = "SOURCE_KIND"
	sourceVariable       = "SOURCE"
	registryVariable     = "REGISTRY"
	registryFromVariable = "REGISTRY_FROM"
	bucketVariable       = "PARKING_BUCKET"
	prefixVariable       = "PARKING_PREFIX"
	tablesVariable       = "TABLES"
	retentionVariable    = "STREAM_RETENTION_HOURS"
	parkedVariable       = "PARKED_DAYS"
	shardsVariable       = "INDEX_SHARDS"
	replicasVariable     = "INDEX_REPLICAS"
	bulkBytesVariable    = "BULK_BYTES"
	bulkRecordsVariable  = "BULK_RECORDS"
	bulkPlainVariable    = "BULK_PLAIN"
	functionVariable     = "AWS_LAMBDA_FUNCTION_NAME"

	day = 24 * time.Hour
)

// These are the limits of settings.
const (
	maxBulkBytes   = 9 << 20
	maxBulkRecords = 10_000
)

// Variables returns the function's environment. A zero setting is left out, so the function uses its default. For
// shards, replicas and tables, zero is a value.
func (s Settings) Variables() (map[string]string, error) {
	tables, err := EncodeTables(s.Tables)
	if err != nil {
		return nil, err
	}
	variables := map[string]string{
		endpointVariable: s.Endpoint, bucketVariable: s.Bucket, prefixVariable: s.Prefix, tablesVariable: tables,
		shardsVariable: strconv.Itoa(s.Shards), replicasVariable: strconv.Itoa(s.Replicas),
	}
	if s.Kind != change.MySQL && s.Kind != "" {
		variables[kindVariable] = string(s.Kind)
	}
	for name, value := range map[string]string{serviceVariable: string(s.Service), sourceVariable: string(s.Source), registryVariable: string(s.Registry), registryFromVariable: string(s.RegistryFrom)} {
		if value != "" {
			variables[name] = value
		}
	}
	for name, value := range map[string]int{
		retentionVariable: int(s.Retention / time.Hour), parkedVariable: int(s.Parked / day),
		bulkBytesVariable: s.BulkBytes, bulkRecordsVariable: s.BulkRecords,
	} {
		if value != 0 {
			variables[name] = strconv.Itoa(value)
		}
	}
	if s.BulkPlain {
		variables[bulkPlainVariable] = strconv.FormatBool(true)
	}
	return variables, nil
}

// EncodeTables returns the text of tables in the function's environment. The text has a maximum length.
func EncodeTables(tables []Table) (string, error) {
	if tables == nil {
		tables = []Table{}
	}
	text, err := json.Marshal(tables)
	if err != nil {
		return "", fmt.Errorf("writing the tables of the current state: %w", err)
	}
	return string(text), nil
}

// ReadSettings reads the output of [Settings.Variables]. get is os.Getenv. It returns all problems as one joined
// error.
func ReadSettings(get func(string) string) (Settings, error) {
	e := environment{get: get}
	s := Settings{
		Endpoint: strings.TrimSuffix(e.required(endpointVariable), "/"),
		Service:  cmp.Or(opensearch.Service(get(serviceVariable)), opensearch.Domain),
		Source:   Source(get(sourceVariable)), Kind: change.Kind(get(kindVariable)),
		Bucket:   e.required(bucketVariable),
		Registry: Place(get(registryVariable)), RegistryFrom: Place(get(registryFromVariable)),
		Prefix:      cmp.Or(get(prefixVariable), "parked/current/"),
		Retention:   time.Duration(e.number(retentionVariable, 168, 24, 8760)) * time.Hour,
		Parked:      time.Duration(e.number(parkedVariable, 30, 1, 3650)) * day,
		Shards:      e.number(shardsVariable, 1, 1, 1024),
		Replicas:    e.number(replicasVariable, 1, 0, 10),
		BulkBytes:   e.number(bulkBytesVariable, 4<<20, 1<<16, maxBulkBytes),
		BulkRecords: e.number(bulkRecordsVariable, 2000, 1, maxBulkRecords),
		BulkPlain:   e.truth(bulkPlainVariable),
		Function:    cmp.Or(get(functionVariable), "currentstate"),
	}
	if s.Endpoint != "" {
		if u, err := url.Parse(s.Endpoint); err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" {
			e.add(endpointVariable+": %q is not https://<host>", s.Endpoint)
		}
	}
	if s.Service != opensearch.Domain && s.Service != opensearch.Serverless {
		e.add(serviceVariable+": %q is neither %s nor %s", s.Service, opensearch.Domain, opensearch.Serverless)
	}
	if err := s.Kind.Validate(); err != nil {
		e.add(kindVariable+": %w", err)
	}
	if err := s.Source.Validate(); err != nil {
		e.add(sourceVariable+": %w", err)
	}
	if err := s.Registry.Validate(); err != nil {
		e.add(registryVariable+": %w", err)
	}
	if s.Source != "" && s.Registry.name() == Place("").name() {
		e.add(registryVariable+": %s is the unnamed source's: the source %s needs a registry of its own", s.Registry.name(), s.Source)
	}
	if err := s.RegistryFrom.Validate(); err != nil {
		e.add(registryFromVariable+": %w", err)
	}
	if !strings.HasSuffix(s.Prefix, "/") || strings.HasPrefix(s.Prefix, "/") {
		e.add(prefixVariable+": %q does not end, or begins, with a slash", s.Prefix)
	}
	if tables := get(tablesVariable); tables != "" {
		if err := json.Unmarshal([]byte(tables), &s.Tables); err != nil {
			e.add(tablesVariable+": is not a JSON list of tables: %w", err)
		}
	}
	for _, t := range s.Tables {
		if t.Database == "" || t.Table == "" || len(t.Key) == 0 {
			e.add(tablesVariable+": %s.%s lacks its database, table or key", t.Database, t.Table)
		}
	}
	return s, errors.Join(e.problems...)
}

// environment reads variables and collects problems.
type environment struct {
	get      func(string) string
	problems []error
}

func (e *environment) add(format string, args ...any) {
	e.problems = append(e.problems, fmt.Errorf(format, args...))
}

func (e *environment) required(name string) string {
	value := e.get(name)
	if value == "" {
		e.add("%s: is missing", name)
	}
	return value
}

func (e *environment) number(name string, otherwise, least, most int) int {
	text := e.get(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		e.add("%s: %q is not a number from %d to %d", name, text, least, most)
	}
	return n
}

// truth reads true or false. An empty variable is false.
func (e *environment) truth(name string) bool {
	text := e.get(name)
	switch text {
	case "true", "false", "":
	default:
		e.add("%s: %q is neither true nor false", name, text)
	}
	return text == "true"
}

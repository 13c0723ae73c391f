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

// Settings of the function. The component writes them with [Settings.Variables] into the function's environment, which Lambda
// bounds to 4 KB in all, and the function reads them with [ReadSettings]:
//
//	SEARCH_ENDPOINT         https://vpc-name-....es.amazonaws.com, the domain, or the collection's; required
//	SEARCH_SERVICE          what that is: es, a domain, or aoss, a collection of OpenSearch Serverless; default es
//	SOURCE_KIND             what the source is: mysql or postgresql; default mysql
//	SOURCE                  short name of the source, which its indices have in their names; default none, the unnamed source
//	PARKING_BUCKET          name of the bucket for the registry, and for records that cannot be indexed; required
//	REGISTRY                name of the registry below registry/ of that bucket, a source's own; default current, the unnamed source's
//	PARKING_PREFIX          of their keys; default parked/current/
//	TABLES                  JSON list of the tables known when the function is deployed; default []:
//	                        [{"database":"testdb","table":"retail_trans","key":["trans_id"],
//	                          "columns":{"trans_id":"bigint(20)","amount":"int(11)","trans_datetime":"datetime"}}]
//	STREAM_RETENTION_HOURS  of the Kinesis stream; default 168
//	PARKED_DAYS             how old a parked record may be when it is replayed; default 30
//	INDEX_SHARDS            primary shards of a domain's new index; default 1
//	INDEX_REPLICAS          of each shard; default 1
//	BULK_BYTES              of one request before it is compressed; default 4194304
//	BULK_RECORDS            documents of one request; default 2000
//
// Empty is the same as absent. Certificates are verified with the system's authorities, or those of SSL_CERT_FILE.
type Settings struct {
	// Endpoint is the URL of the domain or collection without a trailing slash.
	Endpoint string
	// Service is what is there, and what requests are signed for.
	Service opensearch.Service
	// Source that the stream is of, and its Kind; empty is MySQL.
	Source Source
	Kind   change.Kind
	// Bucket of the registry and of parked records, and the latter's Prefix with a trailing slash.
	Bucket, Prefix string
	// Registry is the name of the former.
	Registry Place
	// RegistryFrom is a registry of another place that is searched, from which this one is copied when the function runs there for the
	// first time: so both know the same tables, each by its latest epoch. Empty copies none.
	RegistryFrom Place
	Tables       []Table
	// Retention of the stream, and how old a parked record may be when it is replayed: a tombstone outlives both.
	Retention, Parked time.Duration
	Shards, Replicas  int
	// BulkBytes and BulkRecords bound one request. The service takes bodies of 10 MiB on its smaller instances,
	// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html#network-limits.
	BulkBytes, BulkRecords int
	// Function is the name that metrics carry.
	Function string
}

// Table of the source, as the bootstrap has read it.
type Table struct {
	Database string `json:"database"`
	Table    string `json:"table"`
	// Key are the columns of the primary key, in its order.
	Key []string `json:"key"`
	// Columns by name, with their MySQL type as information_schema has it (bigint(20) unsigned), or PostgreSQL's as format_type has it
	// (timestamp(3) with time zone). Those that are neither
	// numbers nor dates may be left out: they become keywords anyway. The types of the key's columns say how equal keys are
	// told, however they are written; DMS's own do for most. Of PostgreSQL, a column that may be outside of its row ([change.Outside]) is better
	// not left out: an update that does not tell it is parked, if the function knows of the column.
	Columns map[string]string `json:"columns,omitempty"`
}

// The variables by which settings are handed over; Lambda itself sets the last.
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
	functionVariable     = "AWS_LAMBDA_FUNCTION_NAME"

	day = 24 * time.Hour
)

// Limits of what may be set.
const (
	maxBulkBytes   = 9 << 20
	maxBulkRecords = 10_000
)

// Variables are the function's environment. What is zero is left to the function's default, but for shards, replicas and
// tables, of which none is a number too.
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
	return variables, nil
}

// EncodeTables is the text of tables in the function's environment, whose length is bounded.
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

// ReadSettings reads what [Settings.Variables] has written; get is os.Getenv. All that is wrong comes back at once.
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

// environment collects what is wrong with it.
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

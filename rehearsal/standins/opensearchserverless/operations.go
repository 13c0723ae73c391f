package opensearchserverless

import (
	"net/url"
	"slices"
	"strings"
)

// These are the permissions of a data access policy:
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-data-access.html#serverless-data-supported-permissions.
const (
	createIndex   = "aoss:CreateIndex"
	deleteIndex   = "aoss:DeleteIndex"
	updateIndex   = "aoss:UpdateIndex"
	describeIndex = "aoss:DescribeIndex"
	readDocument  = "aoss:ReadDocument"
	writeDocument = "aoss:WriteDocument"
	createItems   = "aoss:CreateCollectionItems"
	deleteItems   = "aoss:DeleteCollectionItems"
	updateItems   = "aoss:UpdateCollectionItems"
	describeItems = "aoss:DescribeCollectionItems"
)

// These pages document which operations collections accept.
const (
	genref   = "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-genref.html#serverless-operations"
	overview = "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-overview.html#serverless-usecase"
)

// Operation is a call that collections accept. Other calls get 404.
type Operation struct {
	Method string
	// Path contains {index}, which may be several names or patterns, and {id}, {name}, {alias}, {setting}, which are
	// one segment.
	Path string
	// Permission is the needed permission of a data access policy: on the indices, or on the collection for
	// aliases and templates.
	Permission string
	// Parameters lists the operation's query parameters, besides those of all operations.
	Parameters []string
	// Source is the page on which AWS documents the operation.
	Source string
	// SearchOnly is the page that limits it to collections of type SEARCH; empty for all types.
	SearchOnly string
	// Undocumented is the reason for accepting an operation that AWS does not document; empty for documented ones.
	Undocumented string
}

func documented(call, permission string, parameters []string) Operation {
	method, path, _ := strings.Cut(call, " ")
	return Operation{Method: method, Path: path, Permission: permission, Parameters: parameters, Source: genref}
}

func undocumented(call, permission string, parameters []string, reason string) Operation {
	o := documented(call, permission, parameters)
	o.Source, o.Undocumented = "", reason
	return o
}

// searchOnly is an operation that AWS allows only in collections of type SEARCH, with the page.
func searchOnly(o Operation, source string) Operation {
	o.SearchOnly = source
	return o
}

func (o Operation) String() string { return o.Method + " " + o.Path }

// AWS documents no parameters, and refuses some of OpenSearch's (expand_wildcards of _cat/indices:
// https://github.com/AntonShuvaev/elasticsearch4idea/issues/155). These parameters come from the OpenSearch
// reference pages that AWS's table links, without those about shards, nodes, scrolls and ingest pipelines. Their
// use is reported.
var (
	ofAll      = []string{"pretty", "human", "error_trace", "filter_path"}
	ofIndices  = []string{"ignore_unavailable", "allow_no_indices"}
	ofChanges  = []string{"timeout", "cluster_manager_timeout"}
	ofNew      = slices.Concat(ofChanges, []string{"create", "cause"})
	ofMappings = slices.Concat(ofIndices, ofChanges)
	ofSettings = slices.Concat(ofIndices, ofChanges, []string{"flat_settings", "include_defaults"})
	ofCat      = []string{"format", "h", "s", "v", "bytes"}
	ofSources  = []string{"_source", "_source_includes", "_source_excludes", "routing"}
	ofWrites   = []string{"routing", "timeout", "version", "version_type", "require_alias", "if_seq_no", "if_primary_term", refresh}
	ofBulk     = slices.Concat(ofSources, []string{"timeout", "require_alias", refresh})
	ofUpdates  = slices.Concat(ofWrites, ofSources, []string{"retry_on_conflict"})
	ofQueries  = slices.Concat(ofIndices, []string{"q", "df", "default_operator", "analyzer", "routing", "terminate_after"})
	ofSearches = slices.Concat(ofQueries, ofSources, []string{"size", "from", "sort", "timeout", "track_total_hits", "track_scores", "version", "seq_no_primary_term", "search_type", "request_cache", "rest_total_hits_as_int"})
	ofFields   = slices.Concat(ofIndices, []string{"fields"})
	ofPITs     = []string{"keep_alive", "routing"}
	ofCounts   = slices.Concat(ofQueries, []string{"min_score"})
)

const (
	refresh  = "refresh"
	getAlone = "AWS names GET alone, and most clients send a body with POST"
)

// Operations is AWS's table, row by row, as far as the node behind a collection supports it. Plugins (SQL, PPL,
// machine learning, flows, agents), search and ingest pipelines, and snapshots are not rehearsed and get 404.
var Operations = []Operation{
	documented("PUT /{index}", createIndex, ofChanges),

	documented("GET /{index}", describeIndex, ofSettings),
	documented("HEAD /{index}", describeIndex, ofSettings),
	documented("GET /{index}/_mapping", describeIndex, ofMappings),
	documented("GET /{index}/_mappings", describeIndex, ofMappings),
	documented("GET /{index}/_settings", describeIndex, ofSettings),
	documented("GET /{index}/_settings/{setting}", describeIndex, ofSettings),
	documented("GET /_mapping", describeIndex, ofMappings),
	documented("GET /_mappings", describeIndex, ofMappings),
	documented("GET /_cat/indices", describeIndex, ofCat),
	documented("GET /_cat/indices/{index}", describeIndex, ofCat),
	documented("GET /_resolve/index/{index}", describeIndex, nil),

	documented("POST /_bulk", writeDocument, ofBulk),
	documented("POST /{index}/_bulk", writeDocument, ofBulk),
	documented("POST /{index}/_doc", writeDocument, ofWrites),
	searchOnly(documented("PUT /{index}/_doc/{id}", writeDocument, ofWrites), genref),
	searchOnly(documented("PUT /{index}/_create/{id}", writeDocument, ofWrites), genref),
	searchOnly(documented("POST /{index}/_create/{id}", writeDocument, ofWrites), genref),
	searchOnly(documented("POST /{index}/_update/{id}", writeDocument, ofUpdates), genref),
	documented("DELETE /{index}/_doc/{id}", writeDocument, ofWrites),

	searchOnly(documented("GET /{index}/_doc/{id}", readDocument, ofSources), overview),
	searchOnly(documented("HEAD /{index}/_doc/{id}", readDocument, ofSources), overview),
	searchOnly(documented("GET /{index}/_source/{id}", readDocument, ofSources), overview),
	searchOnly(documented("HEAD /{index}/_source/{id}", readDocument, ofSources), overview),
	searchOnly(documented("GET /{index}/_explain/{id}", readDocument, ofQueries), overview),
	searchOnly(documented("POST /{index}/_explain/{id}", readDocument, ofQueries), overview),
	searchOnly(documented("GET /_mget", readDocument, ofSources), overview),
	searchOnly(documented("GET /{index}/_mget", readDocument, ofSources), overview),
	searchOnly(undocumented("POST /_mget", readDocument, ofSources, getAlone), overview),
	searchOnly(undocumented("POST /{index}/_mget", readDocument, ofSources, getAlone), overview),
	documented("GET /_search", readDocument, ofSearches),
	documented("POST /_search", readDocument, ofSearches),
	documented("GET /{index}/_search", readDocument, ofSearches),
	documented("POST /{index}/_search", readDocument, ofSearches),
	documented("GET /{index}/_count", readDocument, ofCounts),
	documented("POST /{index}/_count", readDocument, ofCounts),
	documented("GET /_field_caps", readDocument, ofFields),
	documented("POST /_field_caps", readDocument, ofFields),
	documented("GET /{index}/_field_caps", readDocument, ofFields),
	documented("POST /{index}/_field_caps", readDocument, ofFields),
	documented("GET /{index}/_validate/query", readDocument, ofQueries),
	documented("GET /{index}/_analyze", readDocument, nil),
	documented("POST /{index}/_analyze", readDocument, nil),
	undocumented("POST /{index}/_search/point_in_time", readDocument, ofPITs, "AWS names it without an index, and OpenSearch has it with one alone"),
	documented("DELETE /_search/point_in_time", readDocument, nil),

	documented("DELETE /{index}", deleteIndex, ofMappings),

	documented("PUT /_mapping", updateIndex, ofMappings),
	documented("POST /_mapping", updateIndex, ofMappings),
	documented("PUT /{index}/_mapping", updateIndex, ofMappings),
	documented("POST /{index}/_mapping", updateIndex, ofMappings),
	documented("PUT /{index}/_mappings", updateIndex, ofMappings),
	documented("POST /{index}/_mappings", updateIndex, ofMappings),
	documented("PUT /_settings", updateIndex, ofSettings),
	documented("PUT /{index}/_settings", updateIndex, ofSettings),

	documented("POST /_aliases", createItems, ofChanges),

	documented("GET /_alias", describeItems, ofIndices),
	documented("GET /_alias/{alias}", describeItems, ofIndices),
	documented("HEAD /_alias/{alias}", describeItems, ofIndices),
	documented("GET /{index}/_alias/{alias}", describeItems, ofIndices),
	documented("HEAD /{index}/_alias/{alias}", describeItems, ofIndices),
	documented("GET /_cat/aliases", describeItems, ofCat),
	documented("GET /_cat/templates", describeItems, ofCat),
	documented("GET /_cat/templates/{name}", describeItems, ofCat),
	documented("GET /_index_template", describeItems, nil),
	documented("GET /_index_template/{name}", describeItems, nil),
	documented("HEAD /_index_template/{name}", describeItems, nil),
	documented("GET /_component_template", describeItems, nil),
	documented("GET /_component_template/{name}", describeItems, nil),
	documented("HEAD /_component_template/{name}", describeItems, nil),

	documented("PUT /{index}/_alias/{alias}", updateItems, ofChanges),
	documented("POST /{index}/_alias/{alias}", updateItems, ofChanges),
	documented("PUT /{index}/_aliases/{alias}", updateItems, ofChanges),
	documented("POST /{index}/_aliases/{alias}", updateItems, ofChanges),
	documented("PUT /_index_template/{name}", updateItems, ofNew),
	documented("POST /_index_template/{name}", updateItems, ofNew),
	documented("PUT /_component_template/{name}", updateItems, ofNew),
	documented("POST /_component_template/{name}", updateItems, ofNew),

	documented("DELETE /{index}/_alias/{alias}", deleteItems, ofChanges),
	documented("DELETE /{index}/_aliases/{alias}", deleteItems, ofChanges),
	documented("DELETE /_index_template/{name}", deleteItems, ofChanges),
	documented("DELETE /_component_template/{name}", deleteItems, ofChanges),
}

// find returns a request's operation, with the path's value for {index}; nil when collections lack it.
func find(method string, path string) (*Operation, string) {
	segments := strings.Split(path, "/")
	for i := range Operations {
		if Operations[i].Method != method {
			continue
		}
		if index, ok := matches(Operations[i].Path, segments); ok {
			return &Operations[i], index
		}
	}
	return nil, ""
}

func matches(pattern string, segments []string) (index string, ok bool) {
	parts := strings.Split(pattern, "/")
	if len(parts) != len(segments) {
		return "", false
	}
	for i, part := range parts {
		segment, err := url.PathUnescape(segments[i])
		switch {
		case err != nil:
			return "", false
		case part == "{index}":
			if segment == "" || strings.HasPrefix(segment, "_") { // no index name begins like this, but all other calls do
				return "", false
			}
			index = segment
		case strings.HasPrefix(part, "{"):
			if segment == "" {
				return "", false
			}
		case part != segment:
			return "", false
		}
	}
	return index, true
}

// unknown is a query parameter that an operation lacks; empty when there is none.
func (o *Operation) unknown(query url.Values) string {
	for _, name := range sortedKeys(query) {
		if !slices.Contains(o.Parameters, name) && !slices.Contains(ofAll, name) {
			return name
		}
	}
	return ""
}

// writes reports whether an operation writes documents, which may create their index and change its mapping.
func (o *Operation) writes() bool { return o.Permission == writeDocument }

// ofCollection reports whether a permission applies to the collection, not to indices.
func ofCollection(permission string) bool { return strings.HasSuffix(permission, "CollectionItems") }

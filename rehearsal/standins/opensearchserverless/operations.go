package opensearchserverless

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Permissions of a data access policy,
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

// Where it is written that collections take an operation.
const (
	genref   = "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-genref.html#serverless-operations"
	overview = "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-overview.html#serverless-usecase"
)

// Operation is a call that collections take. Every other call is answered with 404.
type Operation struct {
	Method string
	// Path has {index}, which may be several names or patterns, and {id}, {name}, {alias}, {setting}, which are one segment.
	Path string
	// Permission that a data access policy has to give: on the indices, or on the collection for aliases and templates.
	Permission string
	// Parameters are the names that its query may have, besides those of all operations.
	Parameters []string
	// Source is where AWS documents the operation.
	Source string
	// SearchOnly is where AWS says that only collections of type SEARCH take it; empty for all types.
	SearchOnly string
	// Undocumented says why an operation is taken that AWS does not document; empty for those that it does.
	Undocumented string
}

func (o Operation) String() string { return o.Method + " " + o.Path }

// Parameters. AWS documents none, and refuses some that OpenSearch takes (expand_wildcards of _cat/indices:
// https://github.com/AntonShuvaev/elasticsearch4idea/issues/155). These are from the pages of OpenSearch's reference that
// AWS's table links; what tells of shards, nodes, scrolls and ingest pipelines is left out. A use of one is reported.
var (
	ofAll      = []string{"pretty", "human", "error_trace", "filter_path"}
	ofIndices  = []string{"ignore_unavailable", "allow_no_indices"}
	ofChanges  = []string{"timeout", "cluster_manager_timeout"}
	ofMappings = slices.Concat(ofIndices, ofChanges)
	ofSettings = slices.Concat(ofIndices, ofChanges, []string{"flat_settings", "include_defaults"})
	ofCat      = []string{"format", "h", "s", "v", "bytes"}
	ofSources  = []string{"_source", "_source_includes", "_source_excludes", "routing"}
	ofWrites   = []string{"routing", "timeout", "version", "version_type", "require_alias", "if_seq_no", "if_primary_term", refresh}
	ofBulk     = slices.Concat(ofSources, []string{"timeout", "require_alias", refresh})
	ofUpdates  = slices.Concat(ofWrites, ofSources, []string{"retry_on_conflict"})
	ofQueries  = slices.Concat(ofIndices, []string{"q", "df", "default_operator", "analyzer", "routing", "terminate_after"})
	ofSearches = slices.Concat(ofQueries, ofSources, []string{"size", "from", "sort", "timeout", "track_total_hits", "track_scores", "version", "seq_no_primary_term", "search_type", "request_cache", "rest_total_hits_as_int"})
	ofCounts   = slices.Concat(ofQueries, []string{"min_score"})
)

const refresh = "refresh"

// Operations are AWS's table, row for row, as far as the node behind a collection can do it: what plugins do (SQL, PPL, machine
// learning, flows, agents), pipelines of searches and ingestion, and snapshots are not rehearsed, and answered with 404.
var Operations = []Operation{
	{http.MethodPut, "/{index}", createIndex, ofChanges, genref, "", ""},

	{http.MethodGet, "/{index}", describeIndex, ofSettings, genref, "", ""},
	{http.MethodHead, "/{index}", describeIndex, ofSettings, genref, "", ""},
	{http.MethodGet, "/{index}/_mapping", describeIndex, ofMappings, genref, "", ""},
	{http.MethodGet, "/{index}/_mappings", describeIndex, ofMappings, genref, "", ""},
	{http.MethodGet, "/{index}/_settings", describeIndex, ofSettings, genref, "", ""},
	{http.MethodGet, "/{index}/_settings/{setting}", describeIndex, ofSettings, genref, "", ""},
	{http.MethodGet, "/_mapping", describeIndex, ofMappings, genref, "", ""},
	{http.MethodGet, "/_mappings", describeIndex, ofMappings, genref, "", ""},
	{http.MethodGet, "/_cat/indices", describeIndex, ofCat, genref, "", ""},
	{http.MethodGet, "/_cat/indices/{index}", describeIndex, ofCat, genref, "", ""},
	{http.MethodGet, "/_resolve/index/{index}", describeIndex, nil, genref, "", ""},

	{http.MethodPost, "/_bulk", writeDocument, ofBulk, genref, "", ""},
	{http.MethodPost, "/{index}/_bulk", writeDocument, ofBulk, genref, "", ""},
	{http.MethodPost, "/{index}/_doc", writeDocument, ofWrites, genref, "", ""},
	{http.MethodPut, "/{index}/_doc/{id}", writeDocument, ofWrites, genref, genref, ""},
	{http.MethodPut, "/{index}/_create/{id}", writeDocument, ofWrites, genref, genref, ""},
	{http.MethodPost, "/{index}/_create/{id}", writeDocument, ofWrites, genref, genref, ""},
	{http.MethodPost, "/{index}/_update/{id}", writeDocument, ofUpdates, genref, genref, ""},
	{http.MethodDelete, "/{index}/_doc/{id}", writeDocument, ofWrites, genref, "", ""},

	{http.MethodGet, "/{index}/_doc/{id}", readDocument, ofSources, genref, overview, ""},
	{http.MethodHead, "/{index}/_doc/{id}", readDocument, ofSources, genref, overview, ""},
	{http.MethodGet, "/{index}/_source/{id}", readDocument, ofSources, genref, overview, ""},
	{http.MethodHead, "/{index}/_source/{id}", readDocument, ofSources, genref, overview, ""},
	{http.MethodGet, "/{index}/_explain/{id}", readDocument, ofQueries, genref, overview, ""},
	{http.MethodPost, "/{index}/_explain/{id}", readDocument, ofQueries, genref, overview, ""},
	{http.MethodGet, "/_mget", readDocument, ofSources, genref, overview, ""},
	{http.MethodGet, "/{index}/_mget", readDocument, ofSources, genref, overview, ""},
	{http.MethodPost, "/_mget", readDocument, ofSources, "", overview, "AWS names GET alone, and most clients send a body with POST"},
	{http.MethodPost, "/{index}/_mget", readDocument, ofSources, "", overview, "AWS names GET alone, and most clients send a body with POST"},
	{http.MethodGet, "/_search", readDocument, ofSearches, genref, "", ""},
	{http.MethodPost, "/_search", readDocument, ofSearches, genref, "", ""},
	{http.MethodGet, "/{index}/_search", readDocument, ofSearches, genref, "", ""},
	{http.MethodPost, "/{index}/_search", readDocument, ofSearches, genref, "", ""},
	{http.MethodGet, "/{index}/_count", readDocument, ofCounts, genref, "", ""},
	{http.MethodPost, "/{index}/_count", readDocument, ofCounts, genref, "", ""},
	{http.MethodGet, "/_field_caps", readDocument, append([]string{"fields"}, ofIndices...), genref, "", ""},
	{http.MethodPost, "/_field_caps", readDocument, append([]string{"fields"}, ofIndices...), genref, "", ""},
	{http.MethodGet, "/{index}/_field_caps", readDocument, append([]string{"fields"}, ofIndices...), genref, "", ""},
	{http.MethodPost, "/{index}/_field_caps", readDocument, append([]string{"fields"}, ofIndices...), genref, "", ""},
	{http.MethodGet, "/{index}/_validate/query", readDocument, ofQueries, genref, "", ""},
	{http.MethodGet, "/{index}/_analyze", readDocument, nil, genref, "", ""},
	{http.MethodPost, "/{index}/_analyze", readDocument, nil, genref, "", ""},
	{http.MethodPost, "/{index}/_search/point_in_time", readDocument, []string{"keep_alive", "routing"}, "", "", "AWS names it without an index, and OpenSearch has it with one alone"},
	{http.MethodDelete, "/_search/point_in_time", readDocument, nil, genref, "", ""},

	{http.MethodDelete, "/{index}", deleteIndex, slices.Concat(ofIndices, ofChanges), genref, "", ""},

	{http.MethodPut, "/_mapping", updateIndex, ofMappings, genref, "", ""},
	{http.MethodPost, "/_mapping", updateIndex, ofMappings, genref, "", ""},
	{http.MethodPut, "/{index}/_mapping", updateIndex, ofMappings, genref, "", ""},
	{http.MethodPost, "/{index}/_mapping", updateIndex, ofMappings, genref, "", ""},
	{http.MethodPut, "/{index}/_mappings", updateIndex, ofMappings, genref, "", ""},
	{http.MethodPost, "/{index}/_mappings", updateIndex, ofMappings, genref, "", ""},
	{http.MethodPut, "/_settings", updateIndex, ofSettings, genref, "", ""},
	{http.MethodPut, "/{index}/_settings", updateIndex, ofSettings, genref, "", ""},

	{http.MethodPost, "/_aliases", createItems, ofChanges, genref, "", ""},

	{http.MethodGet, "/_alias", describeItems, ofIndices, genref, "", ""},
	{http.MethodGet, "/_alias/{alias}", describeItems, ofIndices, genref, "", ""},
	{http.MethodHead, "/_alias/{alias}", describeItems, ofIndices, genref, "", ""},
	{http.MethodGet, "/{index}/_alias/{alias}", describeItems, ofIndices, genref, "", ""},
	{http.MethodHead, "/{index}/_alias/{alias}", describeItems, ofIndices, genref, "", ""},
	{http.MethodGet, "/_cat/aliases", describeItems, ofCat, genref, "", ""},
	{http.MethodGet, "/_cat/templates", describeItems, ofCat, genref, "", ""},
	{http.MethodGet, "/_cat/templates/{name}", describeItems, ofCat, genref, "", ""},
	{http.MethodGet, "/_index_template", describeItems, nil, genref, "", ""},
	{http.MethodGet, "/_index_template/{name}", describeItems, nil, genref, "", ""},
	{http.MethodHead, "/_index_template/{name}", describeItems, nil, genref, "", ""},
	{http.MethodGet, "/_component_template", describeItems, nil, genref, "", ""},
	{http.MethodGet, "/_component_template/{name}", describeItems, nil, genref, "", ""},
	{http.MethodHead, "/_component_template/{name}", describeItems, nil, genref, "", ""},

	{http.MethodPut, "/{index}/_alias/{alias}", updateItems, ofChanges, genref, "", ""},
	{http.MethodPost, "/{index}/_alias/{alias}", updateItems, ofChanges, genref, "", ""},
	{http.MethodPut, "/{index}/_aliases/{alias}", updateItems, ofChanges, genref, "", ""},
	{http.MethodPost, "/{index}/_aliases/{alias}", updateItems, ofChanges, genref, "", ""},
	{http.MethodPut, "/_index_template/{name}", updateItems, ofChanges, genref, "", ""},
	{http.MethodPost, "/_index_template/{name}", updateItems, ofChanges, genref, "", ""},
	{http.MethodPut, "/_component_template/{name}", updateItems, ofChanges, genref, "", ""},
	{http.MethodPost, "/_component_template/{name}", updateItems, ofChanges, genref, "", ""},

	{http.MethodDelete, "/{index}/_alias/{alias}", deleteItems, ofChanges, genref, "", ""},
	{http.MethodDelete, "/{index}/_aliases/{alias}", deleteItems, ofChanges, genref, "", ""},
	{http.MethodDelete, "/_index_template/{name}", deleteItems, ofChanges, genref, "", ""},
	{http.MethodDelete, "/_component_template/{name}", deleteItems, ofChanges, genref, "", ""},
}

// find is the operation that a request asks for, with what its path has for {index}; nil when collections have none.
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
			if segment == "" || strings.HasPrefix(segment, "_") { // no index begins so, and every other call does
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

// unknown is a parameter of a query that an operation does not have; empty when there is none.
func (o *Operation) unknown(query url.Values) string {
	for _, name := range sortedKeys(query) {
		if !slices.Contains(o.Parameters, name) && !slices.Contains(ofAll, name) {
			return name
		}
	}
	return ""
}

// writes says that an operation writes documents, which may make their index and change its mapping.
func (o *Operation) writes() bool { return o.Permission == writeDocument }

// ofCollection says that a permission is one on the collection, not on indices.
func ofCollection(permission string) bool { return strings.HasSuffix(permission, "CollectionItems") }

package opensearchserverless

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
)

// feature is a part of a body that AWS does not document for collections, with the reason for allowing it.
type feature struct{ what, reason string }

// ofLines are the allowed members of bulk lines besides an index and an id.
var ofLines = map[string]feature{
	"version":         {"versions of the writer's in _bulk", "public pipelines of OpenSearch Ingestion write to collections with external versions"},
	"version_type":    {"version_type %s in _bulk", "public pipelines of OpenSearch Ingestion write to collections with external versions"},
	"require_alias":   {"require_alias in _bulk", "OpenSearch's reference has it"},
	"routing":         {"routing in _bulk", "OpenSearch's reference has it"},
	"if_seq_no":       {"if_seq_no in _bulk", doubtful},
	"if_primary_term": {"if_seq_no in _bulk", doubtful},
}

// doubtful: https://github.com/opensearch-project/OpenSearch/blob/2.19.4/server/src/main/java/org/opensearch/action/DocWriteRequest.java
// refuses a condition with the term 0.
const doubtful = "it is doubtful: collections have been seen to answer every write with _seq_no 0 and _primary_term 0"

// used records what a run used without AWS's documentation.
type used struct {
	mu  sync.Mutex
	all map[string]string // the reason for each
}

func newUsed() *used { return &used{all: map[string]string{}} }

func (u *used) note(what, reason string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all[what] = reason
}

func (u *used) request(q *request) {
	o := q.op
	if q.Header.Get("Content-Encoding") != "" {
		u.note("compressed requests", "domains take them")
	}
	if o.Undocumented != "" {
		u.note(o.String(), o.Undocumented)
	}
	for name := range q.query {
		if name != refresh {
			u.note(fmt.Sprintf("the parameter %s of %s", name, o), "OpenSearch's reference has it")
		}
	}
}

// metadata refuses members that no bulk line may have.
func (u *used) metadata(given map[string]json.RawMessage) error {
	for _, name := range sortedKeys(given) {
		if name == "_index" || name == "_id" {
			continue
		}
		f, ok := ofLines[name]
		if !ok {
			return invalid("Action/metadata line contains an unknown parameter [%s]", name)
		}
		if name == "version_type" {
			var value string
			_ = json.Unmarshal(given[name], &value) // the node reports what is wrong with it
			f.what = fmt.Sprintf(f.what, value)
		}
		u.note(f.what, f.reason)
	}
	return nil
}

func (u *used) alias(body map[string]any) {
	for _, name := range []string{"filter", "is_write_index", "must_exist", "routing", "index_routing", "search_routing", "is_hidden"} {
		if _, ok := body[name]; ok {
			u.note("aliases with "+name, "OpenSearch's reference has it")
		}
	}
}

// Undocumented lists, for the report, the used calls, parameters and parts of bodies that AWS does not document
// for collections. Each has the reason for allowing it.
func (c *Collections) Undocumented() []string {
	c.used.mu.Lock()
	defer c.used.mu.Unlock()
	lines := []string{}
	for what, reason := range c.used.all {
		lines = append(lines, fmt.Sprintf("OpenSearch Serverless: %s, which AWS does not document (%s)", what, reason))
	}
	slices.Sort(lines)
	return lines
}

// NotRun lists features that were requested of collections but do not run, for the report; nothing when no collection
// was used.
func (c *Collections) NotRun() []string {
	if !c.had.Load() {
		return nil
	}
	notRun := []string{
		"OpenSearch Serverless: capacity, replicas and encryption of collections; whether a caller comes through the VPC endpoint that a network policy names",
		"OpenSearch Serverless: Dashboards, whether signed requests open them, and a browser's sign-in by IAM Identity Center or SAML",
		"OpenSearch Serverless: when a document is found is the stand-in's option (AWS: 10 to 30 seconds)",
	}
	if n := c.policies.retentions(); n > 0 {
		notRun = append(notRun, fmt.Sprintf("OpenSearch Serverless: lifecycle policies (kept and returned: %d; nothing is deleted by them)", n))
	}
	return append(notRun, c.Undocumented()...)
}

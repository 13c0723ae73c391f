package opensearch

import (
	"cdcpipeline/rehearsal/standins/front"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ismRoles are the roles that may write policies: https://opensearch.org/docs/2.19/security/access-control/users-roles/
var ismRoles = []string{"all_access", "index_management_full_access"}

const ismPermission = "cluster:admin/opendistro/ism/policy/write"

// policies are a domain's ISM policies: stored, versioned and returned like the plugin's, but never run.
type policies struct {
	mu     sync.Mutex
	byID   map[string]*policy
	seq    int
	writes map[string]bool // ids of all policies that were written, for the report
}

type policy struct {
	ID          string         `json:"_id"`
	Version     int            `json:"_version"`
	SeqNo       int            `json:"_seq_no"`
	PrimaryTerm int            `json:"_primary_term"`
	Policy      map[string]any `json:"policy"`
}

func newPolicies() *policies {
	return &policies{byID: map[string]*policy{}, seq: -1, writes: map[string]bool{}}
}

// written counts the policies ever stored.
func (p *policies) written() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.writes)
}

// serveISM replaces the index management plugin. The node decides who may call it.
func (d *Domain) serveISM(w http.ResponseWriter, r *http.Request, body []byte) {
	status, content, err := d.WithAuthorization(r.Header.Get("Authorization")).Call(r.Context(), http.MethodGet, "/_plugins/_security/authinfo", nil)
	if err != nil {
		refuse(w, http.StatusBadGateway, err.Error())
		return
	}
	if status != http.StatusOK {
		w.WriteHeader(status)
		_, _ = w.Write(content) // the node's own refusal
		return
	}
	var info struct {
		User  string   `json:"user"`
		Roles []string `json:"roles"`
	}
	if err := json.Unmarshal(content, &info); err != nil {
		refuse(w, http.StatusBadGateway, "reading the node's answer: "+err.Error())
		return
	}
	if !slices.ContainsFunc(info.Roles, func(role string) bool { return slices.Contains(ismRoles, role) }) {
		front.Fail(w, http.StatusForbidden, "security_exception", fmt.Sprintf("no permissions for [%s] and %s", ismPermission, info.User))
		return
	}
	action, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, ismPath), "/")
	switch action {
	case "policies":
		d.policies.serve(w, r, name, body)
	case "add", "change_policy", "remove", "retry":
		front.Answer(w, http.StatusOK, map[string]any{"updated_indices": 0, "failures": false, "failed_indices": []any{}})
	case "explain":
		front.Answer(w, http.StatusOK, map[string]any{"total_managed_indices": 0})
	default:
		front.Fail(w, http.StatusBadRequest, "illegal_argument_exception", "the rehearsal knows no "+r.Method+" "+r.URL.Path)
	}
}

// serve reads, writes and deletes one policy, or lists all.
func (p *policies) serve(w http.ResponseWriter, r *http.Request, id string, body []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := p.byID[id]
	switch {
	case r.Method == http.MethodGet && id == "":
		p.list(w)
	case r.Method == http.MethodPut && id != "":
		p.put(w, r, id, body)
	case found == nil:
		front.Fail(w, http.StatusNotFound, "status_exception", "Policy not found")
	case r.Method == http.MethodGet:
		front.Answer(w, http.StatusOK, found)
	case r.Method == http.MethodDelete:
		delete(p.byID, id)
		p.seq++
		front.Answer(w, http.StatusOK, map[string]any{
			"_index": ".opendistro-ism-config", "_id": id, "_version": found.Version + 1, "result": "deleted", "forced_refresh": true,
			"_shards": map[string]any{"total": 1, "successful": 1, "failed": 0}, "_seq_no": p.seq, "_primary_term": 1,
		})
	default:
		front.Fail(w, http.StatusMethodNotAllowed, "method_not_allowed", "Incorrect HTTP method "+r.Method)
	}
}

func (p *policies) list(w http.ResponseWriter) {
	all := []*policy{}
	for _, found := range p.byID {
		all = append(all, found)
	}
	slices.SortFunc(all, func(a, b *policy) int { return strings.Compare(a.ID, b.ID) })
	front.Answer(w, http.StatusOK, map[string]any{"policies": all, "total_policies": len(all)})
}

// put creates a policy. To change one, the caller must name the version that it read.
func (p *policies) put(w http.ResponseWriter, r *http.Request, id string, body []byte) {
	var request struct {
		Policy map[string]any `json:"policy"`
	}
	if err := json.Unmarshal(body, &request); err != nil || request.Policy == nil {
		front.Fail(w, http.StatusBadRequest, "parsing_exception", "the body needs an object named policy")
		return
	}
	found, version, status := p.byID[id], 1, http.StatusCreated
	seq, seqErr := strconv.Atoi(r.URL.Query().Get("if_seq_no"))
	switch {
	case found == nil && seqErr == nil, found != nil && (seqErr != nil || seq != found.SeqNo):
		front.Fail(w, http.StatusConflict, "version_conflict_engine_exception", fmt.Sprintf("[%s]: version conflict, required seqNo differs", id))
		return
	case found != nil:
		version, status = found.Version+1, http.StatusOK
	}
	p.seq++
	kept := &policy{ID: id, Version: version, SeqNo: p.seq, PrimaryTerm: 1, Policy: complete(id, request.Policy)}
	p.byID[id], p.writes[id] = kept, true
	front.Answer(w, status, map[string]any{
		"_id": id, "_version": kept.Version, "_seq_no": kept.SeqNo, "_primary_term": kept.PrimaryTerm, "policy": map[string]any{"policy": kept.Policy},
	})
}

// complete adds the plugin's additions to a policy. A program must state them to see no difference later:
// https://github.com/opensearch-project/index-management/tree/2.19/src/main/kotlin/org/opensearch/indexmanagement/indexstatemanagement/model
func complete(id string, p map[string]any) map[string]any {
	p["policy_id"] = id
	now := time.Now().UnixMilli()
	p["last_updated_time"] = now
	p["schema_version"] = 21
	setDefault(p, "error_notification", nil)
	setDefault(p, "ism_template", nil)
	if one, ok := p["ism_template"].(map[string]any); ok {
		p["ism_template"] = []any{one}
	}
	for _, template := range objects(p["ism_template"]) {
		setDefault(template, "priority", 0)
		template["last_updated_time"] = now
	}
	for _, state := range objects(p["states"]) {
		setDefault(state, "actions", []any{})
		setDefault(state, "transitions", []any{})
		for _, action := range objects(state["actions"]) {
			setDefault(action, "retry", map[string]any{"count": 3, "backoff": "exponential", "delay": "1m"})
		}
	}
	return p
}

func setDefault(object map[string]any, key string, value any) {
	if _, ok := object[key]; !ok {
		object[key] = value
	}
}

// objects are the JSON objects in a list.
func objects(list any) []map[string]any {
	var found []map[string]any
	elements, _ := list.([]any)
	for _, element := range elements {
		if object, ok := element.(map[string]any); ok {
			found = append(found, object)
		}
	}
	return found
}

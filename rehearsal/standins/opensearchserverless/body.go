package opensearchserverless

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// check refuses content of a body that collections do not accept.
func (c *Collection) check(q *request) error {
	var body map[string]any
	if len(q.body) > 0 && json.Unmarshal(q.body, &body) != nil {
		return nil //nolint:nilerr // the node reports what is wrong with it
	}
	switch {
	case q.op.Permission == createIndex:
		return settings(body["settings"])
	case strings.HasSuffix(q.op.Path, "/_settings") && q.Method == http.MethodPut:
		return settings(body)
	case strings.Contains(q.op.Path, "_template/") && q.Method != http.MethodGet:
		template, _ := body["template"].(map[string]any)
		return settings(template["settings"])
	case q.op.Path == "/_aliases":
		return c.actions(body["actions"])
	case strings.Contains(q.op.Path, "/_alias") && q.op.Permission == updateItems:
		c.all.used.alias(body)
	}
	return nil
}

// managed are settings that the service sets and tunes itself:
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-overview.html. It is not documented
// whether a collection refuses or ignores them. Here they are refused, so that nothing depends on them.
var managed = []string{"number_of_shards", "number_of_replicas", "auto_expand_replicas", "refresh_interval", "default_pipeline", "final_pipeline"}

func settings(given any) error {
	for _, name := range flatten("", given) {
		if slices.Contains(managed, strings.TrimPrefix(name, "index.")) {
			return invalid("unknown setting [%s]: a collection manages it", name)
		}
	}
	return nil
}

// flatten lists setting names, which may be nested or dotted.
func flatten(prefix string, given any) []string {
	object, ok := given.(map[string]any)
	if !ok {
		return []string{strings.TrimSuffix(prefix, ".")}
	}
	var names []string
	for _, name := range sortedKeys(object) {
		names = append(names, flatten(prefix+name+".", object[name])...)
	}
	return names
}

// Allowed actions of POST _aliases. The one that deletes an index would bypass its permission, and AWS does not
// document it.
func (c *Collection) actions(given any) error {
	list, _ := given.([]any)
	for _, one := range list {
		action, _ := one.(map[string]any)
		for kind, of := range action {
			if kind == "remove_index" {
				return invalid("the action [remove_index] is not supported")
			}
			of, _ := of.(map[string]any)
			c.all.used.alias(of)
		}
	}
	return nil
}

// names are a request's indices or index patterns.
func (c *Collection) names(q *request) ([]string, error) {
	switch {
	case ofCollection(q.op.Permission):
		return nil, nil
	case strings.HasSuffix(q.op.Path, "/_mget"):
		return wanted(q), nil
	case c.isPIT(q):
		return c.frozen(q)
	case q.index != "":
		return strings.Split(q.index, ","), nil
	default:
		return []string{"*"}, nil
	}
}

// wanted are the indices of the documents in an _mget.
func wanted(q *request) []string {
	var body struct {
		Docs []struct {
			Index string `json:"_index"`
		} `json:"docs"`
	}
	_ = json.Unmarshal(q.body, &body) // the node reports what is wrong with it
	var names []string
	if q.index != "" {
		names = []string{q.index}
	}
	for _, one := range body.Docs {
		if one.Index != "" && !slices.Contains(names, one.Index) {
			names = append(names, one.Index)
		}
	}
	return names
}

// pitBody is a search in a point in time, or the deletion of some.
type pitBody struct {
	PIT struct {
		ID string `json:"id"`
	} `json:"pit"`
	IDs []string `json:"pit_id"`
}

// isPIT reports whether a request concerns points in time, which have no index in the path.
func (c *Collection) isPIT(q *request) bool {
	var body pitBody
	return q.index == "" && json.Unmarshal(q.body, &body) == nil && (body.PIT.ID != "" || len(body.IDs) > 0)
}

// frozen are the indices of a request's points in time, as named at their creation.
func (c *Collection) frozen(q *request) ([]string, error) {
	var body pitBody
	_ = json.Unmarshal(q.body, &body) // isPIT parsed it
	var names []string
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range append(body.IDs, body.PIT.ID) {
		if id == "" {
			continue
		}
		of, ok := c.pits[id]
		if !ok {
			return nil, &refusal{status: http.StatusNotFound, reason: "no such point in time"}
		}
		names = append(names, strings.Split(of, ",")...)
	}
	return names, nil
}

// remember stores the indices of a new point in time. A search may change its id.
func (c *Collection) remember(q *request, answer []byte) {
	var made struct {
		ID string `json:"pit_id"`
	}
	if json.Unmarshal(answer, &made) != nil || made.ID == "" {
		return
	}
	names := q.index
	if names == "" {
		of, err := c.frozen(q)
		if err != nil {
			return
		}
		names = strings.Join(of, ",")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pits[made.ID] = names
}

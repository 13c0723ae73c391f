package opensearchserverless

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// target is the request's path and query for the node. Patterns exclude the node's own indices, documents are found
// by id no sooner than by a search, and no refresh is requested.
func (c *Collection) target(q *request) string {
	path, query := q.URL.EscapedPath(), withoutRefresh(q.query)
	switch {
	case strings.Contains(q.index, "*"):
		before, _, _ := strings.Cut(q.op.Path, "{index}")
		path = before + url.PathEscape(q.index+",-.*") + rest(q)
	case q.index == "" && overAll[q.op.Path] != "" && !c.isPIT(q):
		path = overAll[q.op.Path]
	}
	if byID(q.op) {
		query.Set("realtime", "false")
	}
	if strings.HasPrefix(q.op.Path, "/_cat/indices") {
		query.Set("h", columns(query.Get("h")))
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}

// overAll are the paths that mean all indices; the node is asked for all except its own.
var overAll = map[string]string{
	"/_search": "/" + own + "/_search", "/_mapping": "/" + own + "/_mapping", "/_mappings": "/" + own + "/_mapping", "/_settings": "/" + own + "/_settings",
	"/_field_caps": "/" + own + "/_field_caps", "/_cat/indices": "/_cat/indices/" + own, "/_alias": "/" + own + "/_alias",
}

// rest is a request's path after the value for {index}.
func rest(q *request) string {
	before, _, _ := strings.Cut(q.op.Path, "{index}")
	_, after, found := strings.Cut(strings.TrimPrefix(q.URL.EscapedPath(), before), "/")
	if !found {
		return ""
	}
	return "/" + after
}

func byID(o *Operation) bool {
	return o.Permission == readDocument && (strings.Contains(o.Path, "/_doc/") || strings.Contains(o.Path, "/_source/") || strings.HasSuffix(o.Path, "/_mget"))
}

// columns of _cat/indices are all except health and status, which a collection lacks.
func columns(asked string) string {
	if asked == "" {
		asked = "index,uuid,pri,rep,docs.count,docs.deleted,store.size,pri.store.size"
	}
	kept := slices.DeleteFunc(strings.Split(asked, ","), func(one string) bool { return one == "health" || one == "status" })
	return strings.Join(kept, ",")
}

func withoutRefresh(query url.Values) url.Values {
	kept := url.Values{}
	for name, values := range query {
		if name != refresh {
			kept[name] = values
		}
	}
	return kept
}

func nonEmpty(body []byte) any {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	return body
}

// reply passes the node's answer on.
func reply(w http.ResponseWriter, q *request, status int, answer []byte) {
	kind := "application/json; charset=UTF-8"
	if strings.HasPrefix(q.op.Path, "/_cat/") && q.query.Get("format") != "json" {
		kind = "text/plain; charset=UTF-8"
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write(answer) // the caller has hung up
}

package opensearchserverless

import (
	"cdcpipeline/rehearsal/standins/bulk"
	"cdcpipeline/rehearsal/standins/front"
	"cdcpipeline/rehearsal/standins/signature"
	"cdcpipeline/rehearsal/stores"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	signingService = "aoss"
	hashHeader     = "X-Amz-Content-Sha256"
	// hint is the header in which AWS names the component that refused a request,
	// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-troubleshooting.html.
	hint = "X-Aoss-Response-Hint"
)

// request is a parsed request to a collection.
type request struct {
	*http.Request
	op *Operation
	// index is the path's value for {index}.
	index string
	query url.Values
	body  []byte // decompressed
	role  string
}

// refusal is the answer to a refused request: OpenSearch's message, or no body.
type refusal struct {
	status       int
	hint         string
	kind, reason string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.status, r.kind, r.reason) }

func invalid(format string, args ...any) error {
	return &refusal{status: http.StatusBadRequest, kind: "illegal_argument_exception", reason: fmt.Sprintf(format, args...)}
}

// forbidden is the answer for an invalid signature, or when no policy allows the request.
func forbidden(reason string) error {
	return &refusal{status: http.StatusForbidden, hint: "X01:gw-helper-deny", reason: reason}
}

// ServeHTTP is the collection's endpoint.
func (c *Collection) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := c.serve(w, r)
	var no *refusal
	switch {
	case err == nil:
	case errors.As(err, &no):
		c.Log.Warn("a request was refused", "method", r.Method, "path", r.URL.Path, "error", err)
		no.answer(w)
	default:
		front.NoAnswer(w, err)
	}
}

// answer uses AWS's form. AWS's own refusals look like {"status":403,"error":{"reason":"403
// Forbidden","type":"Forbidden"}} (https://github.com/opensearch-project/logstash-output-opensearch/issues/228 shows
// a header), and an unknown call gives an empty 404 (https://github.com/opensearch-project/k-NN/issues/1037). Other
// answers are OpenSearch's.
func (r *refusal) answer(w http.ResponseWriter) {
	if r.hint != "" {
		w.Header().Set(hint, r.hint)
	}
	switch {
	case r.status == http.StatusNotFound:
		w.WriteHeader(r.status)
	case r.hint != "":
		text := http.StatusText(r.status)
		front.Answer(w, r.status, map[string]any{"status": r.status, "error": map[string]any{"reason": fmt.Sprintf("%d %s", r.status, text), "type": text}})
	default:
		front.Fail(w, r.status, r.kind, r.reason)
	}
}

func (c *Collection) serve(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	if !c.all.policies.admits(c.Name) {
		return &refusal{status: http.StatusUnauthorized, hint: "X01:network-policy-deny", reason: "no network policy admits the request"}
	}
	role, err := c.caller(r, body)
	if err != nil {
		return err
	}
	q, err := c.read(r, body, role)
	if err != nil {
		return err
	}
	if q.op.writes() && bulk.Is(r) {
		return c.serveBulk(w, q)
	}
	return c.serveOther(w, q)
}

// caller returns the role that signed a request and whose IAM policies allow calls to collections. The body's hash
// must be in a signed header, and the length must not be signed,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-clients.html#serverless-signing.
func (c *Collection) caller(r *http.Request, body []byte) (string, error) {
	headers := signature.Headers(r)
	switch {
	case len(headers) == 0:
		return "", forbidden("the request is not signed")
	case r.Header.Get(hashHeader) == "" || !slices.Contains(headers, strings.ToLower(hashHeader)):
		return "", forbidden("the signature does not cover the header " + hashHeader)
	case slices.Contains(headers, "content-length"):
		return "", forbidden("the signature covers the header Content-Length")
	}
	role, err := c.all.keys.Caller(r, body, signingService)
	if err != nil {
		return "", forbidden(err.Error())
	}
	allowed, err := c.all.roles.allows(r.Context(), role, c.arn)
	if err != nil || !allowed {
		return "", forbidden(errors.Join(fmt.Errorf("no policy of %s allows %s on %s", role, apiAccess, c.arn), err).Error())
	}
	return role, nil
}

// read determines a request's operation and refuses what collections, or this type of collection, do not accept.
func (c *Collection) read(r *http.Request, body []byte, role string) (*request, error) {
	operation, index := find(r.Method, r.URL.EscapedPath())
	if operation == nil {
		return nil, &refusal{status: http.StatusNotFound, reason: "collections have no such call"}
	}
	if operation.SearchOnly != "" && c.Type != search {
		return nil, invalid(noIDs)
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, invalid("the query cannot be read: %v", err)
	}
	if name := operation.unknown(query); name != "" {
		return nil, invalid("request [%s] contains unrecognized parameter: [%s]", r.URL.Path, name)
	}
	// https://github.com/opensearch-project/opensearch-ruby/issues/131
	if value := query.Get(refresh); query.Has(refresh) && value != "false" {
		if value == "" {
			value = "true"
		}
		return nil, &refusal{status: http.StatusBadRequest, kind: "status_exception", reason: value + " refresh policy is not supported."}
	}
	plain, err := bulk.Unpacked(r.Header, body)
	if err != nil {
		return nil, invalid("%v", err)
	}
	return &request{Request: r, op: operation, index: index, query: query, body: plain, role: role}, nil
}

// search is the type whose documents have the writer's ids.
const search = "SEARCH"

// noIDs is the other types' answer to an id, https://github.com/opensearch-project/opensearch-py/issues/792.
const noIDs = "Document ID is not supported in create/index operation request"

// serveOther serves everything but bulk requests.
func (c *Collection) serveOther(w http.ResponseWriter, q *request) error {
	if err := c.check(q); err != nil {
		return err
	}
	node, err := c.asNode()
	if err != nil {
		return err
	}
	names, err := c.names(q)
	if err != nil {
		return err
	}
	made, err := c.authorize(q, node, names)
	if err != nil {
		return err
	}
	c.all.used.request(q)
	status, answer, err := node.Call(q.Context(), q.Method, c.target(q), nonEmpty(q.body))
	if err != nil {
		return err //nolint:wrapcheck // the error names the call
	}
	if q.op.Permission == createIndex {
		made = []string{q.index}
	}
	if err := c.settle(q.Context(), node, made); err != nil {
		return err
	}
	c.remember(q, answer)
	reply(w, q, status, answer)
	return nil
}

// serveBulk serves a bulk request. If no policy allows one of its documents, it refuses the whole request. That is
// an assumption: AWS only says that a request without permission gets 403. If the collection accepts no ids, an id
// refuses only its document, as seen in https://github.com/opensearch-project/opensearch-migrations.
func (c *Collection) serveBulk(w http.ResponseWriter, q *request) error {
	actions, err := bulk.Parse(http.Header{}, q.body)
	if err != nil {
		return invalid("Malformed action/metadata line: %v", err)
	}
	var names []string
	for i := range actions {
		a := &actions[i]
		if a.Index == "" {
			a.Index = q.index
		}
		if !slices.Contains(names, a.Index) {
			names = append(names, a.Index)
		}
		if err := c.all.used.metadata(a.Metadata); err != nil {
			return err
		}
		if c.Type != search && (a.Operation == "update" || a.ID != "" && a.Operation != "delete") {
			a.Refused = &bulk.Refusal{Status: http.StatusBadRequest, Type: "illegal_argument_exception", Reason: noIDs}
		}
	}
	node, err := c.asNode()
	if err != nil {
		return err
	}
	made, err := c.authorize(q, node, names)
	if err != nil {
		return err
	}
	c.all.used.request(q)
	forwarded := q.Request.Clone(q.Context())
	forwarded.Header = http.Header{"Authorization": {node.Authorization}}
	forwarded.URL.RawQuery = withoutRefresh(q.query).Encode()
	if c.ForwardPart(w, forwarded, actions) == http.StatusOK {
		if err := c.settle(q.Context(), node, made); err != nil {
			c.Log.Error("new indices", "error", err) // the caller already has its answer
		}
	}
	return nil
}

// authorize refuses requests that the data access policies do not allow, and returns the indices that a write will
// create. For an alias, the policies must allow both its own name and the indices behind it, because AWS does not
// document which of them it checks.
func (c *Collection) authorize(q *request, node *stores.Client, names []string) (made []string, err error) {
	if ofCollection(q.op.Permission) {
		return nil, c.allow(q, q.op.Permission, "")
	}
	indices, err := c.layout(q.Context(), node)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		behind := indices.behind(name)
		wanted := []string{q.op.Permission}
		if q.op.writes() {
			wanted = append(wanted, updateIndex)
			if len(behind) == 0 {
				wanted = append(wanted, createIndex)
				made = append(made, name)
			}
		}
		for _, permission := range wanted {
			for _, one := range append([]string{name}, behind...) {
				if err := c.allow(q, permission, one); err != nil {
					return nil, err
				}
			}
		}
	}
	return made, nil
}

func (c *Collection) allow(q *request, permission, index string) error {
	if c.all.policies.allows(q.role, permission, c.Name, index) {
		return nil
	}
	return forbidden(fmt.Sprintf("no data access policy allows %s to %s on %s in the collection %s", permission, q.role, index, c.Name))
}

var _ http.Handler = (*Collection)(nil)

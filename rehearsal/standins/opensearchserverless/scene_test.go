package opensearchserverless

import (
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/bulk"
	"cdcpipeline/rehearsal/standins/controlplane"
	"cdcpipeline/rehearsal/standins/front"
	"cdcpipeline/rehearsal/stores"
	"cdcpipeline/rehearsal/stores/storestest"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/stretchr/testify/require"
)

// fakeNode is a node's REST interface, as far as the endpoint uses it.
type fakeNode struct {
	server *httptest.Server
	done   chan struct{}

	mu       sync.Mutex
	requests []string          // method, path and query of callers' requests
	settled  []string          // paths of settings written by the endpoint
	interval string            // of the cluster
	indices  map[string]string // the alias of each; empty for none
}

func newFakeNode(t *testing.T) *fakeNode {
	t.Helper()
	n := &fakeNode{done: make(chan struct{}), indices: map[string]string{}}
	n.server = httptest.NewTLSServer(n)
	t.Cleanup(n.server.Close)
	return n
}

func (n *fakeNode) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	switch {
	case r.URL.Path == "/_cluster/settings":
		n.interval = string(body)
	case r.URL.Path == "/*,-.*/_alias" && r.Method == http.MethodGet:
		answer := map[string]any{}
		for index, alias := range n.indices {
			aliases := map[string]any{}
			if alias != "" {
				aliases[alias] = map[string]any{}
			}
			answer[index] = map[string]any{"aliases": aliases}
		}
		_ = json.NewEncoder(w).Encode(answer)
		return
	case strings.HasSuffix(r.URL.Path, "/_settings") && r.Method == http.MethodPut && strings.Contains(string(body), "number_of_replicas"):
		n.settled = append(n.settled, r.URL.Path+" "+string(body))
	default:
		n.requests = append(n.requests, r.Method+" "+r.URL.RequestURI())
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/_bulk"):
		actions, _ := bulk.Parse(r.Header, body)
		items := make([]string, len(actions))
		for i, a := range actions {
			items[i] = fmt.Sprintf(`{%q:{"_id":%q,"status":201}}`, a.Operation, a.ID)
		}
		fmt.Fprintf(w, `{"took":1,"errors":false,"items":[%s]}`, strings.Join(items, ","))
	case strings.HasSuffix(r.URL.Path, "/_search/point_in_time"):
		_, _ = io.WriteString(w, `{"pit_id":"frozen"}`)
	default:
		_, _ = io.WriteString(w, "{}")
	}
}

// asked are the callers' requests since the last check.
func (n *fakeNode) asked() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	asked := n.requests
	n.requests = nil
	return asked
}

func (n *fakeNode) have(indices map[string]string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.indices = maps.Clone(indices)
}

func (n *fakeNode) Authorization(user string, roles ...string) (string, error) {
	return "Bearer " + user + " as " + strings.Join(roles, ","), nil
}

func (n *fakeNode) Admin() *stores.Client {
	return &stores.Client{HTTP: n.server.Client(), URL: n.server.URL, Authorization: "the administrator"}
}

func (n *fakeNode) SetMasterPassword(context.Context, string, string) error { return nil }

func (n *fakeNode) TLS() *tls.Config {
	return &tls.Config{RootCAs: n.server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"}
}

func (n *fakeNode) Crash(context.Context, time.Duration) error { return nil }
func (n *fakeNode) Stop()                                      { close(n.done) }
func (n *fakeNode) Done() <-chan struct{}                      { return n.done }
func (n *fakeNode) Err() error                                 { return nil }

// scene is a control plane with collections whose nodes are fake.
type scene struct {
	t *testing.T
	// n is the collection's name and the prefix of its policies. All scenes share one control plane, which keeps
	// deleted things for long.
	n   string
	url string
	acc account.Account
	all *Collections

	authority *stores.Authority
	nodes     chan *fakeNode
	hold      chan struct{} // when set, nodes start after it is closed
	failure   error         // when set, nodes fail to start
}

var scenes atomic.Int64

func newScene(t *testing.T, o Options) *scene {
	t.Helper()
	target, err := url.Parse(storestest.Moto(t))
	require.NoError(t, err)
	authority, err := stores.NewAuthority(t.TempDir())
	require.NoError(t, err)
	proxy := controlplane.New(target, slog.New(slog.DiscardHandler))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = proxy.Serve(listener) }()
	t.Cleanup(func() { _ = proxy.Close() })
	s := &scene{t: t, n: fmt.Sprintf("scene-%d", scenes.Add(1)), url: "http://" + listener.Addr().String(), authority: authority, nodes: make(chan *fakeNode, 8)}
	s.acc = account.New(s.url)
	s.all = newCollections(t.Context(), authority, s.acc, slog.New(slog.NewTextHandler(t.Output(), nil)), o, func(ctx context.Context) (front.Node, error) {
		if s.hold != nil {
			select {
			case <-s.hold:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		if s.failure != nil {
			return nil, s.failure
		}
		node := newFakeNode(t)
		s.nodes <- node
		return node, nil
	})
	s.all.Attach(proxy)
	t.Cleanup(s.all.Close)
	return s
}

func (s *scene) call(operation, body string) map[string]any {
	s.t.Helper()
	status, answer := aoss(s.t, s.url, operation, body)
	require.Equal(s.t, http.StatusOK, status, "%s: %v", operation, answer)
	return answer
}

func (s *scene) policy(operation, kind, name, document string) map[string]any {
	s.t.Helper()
	return s.call(operation, fmt.Sprintf(`{"name":%q,"type":%q,"policy":%s}`, name, kind, text(document)))
}

// create makes a collection and waits for its node; nobody has access yet.
func (s *scene) create(kind string) *Collection {
	s.t.Helper()
	s.policy("CreateSecurityPolicy", "encryption", s.n, strings.Replace(encryptionOfLogs, "logs-application", s.n, 1))
	s.call("CreateCollection", fmt.Sprintf(`{"name":%q,"type":%q}`, s.n, kind))
	one, ok := s.all.Collection(s.n)
	require.True(s.t, ok)
	require.NoError(s.t, one.Wait(s.t.Context()))
	return one
}

func (s *scene) collection(kind string) (*Collection, *fakeNode) {
	s.t.Helper()
	one := s.create(kind)
	return one, <-s.nodes
}

func (s *scene) public() {
	s.t.Helper()
	s.policy("CreateSecurityPolicy", "network", s.n, strings.ReplaceAll(networkOfLogs, "logs-application", s.n))
}

// role is a role that may call collections by its IAM policy.
func (s *scene) role(name string) string {
	s.t.Helper()
	arn := s.bareRole(name)
	s.may(name, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"aoss:APIAccessAll","Resource":"*"}]}`)
	return arn
}

func (s *scene) bareRole(name string) string {
	s.t.Helper()
	client := iam.NewFromConfig(s.acc.Config())
	_, err := client.CreateRole(s.t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String("{}")})
	if there := (*types.EntityAlreadyExistsException)(nil); errors.As(err, &there) {
		_, err = client.DeleteRolePolicy(s.t.Context(), &iam.DeleteRolePolicyInput{RoleName: &name, PolicyName: aws.String("p")})
		if missing := (*types.NoSuchEntityException)(nil); errors.As(err, &missing) {
			err = nil
		}
	}
	require.NoError(s.t, err)
	return roleOf(name)
}

func roleOf(name string) string { return "arn:aws:iam::" + account.ID + ":role/" + name }

func (s *scene) may(role, document string) {
	s.t.Helper()
	_, err := iam.NewFromConfig(s.acc.Config()).PutRolePolicy(s.t.Context(), &iam.PutRolePolicyInput{RoleName: &role, PolicyName: aws.String("p"), PolicyDocument: &document})
	require.NoError(s.t, err)
}

// accessOf is a data access policy: each resource with its permissions.
func accessOf(role string, of map[string][]string) string {
	rules := []any{}
	for _, resource := range slices.Sorted(maps.Keys(of)) {
		kind, _, _ := strings.Cut(resource, "/")
		rules = append(rules, map[string]any{"ResourceType": kind, "Resource": []string{resource}, "Permission": of[resource]})
	}
	text, _ := json.Marshal([]any{map[string]any{"Rules": rules, "Principal": []string{role}}})
	return string(text)
}

func (s *scene) grant(name, role string, of map[string][]string) map[string]any {
	s.t.Helper()
	return s.policy("CreateAccessPolicy", "data", s.n+"-"+name, accessOf(role, of))
}

// as calls a collection as a role.
func (s *scene) as(role string, one *Collection) opensearch.Client {
	return opensearch.Client{
		URL:       "https://" + one.Endpoint(),
		Transport: opensearch.Signed(s.acc.AsRole(role, "test"), opensearch.Serverless, &http.Transport{TLSClientConfig: s.authority.ClientTLS()}),
		Timeout:   10 * time.Second,
	}
}

// open is a collection with which a role may do everything.
func (s *scene) open(kind string) (*Collection, *fakeNode, opensearch.Client) {
	s.t.Helper()
	one, node := s.collection(kind)
	return one, node, s.admit(one)
}

// admit lets a role do everything with a collection.
func (s *scene) admit(one *Collection) opensearch.Client {
	s.t.Helper()
	role := s.role("writer")
	s.public()
	s.grant("all", role, map[string][]string{"collection/" + s.n: {"aoss:*"}, "index/" + s.n + "/*": {"aoss:*"}})
	return s.as(role, one)
}

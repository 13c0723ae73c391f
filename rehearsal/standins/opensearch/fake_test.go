package opensearch

import (
	"bytes"
	"cdcpipeline/rehearsal/standins/bulk"
	"cdcpipeline/rehearsal/standins/signature"
	"cdcpipeline/rehearsal/stores"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"
)

const (
	deliveryRole = "arn:aws:iam::123456789012:role/delivery"
	keyID        = "ASIADELIVERY"
	keySecret    = "the secret"
	keySession   = "the session"
)

var master = MasterUser{Name: "admin", Password: "secret"}

// fakeNode is a node's REST interface, as far as the endpoint uses it.
type fakeNode struct {
	server *httptest.Server
	done   chan struct{}
	err    error

	mu       sync.Mutex
	requests []string // method, path and Authorization
	mapped   bool
	written  []string // ids of documents
	crashes  []time.Duration
	refuse   int // status for refusing mappings
	password string
}

func newFakeNode(t *testing.T) *fakeNode {
	t.Helper()
	n := &fakeNode{done: make(chan struct{})}
	n.server = httptest.NewTLSServer(n)
	t.Cleanup(n.server.Close)
	return n
}

func (n *fakeNode) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	caller := r.Header.Get("Authorization")
	n.requests = append(n.requests, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+caller))
	switch {
	case r.URL.Path == "/_bulk" && n.mapped:
		n.bulk(w, r)
	case r.URL.Path == "/_bulk":
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"error":{"reason":"no permissions"},"status":403}`)
	case strings.HasPrefix(r.URL.Path, mappingsPath) && n.refuse != 0:
		w.WriteHeader(n.refuse)
	case strings.HasPrefix(r.URL.Path, mappingsPath):
		n.mapped = true
		w.WriteHeader(http.StatusCreated)
	case r.URL.Path == "/_plugins/_security/authinfo" && caller == "":
		w.WriteHeader(http.StatusUnauthorized)
	case r.URL.Path == "/_plugins/_security/authinfo" && strings.HasPrefix(caller, "Basic"):
		_, _ = io.WriteString(w, `{"user":"User [name=admin]","roles":["all_access"]}`)
	case r.URL.Path == "/_plugins/_security/authinfo":
		_, _ = io.WriteString(w, `{"user":"User [name=role]","roles":["delivery"]}`)
	default:
		_, _ = io.WriteString(w, "{}")
	}
}

// bulk writes documents and answers for each, as requested.
func (n *fakeNode) bulk(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	actions, _ := bulk.Parse(r.Header, body)
	items := make([]string, len(actions))
	for i, a := range actions {
		n.written = append(n.written, a.ID)
		items[i] = fmt.Sprintf(`{%q:{"_id":%q,"status":201}}`, a.Operation, a.ID)
	}
	rest := `"took":1,"errors":false,`
	if r.URL.Query().Has("filter_path") {
		rest = ""
	}
	fmt.Fprintf(w, `{%s"items":[%s]}`, rest, strings.Join(items, ","))
}

func (n *fakeNode) seen() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string{}, n.requests...)
}

func (n *fakeNode) Authorization(user string, roles ...string) (string, error) {
	return "Bearer " + user + " as " + strings.Join(roles, ","), nil
}

func (n *fakeNode) Admin() *stores.Client {
	return &stores.Client{HTTP: n.server.Client(), URL: n.server.URL, Authorization: "the administrator"}
}

func (n *fakeNode) SetMasterPassword(_ context.Context, _, password string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.password = password
	return nil
}

func (n *fakeNode) TLS() *tls.Config {
	return &tls.Config{RootCAs: n.server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"}
}

func (n *fakeNode) Crash(_ context.Context, down time.Duration) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.crashes = append(n.crashes, down)
	return nil
}

func (n *fakeNode) Stop() {
	n.mu.Lock()
	defer n.mu.Unlock()
	select {
	case <-n.done:
	default:
		close(n.done)
	}
}

func (n *fakeNode) Done() <-chan struct{} { return n.done }
func (n *fakeNode) Err() error            { return n.err }

// rig is a set of domains with fake nodes.
type rig struct {
	*Domains
	authority *stores.Authority
	nodes     chan *fakeNode // started, in order
	hold      chan struct{}  // when set, nodes start after it is closed
	failure   error          // when set, nodes fail to start
}

func newRig(t *testing.T) *rig {
	t.Helper()
	authority, err := stores.NewAuthority(t.TempDir())
	require.NoError(t, err)
	r := &rig{authority: authority, nodes: make(chan *fakeNode, 8)}
	r.Domains = newDomains(t.Context(), authority, slog.New(slog.DiscardHandler), func(ctx context.Context, _ MasterUser) (Node, error) {
		if r.hold != nil {
			select {
			case <-r.hold:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		if r.failure != nil {
			return nil, r.failure
		}
		node := newFakeNode(t)
		r.nodes <- node
		return node, nil
	})
	r.keys.Add(keyID, signature.Key{Role: deliveryRole, Secret: keySecret, Session: keySession})
	t.Cleanup(r.Close)
	return r
}

// ready makes a domain and waits for it.
func (r *rig) ready(t *testing.T) (*Domain, *fakeNode) {
	t.Helper()
	domain, err := r.Create("retail-trans", true, master)
	require.NoError(t, err)
	require.NoError(t, domain.Wait(t.Context()))
	return domain, <-r.nodes
}

func (r *rig) client(domain *Domain, authorization string) *stores.Client {
	return &stores.Client{
		HTTP: &http.Client{Transport: &http.Transport{TLSClientConfig: r.authority.ClientTLS()}, Timeout: 10 * time.Second},
		URL:  "https://" + domain.Endpoint(), Authorization: authorization,
	}
}

// signed is a request as the delivery role, edited before and after signing.
func signed(t *testing.T, domain *Domain, method, path, body string, before, after func(*http.Request, *aws.Credentials)) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "https://"+domain.Endpoint()+path, bytes.NewReader([]byte(body)))
	require.NoError(t, err)
	credentials := &aws.Credentials{AccessKeyID: keyID, SecretAccessKey: keySecret, SessionToken: keySession}
	request.Header.Set("Content-Type", "application/x-ndjson")
	if before != nil {
		before(request, credentials)
	}
	sum := sha256.Sum256([]byte(body))
	require.NoError(t, v4.NewSigner().SignHTTP(t.Context(), *credentials, request, hex.EncodeToString(sum[:]), "es", "us-east-1", time.Now()))
	if after != nil {
		after(request, credentials)
	}
	return request
}

var errNoMemory = errors.New("no memory for the heap")

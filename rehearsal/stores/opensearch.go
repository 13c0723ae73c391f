package stores

import (
	"cdcpipeline/rehearsal/machine/artifact"
	"cdcpipeline/rehearsal/machine/process"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/crypto/bcrypt"
)

// OpenSearchVersion is the newest 2.x of the Amazon service for which Maven has both the server and its security
// plugin.
const OpenSearchVersion = "2.19.4"

var (
	openSearchServer = artifact.Artifact{
		Group: "org.opensearch.distribution.integ-test-zip", Name: "opensearch", Version: OpenSearchVersion, Packaging: "zip",
		SHA256: "3902e642715210d1d9d7cbdcc8f5abd6f931d1d7a679cea3750937becf16c406",
	}
	openSearchSecurity = artifact.Artifact{
		Group: "org.opensearch.plugin", Name: "opensearch-security", Version: OpenSearchVersion + ".0", Packaging: "zip",
		SHA256: "1f673622c462c4171a8c53f9b1ad20e5b839834cb79b0d3b388da180a0e514e8",
	}
)

const (
	openSearchHeap  = "1g"
	openSearchReady = 3 * time.Minute // 12 s on two idle cores, but the machine may be busy
	tokenLife       = 5 * time.Minute
)

// openSearchNodes numbers a process's nodes, for their folders' names.
var openSearchNodes atomic.Int64

// OpenSearchOptions configure one node.
type OpenSearchOptions struct {
	// MasterUser and MasterPassword of the internal user who may do everything, as on a domain with fine-grained
	// access control.
	MasterUser, MasterPassword string
	// Heap of the node in the JVM's format. Default 1g.
	Heap string
}

// OpenSearch is a running node with fine-grained access control. It has an internal master user. Other callers' names
// and backend roles come from a signed token, as the Amazon service derives them from a request's signature.
type OpenSearch struct {
	// URL of the node, https on loopback.
	URL string
	// Log is the file that holds the server's output.
	Log string

	*server
	masterUser string
	signingKey []byte
	tls        *tls.Config // trusts the node
	admin      *Client
}

// StartOpenSearch starts a new, empty node and returns when it answers the master user. It ends with ctx.
func (s *Site) StartOpenSearch(ctx context.Context, o OpenSearchOptions) (*OpenSearch, error) {
	java, err := javaHome()
	if err != nil {
		return nil, err
	}
	home, err := s.openSearchHome(ctx)
	if err != nil {
		return nil, fmt.Errorf("installing OpenSearch: %w", err)
	}
	dir, err := s.folder(fmt.Sprintf("opensearch-%d", openSearchNodes.Add(1)))
	if err != nil {
		return nil, err
	}
	node := &OpenSearch{Log: filepath.Join(dir, "opensearch.log"), masterUser: o.MasterUser, signingKey: make([]byte, 64)}
	if _, err := rand.Read(node.signingKey); err != nil {
		return nil, fmt.Errorf("making the token key: %w", err)
	}
	if err := s.configureOpenSearch(node, home, dir, o); err != nil {
		return nil, fmt.Errorf("configuring OpenSearch: %w", err)
	}
	node.server = newServer(ctx, process.Command{
		Name: "opensearch", Path: filepath.Join(home, "bin", "opensearch"), Dir: dir, Log: node.Log, User: process.Unprivileged(),
		Env: []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "OPENSEARCH_JAVA_HOME=" + java, "OPENSEARCH_PATH_CONF=" + filepath.Join(dir, "config"),
			"OPENSEARCH_TMPDIR=" + filepath.Join(dir, "tmp"),
		},
	}, "the OpenSearch node", openSearchReady)
	master := node.Client(BasicAuthorization(o.MasterUser, o.MasterPassword))
	if err := node.start(func(ctx context.Context) error {
		return master.Do(ctx, http.MethodGet, "/_cluster/health?timeout=1s", nil, nil)
	}); err != nil {
		node.Stop()
		return nil, fmt.Errorf("starting the node: %w", err)
	}
	return node, nil
}

// Crash kills the node (SIGKILL), and restarts it after the downtime with the same data, port and certificates. It
// returns when the node answers and has all its primary shards. Acknowledged writes survive, because the translog is
// on disk before the answer (index.translog.durability is request by default),
// https://docs.opensearch.org/latest/install-and-configure/configuring-opensearch/index-settings/.
func (n *OpenSearch) Crash(ctx context.Context, down time.Duration) error {
	n.crash(ctx, down)
	err := n.start(func(ctx context.Context) error {
		// Not the master user, whose password may have changed.
		header, err := n.Authorization("rehearsal", MasterBackendRole)
		if err != nil {
			return err
		}
		return n.Client(header).Do(ctx, http.MethodGet, "/_cluster/health?wait_for_status=yellow&timeout=1s", nil, nil)
	})
	if err != nil {
		n.end()
		return fmt.Errorf("starting the node again: %w", err)
	}
	return nil
}

// openSearchHome is the installed server, shared by this site's nodes and never modified.
func (s *Site) openSearchHome(ctx context.Context) (string, error) {
	tree, err := s.openSearchTree(ctx)
	if err != nil {
		return "", err
	}
	return s.clone(tree, "opensearch")
}

// openSearchTree is the server unpacked in the cache.
func (s *Site) openSearchTree(ctx context.Context) (string, error) {
	server, err := s.Cache.Fetch(ctx, openSearchServer)
	if err != nil {
		return "", fmt.Errorf("getting the server: %w", err)
	}
	security, err := s.Cache.Fetch(ctx, openSearchSecurity)
	if err != nil {
		return "", fmt.Errorf("getting the security plugin: %w", err)
	}
	tree, err := s.Cache.Tree(ctx, "opensearch-"+openSearchServer.SHA256[:12]+"-"+openSearchSecurity.SHA256[:12], func(dir string) error {
		if err := artifact.Unzip(server, "opensearch-"+OpenSearchVersion+"/", dir); err != nil {
			return fmt.Errorf("installing the server: %w", err)
		}
		if err := artifact.Unzip(security, "", filepath.Join(dir, "plugins", "opensearch-security")); err != nil {
			return fmt.Errorf("installing the security plugin: %w", err)
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("unpacking the server: %w", err)
	}
	return tree, nil
}

// Client calls the node with the given Authorization header.
func (n *OpenSearch) Client(authorization string) *Client {
	return &Client{
		HTTP: &http.Client{Transport: &http.Transport{TLSClientConfig: n.tls}},
		URL:  n.URL, Authorization: authorization,
	}
}

// Admin calls the node with the administrator's certificate, which no permission restricts. It is the rehearsal's own
// access, independent of what the pipeline sets up.
func (n *OpenSearch) Admin() *Client { return n.admin }

// TLS verifies the node's certificate.
func (n *OpenSearch) TLS() *tls.Config { return n.tls.Clone() }

// Authorization is the header for a caller that the node knows by name and backend roles: the result of a verified
// signature. It is valid for five minutes.
func (n *OpenSearch) Authorization(user string, backendRoles ...string) (string, error) {
	now := time.Now()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS512, jwt.MapClaims{
		"sub": user, "roles": backendRoles, "iat": now.Add(-time.Second).Unix(), "exp": now.Add(tokenLife).Unix(),
	}).SignedString(n.signingKey)
	if err != nil {
		return "", fmt.Errorf("signing the token of %s: %w", user, err)
	}
	return "Bearer " + token, nil
}

// SetMasterPassword changes the master user's password. An empty user keeps the present name; another name makes a
// second master user and deletes the first one.
func (n *OpenSearch) SetMasterPassword(ctx context.Context, user, password string) error {
	user = cmp.Or(user, n.masterUser)
	hash, err := passwordHash(password)
	if err != nil {
		return err
	}
	account := map[string]any{"hash": hash, "backend_roles": []string{MasterBackendRole}}
	if err := n.admin.Do(ctx, http.MethodPut, "/_plugins/_security/api/internalusers/"+user, account, nil); err != nil {
		return fmt.Errorf("changing the master user: %w", err)
	}
	if user == n.masterUser {
		return nil
	}
	if err := n.admin.Do(ctx, http.MethodDelete, "/_plugins/_security/api/internalusers/"+n.masterUser, nil, nil); err != nil {
		return fmt.Errorf("deleting the former master user: %w", err)
	}
	n.masterUser = user
	return nil
}

// BasicAuthorization is the header for a user with a password.
func BasicAuthorization(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// passwordHash is a password in the security plugin's stored form.
func passwordHash(password string) (string, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	if err != nil {
		return "", fmt.Errorf("hashing the master user's password: %w", err)
	}
	return string(hash), nil
}

// javaHome is the server's JDK: JAVA_HOME, or that of java on PATH.
func javaHome() (string, error) {
	if home := os.Getenv("JAVA_HOME"); home != "" {
		return home, nil
	}
	java, err := exec.LookPath("java")
	if err != nil {
		return "", fmt.Errorf("the OpenSearch server needs Java 17 or newer, and neither JAVA_HOME nor java on PATH is there: %w", err)
	}
	java, err = filepath.EvalSymlinks(java)
	if err != nil {
		return "", fmt.Errorf("finding the JDK of %s: %w", java, err)
	}
	return filepath.Dir(filepath.Dir(java)), nil
}

func loopback(port int) string { return "https://" + Host + ":" + strconv.Itoa(port) }

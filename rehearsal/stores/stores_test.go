package stores

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

func authority(t *testing.T) *Authority {
	t.Helper()
	a, err := NewAuthority(t.TempDir())
	require.NoError(t, err)
	return a
}

// serve answers over TLS with a certificate of the authority.
func serve(t *testing.T, a *Authority, handler http.HandlerFunc) (port string) {
	t.Helper()
	cert, err := a.Issue("server")
	require.NoError(t, err)
	pair, err := cert.TLS()
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.StartTLS()
	t.Cleanup(server.Close)
	_, port, err = net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	return port
}

func TestAuthoritysServersAreTrustedByNameAndAddress(t *testing.T) {
	a := authority(t)
	port := serve(t, a, func(http.ResponseWriter, *http.Request) {})
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: a.ClientTLS()}}
	for _, host := range []string{"localhost", "127.0.0.1"} {
		require.NoError(t, answers(t.Context(), client, "https://"+host+":"+port), host)
	}
}

func TestAnotherAuthorityIsNotTrusted(t *testing.T) {
	port := serve(t, authority(t), func(http.ResponseWriter, *http.Request) {})
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: authority(t).ClientTLS()}}
	require.ErrorContains(t, answers(t.Context(), client, "https://localhost:"+port), "certificate")
}

func TestBundleTrustsTheMachinesAuthoritiesToo(t *testing.T) {
	public := authority(t)
	t.Setenv("SSL_CERT_FILE", public.File())
	a := authority(t)
	path, err := a.Bundle()
	require.NoError(t, err)
	bundle, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(bundle), string(public.PEM()))
	require.Contains(t, string(bundle), string(a.PEM()))
	file, err := os.ReadFile(a.File())
	require.NoError(t, err)
	require.Equal(t, a.PEM(), file)
}

func TestKeysAreTheirOwnersAlone(t *testing.T) {
	cert, err := authority(t).Issue("server")
	require.NoError(t, err)
	_, keyFile, err := cert.Write(t.TempDir(), "server")
	require.NoError(t, err)
	info, err := os.Stat(keyFile)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestSiteCanBeEnteredByAServersUserAndIsRemoved(t *testing.T) {
	site, err := NewSite(filepath.Join(t.TempDir(), "cache"))
	require.NoError(t, err)
	info, err := os.Stat(site.Dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o711), info.Mode().Perm())
	require.NoError(t, site.Remove())
	require.NoDirExists(t, site.Dir)
}

func TestTokenNamesTheCallerAndItsBackendRoles(t *testing.T) {
	node := &OpenSearch{signingKey: []byte(strings.Repeat("k", 64))}
	header, err := node.Authorization("arn:role", "arn:role", "other")
	require.NoError(t, err)
	token, err := jwt.Parse(strings.TrimPrefix(header, "Bearer "), func(*jwt.Token) (any, error) { return node.signingKey, nil }, jwt.WithValidMethods([]string{"HS512"}))
	require.NoError(t, err)
	claims, ok := token.Claims.(jwt.MapClaims)
	require.True(t, ok)
	require.Equal(t, "arn:role", claims["sub"])
	require.Equal(t, []any{"arn:role", "other"}, claims["roles"])
}

func TestNodeIsConfiguredWithoutDemoUsersOrMappings(t *testing.T) {
	site, err := NewSite(filepath.Join(t.TempDir(), "cache"))
	require.NoError(t, err)
	defer func() { require.NoError(t, site.Remove()) }()
	home, dir := t.TempDir(), t.TempDir()
	plugin := filepath.Join(home, "plugins", "opensearch-security", "config")
	require.NoError(t, os.MkdirAll(plugin, 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(home, "config"), 0o755))
	for _, file := range []string{
		filepath.Join(home, "config", "log4j2.properties"),
		filepath.Join(plugin, "roles_mapping.yml"), filepath.Join(plugin, "internal_users.yml"), filepath.Join(plugin, "roles.yml"),
	} {
		require.NoError(t, os.WriteFile(file, []byte("demo"), 0o644))
	}
	node := &OpenSearch{signingKey: []byte("key")}
	require.NoError(t, site.configureOpenSearch(node, home, dir, OpenSearchOptions{MasterUser: "master", MasterPassword: "secret"}))

	read := func(name string) (content map[string]any) {
		text, err := os.ReadFile(filepath.Join(dir, "config", name))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &content))
		return content
	}
	users := read("opensearch-security/internal_users.yml")
	require.Len(t, users, 2) // and _meta
	hash, ok := users["master"].(map[string]any)["hash"].(string)
	require.True(t, ok)
	require.NoError(t, bcrypt.CompareHashAndPassword([]byte(hash), []byte("secret")))
	mapping := read("opensearch-security/roles_mapping.yml")
	require.Contains(t, mapping, "all_access")
	require.NotContains(t, mapping, "own_index")
	require.FileExists(t, filepath.Join(dir, "config", "opensearch-security", "roles.yml"))
	demo, err := os.ReadFile(filepath.Join(plugin, "roles_mapping.yml"))
	require.NoError(t, err)
	require.Equal(t, "demo", string(demo), "the installed server is shared and stays as it is")
}

func TestEachVisitsEveryPage(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		ids := map[int]string{1: `{"_id":"a"},{"_id":"b"}`, 2: `{"_id":"c"}`}[len(asked)]
		fmt.Fprintf(w, `{"_scroll_id":"s%d","hits":{"hits":[%s]}}`, len(asked), ids)
	}))
	defer server.Close()
	var seen []string
	client := &Client{HTTP: server.Client(), URL: server.URL}
	require.NoError(t, client.Each(t.Context(), "retail-trans", func(h Hit) error {
		seen = append(seen, h.ID)
		return nil
	}))
	require.Equal(t, []string{"a", "b", "c"}, seen)
	require.Equal(t, []string{"POST /retail-trans/_search", "POST /_search/scroll", "POST /_search/scroll", "DELETE /_search/scroll"}, asked)
}

func TestRefusalCarriesStatusAndReason(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no permissions", http.StatusForbidden)
	}))
	defer server.Close()
	err := (&Client{HTTP: server.Client(), URL: server.URL}).Do(t.Context(), http.MethodGet, "/x", nil, nil)
	var refusal *StatusError
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, http.StatusForbidden, refusal.Status)
	require.ErrorContains(t, err, "no permissions")
}

func TestBasicAuthorization(t *testing.T) {
	require.Equal(t, "Basic "+base64.StdEncoding.EncodeToString([]byte("a:b")), BasicAuthorization("a", "b"))
}

func TestRDSStatementsAreWhole(t *testing.T) {
	statements := rdsStatements()
	require.Len(t, statements, 4)
	for _, statement := range statements {
		require.NotContains(t, statement, "$$")
		require.NotContains(t, statement, "-- ")
	}
}

func TestQuotedPasswordsStayOneLiteral(t *testing.T) {
	require.Equal(t, `'it''s \\ "odd"'`, quote(`it's \ "odd"`))
}

func TestFailedCommandSaysWhatItComplainedOf(t *testing.T) {
	_, err := output(context.Background(), "/bin/sh", "-c", "echo no such package >&2; exit 2")
	require.ErrorContains(t, err, "no such package")
}

// Programs of Spark and the readers must not look like the deployer, whose application name the rehearsal's own
// process has.
func TestSparkDoesNotCallInTheNameOfTheProcess(t *testing.T) {
	require.Contains(t, SparkOptions{}.environment(), "AWS_SDK_UA_APP_ID=spark")
}

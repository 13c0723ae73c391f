package stores

import (
	"cdcpipeline/rehearsal/machine/artifact"
	"cdcpipeline/rehearsal/machine/process"
	"cmp"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
)

const (
	nodeName  = "rehearsal-node"
	adminName = "rehearsal-admin"
	// MasterBackendRole is the backend role that is mapped to all_access. The master user has it.
	MasterBackendRole = "master"

	// jvmOptions are the distribution's own for Java 17 and newer, without logs beside the installed server.
	jvmOptions = `-Xms%[1]s
-Xmx%[1]s
-XX:+UseG1GC
-XX:+ExitOnOutOfMemoryError
-XX:ErrorFile=/dev/null
-Djava.io.tmpdir=${OPENSEARCH_TMPDIR}
18-:-Djava.security.manager=allow
20-:--add-modules=jdk.incubator.vector
-Djava.util.concurrent.ForkJoinPool.common.threadFactory=org.opensearch.secure_sm.SecuredForkJoinWorkerThreadFactory
`
)

// configureOpenSearch writes the node's start files and fills in its addresses.
func (s *Site) configureOpenSearch(node *OpenSearch, home, dir string, o OpenSearchOptions) error {
	conf := filepath.Join(dir, "config")
	security := filepath.Join(conf, "opensearch-security")
	for _, folder := range []string{security, filepath.Join(dir, "data"), filepath.Join(dir, "logs"), filepath.Join(dir, "tmp")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fmt.Errorf("making the folder %s: %w", filepath.Base(folder), err)
		}
	}
	// Copy them, because the node's user will own them: the cache shares the installed files.
	if err := artifact.Copy(filepath.Join(home, "config", "log4j2.properties"), filepath.Join(conf, "log4j2.properties")); err != nil {
		return fmt.Errorf("copying the server's configuration: %w", err)
	}
	if err := artifact.Copy(filepath.Join(home, "plugins", "opensearch-security", "config"), security); err != nil {
		return fmt.Errorf("copying the security plugin's configuration: %w", err)
	}
	options := fmt.Sprintf(jvmOptions, cmp.Or(o.Heap, openSearchHeap))
	if err := os.WriteFile(filepath.Join(conf, "jvm.options"), []byte(options), 0o644); err != nil {
		return fmt.Errorf("writing jvm.options: %w", err)
	}
	if err := s.openSearchCertificates(node, conf); err != nil {
		return err
	}
	port, err := s.Port()
	if err != nil {
		return err
	}
	node.URL = loopback(port)
	node.admin.URL = node.URL
	hash, err := passwordHash(o.MasterPassword)
	if err != nil {
		return err
	}
	files := map[string]any{
		filepath.Join(conf, "opensearch.yml"):         nodeSettings(dir, port),
		filepath.Join(security, "config.yml"):         authentication(node.signingKey),
		filepath.Join(security, "internal_users.yml"): internalUsers(o.MasterUser, hash),
		filepath.Join(security, "roles_mapping.yml"):  rolesMapping(),
	}
	for path, content := range files {
		if err := writeYAML(path, content); err != nil {
			return err
		}
	}
	if err := private(conf); err != nil {
		return err
	}
	if err := process.Own(dir, process.Unprivileged()); err != nil {
		return fmt.Errorf("preparing the node's folder: %w", err)
	}
	return nil
}

// private restricts the configuration to the node's user, as the security plugin demands.
func private(conf string) error {
	err := filepath.WalkDir(conf, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o600)
		if entry.IsDir() {
			mode = 0o700
		}
		if err := os.Chmod(path, mode); err != nil {
			return fmt.Errorf("closing %s: %w", path, err)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("closing the node's configuration: %w", err)
	}
	return nil
}

// openSearchCertificates are the node's certificates, for both its ports, and the administrator's.
func (s *Site) openSearchCertificates(node *OpenSearch, conf string) error {
	cert, err := s.Authority.Issue(nodeName)
	if err != nil {
		return err
	}
	if _, _, err := cert.Write(conf, "node"); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(conf, "ca.pem"), s.Authority.PEM(), 0o644); err != nil {
		return fmt.Errorf("writing the authority: %w", err)
	}
	admin, err := s.Authority.Issue(adminName)
	if err != nil {
		return err
	}
	pair, err := admin.TLS()
	if err != nil {
		return err
	}
	node.tls = s.Authority.ClientTLS()
	withCertificate := node.tls.Clone()
	withCertificate.Certificates = []tls.Certificate{pair}
	node.admin = &Client{HTTP: &http.Client{Transport: &http.Transport{TLSClientConfig: withCertificate}}}
	return nil
}

// nodeSettings is opensearch.yml: one node on loopback, TLS on both ports with the rehearsal's certificates, and a
// security index that is filled from files at the first start.
func nodeSettings(dir string, port int) map[string]any {
	return map[string]any{
		"cluster.name":   "rehearsal",
		"node.name":      nodeName,
		"discovery.type": "single-node",
		"network.host":   "127.0.0.1",
		"http.port":      port,
		"transport.port": "0", // any
		"path.data":      filepath.Join(dir, "data"),
		"path.logs":      filepath.Join(dir, "logs"),
		// A full disk is this machine's own problem; by default indices would become read-only at 95 %.
		"cluster.routing.allocation.disk.threshold_enabled": false,

		"plugins.security.ssl.transport.pemcert_filepath":              "node.pem",
		"plugins.security.ssl.transport.pemkey_filepath":               "node-key.pem",
		"plugins.security.ssl.transport.pemtrustedcas_filepath":        "ca.pem",
		"plugins.security.ssl.transport.enforce_hostname_verification": false,
		"plugins.security.ssl.http.enabled":                            true,
		"plugins.security.ssl.http.pemcert_filepath":                   "node.pem",
		"plugins.security.ssl.http.pemkey_filepath":                    "node-key.pem",
		"plugins.security.ssl.http.pemtrustedcas_filepath":             "ca.pem",
		"plugins.security.ssl.http.clientauth_mode":                    "OPTIONAL",
		"plugins.security.nodes_dn":                                    []string{"CN=" + nodeName},
		"plugins.security.authcz.admin_dn":                             []string{"CN=" + adminName},
		"plugins.security.allow_default_init_securityindex":            true,
		"plugins.security.restapi.roles_enabled":                       []string{"all_access", "security_rest_api_access"},
		"plugins.security.system_indices.enabled":                      true,
		// Audit messages go to the server's log; the Amazon service sends them to CloudWatch Logs.
		"plugins.security.audit.type": "log4j",
	}
}

// authentication is config.yml: internal users' passwords, and tokens that stand for verified signatures.
func authentication(key []byte) map[string]any {
	domain := func(order int, challenge bool, kind, backend string, config map[string]any) map[string]any {
		return map[string]any{
			"http_enabled": true, "transport_enabled": false, "order": order,
			"http_authenticator":     map[string]any{"type": kind, "challenge": challenge, "config": config},
			"authentication_backend": map[string]any{"type": backend, "config": map[string]any{}},
		}
	}
	return map[string]any{
		"_meta": meta("config"),
		"config": map[string]any{"dynamic": map[string]any{
			"http": map[string]any{"anonymous_auth_enabled": false, "xff": map[string]any{"enabled": false}},
			"authc": map[string]any{
				"basic_internal_auth_domain": domain(1, true, "basic", "intern", map[string]any{}),
				"jwt_auth_domain": domain(0, false, "jwt", "noop", map[string]any{
					"signing_key": base64.StdEncoding.EncodeToString(key), "jwt_header": "Authorization", "subject_key": "sub", "roles_key": "roles",
				}),
			},
		}},
	}
}

// internalUsers contains only the master user, because a new domain has no demo users.
func internalUsers(user, hash string) map[string]any {
	return map[string]any{
		"_meta": meta("internalusers"),
		user:    map[string]any{"hash": hash, "reserved": false, "backend_roles": []string{MasterBackendRole}, "description": "Master user"},
	}
}

// rolesMapping admits only the master user. It omits the plugin's demo mapping own_index (everybody), which would let
// every caller use _bulk, so that each item would be refused instead of the call.
func rolesMapping() map[string]any {
	mapping := map[string]any{"reserved": false, "backend_roles": []string{MasterBackendRole}}
	return map[string]any{
		"_meta":                    meta("rolesmapping"),
		"all_access":               mapping,
		"security_rest_api_access": mapping,
	}
}

func meta(kind string) map[string]any { return map[string]any{"type": kind, "config_version": 2} }

// writeYAML writes JSON, which is YAML too.
func writeYAML(path string, content any) error {
	out, err := json.MarshalIndent(content, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding %s: %w", filepath.Base(path), err)
	}
	if err := os.WriteFile(path, append(out, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	return nil
}

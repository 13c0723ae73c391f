package stores

import (
	"cdcpipeline/rehearsal/machine/process"
	"cmp"
	"context"
	"crypto/rand"
	"database/sql" // what RDS adds
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

const mariaDBReady = time.Minute

//go:embed rds.sql
var rdsSQL string

// MariaDBOptions configure a database.
type MariaDBOptions struct {
	// Name of the database in a site with several; otherwise empty.
	Name string
	// Port to listen on; 0 chooses a free one.
	Port int
	// Args are further server options, such as --binlog-checksum=CRC32; they override the usual ones.
	Args []string
}

// MariaDB is a running database set up for replication like an RDS instance: full row images in the binary log, TLS
// required, a master user without SUPER, and RDS's procedures. It is MariaDB, not MySQL.
type MariaDB struct {
	// Host and Port; its certificate is signed by the rehearsal's authority and names the host.
	Host string
	Port int
	// Log is the file that holds the server's output.
	Log string
	// Client is the command of the same build's client, without options.
	Client string

	*server
	root *sql.DB
}

// StartMariaDB starts a new, empty database and returns when it answers. It ends with ctx.
//
// On linux/amd64 the server is downloaded. Elsewhere mariadbd and mariadb-install-db must be on PATH, as package
// managers install them.
func (s *Site) StartMariaDB(ctx context.Context, o MariaDBOptions) (*MariaDB, error) {
	install, err := s.mariaDBInstall(ctx)
	if err != nil {
		return nil, fmt.Errorf("installing MariaDB: %w", err)
	}
	dir, err := s.folder(strings.TrimSuffix("mariadb-"+o.Name, "-"))
	if err != nil {
		return nil, err
	}
	db := &MariaDB{Host: Host, Port: o.Port, Log: filepath.Join(dir, "mariadb.log"), Client: install.client()}
	if db.Port == 0 {
		if db.Port, err = s.Port(); err != nil {
			return nil, err
		}
	}
	user := process.Unprivileged()
	options, err := s.mariaDBOptions(dir, db.Port, install)
	if err != nil {
		return nil, err
	}
	if err := process.Own(dir, user); err != nil {
		return nil, fmt.Errorf("preparing the database's folder: %w", err)
	}
	if err := install.data(ctx, dir, user); err != nil {
		return nil, fmt.Errorf("making the system tables: %w", err)
	}
	db.server = newServer(ctx, process.Command{
		Name: "mariadb", Path: install.server, Args: append(options, o.Args...), Env: install.environment(), Dir: dir, Log: db.Log, User: user,
	}, strings.TrimSpace("the database "+o.Name), mariaDBReady)
	if err := db.setUp(ctx, filepath.Join(dir, "mariadb.sock")); err != nil {
		db.Stop()
		return nil, fmt.Errorf("starting the database: %w", err)
	}
	return db, nil
}

// mariaDBOptions are the server's command line. The character set is explicit, because MariaDB's default is latin1.
func (s *Site) mariaDBOptions(dir string, port int, install mariaDBInstall) ([]string, error) {
	if err := os.MkdirAll(filepath.Join(dir, "tmp"), 0o755); err != nil {
		return nil, fmt.Errorf("making the database's temporary folder: %w", err)
	}
	cert, err := s.Authority.Issue("rehearsal-mariadb")
	if err != nil {
		return nil, err
	}
	certFile, keyFile, err := cert.Write(dir, "server")
	if err != nil {
		return nil, err
	}
	caFile := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(caFile, s.Authority.PEM(), 0o644); err != nil {
		return nil, fmt.Errorf("writing the authority: %w", err)
	}
	options := []string{
		"--no-defaults", "--datadir=" + filepath.Join(dir, "data"), "--tmpdir=" + filepath.Join(dir, "tmp"),
		"--socket=" + filepath.Join(dir, "mariadb.sock"), "--pid-file=" + filepath.Join(dir, "mariadb.pid"),
		"--port=" + strconv.Itoa(port), "--bind-address=127.0.0.1",
		"--server-id=1", "--log-bin=mysql-bin", "--binlog-format=ROW", "--binlog-row-image=FULL", "--binlog-row-metadata=FULL", "--binlog-checksum=NONE",
		"--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci", "--default-time-zone=+00:00",
		"--ssl-cert=" + certFile, "--ssl-key=" + keyFile, "--ssl-ca=" + caFile, "--require-secure-transport=ON",
	}
	if install.base != "" {
		options = append(options, "--basedir="+install.base)
	}
	return options, nil
}

// setUp waits for the server and sets it up like RDS.
func (m *MariaDB) setUp(ctx context.Context, socket string) error {
	password := rand.Text()
	first, err := openRoot(socket, "")
	if err != nil {
		return err
	}
	defer first.Close()
	if err := m.start(first.PingContext); err != nil {
		return err
	}
	// Remove the installer's accounts, which RDS lacks, and lock root: only the rehearsal knows its password.
	statements := []string{
		"DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost')",
		"FLUSH PRIVILEGES",
		"ALTER USER 'root'@'localhost' IDENTIFIED BY '" + password + "'",
	}
	for _, statement := range append(statements, rdsStatements()...) {
		if _, err := first.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("running %q: %w", firstLine(statement), err)
		}
	}
	if m.root, err = openRoot(socket, password); err != nil {
		return err
	}
	return nil
}

func openRoot(socket, password string) (*sql.DB, error) {
	config := mysql.NewConfig()
	config.User, config.Passwd, config.Net, config.Addr = "root", password, "unix", socket
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("connecting as root: %w", err)
	}
	return sql.OpenDB(connector), nil
}

// rdsStatements are the statements in rds.sql, without comments.
func rdsStatements() []string {
	var code strings.Builder
	for line := range strings.Lines(rdsSQL) {
		if !strings.HasPrefix(line, "--") {
			code.WriteString(line)
		}
	}
	var statements []string
	for statement := range strings.SplitSeq(code.String(), "$$") {
		if statement = strings.TrimSpace(statement); statement != "" {
			statements = append(statements, statement)
		}
	}
	return statements
}

// Root is the rehearsal's own connection, through the socket; the program's master user has fewer privileges.
func (m *MariaDB) Root() *sql.DB { return m.root }

// masterPrivileges are RDS's, in MariaDB's terms: everything except SUPER, FILE, SHUTDOWN and related ones.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.MasterAccounts.html
const masterPrivileges = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES, " +
	"CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, " +
	"ALTER ROUTINE, CREATE USER, EVENT, TRIGGER"

// ApplyMaster makes the master user, or changes its password, like CreateDBCluster and ModifyDBCluster.
func (m *MariaDB) ApplyMaster(ctx context.Context, user, password string) error {
	account := quote(user) + "@'%'"
	for _, statement := range []string{
		"CREATE USER IF NOT EXISTS " + account,
		"ALTER USER " + account + " IDENTIFIED BY " + quote(password),
		"GRANT " + masterPrivileges + " ON *.* TO " + account + " WITH GRANT OPTION",
	} {
		if _, err := m.root.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("setting up the master user %s: %w", user, err)
		}
	}
	return nil
}

// Disconnect ends all connections of a user, like a failover, and returns their number.
func (m *MariaDB) Disconnect(ctx context.Context, user string) (int, error) {
	rows, err := m.root.QueryContext(ctx, "SELECT id FROM information_schema.processlist WHERE user = ?", user)
	if err != nil {
		return 0, fmt.Errorf("looking for the connections of %s: %w", user, err)
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return 0, fmt.Errorf("reading the connections of %s: %w", user, err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		return 0, fmt.Errorf("reading the connections of %s: %w", user, err)
	}
	for _, id := range ids {
		if _, err := m.root.ExecContext(ctx, "KILL "+strconv.FormatInt(id, 10)); err != nil {
			return 0, fmt.Errorf("ending a connection of %s: %w", user, err)
		}
	}
	return len(ids), nil
}

// Crash kills the database (SIGKILL), and restarts it after the downtime with the same data and port. It returns when
// the database answers. Committed data survives, because the machine's memory holds it.
func (m *MariaDB) Crash(ctx context.Context, down time.Duration) error {
	m.crash(ctx, down)
	if err := m.start(m.root.PingContext); err != nil {
		m.end()
		return fmt.Errorf("starting the database again: %w", err)
	}
	return nil
}

// Stop ends the database; its data is deleted with the run folder.
func (m *MariaDB) Stop() {
	if m.root != nil {
		_ = m.root.Close() // the server ends in any case
	}
	m.server.Stop()
}

// quote quotes a string literal, because account statements accept no parameters for names and passwords.
func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(s) + "'"
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return cmp.Or(line, s)
}

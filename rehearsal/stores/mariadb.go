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

// MariaDBOptions of the database.
type MariaDBOptions struct {
	// Name of the database among those of a site; empty for one.
	Name string
	// Port to listen on; 0 takes a free one.
	Port int
	// Args are further options of the server, such as --binlog-checksum=CRC32; they win over its usual ones.
	Args []string
}

// MariaDB is a running database that is set up as an RDS instance is for replication: full row images in the binary
// log, TLS required, a master user without SUPER, and the procedures RDS adds. It is MariaDB, not MySQL.
type MariaDB struct {
	// Host and Port it listens on; its certificate is the rehearsal authority's and names the host.
	Host string
	Port int
	// Log is the file that holds the server's output.
	Log string
	// Client is the command line that starts the client of the same build, without options.
	Client string

	*server
	root *sql.DB
}

// StartMariaDB starts a fresh, empty database and returns when it answers. It ends with ctx.
//
// On linux/amd64 the server is downloaded. Elsewhere mariadbd and mariadb-install-db have to be on PATH, as package
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

// mariaDBOptions are the server's command line. The character set is given because MariaDB's default is latin1.
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

// setUp waits for the server and makes of it what RDS hands out.
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
	// Accounts of the installer's that RDS does not have, and root's own lock: nobody but the rehearsal knows the password.
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

// rdsStatements are the statements of rds.sql, without its comments.
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

// Root is the rehearsal's own access, over the socket; the master user of the program has less.
func (m *MariaDB) Root() *sql.DB { return m.root }

// masterPrivileges are RDS's, under MariaDB's names: everything but SUPER, FILE, SHUTDOWN and what only they allow.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.MasterAccounts.html
const masterPrivileges = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES, " +
	"CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, " +
	"ALTER ROUTINE, CREATE USER, EVENT, TRIGGER"

// ApplyMaster makes the master user, or changes its password, as CreateDBCluster and ModifyDBCluster do.
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

// Disconnect ends every connection of a user, as a failover would, and says how many there were.
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

// Crash kills the database (SIGKILL), leaves it down for so long, and starts it again with the same data and port. It returns when the
// database answers. What was committed is there: the machine, which holds it, goes on.
func (m *MariaDB) Crash(ctx context.Context, down time.Duration) error {
	m.crash(ctx, down)
	if err := m.start(m.root.PingContext); err != nil {
		m.end()
		return fmt.Errorf("starting the database again: %w", err)
	}
	return nil
}

// Stop ends the database; its data go with the run folder.
func (m *MariaDB) Stop() {
	if m.root != nil {
		_ = m.root.Close() // the server ends either way
	}
	m.server.Stop()
}

// quote makes a string literal: names and passwords cannot be parameters of account statements.
func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(s) + "'"
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return cmp.Or(line, s)
}

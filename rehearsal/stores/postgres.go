package stores

import (
	"cdcpipeline/rehearsal/machine/process"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"database/sql"
	_ "embed" // what RDS adds
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	postgresReady = time.Minute
	// rdsAdmin is RDS's own user, the only one with SUPERUSER.
	rdsAdmin = "rdsadmin"
	// defaultDatabase exists from the start.
	defaultDatabase = "postgres"
	// replicationDelay is how late membership in rds_replication takes effect.
	replicationDelay = 100 * time.Millisecond
)

//go:embed rds_postgres.sql
var rdsPostgresSQL string

// PostgresOptions configure a database server.
type PostgresOptions struct {
	// Name of the server in a site with several; otherwise empty.
	Name string
	// Port to listen on; 0 chooses a free one.
	Port int
	// Database is made beside the one named postgres; empty for none.
	Database string
	// Args are further server options, such as -c max_slot_wal_keep_size=64MB; they override the usual ones.
	Args []string
}

// Postgres is a running PostgreSQL set up for logical replication like RDS: TLS required, RDS's roles, a master user
// without SUPERUSER, and RDS's own settings, which are visible in SHOW and current_setting but not in pg_settings.
type Postgres struct {
	// Host and Port; its certificate is signed by the rehearsal's authority and names the host.
	Host string
	Port int
	// Database is the requested one, or postgres.
	Database string
	// Log is the file that holds the server's output.
	Log string

	*server
	socket, password string
	root             *sql.DB // in Database
	watching         func()  // ends the watch of rds_replication

	mu     sync.Mutex
	others map[string]*sql.DB // RDS's own connections to other databases
}

// StartPostgres starts a new, empty database and returns when it answers. It ends with ctx.
//
// On linux/amd64 the server is downloaded. Elsewhere postgres and initdb must be on PATH, as package managers install
// them.
func (s *Site) StartPostgres(ctx context.Context, o PostgresOptions) (*Postgres, error) {
	install, err := s.postgresInstall(ctx)
	if err != nil {
		return nil, fmt.Errorf("installing PostgreSQL: %w", err)
	}
	dir, err := s.folder(strings.TrimSuffix("postgres-"+o.Name, "-"))
	if err != nil {
		return nil, err
	}
	db := &Postgres{
		Host: Host, Port: o.Port, Database: cmp.Or(o.Database, defaultDatabase), Log: filepath.Join(dir, "postgres.log"),
		socket: dir, password: rand.Text(), others: map[string]*sql.DB{},
	}
	if db.Port == 0 {
		if db.Port, err = s.Port(); err != nil {
			return nil, err
		}
	}
	user := process.Unprivileged()
	options, err := s.postgresOptions(dir, db.Port)
	if err != nil {
		return nil, err
	}
	if err := process.Own(dir, user); err != nil {
		return nil, fmt.Errorf("preparing the database's folder: %w", err)
	}
	if err := install.data(ctx, dir, db.password, user); err != nil {
		return nil, fmt.Errorf("making the system tables: %w", err)
	}
	db.server = newServer(ctx, process.Command{
		Name: "postgres", Path: install.server, Args: append(options, o.Args...), Env: install.environment(), Dir: dir, Log: db.Log, User: user,
		Ask: syscall.SIGQUIT, // its data is deleted with the run folder, so it need not wait
	}, strings.TrimSpace("the database "+o.Name), postgresReady)
	if err := db.setUp(ctx, o.Database); err != nil {
		db.Stop()
		return nil, fmt.Errorf("starting the database: %w", err)
	}
	return db, nil
}

// postgresAccess restricts connections: with rds.force_ssl none without TLS, and never RDS's own user from outside.
const postgresAccess = `local all ` + rdsAdmin + ` scram-sha-256
host all ` + rdsAdmin + ` all reject
hostssl all all all scram-sha-256
`

// postgresOptions are the server's command line: settings that [Postgres.Set] does not change. Without fsync,
// committed data is in the machine's memory, which survives a crash of the database. The numbers of slots and senders
// are RDS's:
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Parameters.html.
func (s *Site) postgresOptions(dir string, port int) ([]string, error) {
	cert, err := s.Authority.Issue("rehearsal-postgres")
	if err != nil {
		return nil, err
	}
	certFile, keyFile, err := cert.Write(dir, "server")
	if err != nil {
		return nil, err
	}
	access := filepath.Join(dir, "pg_hba.conf")
	if err := os.WriteFile(access, []byte(postgresAccess), 0o644); err != nil {
		return nil, fmt.Errorf("writing who may connect: %w", err)
	}
	options := []string{"-D", filepath.Join(dir, "data"), "-p", strconv.Itoa(port)}
	for _, setting := range []string{
		"listen_addresses=127.0.0.1", "unix_socket_directories=" + dir, "hba_file=" + access,
		"ssl=on", "ssl_cert_file=" + certFile, "ssl_key_file=" + keyFile, "password_encryption=scram-sha-256",
		"wal_level=logical", "max_replication_slots=20", "max_wal_senders=20",
		"rds.logical_replication=on", "rds.force_ssl=on",
		"timezone=UTC", "log_timezone=UTC", "fsync=off", "full_page_writes=off", "log_min_messages=warning",
	} {
		options = append(options, "-c", setting)
	}
	return options, nil
}

// setUp waits for the server and sets it up like RDS.
func (p *Postgres) setUp(ctx context.Context, database string) error {
	first, err := p.connect(defaultDatabase)
	if err != nil {
		return err
	}
	p.root = first
	if err := p.start(first.PingContext); err != nil {
		return err
	}
	if _, err := first.ExecContext(ctx, rdsPostgresSQL); err != nil {
		return fmt.Errorf("making RDS's roles: %w", err)
	}
	if database != "" && database != defaultDatabase {
		if err := p.Make(ctx, database, rdsAdmin); err != nil {
			return err
		}
		p.others[defaultDatabase] = first
		if p.root, err = p.connect(database); err != nil {
			return err
		}
	}
	watch, end := context.WithCancel(p.life)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.watch(watch)
	}()
	p.watching = func() { end(); <-ended }
	return nil
}

// connect connects as RDS's own user through the socket, for calls with several statements.
func (p *Postgres) connect(database string) (*sql.DB, error) {
	config, err := pgx.ParseConfig("")
	if err != nil {
		return nil, fmt.Errorf("connecting as %s: %w", rdsAdmin, err)
	}
	config.Host, config.Port, config.User, config.Password, config.Database = p.socket, uint16(p.Port), rdsAdmin, p.password, database
	config.TLSConfig, config.Fallbacks, config.DefaultQueryExecMode = nil, nil, pgx.QueryExecModeSimpleProtocol
	return stdlib.OpenDB(*config), nil
}

// Root is the rehearsal's own connection to Database, through the socket; the program's master user has fewer
// privileges.
func (p *Postgres) Root() *sql.DB { return p.root }

// RootIn is Root for another database.
func (p *Postgres) RootIn(database string) (*sql.DB, error) {
	if database == p.Database {
		return p.root, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if db := p.others[database]; db != nil {
		return db, nil
	}
	db, err := p.connect(database)
	if err != nil {
		return nil, err
	}
	p.others[database] = db
	return db, nil
}

// Client are the settings of a TLS connection, for calls with several statements; trust verifies the server's
// certificate.
func (p *Postgres) Client(database, user, password string, trust *tls.Config) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig("")
	if err != nil {
		return nil, fmt.Errorf("connecting as %s: %w", user, err)
	}
	trust = trust.Clone()
	trust.ServerName = p.Host
	config.Host, config.Port, config.User, config.Password, config.Database = p.Host, uint16(p.Port), user, password, database
	config.TLSConfig, config.Fallbacks, config.DefaultQueryExecMode = trust, nil, pgx.QueryExecModeSimpleProtocol
	return config, nil
}

// Make makes a database for an owner; an existing one is given to the owner.
func (p *Postgres) Make(ctx context.Context, database, owner string) error {
	var there bool
	if err := p.root.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", database).Scan(&there); err != nil {
		return fmt.Errorf("looking for the database %s: %w", database, err)
	}
	statement := "CREATE DATABASE " + identifier(database) + " OWNER " + identifier(owner)
	if there {
		statement = "ALTER DATABASE " + identifier(database) + " OWNER TO " + identifier(owner)
	}
	if _, err := p.root.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("making the database %s: %w", database, err)
	}
	return nil
}

// ApplyMaster makes the master user, who owns the databases, or changes its password, like CreateDBCluster and
// ModifyDBCluster.
func (p *Postgres) ApplyMaster(ctx context.Context, user, password string) error {
	var there bool
	if err := p.root.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", user).Scan(&there); err != nil {
		return fmt.Errorf("looking for the master user %s: %w", user, err)
	}
	master := identifier(user)
	statements := []string{"ALTER ROLE " + master + " PASSWORD " + literal(password)}
	if !there {
		statements = []string{
			"CREATE ROLE " + master + " LOGIN CREATEDB CREATEROLE VALID UNTIL 'infinity' PASSWORD " + literal(password),
			"GRANT rds_superuser TO " + master,
			"ALTER DATABASE " + defaultDatabase + " OWNER TO " + master,
			"ALTER DATABASE " + identifier(p.Database) + " OWNER TO " + master,
		}
	}
	for _, statement := range statements {
		if _, err := p.root.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("setting up the master user %s: %w", user, err)
		}
	}
	return nil
}

// Set changes settings like a parameter group, if they need no restart. The others and RDS's own (rds.…) stay
// unchanged.
func (p *Postgres) Set(ctx context.Context, settings map[string]string) error {
	for name, value := range settings {
		var now bool
		err := p.root.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM pg_settings WHERE name = $1 AND context NOT IN ('internal', 'postmaster'))", name).Scan(&now)
		if err == nil && now {
			_, err = p.root.ExecContext(ctx, "ALTER SYSTEM SET "+identifier(name)+" = "+literal(value))
		}
		if err != nil {
			return fmt.Errorf("setting %s: %w", name, err)
		}
	}
	if _, err := p.root.ExecContext(ctx, "SELECT pg_reload_conf()"); err != nil {
		return fmt.Errorf("taking on the settings: %w", err)
	}
	return nil
}

// watch gives members of rds_replication the attribute REPLICATION, and removes it from everybody else. On RDS the
// server checks the role itself. Here only the attribute allows replication, it is not inherited, and no trigger sees
// a GRANT of a role.
func (p *Postgres) watch(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(replicationDelay):
			_, _ = p.root.ExecContext(ctx, replicationFollowsMembership) // the server may be down, so try again
		}
	}
}

const replicationFollowsMembership = `DO $$
DECLARE who record;
BEGIN
	FOR who IN SELECT rolname, NOT rolreplication AS may FROM pg_roles
		WHERE rolcanlogin AND NOT rolsuper AND rolreplication <> pg_has_role(oid, 'rds_replication', 'MEMBER')
	LOOP
		EXECUTE format('ALTER ROLE %I %s', who.rolname, CASE WHEN who.may THEN 'REPLICATION' ELSE 'NOREPLICATION' END);
	END LOOP;
END $$`

// LogKept is how many bytes of log are kept for the slowest replication slot; -1 without a slot.
func (p *Postgres) LogKept(ctx context.Context) (bytes int64, err error) {
	err = p.root.QueryRowContext(ctx, "SELECT COALESCE(max(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)), -1)::bigint FROM pg_replication_slots").Scan(&bytes)
	if err != nil {
		return 0, fmt.Errorf("measuring what slots keep of the log: %w", err)
	}
	return bytes, nil
}

// Disconnect ends all connections of a user, like a failover, and returns their number.
func (p *Postgres) Disconnect(ctx context.Context, user string) (int, error) {
	var n int
	err := p.root.QueryRowContext(ctx, "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = $1", user).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("ending the connections of %s: %w", user, err)
	}
	return n, nil
}

// Crash kills the database (SIGKILL), and restarts it after the downtime with the same data and port. It returns when
// the database answers. Committed data survives, because the machine's memory holds it.
func (p *Postgres) Crash(ctx context.Context, down time.Duration) error {
	children, err := p.children(ctx)
	if err != nil {
		return err
	}
	p.kill()
	for _, pid := range children { // each has its own process group; the server does not start while one is alive
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("killing a process of the database: %w", err)
		}
	}
	p.stayDown(ctx, down)
	if err := p.start(p.root.PingContext); err != nil {
		p.end()
		return fmt.Errorf("starting the database again: %w", err)
	}
	return nil
}

// children are all processes of the server except the first.
func (p *Postgres) children(ctx context.Context) ([]int, error) {
	rows, err := p.root.QueryContext(ctx, "SELECT pid FROM pg_stat_activity")
	if err != nil {
		return nil, fmt.Errorf("listing the database's processes: %w", err)
	}
	defer rows.Close()
	var pids []int
	for rows.Next() {
		var pid int
		if err := rows.Scan(&pid); err != nil {
			return nil, fmt.Errorf("listing the database's processes: %w", err)
		}
		pids = append(pids, pid)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("listing the database's processes: %w", err)
	}
	return pids, nil
}

// Stop ends the database; its data is deleted with the run folder.
func (p *Postgres) Stop() {
	if p.watching != nil {
		p.watching()
	}
	p.mu.Lock()
	for _, db := range p.others {
		_ = db.Close() // the server ends in any case
	}
	p.mu.Unlock()
	if p.root != nil {
		_ = p.root.Close()
	}
	p.server.Stop()
}

func identifier(name string) string { return pgx.Identifier{name}.Sanitize() }

// literal quotes a string constant, because passwords cannot be parameters.
func literal(s string) string {
	quoted := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return " E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}

package schema

import (
	"cmp"
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"
)

// Connection says where the database is and which user connects.
type Connection struct {
	// Engine is the database's engine. The default is MySQL.
	Engine Engine
	Host   string
	// Port is the database's port. The default is 3306, or 5432 for PostgreSQL.
	Port int
	// Database is the PostgreSQL database whose schemas are read. MySQL ignores it.
	Database       string
	User, Password string
	// TLS verifies the server. nil uses the system's root certificates and the host's name. A connection always uses
	// TLS.
	TLS *tls.Config
}

// Open connects to the database. The session's time zone is UTC, and it refuses values that do not fit.
func Open(ctx context.Context, c Connection) (*sql.DB, error) {
	open := c.open
	if c.Engine == PostgreSQL {
		open = c.openPostgres
	}
	c.Port = cmp.Or(c.Port, c.Engine.Port())
	address := net.JoinHostPort(c.Host, strconv.Itoa(c.Port))
	db, err := open(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s as %s: %w", address, c.User, err)
	}
	return db, nil
}

func (c Connection) open(ctx context.Context, address string) (*sql.DB, error) {
	settings := mysql.NewConfig()
	settings.Net, settings.Addr = "tcp", address
	settings.User, settings.Passwd = c.User, c.Password
	settings.Collation = "utf8mb4_general_ci" // MySQL and MariaDB both know it
	settings.ClientFoundRows = true
	settings.Timeout = 15 * time.Second
	settings.Params = map[string]string{
		"time_zone": "'+00:00'",
		// Rows that are compared during the read may wait longer than the default of one minute.
		"net_write_timeout": "600",
		"sql_mode":          "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO'",
	}
	settings.TLS = c.verified()
	connector, err := mysql.NewConnector(settings)
	if err != nil {
		return nil, fmt.Errorf("setting up the driver: %w", err)
	}
	db := sql.OpenDB(connector)
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, explainConnection(err)
	}
	return db, nil
}

// verified returns TLS settings that verify the server and its name.
func (c Connection) verified() *tls.Config {
	if c.TLS == nil {
		return &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.Host}
	}
	config := c.TLS.Clone()
	config.ServerName = cmp.Or(config.ServerName, c.Host)
	return config
}

// explainConnection adds what to do when no session could be opened.
func explainConnection(err error) error {
	var refused *mysql.MySQLError
	var refusedByPostgres *pgconn.PgError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &refused), errors.As(err, &refusedByPostgres):
		return explain(err)
	case errors.As(err, &untrusted):
		return fmt.Errorf("%w (give the CA certificates that sign the server's certificate, e.g. those of RDS, and use the host name in the certificate)", err)
	}
	return fmt.Errorf("%w (check the host and the port, and that the network lets you through)", err)
}

// These are error numbers of MySQL and MariaDB.
const (
	errAccessDenied = 1045
	errTableDenied  = 1142
)

// explain adds advice to database errors that may occur while reading.
func explain(err error) error {
	var number uint16
	var state string
	if e := (*mysql.MySQLError)(nil); errors.As(err, &e) {
		number = e.Number
	}
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
		state = e.Code
	}
	switch {
	case number == errAccessDenied, state == pgerrcode.InvalidPassword, state == pgerrcode.InvalidAuthorizationSpecification:
		return fmt.Errorf("%w (check the user and the password, or the secret that contains them)", err)
	case state == pgerrcode.InvalidCatalogName:
		return fmt.Errorf("%w (check the database's name: source.databaseName)", err)
	case number == errTableDenied, state == pgerrcode.InsufficientPrivilege:
		return fmt.Errorf("%w (connect as a user who may read it, e.g. with the secret of the administrator)", err)
	}
	return err
}

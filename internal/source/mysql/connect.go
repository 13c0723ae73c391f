package mysql

import (
	"cdcpipeline/internal/source/preparation"
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"
)

const dialTimeout = 10 * time.Second

// Server is a database's address and the authorities for its certificate.
type Server struct {
	Host string
	Port int
	// Certificates (PEM) are the only authorities trusted to sign the server's certificate.
	Certificates string
	// Verified is called for each connection with a valid certificate. Optional.
	Verified func(tls.ConnectionState)
}

// Connection is an [Admin] over TLS.
type Connection struct {
	db      *sql.DB
	session *sql.Conn
}

// Connect logs in over TLS and verifies the certificate and the host name. It retries for two minutes while the
// server does not answer, but not after a refusal.
func Connect(ctx context.Context, server Server, user Credentials) (*Connection, error) {
	settings, err := server.settings(user)
	if err != nil {
		return nil, err
	}
	c, err := preparation.Patiently(ctx, func() (*Connection, error) { return open(ctx, settings) }, mayPass)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s as %s: %w%s", settings.Addr, user.Username, err, connectAdvice(err))
	}
	return c, nil
}

// TryLogin is a [Login] without retries.
func (s Server) TryLogin(ctx context.Context, user Credentials) error {
	settings, err := s.settings(user)
	if err != nil {
		return err
	}
	c, err := open(ctx, settings)
	if err != nil {
		return err
	}
	return c.Close()
}

func (s Server) settings(user Credentials) (*mysql.Config, error) {
	trust, err := preparation.VerifiedTLS(s.Host, s.Certificates, s.Verified)
	if err != nil {
		return nil, err //nolint:wrapcheck // the error says what to check
	}
	settings := mysql.NewConfig()
	settings.User, settings.Passwd = user.Username, user.Password
	settings.Net, settings.Addr = "tcp", net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
	settings.TLS = trust
	settings.Timeout = dialTimeout
	settings.MultiStatements = true
	settings.InterpolateParams = true
	settings.Logger = &mysql.NopLogger{}
	return settings, nil
}

func open(ctx context.Context, settings *mysql.Config) (*Connection, error) {
	connector, err := mysql.NewConnector(settings)
	if err != nil {
		return nil, fmt.Errorf("preparing the connection: %w", err)
	}
	db := sql.OpenDB(connector)
	session, err := db.Conn(ctx)
	if err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("opening a session: %w", err)
	}
	return &Connection{db: db, session: session}, nil
}

// mayPass reports whether the same attempt may succeed later.
func mayPass(err error) bool {
	if IsServerError(err, errTooManyConnections, errServerIsShuttingDown) {
		return true
	}
	var server *mysql.MySQLError
	var certificate *tls.CertificateVerificationError
	return !errors.As(err, &server) && !errors.As(err, &certificate)
}

func connectAdvice(err error) string {
	var certificate *tls.CertificateVerificationError
	var network net.Error
	switch {
	case errors.As(err, &certificate):
		return " (set source.caFile to the PEM of the authority that signs the server's certificate, and use the host name in it)"
	case IsServerError(err, errAccessDenied):
		return " (the administrator's secret must hold the user name and password of a user who may log in from the VPC)"
	case IsServerError(err, errHostIsBlockedByErrors):
		return " (run FLUSH HOSTS on the server)"
	case errors.As(err, &network):
		return " (the database's security group must admit the functions' on its port, and host and port must be the writer's)"
	}
	return ""
}

// Close ends the session.
func (c *Connection) Close() error {
	if err := errors.Join(c.session.Close(), c.db.Close()); err != nil {
		return fmt.Errorf("closing the session: %w", err)
	}
	return nil
}

// Exec implements [Admin].
func (c *Connection) Exec(ctx context.Context, statements string) error {
	if _, err := c.session.ExecContext(ctx, statements); err != nil {
		return err //nolint:wrapcheck // callers add the statement, and must be able to omit a password
	}
	return nil
}

// Query implements [Admin].
func (c *Connection) Query(ctx context.Context, query string, args ...any) (found [][]string, err error) {
	rows, err := c.session.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err //nolint:wrapcheck // callers add the query
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns, err := rows.Columns()
	if err != nil {
		return nil, fmt.Errorf("reading column names: %w", err)
	}
	for rows.Next() {
		values := make([]sql.NullString, len(columns))
		targets := make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, fmt.Errorf("reading a row: %w", err)
		}
		row := make([]string, len(columns))
		for i, v := range values {
			row[i] = v.String
		}
		found = append(found, row)
	}
	return found, rows.Err() //nolint:wrapcheck // callers add the query
}

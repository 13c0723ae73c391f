package postgres

import (
	"cdcpipeline/internal/source/preparation"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	dialTimeout  = 10 * time.Second
	closeTimeout = 5 * time.Second
)

// limits of the administrator's session. A statement ends before the function does. A statement that waits for a lock
// gives up soon, because the application would have to wait behind it.
var limits = map[string]string{"statement_timeout": "240s", "lock_timeout": "10s"}

// Server is a database's address and the authorities for its certificate.
type Server struct {
	Host string
	Port int
	// Database to connect to.
	Database string
	// Certificates (PEM) are the only authorities trusted to sign the server's certificate.
	Certificates string
	// Verified is called for each connection with a valid certificate. Optional.
	Verified func(tls.ConnectionState)
}

// Connection is a [Session] over TLS.
type Connection struct{ session *pgconn.PgConn }

// Connect logs in over TLS and verifies the certificate and the host name. It retries for two minutes while the
// server does not answer, but not after a refusal.
func Connect(ctx context.Context, server Server, user Credentials) (*Connection, error) {
	settings, err := server.settings(user, limits)
	if err != nil {
		return nil, err
	}
	c, err := preparation.Patiently(ctx, func() (*Connection, error) { return open(ctx, settings) }, mayPass)
	if err != nil {
		address := net.JoinHostPort(server.Host, strconv.Itoa(server.Port))
		return nil, fmt.Errorf("connecting to %s as %s: %w%s", address, user.Username, err, connectAdvice(err))
	}
	return c, nil
}

// Login is a [Login] without retries. It sets no options, so that the session shows the user's own settings.
func (s Server) Login(ctx context.Context, user Credentials) (Session, error) {
	settings, err := s.settings(user, nil)
	if err != nil {
		return nil, err
	}
	c, err := open(ctx, settings)
	if err != nil {
		return nil, err // not an interface with a nil *Connection
	}
	return c, nil
}

// settings ignore the environment, except for what ParseConfig always reads.
func (s Server) settings(user Credentials, limits map[string]string) (*pgconn.Config, error) {
	trust, err := preparation.VerifiedTLS(s.Host, s.Certificates, s.Verified)
	if err != nil {
		return nil, err //nolint:wrapcheck // the error says what to check
	}
	settings, err := pgconn.ParseConfig("")
	if err != nil {
		return nil, fmt.Errorf("preparing the connection: %w", err)
	}
	settings.Host, settings.Port, settings.Database = s.Host, uint16(s.Port), s.Database //nolint:gosec // a port
	settings.User, settings.Password = user.Username, user.Password
	settings.TLSConfig = trust
	settings.Fallbacks, settings.ConnectTimeout = nil, dialTimeout
	settings.RuntimeParams = map[string]string{"application_name": "cdc"}
	for name, value := range limits {
		settings.RuntimeParams[name] = value
	}
	return settings, nil
}

func open(ctx context.Context, settings *pgconn.Config) (*Connection, error) {
	session, err := pgconn.ConnectConfig(ctx, settings)
	if err != nil {
		return nil, fmt.Errorf("opening a session: %w", err)
	}
	return &Connection{session}, nil
}

// mayPass reports whether the same attempt may succeed later.
func mayPass(err error) bool {
	if IsServerError(err, errTooManyConnections, errShutdown, errStarting) {
		return true
	}
	var server *pgconn.PgError
	var certificate *tls.CertificateVerificationError
	return !errors.As(err, &server) && !errors.As(err, &certificate)
}

func connectAdvice(err error) string {
	var certificate *tls.CertificateVerificationError
	var network net.Error
	switch {
	case errors.As(err, &certificate):
		return " (set source.caFile to the PEM of the authority that signs the server's certificate, and use the host name in it)"
	case Refused(err):
		return " (the administrator's secret must hold the user name and password of a user who may log in from the VPC over TLS)"
	case IsServerError(err, errNoDatabase):
		return " (create the database, or name the one that is followed in source.databaseName)"
	case errors.As(err, &network):
		return " (the database's security group must admit the functions' on its port, and host and port must be the writer's)"
	}
	return ""
}

// Close ends the session.
func (c *Connection) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := c.session.Close(ctx); err != nil {
		return fmt.Errorf("closing the session: %w", err)
	}
	return nil
}

// Exec implements [Admin].
func (c *Connection) Exec(ctx context.Context, statements string) error {
	_, err := c.session.Exec(ctx, statements).ReadAll()
	return err //nolint:wrapcheck // callers add the statement, and must be able to omit a password
}

// Query implements [Admin].
func (c *Connection) Query(ctx context.Context, query string, args ...string) ([][]string, error) {
	values := make([][]byte, len(args))
	for i, arg := range args {
		values[i] = []byte(arg)
	}
	result := c.session.ExecParams(ctx, query, values, nil, nil, nil).Read()
	if result.Err != nil {
		return nil, result.Err //nolint:wrapcheck // callers add the query
	}
	rows := make([][]string, len(result.Rows))
	for i, row := range result.Rows {
		rows[i] = make([]string, len(row))
		for j, value := range row {
			rows[i][j] = string(value)
		}
	}
	return rows, nil
}

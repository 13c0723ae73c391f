package dms

import (
	"cdcpipeline/rehearsal/standins/account"
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/go-sql-driver/mysql"
)

// source is the connection information of the database.
type source struct {
	host, user, password string
	port                 uint16
	tls                  *tls.Config
}

// openSource reads the secret with the endpoint's own role and configures TLS according to its SSL mode.
func openSource(ctx context.Context, acc account.Account, e sourceEndpoint) (*source, error) {
	out, err := secretsmanager.NewFromConfig(acc.AsRole(e.role, "dms-session-for-replication")).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &e.secret})
	if err != nil {
		return nil, fmt.Errorf("reading the source's secret: %w", err)
	}
	s, err := parseSecret(*out.SecretString)
	if err != nil {
		return nil, err
	}
	s.tls, err = tlsConfig(e.ssl, e.ca, s.host)
	return s, err
}

// parseSecret requires all four keys:
// https://docs.aws.amazon.com/dms/latest/userguide/security_iam_secretsmanager.html.
func parseSecret(text string) (*source, error) {
	var secret struct {
		Username, Password, Host string
		Port                     json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &secret); err != nil {
		return nil, errors.New("the source's secret is not a JSON object") // the cause would quote the secret
	}
	port, err := strconv.ParseUint(strings.Trim(string(secret.Port), `"`), 10, 16)
	if err != nil || secret.Username == "" || secret.Password == "" || secret.Host == "" {
		return nil, errors.New("the source's secret must have username, password, host and port")
	}
	return &source{host: secret.Host, user: secret.Username, password: secret.Password, port: uint16(port)}, nil
}

// tlsConfig verifies the chain for verify-ca, and the host name too for verify-full.
func tlsConfig(mode types.DmsSslModeValue, ca []byte, host string) (*tls.Config, error) {
	if mode == "" || mode == types.DmsSslModeValueNone {
		return nil, nil // the mode asks for no TLS
	}
	if mode == types.DmsSslModeValueRequire {
		return &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}, nil // the mode's meaning
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, errors.New("source endpoint: the certificate holds no PEM certificate")
	}
	if mode == types.DmsSslModeValueVerifyFull {
		return &tls.Config{RootCAs: roots, ServerName: host, MinVersion: tls.VersionTLS12}, nil
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // the chain is verified below, only the name is not
		VerifyConnection: func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) == 0 {
				return errors.New("the server sent no certificate")
			}
			intermediates := x509.NewCertPool()
			for _, c := range state.PeerCertificates[1:] {
				intermediates.AddCert(c)
			}
			_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates})
			if err != nil {
				return fmt.Errorf("verifying the server's certificate: %w", err)
			}
			return nil
		},
	}, nil
}

// session is one connection with UTC and utf8mb4.
type session struct {
	*sql.Conn
	db *sql.DB
}

func (s *session) Close() { _ = errors.Join(s.Conn.Close(), s.db.Close()) }

func (s *source) connect(ctx context.Context) (*session, error) {
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd, cfg.Net = s.user, s.password, "tcp"
	cfg.Addr = net.JoinHostPort(s.host, strconv.Itoa(int(s.port)))
	cfg.TLS = s.tls
	cfg.Timeout = 10 * time.Second
	cfg.Params = map[string]string{"time_zone": "'+00:00'"}
	if err := cfg.Apply(mysql.Charset("utf8mb4", "")); err != nil {
		return nil, fmt.Errorf("preparing the connection: %w", err)
	}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, fmt.Errorf("preparing the connection: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("connecting to the source: %w", err)
	}
	return &session{conn, db}, nil
}

// errInvalidConn is the driver's error for a lost connection.
var errInvalidConn = mysql.ErrInvalidConn

// server has a source's variables.
type server struct {
	mariadb bool
}

// wanted are the settings that a change task needs:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.CustomerManaged.
var wanted = []struct {
	variable, value string
	mayLack         bool // unknown to some servers
}{
	{"log_bin", "ON", false},
	{"binlog_format", "ROW", false},
	{"binlog_row_image", "FULL", false},
	{"binlog_row_value_options", "", true},
	{"binlog_transaction_compression", "OFF", true},
	{"log_bin_compress", "OFF", true},
}

// check refuses a source whose binlog cannot be followed.
func check(ctx context.Context, conn *sql.Conn, cdc bool) (server, error) {
	var version string
	if err := conn.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version); err != nil {
		return server{}, fmt.Errorf("reading the source's version: %w", err)
	}
	s := server{mariadb: strings.Contains(strings.ToLower(version), "mariadb")}
	if !cdc {
		return s, nil
	}
	var problems []error
	for _, w := range wanted {
		value, err := variable(ctx, conn, w.variable)
		switch {
		case errors.Is(err, sql.ErrNoRows) && w.mayLack:
		case err != nil:
			return s, err
		case !strings.EqualFold(value, w.value):
			problems = append(problems, fmt.Errorf("the source's %s is %q: change data capture needs %q", w.variable, value, w.value))
		}
	}
	return s, errors.Join(problems...)
}

func variable(ctx context.Context, conn *sql.Conn, name string) (string, error) {
	var value string
	err := conn.QueryRowContext(ctx, "SHOW GLOBAL VARIABLES LIKE '"+name+"'").Scan(&name, &value)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", name, err)
	}
	return value, nil
}

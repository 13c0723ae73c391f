package dms

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// postgresEndpoint are the PostgreSQL source settings that have an effect here, with DMS's defaults:
// https://docs.aws.amazon.com/dms/latest/APIReference/API_PostgreSQLSettings.html.
type postgresEndpoint struct {
	database         string
	heartbeat        bool
	heartbeatSchema  string
	heartbeatEvery   time.Duration
	booleans         bool // as booleans, otherwise as text
	failOnTruncation bool
}

func readPostgres(e *types.Endpoint) (*postgresEndpoint, error) {
	s := e.PostgreSQLSettings
	p := &postgresEndpoint{
		database: cmp.Or(aws.ToString(e.DatabaseName), aws.ToString(s.DatabaseName)), heartbeat: aws.ToBool(s.HeartbeatEnable),
		heartbeatSchema: cmp.Or(aws.ToString(s.HeartbeatSchema), "public"), heartbeatEvery: time.Duration(cmp.Or(aws.ToInt32(s.HeartbeatFrequency), 5)) * time.Minute,
		booleans: aws.ToBool(s.MapBooleanAsBoolean), failOnTruncation: aws.ToBool(s.FailTasksOnLobTruncation),
	}
	var problems []error
	refuse := func(bad bool, what string) {
		if bad {
			problems = append(problems, errors.New("source endpoint: "+what))
		}
	}
	refuse(p.database == "", "a PostgreSQL source needs a DatabaseName")
	refuse(s.CaptureDdls == nil || *s.CaptureDdls, "CaptureDdls, which is on unless it is set to false, is not implemented")
	plugin := strings.ReplaceAll(string(s.PluginName), "_", "-")
	refuse(!slices.Contains([]string{"", "no-preference", "test-decoding"}, plugin), "PluginName "+string(s.PluginName)+" is not implemented")
	refuse(s.SlotName != nil, "SlotName is not implemented: each task has a slot of its own")
	refuse(s.AfterConnectScript != nil, "AfterConnectScript is not implemented")
	refuse(s.DatabaseMode == types.DatabaseModeBabelfish, "DatabaseMode babelfish is not implemented")
	refuse(s.MapLongVarcharAs != "" || aws.ToBool(s.MapJsonbAsClob), "MapLongVarcharAs and MapJsonbAsClob are not implemented")
	refuse(aws.ToString(e.ExtraConnectionAttributes) != "", "extra connection attributes of a PostgreSQL source are not implemented")
	return p, errors.Join(problems...)
}

// parameters has the parameters of every session. They fix the format of values.
var parameters = map[string]string{
	"timezone": "UTC", "datestyle": "ISO, YMD", "intervalstyle": "postgres", "bytea_output": "hex", "extra_float_digits": "1", "client_encoding": "UTF8",
}

// postgresConfig is the connection's configuration; a replication connection accepts replication commands and SQL.
func (s *source) postgresConfig(database string, replicates bool) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig("sslmode=disable")
	if err != nil {
		return nil, fmt.Errorf("preparing the connection: %w", err)
	}
	config.Host, config.Port, config.User, config.Password, config.Database = s.host, s.port, s.user, s.password, database
	config.TLSConfig, config.Fallbacks, config.ConnectTimeout = s.tls, nil, 10*time.Second
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	for name, value := range parameters {
		config.RuntimeParams[name] = value
	}
	if replicates {
		config.RuntimeParams["replication"] = "database"
	}
	return config, nil
}

func (s *source) connectPostgres(ctx context.Context, database string) (*pgx.Conn, error) {
	config, err := s.postgresConfig(database, false)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the source: %w", err)
	}
	return conn, nil
}

// replicate opens a connection for replication.
func (s *source) replicate(ctx context.Context, database string) (*pgconn.PgConn, error) {
	config, err := s.postgresConfig(database, true)
	if err != nil {
		return nil, err
	}
	conn, err := pgconn.ConnectConfig(ctx, &config.Config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the source for replication: %w", err)
	}
	return conn, nil
}

// closing limits the closing of a connection.
const closing = 5 * time.Second

func closePostgres(conn interface{ Close(context.Context) error }) error {
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	if err := conn.Close(ctx); err != nil {
		return fmt.Errorf("closing the connection: %w", err)
	}
	return nil
}

// postgresReader reads a PostgreSQL source through a logical replication slot with the plugin test_decoding.
type postgresReader struct {
	*run
	conn *pgx.Conn
}

func (r *postgresReader) endpoint() *postgresEndpoint { return r.task.source.postgres }

func (r *postgresReader) connect(ctx context.Context) (err error) {
	if r.conn, err = r.source.connectPostgres(ctx, r.endpoint().database); err != nil {
		return err
	}
	if !r.task.cdc {
		return nil
	}
	return checkPostgres(ctx, r.conn)
}

func (r *postgresReader) close() {
	if r.conn != nil {
		_ = closePostgres(r.conn) // it is no longer needed
	}
}

// shortestTimeout is the minimum of a wal_sender_timeout other than 0.
const shortestTimeout = 10 * time.Second

// checkPostgres refuses a source whose log cannot be followed:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html#CHAP_Source.PostgreSQL.Prerequisites.
func checkPostgres(ctx context.Context, conn *pgx.Conn) error {
	var level string
	var slots, senders int
	var timeout int64
	err := conn.QueryRow(ctx, `SELECT current_setting('wal_level'), current_setting('max_replication_slots')::int, current_setting('max_wal_senders')::int,
		(SELECT setting::bigint FROM pg_settings WHERE name = 'wal_sender_timeout')`).Scan(&level, &slots, &senders, &timeout)
	if err != nil {
		return fmt.Errorf("reading the source's settings: %w", err)
	}
	var problems []error
	if level != "logical" {
		problems = append(problems, fmt.Errorf("the source's wal_level is %q: change data capture needs \"logical\"", level))
	}
	if slots < 1 || senders < 1 {
		problems = append(problems, fmt.Errorf("the source has max_replication_slots %d and max_wal_senders %d: a task needs one of each", slots, senders))
	}
	if wait := time.Duration(timeout) * time.Millisecond; wait > 0 && wait < shortestTimeout {
		problems = append(problems, fmt.Errorf("the source's wal_sender_timeout is %s: change data capture needs 0, or %s and more", wait, shortestTimeout))
	}
	return errors.Join(problems...)
}

// postgresPasses reports whether an error is temporary: the server shuts down, starts, or still holds the lost
// connection.
func postgresPasses(err error) bool {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return pgconn.Timeout(err)
	}
	return strings.HasPrefix(refused.Code, "08") || slices.Contains([]string{"57P01", "57P02", "57P03", "53300", objectInUse}, refused.Code)
}

const (
	objectInUse     = "55006"
	undefinedObject = "42704"
)

// hasCode reports whether PostgreSQL answered with this error code:
// https://www.postgresql.org/docs/17/errcodes-appendix.html.
func hasCode(err error, code string) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == code
}

func quoted(n name) string { return pgx.Identifier{n.schema, n.table}.Sanitize() }

// transactionNumber parses the xid in a line of test_decoding.
func transactionNumber(text string) (uint64, error) {
	xid, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("reading the number of a transaction: %w", err)
	}
	return xid, nil
}

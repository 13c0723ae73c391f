package storestest

import (
	"cdcpipeline/rehearsal/stores"
	"context"
	"crypto/rand"
	"crypto/tls"
	"database/sql"
	"fmt"
	"net"
	"strconv"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/stdlib"
)

// PostgresDatabase is a running PostgreSQL with an account that may do everything, unlike RDS's master user.
type PostgresDatabase struct {
	*stores.Postgres
	// Authority signed its certificate.
	Authority      *stores.Authority
	User, Password string
}

var postgres = sync.OnceValues(func() (*PostgresDatabase, error) { return startPostgres(place) })

// Postgres is the PostgreSQL of this test binary.
func Postgres(t testing.TB) *PostgresDatabase {
	t.Helper()
	return started(t, postgres)
}

// PostgresWith starts another one, with its own server settings (max_slot_wal_keep_size=64MB), until the test ends.
func PostgresWith(t testing.TB, settings ...string) *PostgresDatabase {
	t.Helper()
	server := started(t, func() (*PostgresDatabase, error) { return startPostgres(newPlace, settings...) })
	t.Cleanup(server.Stop)
	return server
}

// Address is host:port.
func (d *PostgresDatabase) Address() string { return net.JoinHostPort(d.Host, strconv.Itoa(d.Port)) }

// ClientTLS trusts only the database's certificate.
func (d *PostgresDatabase) ClientTLS() *tls.Config {
	settings := d.Authority.ClientTLS()
	settings.ServerName = d.Host
	return settings
}

// Open connects to a database as User, for calls with several statements, until the test ends.
func (d *PostgresDatabase) Open(t testing.TB, database string) *sql.DB {
	t.Helper()
	return d.OpenAs(t, database, d.User, d.Password)
}

// OpenAs is Open for another user.
func (d *PostgresDatabase) OpenAs(t testing.TB, database, user, password string) *sql.DB {
	t.Helper()
	config, err := d.Client(database, user, password, d.ClientTLS())
	if err != nil {
		t.Fatal("connecting to the database:", err)
	}
	db := stdlib.OpenDB(*config)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func startPostgres(where func() (location, error), settings ...string) (*PostgresDatabase, error) {
	at, err := where()
	if err != nil {
		return nil, err
	}
	ctx := context.Background() // servers outlive the test that first needs them
	var options stores.PostgresOptions
	for _, setting := range settings {
		options.Args = append(options.Args, "-c", setting)
	}
	server, err := at.StartPostgres(ctx, options)
	if err != nil {
		return nil, err
	}
	if err := atEnd(server.Stop); err != nil {
		return nil, err
	}
	d := &PostgresDatabase{Postgres: server, Authority: at.Authority, User: "tests", Password: rand.Text()}
	if _, err := server.Root().ExecContext(ctx, "CREATE ROLE "+d.User+" LOGIN SUPERUSER PASSWORD '"+d.Password+"'"); err != nil {
		return nil, fmt.Errorf("making the tests' account: %w", err)
	}
	return d, nil
}

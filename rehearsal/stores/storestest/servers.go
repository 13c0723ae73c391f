// Package storestest gives tests a rehearsal's servers: the database, set up like RDS, and the stand-in of AWS. Each
// test binary has its own, on free ports and in its own folder. A server starts when the first test needs it and ends
// after the last test.
package storestest

import (
	"cdcpipeline/rehearsal/stores"
	"context"
	"crypto/rand"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// Database is a running database with an account that may do everything, unlike RDS's master user.
type Database struct {
	*stores.MariaDB
	// Authority signed its certificate.
	Authority      *stores.Authority
	User, Password string
}

// binary is what this test binary has started.
var binary struct {
	sync.Mutex
	runs  bool
	ended bool
	stops []func()
}

var (
	place    = sync.OnceValues(newPlace)
	database = sync.OnceValues(func() (*Database, error) { return startDatabase(place) })
	moto     = sync.OnceValues(startMoto)
)

// Run runs the tests and then stops all servers; TestMain exits with its result.
func Run(m *testing.M) int {
	binary.runs = true
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		stop()
		os.Exit(1)
	}()
	defer stop()
	return m.Run()
}

// MariaDB is this test binary's database.
func MariaDB(t testing.TB) *Database {
	t.Helper()
	return started(t, database)
}

// MariaDBWith starts another database, with its own server options, until the test ends.
func MariaDBWith(t testing.TB, options ...string) *Database {
	t.Helper()
	server := started(t, func() (*Database, error) { return startDatabase(newPlace, options...) })
	t.Cleanup(server.Stop)
	return server
}

// Moto is the URL of this test binary's AWS stand-in.
func Moto(t testing.TB) string {
	t.Helper()
	return started(t, moto).URL
}

// Site is the environment of this test binary's servers.
func Site(t testing.TB) *stores.Site {
	t.Helper()
	return started(t, place).Site
}

// Depend reads the files of a folder that another program uses, so that `go test` does not cache a result after they
// change.
func Depend(t testing.TB, dir string) {
	t.Helper()
	if err := depend(dir); err != nil {
		t.Fatal(err)
	}
}

// Address is host:port.
func (d *Database) Address() string { return net.JoinHostPort(d.Host, strconv.Itoa(d.Port)) }

// ClientTLS trusts only the database's certificate.
func (d *Database) ClientTLS() *tls.Config {
	settings := d.Authority.ClientTLS()
	settings.ServerName = d.Host
	return settings
}

// Open connects as User, for calls with several statements, until the test ends.
func (d *Database) Open(t testing.TB) *sql.DB {
	t.Helper()
	settings := mysql.NewConfig()
	settings.User, settings.Passwd, settings.Net, settings.Addr = d.User, d.Password, "tcp", d.Address()
	settings.TLS, settings.MultiStatements = d.ClientTLS(), true
	connector, err := mysql.NewConnector(settings)
	if err != nil {
		t.Fatal("connecting to the database:", err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func started[T any](t testing.TB, start func() (T, error)) T {
	t.Helper()
	if !binary.runs {
		t.Fatal("TestMain of this package has to call servers.Run, which stops the servers")
	}
	server, err := start()
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// atEnd registers a server's stop function; the last one started is stopped first.
func atEnd(f func()) error {
	binary.Lock()
	defer binary.Unlock()
	if binary.ended {
		f()
		return errors.New("the tests have ended")
	}
	binary.stops = append(binary.stops, f)
	return nil
}

func stop() {
	binary.Lock()
	defer binary.Unlock()
	binary.ended = true
	for i := len(binary.stops) - 1; i >= 0; i-- {
		binary.stops[i]()
	}
	binary.stops = nil
}

// location is the folder of this test binary's servers, and that of the rehearsal's module.
type location struct {
	*stores.Site
	module string
}

func newPlace() (location, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return location{}, fmt.Errorf("finding the project: %w", err)
	}
	module := filepath.Dir(strings.TrimSpace(string(out)))
	site, err := stores.NewSite(filepath.Join(module, "..", ".cache"))
	if err != nil {
		return location{}, err
	}
	err = atEnd(func() {
		if err := site.Remove(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	})
	return location{Site: site, module: module}, err
}

func startDatabase(where func() (location, error), options ...string) (*Database, error) {
	at, err := where()
	if err != nil {
		return nil, err
	}
	ctx := context.Background() // servers outlive the test that first needs them
	server, err := at.StartMariaDB(ctx, stores.MariaDBOptions{Args: options})
	if err != nil {
		return nil, err
	}
	if err := atEnd(server.Stop); err != nil {
		return nil, err
	}
	d := &Database{MariaDB: server, Authority: at.Authority, User: "tests", Password: rand.Text()}
	if _, err := server.Root().ExecContext(ctx, "GRANT ALL ON *.* TO '"+d.User+"'@'%' IDENTIFIED BY '"+d.Password+"' WITH GRANT OPTION"); err != nil {
		return nil, fmt.Errorf("making the tests' account: %w", err)
	}
	return d, nil
}

func startMoto() (*stores.Moto, error) {
	at, err := place()
	if err != nil {
		return nil, err
	}
	program := filepath.Join(at.module, "standins", "controlplane", "moto")
	if err := depend(program); err != nil {
		return nil, err
	}
	server, err := at.StartMoto(context.Background(), stores.MotoOptions{Program: program})
	if err != nil {
		return nil, err
	}
	return server, atEnd(server.Stop)
}

// depend reads the files of a folder that another program uses, so that `go test` does not cache a result after they
// change.
func depend(dir string) error {
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		_, err = os.Stat(path)
		return err //nolint:wrapcheck // the error names the file
	})
	if err != nil {
		return fmt.Errorf("looking at %s: %w", dir, err)
	}
	return nil
}

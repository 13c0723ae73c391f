package workload

import (
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Connection says where the database is and who connects.
type Connection struct {
	Host string
	// Port, default 3306.
	Port           int
	User, Password string
	// TLS verifies the server; nil: the system's root certificates and the host's name. There is no way without.
	TLS *tls.Config
}

// Open connects, in a session whose times are UTC and which refuses a value that does not fit.
func Open(ctx context.Context, c Connection) (*sql.DB, error) {
	if c.Port == 0 {
		c.Port = 3306
	}
	address := net.JoinHostPort(c.Host, strconv.Itoa(c.Port))
	db, err := c.open(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s as %s: %w", address, c.User, err)
	}
	return db, nil
}

func (c Connection) open(ctx context.Context, address string) (*sql.DB, error) {
	settings := mysql.NewConfig()
	settings.Net, settings.Addr = "tcp", address
	settings.User, settings.Passwd = c.User, c.Password
	settings.Collation = "utf8mb4_general_ci" // known to MySQL and MariaDB alike
	settings.ClientFoundRows = true
	settings.Timeout = 15 * time.Second
	settings.Params = map[string]string{
		"time_zone": "'+00:00'",
		"sql_mode":  "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO'",
	}
	if settings.TLS = c.TLS; c.TLS == nil {
		settings.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if settings.TLS.ServerName == "" {
		settings.TLS = settings.TLS.Clone()
		settings.TLS.ServerName = c.Host
	}
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

// explainConnection adds what to do when no session could be opened.
func explainConnection(err error) error {
	var refused *mysql.MySQLError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &refused):
		return explain(err)
	case errors.As(err, &untrusted):
		return fmt.Errorf("%w (name the bundle that signs the server's certificate, e.g. that of RDS, and use the host name in the certificate)", err)
	}
	return fmt.Errorf("%w (check host and port, and that the network lets you through)", err)
}

// database is the real store: three prepared statements a table.
type database struct {
	db         *sql.DB
	statements map[*Table]*statements
}

type statements struct {
	insert, update, remove *sql.Stmt
	// inserted are the columns of insert, mutable those of update before the key.
	inserted, mutable []int
}

func newDatabase(ctx context.Context, db *sql.DB, tables []*Table) (*database, error) {
	// Prepared statements belong to a connection: with one, each is prepared once.
	db.SetMaxOpenConns(1)
	d := &database{db: db, statements: map[*Table]*statements{}}
	for _, t := range tables {
		s, err := t.prepare(ctx, db)
		if err != nil {
			d.close()
			return nil, fmt.Errorf("preparing to write into %s: %w", t.Name, explain(err))
		}
		d.statements[t] = s
	}
	return d, nil
}

// close leaves the database open; whoever opened it closes it.
func (d *database) close() {
	for _, s := range d.statements {
		for _, statement := range []*sql.Stmt{s.insert, s.update, s.remove} {
			if statement != nil {
				_ = statement.Close()
			}
		}
	}
}

// prepare sets every column explicitly, so that no default and no ON UPDATE clause has a say.
func (t *Table) prepare(ctx context.Context, db *sql.DB) (*statements, error) {
	s := &statements{mutable: t.mutable()}
	var names, marks, assignments, conditions []string
	for i, c := range t.Columns {
		if !c.AutoIncrement {
			s.inserted = append(s.inserted, i)
			names, marks = append(names, quote(c.Name)), append(marks, "?")
		}
	}
	for _, i := range s.mutable {
		assignments = append(assignments, quote(t.Columns[i].Name)+" = ?")
	}
	for _, i := range t.Key {
		conditions = append(conditions, t.Columns[i].condition("="))
	}
	where := " WHERE " + strings.Join(conditions, " AND ")
	var err error
	if s.insert, err = db.PrepareContext(ctx, "INSERT INTO "+quoted(t.Name)+" ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(marks, ", ")+")"); err != nil {
		return nil, fmt.Errorf("insert: %w", err)
	}
	if len(s.mutable) > 0 {
		if s.update, err = db.PrepareContext(ctx, "UPDATE "+quoted(t.Name)+" SET "+strings.Join(assignments, ", ")+where); err != nil {
			return nil, fmt.Errorf("update: %w", err)
		}
	}
	if s.remove, err = db.PrepareContext(ctx, "DELETE FROM "+quoted(t.Name)+where); err != nil {
		return nil, fmt.Errorf("delete: %w", err)
	}
	return s, nil
}

// condition compares a key column with a parameter. A decimal compared with a string is compared as a double
// (https://dev.mysql.com/doc/refman/8.0/en/type-conversion.html).
func (c Column) condition(operator string) string {
	if c.Kind == Decimal {
		return fmt.Sprintf("%s %s CAST(? AS DECIMAL(%d,%d))", quote(c.Name), operator, c.Precision, c.Scale)
	}
	return quote(c.Name) + " " + operator + " ?"
}

// argument for the database. Integers go as integers: compared with a string they would be compared as doubles.
func (c Column) argument(value sql.NullString) (driver.Value, error) {
	if !value.Valid {
		return nil, nil
	}
	switch c.Kind {
	case Integer, Bool, Bit, Year:
		if n, err := strconv.ParseInt(value.String, 10, 64); err == nil {
			return n, nil
		}
		n, err := strconv.ParseUint(value.String, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("reading an integer: %w", err)
		}
		return n, nil
	case Binary:
		return []byte(value.String), nil
	case Unsupported, Decimal, Float, Double, Date, DateTime, Timestamp, Time, Text, Enum, Set, JSON, UUID:
	}
	return value.String, nil
}

func (d *database) begin(ctx context.Context) (transaction, error) {
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("beginning a transaction: %w", err)
	}
	return &databaseTransaction{database: d, tx: tx}, nil
}

type databaseTransaction struct {
	*database
	tx *sql.Tx
}

func (t *databaseTransaction) commit() error {
	return t.tx.Commit() //nolint:wrapcheck // the caller says which transaction it was
}

func (t *databaseTransaction) rollback() error {
	if err := t.tx.Rollback(); err != nil {
		return fmt.Errorf("rolling back: %w", err)
	}
	return nil
}

// apply writes one row.
func (t *databaseTransaction) apply(ctx context.Context, c *change) error {
	if err := t.write(ctx, c); err != nil {
		return fmt.Errorf("%s in %s: %w", c.op, c.table.Name, err)
	}
	return nil
}

func (t *databaseTransaction) write(ctx context.Context, c *change) error {
	s := t.statements[c.table.Table]
	var statement *sql.Stmt
	var args []any
	collect := func(values []sql.NullString, columns []int) error {
		for _, i := range columns {
			arg, err := c.table.Columns[i].argument(values[i])
			if err != nil {
				return fmt.Errorf("column %s: %w", c.table.Columns[i].Name, err)
			}
			args = append(args, arg)
		}
		return nil
	}
	var err error
	switch c.op {
	case Insert:
		statement, err = s.insert, collect(c.after, s.inserted)
	case Update:
		if statement, err = s.update, collect(c.after, s.mutable); err == nil {
			err = collect(c.before, c.table.Key)
		}
	case Delete:
		statement, err = s.remove, collect(c.before, c.table.Key)
	}
	if err != nil {
		return err
	}
	result, err := t.tx.StmtContext(ctx, statement).ExecContext(ctx, args...)
	if err != nil {
		return fmt.Errorf("writing the row: %w", err)
	}
	return c.settle(result)
}

// settle checks that one row was meant and takes the AUTO_INCREMENT value of an insert.
func (c *change) settle(result sql.Result) error {
	n, err := result.RowsAffected()
	if err != nil {
		return fmt.Errorf("counting the rows: %w", err)
	}
	if n != 1 {
		return fmt.Errorf("%d rows instead of 1 were affected: somebody else changes the rows of this run", n)
	}
	if i := c.table.autoIncrement(); c.op == Insert && i >= 0 {
		id, err := result.LastInsertId()
		if err != nil {
			return fmt.Errorf("reading its AUTO_INCREMENT value: %w", err)
		}
		// The driver gives an unsigned number as a signed one.
		c.after[i] = sql.NullString{String: strconv.FormatUint(uint64(id), 10), Valid: true}
	}
	return nil
}

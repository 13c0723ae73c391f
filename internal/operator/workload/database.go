package workload

import (
	"cdcpipeline/internal/operator/schema"
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
)

// database is a store that writes to a database with three prepared statements for each table.
type database struct {
	db         *sql.DB
	statements map[*schema.Table]*statements
}

type statements struct {
	insert, update, remove *sql.Stmt
	// inserted lists the columns of the INSERT. mutable lists those of the UPDATE, before the key.
	inserted, mutable []int
}

func newDatabase(ctx context.Context, db *sql.DB, tables []*schema.Table) (*database, error) {
	// Prepared statements belong to a connection. With a single connection, each is prepared only once.
	db.SetMaxOpenConns(1)
	d := &database{db: db, statements: map[*schema.Table]*statements{}}
	for _, t := range tables {
		s, err := prepare(ctx, db, t)
		if err != nil {
			d.close()
			return nil, fmt.Errorf("preparing to write into %s: %w", t.Name, explain(err))
		}
		d.statements[t] = s
	}
	return d, nil
}

// close leaves the database open, because its opener closes it.
func (d *database) close() {
	for _, s := range d.statements {
		for _, statement := range []*sql.Stmt{s.insert, s.update, s.remove} {
			if statement != nil {
				_ = statement.Close()
			}
		}
	}
}

// prepare prepares statements that set every column explicitly, so that no default value and no ON UPDATE clause has an
// effect.
func prepare(ctx context.Context, db *sql.DB, t *schema.Table) (*statements, error) {
	s := &statements{mutable: mutable(t)}
	var names, marks, assignments []string
	for i, c := range t.Columns {
		if !c.AutoIncrement {
			s.inserted = append(s.inserted, i)
			names, marks = append(names, t.Quote(c.Name)), append(marks, t.Parameter(c, len(s.inserted)))
		}
	}
	for _, i := range s.mutable {
		assignments = append(assignments, t.Quote(t.Columns[i].Name)+" = "+t.Parameter(t.Columns[i], len(assignments)+1))
	}
	// where returns the condition for a row. Its parameters come after that many others.
	where := func(others int) string {
		conditions := make([]string, len(t.Key))
		for n, i := range t.Key {
			conditions[n] = t.Equals(t.Columns[i], others+n+1)
		}
		return " WHERE " + strings.Join(conditions, " AND ")
	}
	var err error
	if s.insert, err = db.PrepareContext(ctx, "INSERT INTO "+t.Quoted()+" ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(marks, ", ")+")"+returning(t)); err != nil {
		return nil, fmt.Errorf("insert: %w", err)
	}
	if len(s.mutable) > 0 {
		if s.update, err = db.PrepareContext(ctx, "UPDATE "+t.Quoted()+" SET "+strings.Join(assignments, ", ")+where(len(assignments))); err != nil {
			return nil, fmt.Errorf("update: %w", err)
		}
	}
	if s.remove, err = db.PrepareContext(ctx, "DELETE FROM "+t.Quoted()+where(0)); err != nil {
		return nil, fmt.Errorf("delete: %w", err)
	}
	return s, nil
}

// returning makes PostgreSQL return the key that it generates. MySQL's driver reports the key itself.
func returning(t *schema.Table) string {
	if i := autoIncrement(t); t.Engine == schema.PostgreSQL && i >= 0 {
		return " RETURNING " + t.Quote(t.Columns[i].Name)
	}
	return ""
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
	return t.tx.Commit() //nolint:wrapcheck // the caller names the transaction
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
			arg, err := c.table.Argument(c.table.Columns[i], values[i])
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
	statement = t.tx.StmtContext(ctx, statement)
	if c.op == Insert && returning(c.table.Table) != "" {
		if err := statement.QueryRowContext(ctx, args...).Scan(&c.after[autoIncrement(c.table.Table)]); err != nil {
			return fmt.Errorf("writing the row: %w", err)
		}
		return nil
	}
	result, err := statement.ExecContext(ctx, args...)
	if err != nil {
		return fmt.Errorf("writing the row: %w", err)
	}
	return c.settle(result)
}

// settle checks that exactly one row was affected, and takes the AUTO_INCREMENT value of an insert.
func (c *change) settle(result sql.Result) error {
	n, err := result.RowsAffected()
	if err != nil {
		return fmt.Errorf("counting the rows: %w", err)
	}
	if n != 1 {
		return fmt.Errorf("the statement changed %d rows instead of 1: somebody else changes the rows of this run", n)
	}
	if i := autoIncrement(c.table.Table); c.op == Insert && i >= 0 {
		id, err := result.LastInsertId()
		if err != nil {
			return fmt.Errorf("reading its AUTO_INCREMENT value: %w", err)
		}
		// The driver returns an unsigned number as a signed one.
		c.after[i] = sql.NullString{String: strconv.FormatUint(uint64(id), 10), Valid: true}
	}
	return nil
}

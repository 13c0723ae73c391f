package workload

import (
	"errors"
	"fmt"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"
)

// These are error numbers of MySQL and MariaDB.
const (
	errDuplicateEntry   = 1062
	errLockWaitTimeout  = 1205
	errDeadlock         = 1213
	errForeignKeyParent = 1451
	errForeignKeyChild  = 1452
	errCheckMySQL       = 3819
	errCheckMariaDB     = 4025
	errReadOnly         = 1290
	errTableDenied      = 1142
)

// refusal is the reason why a database refuses a statement.
type refusal int

const (
	other refusal = iota
	duplicate
	locked
	deadlock
	referred
	referring
	checked
	readOnly
	denied
)

var ofMySQL = map[uint16]refusal{
	errDuplicateEntry: duplicate, errLockWaitTimeout: locked, errDeadlock: deadlock,
	errForeignKeyParent: referred, errForeignKeyChild: referring,
	errCheckMySQL: checked, errCheckMariaDB: checked, errReadOnly: readOnly, errTableDenied: denied,
}

// PostgreSQL has one code for both sides of a foreign key.
var ofPostgreSQL = map[string]refusal{
	pgerrcode.UniqueViolation: duplicate, pgerrcode.LockNotAvailable: locked, pgerrcode.DeadlockDetected: deadlock, pgerrcode.SerializationFailure: deadlock,
	pgerrcode.ForeignKeyViolation: referred, pgerrcode.CheckViolation: checked,
	pgerrcode.ReadOnlySQLTransaction: readOnly, pgerrcode.InsufficientPrivilege: denied,
}

var hints = map[refusal]string{
	duplicate: "too few values are left for its unique key: choose another table or fewer changes",
	locked:    "another session has the lock: check SHOW ENGINE INNODB STATUS, or pg_locks in PostgreSQL",
	referred:  "rows of another table refer to this row: leave the table out or use a mix without deletes, e.g. 80/20/0",
	referring: "this command does not follow foreign keys to other tables: leave the table out",
	checked:   "this command does not understand check constraints: leave the table out",
	readOnly:  "the server is read only: connect to the writer endpoint",
	denied:    "connect as a user who may write, e.g. with the secret of the administrator",
}

func refusalOf(err error) refusal {
	if e := (*mysql.MySQLError)(nil); errors.As(err, &e) {
		return ofMySQL[e.Number]
	}
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
		return ofPostgreSQL[e.Code]
	}
	return other
}

// retryable reports whether a transaction should be tried again, with other values or after a conflict.
func retryable(err error) bool {
	switch refusalOf(err) {
	case duplicate, locked, deadlock:
		return true
	default:
		return false
	}
}

// explain adds advice to database errors that a user may meet.
func explain(err error) error {
	if hint, ok := hints[refusalOf(err)]; ok {
		return fmt.Errorf("%w (%s)", err, hint)
	}
	return err
}

package mysql

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// Admin runs SQL as the administrator, in one session.
type Admin interface {
	// Exec runs one statement, or several separated by semicolons.
	Exec(ctx context.Context, statements string) error
	// Query returns every row as text; NULL becomes the empty text. Question marks are placeholders for args.
	Query(ctx context.Context, query string, args ...any) ([][]string, error)
}

// Login tries to log in and logs out again.
type Login func(ctx context.Context, user Credentials) error

// Server error numbers, https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html.
const (
	errTooManyConnections    = 1040
	errAccessDenied          = 1045
	errSyntax                = 1064
	errTableAccessDenied     = 1142
	errNoSuchTable           = 1146
	errSpecialPrivilege      = 1227
	errNoSuchProcedure       = 1305
	errRoutineAccessDenied   = 1370
	errNoBinaryLog           = 1381
	errTransactionsHidden    = 1401
	errStatementTimeMariaDB  = 1969
	errQueryTimeout          = 3024
	errServerIsShuttingDown  = 1053
	errHostIsBlockedByErrors = 1129
)

// IsServerError reports whether an error is a server error with one of these numbers.
func IsServerError(err error, numbers ...uint16) bool {
	var server *mysql.MySQLError
	return errors.As(err, &server) && slices.Contains(numbers, server.Number)
}

// quoteName quotes any text as an identifier.
func quoteName(name string) string {
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}

// quoteText quotes any text as a string literal. A backslash is an escape unless the session says otherwise.
func quoteText(text string, noBackslashEscapes bool) string {
	if !noBackslashEscapes {
		text = strings.ReplaceAll(text, `\`, `\\`)
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}

// quoted is database.table with quoted identifiers.
func quoted(t Table) string { return quoteName(t.Database) + "." + quoteName(t.Table) }

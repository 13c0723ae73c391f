package postgres

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Admin runs SQL as some user, in one session.
type Admin interface {
	// Exec runs one statement, or several separated by semicolons, which are then one transaction.
	Exec(ctx context.Context, statements string) error
	// Query returns every row as text; NULL becomes the empty text, true becomes t. $1, $2, … are placeholders for
	// args.
	Query(ctx context.Context, query string, args ...string) ([][]string, error)
}

// Session is a login session in the database.
type Session interface {
	Admin
	Close() error
}

// Login logs in.
type Login func(ctx context.Context, user Credentials) (Session, error)

// Codes of errors, https://www.postgresql.org/docs/current/errcodes-appendix.html.
const (
	errAuthorization      = "28000"
	errPassword           = "28P01"
	errNoDatabase         = "3D000"
	errPrivilege          = "42501"
	errNoObject           = "42704"
	errTooManyConnections = "53300"
	errNoRoom             = "53400" // all replication slots are in use
	errLocked             = "55P03"
	errCanceled           = "57014" // by statement_timeout
	errShutdown           = "57P01"
	errStarting           = "57P03"
	errNoFile             = "58P01" // the plugin is not installed
)

// IsServerError reports whether an error is a server error with one of these codes.
func IsServerError(err error, codes ...string) bool {
	var server *pgconn.PgError
	return errors.As(err, &server) && slices.Contains(codes, server.Code)
}

// Refused reports whether the server rejected a login: an unknown name or a wrong password.
func Refused(err error) bool { return IsServerError(err, errPassword, errAuthorization) }

// quoteName quotes any text as an identifier.
func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// quoteText quotes any text as a string literal, with any value of standard_conforming_strings.
func quoteText(text string) string {
	quoted := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	if strings.Contains(text, `\`) {
		return "E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}

// quoted is schema.table with quoted identifiers.
func quoted(t Table) string { return quoteName(t.Database) + "." + quoteName(t.Table) }

package mysql

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

const (
	loginCheck      = "replication user's login"
	checkPlugin     = "replication user's authentication plugin"
	checkPrivileges = "replication user's privileges"
)

// spokenPlugins are the authentication plugins that DMS supports; over TLS they need nothing more.
var spokenPlugins = map[string]bool{"mysql_native_password": true, "caching_sha2_password": true}

// ensureUser sets up the replication user and leaves correct settings alone.
func (r *run) ensureUser(ctx context.Context) {
	for _, step := range []func(context.Context) error{r.createUser, r.grant, r.checkPlugin} {
		if err := step(ctx); err != nil {
			r.broke(r.withoutPassword(err))
			return
		}
	}
	r.checkLogin(ctx)
}

func (r *run) checkLogin(ctx context.Context) {
	f := Finding{Check: loginCheck, Status: OK, Value: r.user.Username + " over TLS"}
	if err := r.login(ctx, r.user); err != nil {
		f.Status, f.Value = Failed, r.withoutPassword(err).Error()
		f.Advice = "the replication user must be able to log in from the VPC with the password in its secret"
	}
	r.add(f)
}

// account is 'name'@'%' in a statement's syntax.
func (r *run) account() string {
	return quoteText(r.user.Username, r.server.noBackslashEscapes()) + "@'%'"
}

// createUser creates the user, or sets the secret's password when the user cannot log in with it.
func (r *run) createUser(ctx context.Context) error {
	rows, err := r.db.Query(ctx, "SELECT ssl_type FROM mysql.user WHERE user = ? AND host = '%'", r.user.Username)
	if err != nil {
		return fmt.Errorf("looking for user %s (the administrator needs SELECT on the database mysql): %w", r.user, err)
	}
	identified := " IDENTIFIED BY " + quoteText(r.user.Password, r.server.noBackslashEscapes())
	if len(rows) == 0 {
		if err := r.db.Exec(ctx, "CREATE USER "+r.account()+identified+" REQUIRE SSL"); err != nil {
			return fmt.Errorf("creating user %s (the administrator needs CREATE USER): %w", r.user, err)
		}
		r.findings.Change("user " + r.user.Username)
		return nil
	}
	if rows[0][0] == "" {
		if err := r.db.Exec(ctx, "ALTER USER "+r.account()+" REQUIRE SSL"); err != nil {
			return fmt.Errorf("requiring TLS of user %s: %w", r.user, err)
		}
		r.findings.Change("TLS required of user " + r.user.Username)
	}
	if err := r.login(ctx, r.user); IsServerError(err, errAccessDenied) {
		if err := r.db.Exec(ctx, "ALTER USER "+r.account()+identified); err != nil {
			return fmt.Errorf("setting the password of user %s: %w", r.user, err)
		}
		r.findings.Change("password of user " + r.user.Username)
	}
	return nil
}

func (r *run) checkPlugin(ctx context.Context) error {
	rows, err := r.db.Query(ctx, "SELECT plugin FROM mysql.user WHERE user = ? AND host = '%'", r.user.Username)
	if err != nil || len(rows) == 0 {
		return fmt.Errorf("reading the authentication plugin of user %s: %w", r.user, errors.Join(err))
	}
	f := Finding{Check: checkPlugin, Status: OK, Value: rows[0][0]}
	if !spokenPlugins[f.Value] {
		f.Tell(Failed, ", make mysql_native_password or caching_sha2_password the server's default, which DMS speaks, and deploy again", "DROP USER "+r.account())
	}
	r.add(f)
	return nil
}

// withoutPassword removes the password from a message that may quote a statement.
func (r *run) withoutPassword(err error) error {
	message := err.Error()
	clean := message
	for _, form := range []string{r.user.Password, quoteText(r.user.Password, false), quoteText(r.user.Password, true)} {
		clean = strings.ReplaceAll(clean, strings.Trim(form, "'"), "…")
	}
	if clean == message {
		return err
	}
	return errors.New(clean)
}

package mysql

import (
	"cdcpipeline/internal/source/preparation"
	"context"
	"fmt"
	"slices"
)

// Clone makes a user who can replace the user from, with a password of its own, over TLS only. It copies only from's
// privileges for reading tables, following the binary log and writing the canary's row. It leaves correct settings
// alone, so it can be repeated after an interruption. It never changes from.
//
// If from was dropped or lost privileges, a clone that still has them keeps them and can replace from.
func Clone(ctx context.Context, db Admin, login Login, from string, clone Credentials) error {
	server, err := identify(ctx, db)
	if err != nil {
		return fmt.Errorf("reading the server's variables: %w", err)
	}
	wanted, err := copied(ctx, db, from, clone.Username)
	if err != nil {
		return err
	}
	r := &run{db: db, login: login, user: clone, server: server}
	for _, step := range []func(context.Context) error{
		r.createUser,
		func(ctx context.Context) error { return r.grantOnly(ctx, wanted) },
		r.checkPlugin,
	} {
		if err := step(ctx); err != nil {
			return r.withoutPassword(err)
		}
	}
	return preparation.ProblemsOf(r.broken, r.findings)
}

// MayFollow returns the privileges that the session's user lacks for following the database; nil when none is
// missing.
func MayFollow(ctx context.Context, db Admin, username string) error {
	has, err := privilegesOf(ctx, db, username)
	if err != nil {
		return fmt.Errorf("reading the privileges of user %s: %w", username, err)
	}
	if missing := missing(has); len(missing) > 0 {
		return fmt.Errorf("user %s lacks %v", username, missing)
	}
	return nil
}

// Refused reports whether the server rejected a login: an unknown name or a wrong password.
func Refused(err error) bool { return IsServerError(err, errAccessDenied) }

// copied returns the clone's privileges: those of the first user that has all privileges for following the database.
func copied(ctx context.Context, db Admin, users ...string) ([]privilege, error) {
	keep := func(p privilege) bool {
		return slices.Contains(following, p.name) || slices.Contains(canaryWrites(), p)
	}
	for _, user := range users {
		has, err := privilegesOf(ctx, db, user)
		if err != nil {
			return nil, fmt.Errorf("reading the privileges of user %s: %w", user, err)
		}
		if len(missing(has)) == 0 {
			return slices.DeleteFunc(has, func(p privilege) bool { return !keep(p) }), nil
		}
	}
	return nil, fmt.Errorf("no user of %v may follow the database: run the bootstrap again (pulumi up --replace with the URN of its invocation)", users)
}

// following are a replication user's only privileges, except those on the canary's table.
var following = []string{"REPLICATION CLIENT", "REPLICATION SLAVE", "SELECT"}

// missing returns those that the privileges lack. It ignores which tables may be read.
func missing(has []privilege) []string {
	var names []string
	for _, name := range following {
		if !slices.ContainsFunc(has, func(p privilege) bool { return p.name == name }) {
			names = append(names, name)
		}
	}
	return names
}

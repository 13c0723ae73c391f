package mysql

import (
	"cdcpipeline/internal/source/preparation"
	"context"
	"fmt"
	"slices"
)

// Clone makes a user who can stand in for the one named from: with a password of its own, over TLS only, and with what
// from may do, of which nothing but reading tables, following the binary log and writing the canary's row is copied. It changes nothing that is
// right already, so that it may be repeated after it was interrupted anywhere; from is never changed.
//
// When from was dropped, or has lost what it needs, a clone that still has it keeps it and can replace from.
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

// MayFollow says what the user whose session db is lacks to follow the database; nil when it lacks nothing.
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

// Refused says that the server would not let a user in: it does not know the name, or not with that password.
func Refused(err error) bool { return IsServerError(err, errAccessDenied) }

// copied is what a clone gets, from the first of the users that has all it takes to follow the database.
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

// following are the only privileges that a replication user has, but for those on the canary's table.
var following = []string{"REPLICATION CLIENT", "REPLICATION SLAVE", "SELECT"}

// missing is what of them is not among the privileges; which tables may be read is not looked at.
func missing(has []privilege) []string {
	var names []string
	for _, name := range following {
		if !slices.ContainsFunc(has, func(p privilege) bool { return p.name == name }) {
			names = append(names, name)
		}
	}
	return names
}

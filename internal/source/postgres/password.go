package postgres

import (
	"context"
	"fmt"
)

// SetPassword changes the password of the session's user.
func SetPassword(ctx context.Context, session Admin, user Credentials) error {
	verifier, err := Verifier(user.Password)
	if err != nil {
		return fmt.Errorf("the password in the secret of user %s: %w", user, err)
	}
	err = session.Exec(ctx, "ALTER ROLE "+quoteName(user.Username)+" PASSWORD "+quoteText(verifier))
	if IsServerError(err, errPrivilege) {
		return fmt.Errorf("setting the password of user %s (set rds.restrict_password_commands to 0 in the parameter group, or GRANT rds_password to the user): %w", user, err)
	}
	if err != nil {
		return fmt.Errorf("setting the password of user %s: %w", user, err)
	}
	return nil
}

const followQuery = `SELECT rolreplication OR rolsuper OR EXISTS (SELECT FROM pg_roles g WHERE g.rolname = 'rds_replication' AND pg_has_role(u.oid, g.oid, 'MEMBER'))
FROM pg_roles u WHERE rolname = $1`

// MayFollow returns what the session's user lacks for following the database; nil when nothing is missing.
func MayFollow(ctx context.Context, session Admin, username string) error {
	rows, err := session.Query(ctx, followQuery, username)
	if err != nil {
		return fmt.Errorf("reading what user %s may: %w", username, err)
	}
	if len(rows) != 1 || rows[0][0] != truth {
		return fmt.Errorf("user %s may not replicate", username)
	}
	return nil
}

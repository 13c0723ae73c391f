package postgres

import (
	"context"
	"fmt"
	"slices"
)

// guardsQuery lists the row security policies of a table for the user's reads: whether each is permissive or
// restrictive, and its condition.
const guardsQuery = `SELECT p.polpermissive, coalesce(pg_get_expr(p.polqual, p.polrelid), 'true') FROM pg_policy p
JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2 AND p.polcmd IN ('r', '*')
AND (0 = ANY (p.polroles) OR EXISTS (SELECT FROM unnest(p.polroles) AS r(oid) WHERE r.oid <> 0 AND pg_has_role($3::name, r.oid, 'MEMBER')))`

// checkGuards finds followed tables with row security. DMS would load only the rows of such a table that the user may
// see, but follow the changes of all rows.
func (r *run) checkGuards(ctx context.Context, role role) error {
	for _, t := range r.findings.Tables {
		if !r.seen(t.Table).guarded || role.passesGuards {
			continue
		}
		rows, err := r.db.Query(ctx, guardsQuery, t.Database, t.Table.Table, r.user.Username)
		if err != nil {
			return fmt.Errorf("reading the policies of %s: %w", t, err)
		}
		lets := slices.ContainsFunc(rows, func(row []string) bool { return row[0] == truth && row[1] == "true" })
		keeps := slices.ContainsFunc(rows, func(row []string) bool { return row[0] != truth && row[1] != "true" })
		f := Finding{Check: "row security of " + t.String(), Status: OK, Value: "open to user " + r.user.Username}
		switch {
		case keeps:
			f.Status, f.Value = Failed, "not open to user "+r.user.Username
			f.Advice = "make its restrictive policies for other roles than this one: a load would leave those rows out"
		case !lets:
			f.Value = "not open to user " + r.user.Username
			f.Tell(Failed, " as the table's owner: a load would leave those rows out",
				fmt.Sprintf("CREATE POLICY %s ON %s FOR SELECT TO %s USING (true)", quoteName("cdc_reads_all"), quoted(t.Table), r.name()))
		}
		r.add(f)
	}
	return nil
}

package postgres

import (
	"cdcpipeline/internal/source/preparation"
	"cdcpipeline/internal/table"
	"context"
	"fmt"
	"slices"
	"strings"
)

// privilege is a privilege on a table, a schema or another object, or membership in a role.
type privilege struct {
	// name is SELECT, USAGE, …; empty for membership.
	name string
	// on is TABLE "a"."b", SCHEMA "a", …; for membership it is the role.
	on string
}

// String is in the syntax of GRANT and REVOKE.
func (p privilege) String() string {
	if p.name == "" {
		return p.on
	}
	return p.name + " ON " + p.on
}

func tableOf(t Table) string        { return "TABLE " + quoted(t) }
func schemaOf(schema string) string { return "SCHEMA " + quoteName(schema) }

// replicationRole allows replication to its members on RDS.
const replicationRole = "rds_replication"

// wanted lists everything that DMS needs to follow the log and read the followed tables, and what the canary needs,
// which writes as the same user.
func (r *run) wanted() []privilege {
	var privileges []privilege
	if r.server.rds {
		privileges = append(privileges, privilege{on: quoteName(replicationRole)})
	}
	add := func(p privilege) {
		if !slices.Contains(privileges, p) {
			privileges = append(privileges, p)
		}
	}
	for _, t := range slices.Concat(r.req.Tables, r.req.Later) {
		if !table.IsPattern(t.Database) {
			add(privilege{"USAGE", schemaOf(t.Database)})
		}
	}
	for _, t := range r.findings.Tables {
		add(privilege{"USAGE", schemaOf(t.Database)})
		add(privilege{"SELECT", tableOf(t.Table)})
	}
	for _, seen := range r.existing {
		if seen.kind == ordinary && slices.ContainsFunc(r.req.Later, func(t Table) bool { return t.Matches(seen.Table) }) {
			add(privilege{"SELECT", tableOf(seen.Table)})
		}
	}
	return append(privileges, r.canaryWrites()...)
}

const (
	readableQuery = `SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND has_table_privilege($1::name, c.oid, 'SELECT')`
	usableQuery = "SELECT nspname FROM pg_namespace WHERE has_schema_privilege($1::name, oid, 'USAGE')"
	memberQuery = "SELECT rolname FROM pg_roles WHERE pg_has_role($1::name, oid, 'MEMBER') AND rolname <> $1::name"
)

// may lists the user's privileges from all sources: a grant to everybody, a role, or ownership.
func (r *run) may(ctx context.Context) (map[privilege]bool, error) {
	may := map[privilege]bool{}
	for _, q := range []struct {
		query string
		of    func(row []string) privilege
	}{
		{readableQuery, func(row []string) privilege {
			return privilege{"SELECT", tableOf(Table{Database: row[0], Table: row[1]})}
		}},
		{usableQuery, func(row []string) privilege { return privilege{"USAGE", schemaOf(row[0])} }},
		{memberQuery, func(row []string) privilege { return privilege{on: quoteName(row[0])} }},
	} {
		rows, err := r.db.Query(ctx, q.query, r.user.Username)
		if err != nil {
			return nil, fmt.Errorf("reading what user %s may: %w", r.user, err)
		}
		for _, row := range rows {
			may[q.of(row)] = true
		}
	}
	if !r.req.Canary {
		return may, nil
	}
	canary := preparation.Canary
	rows, err := r.db.Query(ctx, writableQuery, strings.Join(preparation.CanaryWrites, ","), canary.Database, canary.Table, r.user.Username)
	if err != nil {
		return nil, fmt.Errorf("reading what user %s may: %w", r.user, err)
	}
	for _, row := range rows {
		may[privilege{row[0], tableOf(canary)}] = true
	}
	return may, nil
}

// grantedQuery lists grants to the user itself, except on its own objects.
const grantedQuery = `WITH u AS (SELECT oid FROM pg_roles WHERE rolname = $1)
SELECT x.privilege_type, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, n.nspname, c.relname
FROM u, pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) x WHERE x.grantee = u.oid AND c.relowner <> u.oid
UNION ALL SELECT x.privilege_type, 'SCHEMA', n.nspname, '' FROM u, pg_namespace n, aclexplode(n.nspacl) x WHERE x.grantee = u.oid AND n.nspowner <> u.oid
UNION ALL SELECT x.privilege_type, 'DATABASE', d.datname, '' FROM u, pg_database d, aclexplode(d.datacl) x
	WHERE x.grantee = u.oid AND d.datname = current_database() AND d.datdba <> u.oid
UNION ALL SELECT '', 'ROLE', g.rolname, '' FROM u, pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = u.oid
ORDER BY 2, 3, 4, 1`

func (r *run) granted(ctx context.Context) ([]privilege, error) {
	rows, err := r.db.Query(ctx, grantedQuery, r.user.Username)
	if err != nil {
		return nil, fmt.Errorf("reading what was granted to user %s: %w", r.user, err)
	}
	var all []privilege
	for _, row := range rows {
		p := privilege{row[0], quoteName(row[2])}
		switch kind := row[1]; {
		case row[3] != "":
			p.on = kind + " " + quoted(Table{Database: row[2], Table: row[3]})
		case kind != "ROLE":
			p.on = kind + " " + p.on
		}
		all = append(all, p)
	}
	return slices.Compact(all), nil
}

// grant grants missing privileges and revokes all others. For those that the administrator may not grant, the
// following check asks.
func (r *run) grant(ctx context.Context) error {
	wanted := r.wanted()
	before, err := r.may(ctx)
	if err != nil {
		return err
	}
	for _, p := range wanted {
		if before[p] {
			continue
		}
		if err := r.db.Exec(ctx, r.grantStatement(p)); err != nil && !IsServerError(err, errPrivilege) {
			return fmt.Errorf("granting %s to user %s: %w", p, r.user, err)
		}
	}
	after, err := r.may(ctx)
	if err != nil {
		return err
	}
	for _, p := range wanted {
		if after[p] && !before[p] {
			r.findings.Change(fmt.Sprintf("granted %s", p))
		}
	}
	if err := r.revoke(ctx, wanted); err != nil {
		return err
	}
	return r.grantLater(ctx)
}

// revoke revokes additional privileges that were granted by the administrator or a role that it may act for.
func (r *run) revoke(ctx context.Context, wanted []privilege) error {
	before, err := r.granted(ctx)
	if err != nil {
		return err
	}
	heartbeat := schemaOf(r.req.HeartbeatSchema)
	before = slices.DeleteFunc(before, func(p privilege) bool {
		return slices.Contains(wanted, p) || p.on == heartbeat && (p.name == "USAGE" || p.name == "CREATE")
	})
	for _, p := range before {
		if err := r.db.Exec(ctx, fmt.Sprintf("REVOKE %s FROM %s", p, r.name())); err != nil && !IsServerError(err, errPrivilege) {
			return fmt.Errorf("revoking %s from user %s: %w", p, r.user, err)
		}
	}
	if len(before) == 0 {
		return nil
	}
	after, err := r.granted(ctx)
	if err != nil {
		return err
	}
	for _, p := range before {
		if !slices.Contains(after, p) {
			r.findings.Change(fmt.Sprintf("revoked %s", p))
		}
	}
	return nil
}

func (r *run) grantStatement(p privilege) string { return fmt.Sprintf("GRANT %s TO %s", p, r.name()) }

// checkPrivileges lists which wanted privileges the user has, and asks for missing ones.
func (r *run) checkPrivileges(ctx context.Context) error {
	may, err := r.may(ctx)
	if err != nil {
		return err
	}
	var has, grants []string
	for _, p := range r.wanted() {
		if may[p] {
			has = append(has, p.String())
		} else {
			grants = append(grants, r.grantStatement(p))
		}
	}
	f := Finding{Check: checkPrivileges, Status: OK, Value: strings.Join(has, ", ")}
	if len(grants) > 0 {
		f.Tell(Failed, " as the owner of each, or another who may grant it", grants...)
	}
	r.add(f)
	return nil
}

// laterQuery lists the owners and schemas for which the user gets read access to new tables.
const laterQuery = `SELECT pg_get_userbyid(d.defaclrole), n.nspname FROM pg_default_acl d JOIN pg_namespace n ON n.oid = d.defaclnamespace,
aclexplode(d.defaclacl) x JOIN pg_roles u ON u.oid = x.grantee WHERE d.defaclobjtype = 'r' AND x.privilege_type = 'SELECT' AND u.rolname = $1`

// grantLater lets the user read tables that are made later in the patterns' schemas. Such a default privilege covers
// everything that one role makes in one schema, including tables that no pattern matches. It is granted for the
// administrator and for the owners of existing tables. If it cannot be granted, a new table becomes readable at the
// next deployment.
func (r *run) grantLater(ctx context.Context) error {
	rows, err := r.db.Query(ctx, laterQuery, r.user.Username)
	if err != nil {
		return fmt.Errorf("reading default privileges of user %s: %w", r.user, err)
	}
	members, err := r.db.Query(ctx, memberQuery, r.user.Username)
	if err != nil {
		return fmt.Errorf("reading the roles of user %s: %w", r.user, err)
	}
	if slices.ContainsFunc(members, func(row []string) bool { return row[0] == "pg_read_all_data" }) {
		return nil
	}
	for _, w := range r.makers() {
		if slices.ContainsFunc(rows, func(row []string) bool { return slices.Equal(row, w[:]) }) {
			continue
		}
		statement := fmt.Sprintf("ALTER DEFAULT PRIVILEGES FOR ROLE %s IN SCHEMA %s GRANT SELECT ON TABLES TO %s", quoteName(w[0]), quoteName(w[1]), r.name())
		if !r.req.CheckOnly {
			err = r.db.Exec(ctx, statement)
		}
		switch {
		case r.req.CheckOnly, IsServerError(err, errPrivilege):
			f := Finding{Check: fmt.Sprintf("later tables of %s in schema %s", w[0], w[1]), Value: "not readable by user " + r.user.Username}
			f.Tell(Warning, " as "+w[0]+", or deploy after such a table was made", statement)
			r.add(f)
		case err != nil:
			return fmt.Errorf("letting user %s read later tables of schema %s: %w", r.user, w[1], err)
		default:
			r.findings.Change(fmt.Sprintf("granted SELECT on later tables of %s in schema %s", w[0], w[1]))
		}
	}
	return nil
}

// makers are the roles that may make followed tables, each with a schema. A schema that only a pattern names is added
// once it exists.
func (r *run) makers() [][2]string {
	var makers [][2]string
	add := func(role, schema string) {
		if maker := [2]string{role, schema}; !slices.Contains(makers, maker) {
			makers = append(makers, maker)
		}
	}
	for _, t := range slices.Concat(r.req.Tables, r.req.Later) {
		if !t.Wild() || table.IsPattern(t.Database) {
			continue
		}
		add(r.server.admin, t.Database)
		for _, seen := range r.existing {
			if r.takesIn(t, seen) {
				add(seen.owner, t.Database)
			}
		}
	}
	return makers
}

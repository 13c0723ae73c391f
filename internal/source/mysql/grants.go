package mysql

import (
	"cdcpipeline/internal/table"
	"context"
	"fmt"
	"slices"
	"strings"
)

// privilege is a privilege on everything, a database or a table, in the syntax of GRANT and REVOKE.
type privilege struct {
	name string
	on   string
}

func (p privilege) String() string { return p.name + " ON " + p.on }

const everything = "*.*"

// wanted lists everything that DMS needs: reading the followed tables, finding its position in the binary log,
// following it.
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.Prerequisites
//
// A canary also writes to its own table as that user. A pattern needs reading the whole database, because tables that
// are made later are followed too.
func (r *run) wanted() []privilege {
	privileges := []privilege{{"REPLICATION CLIENT", everything}, {"REPLICATION SLAVE", everything}}
	var wide []Table
	for _, t := range slices.Concat(r.req.Tables, r.req.Later) {
		if p := (privilege{"SELECT", grantPattern(t.Database) + ".*"}); t.Wild() && !slices.Contains(privileges, p) {
			privileges, wide = append(privileges, p), append(wide, t)
		}
	}
	for _, t := range r.findings.Tables {
		if !slices.ContainsFunc(wide, func(pattern Table) bool { return table.Match(pattern.Database, t.Database) }) {
			privileges = append(privileges, privilege{"SELECT", quoted(t.Table)})
		}
	}
	if r.writesCanary() {
		privileges = append(privileges, canaryWrites()...)
	}
	return privileges
}

// grantPattern quotes a database's name or pattern. GRANT reads _ as any character and % as any text,
// https://dev.mysql.com/doc/refman/8.4/en/grant.html.
func grantPattern(database string) string { return quoteName(strings.ReplaceAll(database, "_", `\_`)) }

func (r *run) grant(ctx context.Context) error { return r.grantOnly(ctx, r.wanted()) }

// grantOnly grants missing privileges and revokes all others.
func (r *run) grantOnly(ctx context.Context, wanted []privilege) error {
	has, err := privilegesOf(ctx, r.db, r.user.Username)
	if err != nil {
		return fmt.Errorf("reading the privileges of user %s: %w", r.user, err)
	}
	for _, p := range wanted {
		if slices.Contains(has, p) {
			continue
		}
		if err := r.db.Exec(ctx, fmt.Sprintf("GRANT %s TO %s", p, r.account())); err != nil {
			return fmt.Errorf("granting %s to user %s (the administrator needs it WITH GRANT OPTION): %w", p, r.user, err)
		}
		r.findings.Change(fmt.Sprintf("granted %s", p))
	}
	for _, p := range has {
		if slices.Contains(wanted, p) {
			continue
		}
		if err := r.db.Exec(ctx, fmt.Sprintf("REVOKE %s FROM %s", p, r.account())); err != nil {
			return fmt.Errorf("revoking %s from user %s: %w", p, r.user, err)
		}
		r.findings.Change(fmt.Sprintf("revoked %s", p))
	}
	return r.checkPrivileges(ctx, wanted)
}

func (r *run) checkPrivileges(ctx context.Context, wanted []privilege) error {
	has, err := privilegesOf(ctx, r.db, r.user.Username)
	if err != nil {
		return fmt.Errorf("reading the privileges of user %s back: %w", r.user, err)
	}
	r.add(r.privilegesFinding(has, wanted, func(p privilege) bool { return slices.Contains(has, p) }))
	return nil
}

// privilegesFinding lists the user's privileges, and asks for missing ones.
func (r *run) privilegesFinding(has, wanted []privilege, given func(privilege) bool) Finding {
	names := make([]string, len(has))
	for i, p := range has {
		names[i] = p.String()
	}
	f := Finding{Check: checkPrivileges, Status: OK, Value: strings.Join(names, ", ")}
	var grants []string
	for _, p := range wanted {
		if !given(p) {
			grants = append(grants, fmt.Sprintf("GRANT %s TO %s", p, r.account()))
		}
	}
	if len(grants) > 0 {
		f.Tell(Failed, " as the administrator", grants...)
	}
	return f
}

// privilegesOf returns a user's privileges on all levels, in a stable order; nothing for an unknown user.
func privilegesOf(ctx context.Context, db Admin, username string) ([]privilege, error) {
	// The grantee is written as 'name'@'host' without escaping.
	return privilegesBy(ctx, db, " WHERE grantee = ?", "'"+username+"'@'%'")
}

func privilegesBy(ctx context.Context, db Admin, condition, grantee string) ([]privilege, error) {
	levels := []string{
		"SELECT privilege_type, is_grantable, '', '' FROM information_schema.user_privileges",
		"SELECT privilege_type, is_grantable, table_schema, '' FROM information_schema.schema_privileges",
		"SELECT privilege_type, is_grantable, table_schema, table_name FROM information_schema.table_privileges",
	}
	var found []privilege
	for _, level := range levels {
		rows, err := db.Query(ctx, level+condition, grantee)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			found = append(found, privilegesIn(row)...)
		}
	}
	slices.SortFunc(found, func(a, b privilege) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(found), nil
}

func privilegesIn(row []string) []privilege {
	on := everything
	switch {
	case row[3] != "":
		on = quoteName(row[2]) + "." + quoteName(row[3])
	case row[2] != "":
		on = quoteName(row[2]) + ".*"
	}
	var found []privilege
	switch name := strings.ToUpper(row[0]); name {
	case "USAGE": // no privilege at all
	case "BINLOG MONITOR": // MariaDB's name since 10.5
		found = append(found, privilege{"REPLICATION CLIENT", on})
	default:
		found = append(found, privilege{name, on})
	}
	if row[1] == "YES" {
		found = append(found, privilege{"GRANT OPTION", on})
	}
	return found
}

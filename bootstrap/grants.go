package bootstrap

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// privilege is one privilege on everything, a database, or a table, ready to be put into GRANT or REVOKE.
type privilege struct {
	name string
	on   string
}

func (p privilege) String() string { return p.name + " ON " + p.on }

const everything = "*.*"

// wanted is all DMS needs: reading the followed tables, finding its place in the binary log, following it.
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.Prerequisites
func (r *run) wanted() []privilege {
	privileges := []privilege{{"REPLICATION CLIENT", everything}, {"REPLICATION SLAVE", everything}}
	for _, t := range r.findings.Tables {
		privileges = append(privileges, privilege{"SELECT", t.quoted()})
	}
	return privileges
}

// grant gives the user what it lacks and takes away whatever else it has.
func (r *run) grant(ctx context.Context) error {
	has, err := r.privileges(ctx)
	if err != nil {
		return fmt.Errorf("reading the privileges of user %s: %w", r.user, err)
	}
	wanted := r.wanted()
	for _, p := range wanted {
		if slices.Contains(has, p) {
			continue
		}
		if err := r.db.Exec(ctx, fmt.Sprintf("GRANT %s TO %s", p, r.account())); err != nil {
			return fmt.Errorf("granting %s to user %s (the administrator needs it WITH GRANT OPTION): %w", p, r.user, err)
		}
		r.findings.changed(fmt.Sprintf("granted %s", p))
	}
	for _, p := range has {
		if slices.Contains(wanted, p) {
			continue
		}
		if err := r.db.Exec(ctx, fmt.Sprintf("REVOKE %s FROM %s", p, r.account())); err != nil {
			return fmt.Errorf("revoking %s from user %s: %w", p, r.user, err)
		}
		r.findings.changed(fmt.Sprintf("revoked %s", p))
	}
	return r.checkPrivileges(ctx, wanted)
}

func (r *run) checkPrivileges(ctx context.Context, wanted []privilege) error {
	has, err := r.privileges(ctx)
	if err != nil {
		return fmt.Errorf("reading the privileges of user %s back: %w", r.user, err)
	}
	names := make([]string, len(has))
	for i, p := range has {
		names[i] = p.String()
	}
	f := Finding{Check: checkPrivileges, Status: OK, Value: strings.Join(names, ", ")}
	for _, p := range wanted {
		if !slices.Contains(has, p) {
			f.Status, f.Advice = Failed, fmt.Sprintf("run GRANT %s TO %s as the administrator", p, r.account())
		}
	}
	r.add(f)
	return nil
}

// privileges are what the user has, on whatever level, in a stable order.
func (r *run) privileges(ctx context.Context) ([]privilege, error) {
	const by = " WHERE grantee = ?"
	levels := []string{
		"SELECT privilege_type, is_grantable, '', '' FROM information_schema.user_privileges" + by,
		"SELECT privilege_type, is_grantable, table_schema, '' FROM information_schema.schema_privileges" + by,
		"SELECT privilege_type, is_grantable, table_schema, table_name FROM information_schema.table_privileges" + by,
	}
	var found []privilege
	for _, query := range levels {
		// The grantee is written as 'name'@'host' without any escaping.
		rows, err := r.db.Query(ctx, query, "'"+r.user.Username+"'@'%'")
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			found = append(found, privilegesOf(row)...)
		}
	}
	slices.SortFunc(found, func(a, b privilege) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(found), nil
}

func privilegesOf(row []string) []privilege {
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
	case "BINLOG MONITOR": // MariaDB's name for it since 10.5
		found = append(found, privilege{"REPLICATION CLIENT", on})
	default:
		found = append(found, privilege{name, on})
	}
	if row[1] == "YES" {
		found = append(found, privilege{"GRANT OPTION", on})
	}
	return found
}

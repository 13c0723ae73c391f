package mysql

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// nativeForeignKeys is OFF where the server itself changes a foreign key's rows and logs the changes: MySQL 9.6 and
// newer. Everywhere else InnoDB does so, without logging.
// https://dev.mysql.com/doc/refman/9.6/en/innodb-parameters.html#sysvar_innodb_native_foreign_keys
const nativeForeignKeys = "innodb_native_foreign_keys"

// foreignKey is a constraint of a followed table, from information_schema.referential_constraints.
type foreignKey struct {
	child, parent      Table
	name               string
	onDelete, onUpdate string
	columns, referred  []string
}

// keeps reports whether a rule leaves the child's rows unchanged when the parent changes.
func keeps(rule string) bool { return rule == "RESTRICT" || rule == "NO ACTION" }

// checkCascades finds foreign keys that change rows of followed tables without a row event. DMS and every sink would
// keep the old rows. The parent need not be followed.
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.Limitations
func (r *run) checkCascades(ctx context.Context) {
	if value, known := r.server.variables[nativeForeignKeys]; known && (value == "OFF" || value == "0") {
		return
	}
	keys, err := r.cascading(ctx)
	if err != nil {
		r.broke(fmt.Errorf("reading foreign keys: %w", err))
		return
	}
	status, otherwise := Warning, ""
	if r.req.FailOnCascades {
		status, otherwise = Failed, ", or set source.cascades to warn"
	}
	for _, k := range keys {
		f := Finding{Check: fmt.Sprintf("foreign key %s of %s", k.name, k.child), Value: k.rules() + ", which no record tells of"}
		f.Tell(status, fmt.Sprintf(", and change rows of %s by statements of their own%s: what a foreign key changes is not in the binary log", k.child, otherwise), k.restrict()...)
		r.add(f)
	}
}

// cascading are the constraints of followed tables that change rows.
func (r *run) cascading(ctx context.Context) ([]foreignKey, error) {
	rows, err := r.db.Query(ctx, `SELECT constraint_schema, table_name, unique_constraint_schema, referenced_table_name, constraint_name, delete_rule, update_rule
FROM information_schema.referential_constraints WHERE constraint_schema NOT IN `+SystemSchemas+` ORDER BY constraint_schema, table_name, constraint_name`)
	if err != nil {
		return nil, err
	}
	var found []foreignKey
	for _, row := range rows {
		k := foreignKey{child: Table{Database: row[0], Table: row[1]}, parent: Table{Database: row[2], Table: row[3]}, name: row[4], onDelete: row[5], onUpdate: row[6]}
		if keeps(k.onDelete) && keeps(k.onUpdate) || !slices.Contains(r.followed, k.child) {
			continue
		}
		columns, err := r.db.Query(ctx, `SELECT column_name, referenced_column_name FROM information_schema.key_column_usage
WHERE table_schema = ? AND table_name = ? AND constraint_name = ? AND referenced_table_name IS NOT NULL ORDER BY ordinal_position`, k.child.Database, k.child.Table, k.name)
		if err != nil {
			return nil, err
		}
		for _, c := range columns {
			k.columns, k.referred = append(k.columns, quoteName(c[0])), append(k.referred, quoteName(c[1]))
		}
		found = append(found, k)
	}
	return found, nil
}

// rules are the rules that change rows.
func (k foreignKey) rules() string {
	var rules []string
	if !keeps(k.onDelete) {
		rules = append(rules, "ON DELETE "+k.onDelete)
	}
	if !keeps(k.onUpdate) {
		rules = append(rules, "ON UPDATE "+k.onUpdate)
	}
	return strings.Join(rules, " ") + " from " + k.parent.String()
}

// restrict replaces the constraint with one without rules, one statement per step, because not every server accepts
// both in one.
func (k foreignKey) restrict() []string {
	return []string{
		fmt.Sprintf("ALTER TABLE %s DROP FOREIGN KEY %s", quoted(k.child), quoteName(k.name)),
		fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s (%s)",
			quoted(k.child), quoteName(k.name), strings.Join(k.columns, ", "), quoted(k.parent), strings.Join(k.referred, ", ")),
	}
}

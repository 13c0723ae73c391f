package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// checkIdentity checks that the log contains enough of a row's old values.
//
// By default the log has only the old key, and only for a key change or a DELETE. A table needs REPLICA IDENTITY FULL
// when an UPDATE may omit a value, which happens for unchanged values stored outside the row: a reader of the record
// would not know the value. The server makes such storage only for tables whose rows may exceed a page, so a table of
// short columns needs nothing. A table also needs it when rows are filtered by a column outside the key. DMS could
// not tell whether a deleted row passes the filter, and would omit the DELETE.
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html#CHAP_Source.PostgreSQL.Limitations
func (r *run) checkIdentity(ctx context.Context, seen tableSeen, found TableFound, columns []column) {
	if len(found.PrimaryKey) == 0 {
		return // that problem comes first
	}
	needs := r.needsFull(seen, found, columns)
	f := Finding{Check: "replica identity of " + seen.String(), Status: OK, Value: "the key"}
	if seen.identity == identityFull {
		f.Value = "FULL"
	}
	wanted := "FULL"
	if len(needs) == 0 {
		wanted = "DEFAULT"
	}
	statement := fmt.Sprintf("ALTER TABLE %s REPLICA IDENTITY %s", quoted(seen.Table), wanted)
	switch {
	case seen.identity == identityFull, seen.identity == identityKey && len(needs) == 0:
	case seen.identity != identityKey:
		f.Value = "USING INDEX: the log need not have the key of a row that is changed"
		if seen.identity == identityNone {
			f.Value = "NOTHING: the log does not say which row is changed"
		}
		f.Tell(Failed, " as the table's owner, or "+r.rules().LeaveOut(seen.Table), statement)
	case r.req.SetReplicaIdentity && !r.req.CheckOnly:
		if err := r.db.Exec(ctx, statement); err != nil {
			r.broke(fmt.Errorf("setting the replica identity of %s: %w%s", seen, err, alterAdvice(err)))
			return
		}
		f.Value = "FULL"
		r.findings.Change("replica identity FULL of " + seen.String())
	default:
		f.Value = "the key, and " + strings.Join(needs, "; ")
		otherwise := " as the table's owner"
		if !r.req.CheckOnly {
			otherwise += ", or set source.setReplicaIdentity to true"
		}
		f.Tell(Failed, otherwise+": the log then has whole rows, and grows by as much", statement)
	}
	r.add(f)
}

// needsFull lists the reasons why the key alone is not enough.
func (r *run) needsFull(seen tableSeen, found TableFound, columns []column) []string {
	var outside, filtered []string
	for _, c := range columns {
		if seen.outside && c.outside && !r.rules().Omits(seen.Table, c.Name) {
			outside = append(outside, c.Name)
		}
	}
	for _, rule := range r.req.Columns {
		for _, name := range rule.Filter {
			if rule.Table.Matches(seen.Table) && !slices.Contains(found.PrimaryKey, name) && !slices.Contains(filtered, name) {
				filtered = append(filtered, name)
			}
		}
	}
	var needs []string
	if len(outside) > 0 {
		needs = append(needs, "an UPDATE that leaves a long value of "+strings.Join(outside, ", ")+" as it is does not say it")
	}
	if len(filtered) > 0 {
		needs = append(needs, "a DELETE does not say "+strings.Join(filtered, ", ")+", by which rows are filtered")
	}
	return needs
}

// alterAdvice says what to do about a table that could not be altered.
func alterAdvice(err error) string {
	switch {
	case IsServerError(err, errPrivilege):
		return " (the administrator must be a member of the role that owns the table)"
	case IsServerError(err, errLocked):
		return " (a transaction holds the table: end it, or deploy again when it has ended)"
	}
	return ""
}

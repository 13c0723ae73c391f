package mysql

import (
	"cdcpipeline/internal/source/preparation"
	"fmt"
	"strings"
)

// How a server stores the names of databases and tables: lower_case_table_names,
// https://dev.mysql.com/doc/refman/8.4/en/identifier-case-sensitivity.html. DMS's comparisons of names are
// case-sensitive. On case-insensitive file systems it captures nothing from tables with upper-case letters:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.Limitations.
const (
	lowered  = "1" // in lower case, whatever was typed
	caseless = "2" // as typed, on a case-insensitive file system
)

const caseVariable = "lower_case_table_names"

// checkSpelling finds names that the server or DMS would read differently. It returns true when there are any.
func (r *run) checkSpelling() (failed bool) {
	mode := r.server.variables[caseVariable]
	if mode != lowered && mode != caseless {
		return false
	}
	refuse := func(t Table, list string) {
		if right := folded(t); right != t {
			r.add(Finding{
				Check: "spelling of " + t.String(), Status: Failed, Value: fmt.Sprintf("not in lower case, and %s is %s", caseVariable, mode),
				Advice: fmt.Sprintf("write %s in %s: DMS tells upper from lower case, and this server does not", right.Entry(), list),
			})
			failed = true
		}
	}
	for _, t := range r.req.Tables {
		refuse(t, "source.tables")
	}
	if mode == lowered { // on other servers DMS sees tables as they were typed
		for _, t := range r.req.Exclude {
			refuse(t, "source.exclude")
		}
	}
	return failed
}

// checkCase finds a table that matches a pattern but whose name prevents DMS from capturing changes. On such a server
// two names that differ only in case are the same, so the table is renamed through a third name.
func (r *run) checkCase(t Table) {
	if r.server.variables[caseVariable] != caseless || folded(t) == t {
		return
	}
	f := Finding{Check: "spelling of " + t.String(), Status: Failed, Value: fmt.Sprintf("not in lower case, and %s is %s", caseVariable, caseless)}
	why := ": DMS captures no changes of a table with upper-case letters on this server"
	if t.Database != folded(t).Database {
		f.Advice = r.rules().LeaveOut(t) + why
	} else {
		between := Table{Database: t.Database, Table: preparation.Free(folded(t).Table+"_2", func(name string) bool { return r.exists(Table{Database: t.Database, Table: name}) })}
		f.Tell(Failed, ", or "+r.rules().LeaveOut(t)+why, fmt.Sprintf("RENAME TABLE %s TO %s, %s TO %s", quoted(t), quoted(between), quoted(between), quoted(folded(t))))
	}
	r.add(f)
}

// folded is the table's name on a server that ignores case.
func folded(t Table) Table {
	return Table{Database: strings.ToLower(t.Database), Table: strings.ToLower(t.Table)}
}

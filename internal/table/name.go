package table

import (
	"fmt"
	"strings"
)

// Name is one table of the source. MySQL says database and DMS says schema for the same thing; here it is the
// database.
type Name struct {
	Database string
	Table    string
}

// Parse reads "database.table". Neither part contains a dot.
func Parse(text string) (Name, error) {
	database, table, ok := cut(text)
	if !ok {
		return Name{}, fmt.Errorf("table %q: write database.table, e.g. testdb.retail_trans", text)
	}
	return Name{database, table}, nil
}

func cut(text string) (database, table string, ok bool) {
	database, table, ok = strings.Cut(text, ".")
	return database, table, ok && database != "" && table != "" && !strings.Contains(table, ".")
}

// String writes the name in Parse's format.
func (n Name) String() string { return n.Database + "." + n.Table }

// Folded is the name on a server that ignores case.
func (n Name) Folded() Name { return Name{strings.ToLower(n.Database), strings.ToLower(n.Table)} }

package operate

import (
	"fmt"
	"time"
)

// RowsSince says how those who read the records of tables (a name or a pattern) learn that all were loaded anew at a time:
// the history and the lake keep what was before, and a row that is loaded never takes the place of a changed one.
func RowsSince(table string, at time.Time) string {
	return fmt.Sprintf("where the source is another one now, or records had been lost, have Athena's rows and `cdc verify --deep` pass over what was recorded before: "+
		"`pulumi config set --path 'cdc-pipeline:source.rowsSince[%q]' %s && pulumi up`", table, at.UTC().Add(time.Second-1).Format(time.RFC3339)) // to the next whole second
}

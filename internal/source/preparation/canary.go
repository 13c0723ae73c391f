package preparation

// Canary is the table whose one row is changed to see how long a change takes to be found. Of PostgreSQL its database is a schema.
//
// Its columns are numbers: id, which is 1; beat, how often the row was written; written and began, the milliseconds since 1970 of
// the last and of the first time; and log, the number of the binary log's file that was the newest then, of PostgreSQL 0.
var Canary = Table{Database: "cdc_canary", Table: "heartbeat"}

// CanaryWrites are the privileges on it that nobody needs who only follows tables.
var CanaryWrites = []string{"INSERT", "UPDATE"}

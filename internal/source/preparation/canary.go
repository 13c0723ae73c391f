package preparation

// Canary is the table with one row whose changes measure how long a change takes to be found. In PostgreSQL its
// database is a schema.
//
// Its columns are numbers. id is 1. beat counts the writes. written and began are the times of the last and the first
// write, in milliseconds since 1970. log is the number of the newest binlog file at the last write, or 0 in
// PostgreSQL.
var Canary = Table{Database: "cdc_canary", Table: "heartbeat"}

// CanaryWrites are the privileges on the table that a user needs beyond following it.
var CanaryWrites = []string{"INSERT", "UPDATE"}

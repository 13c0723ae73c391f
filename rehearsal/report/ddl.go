package report

// DDL is how many kinds of statements that no record tells were done to a table each, and how many of the tables
// `cdc status` named with the command that mends them.
type DDL struct {
	Kinds    int `json:"kinds"`
	Reported int `json:"reported"`
}

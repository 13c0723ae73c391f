package report

// DDL is how many kinds of unrecorded statements were run, each on its own table, and how many of these tables `cdc
// status` named with the command that repairs them.
type DDL struct {
	Kinds    int `json:"kinds"`
	Reported int `json:"reported"`
}

package verify

// Difference is a row whose latest state in a sink is not that of the source, or a change that a sink has not.
type Difference struct {
	Sink  Hop    `json:"sink"`
	Table string `json:"table"`
	Key   string `json:"key"`
	// Kind is missing (only the source has the row), extra (only the sink), differs, or lost: a change that the other sink of
	// changes has and this one has not, whether or not the row is the same by now. It is behind where the sink is a table that
	// lacks delivered records, and was not looked at again: the row may be as the table had it when its job ran last.
	Kind    string             `json:"kind"`
	Columns []ColumnDifference `json:"columns,omitempty"`
	// Record is the position of the sink's latest record of the row, of the one that the row's document is from, or of the
	// lost change.
	Record string `json:"record,omitempty"`
}

// The kinds of differences.
const (
	Missing = "missing"
	Extra   = "extra"
	Differs = "differs"
	Lost    = "lost"
	Behind  = "behind"
)

// Result of a comparison.
type Result struct {
	// Counts of the tables that were compared, one for each sink.
	Counts []Count
	// Uncompared are the tables that could not be, in any sink or in one.
	Uncompared []Uncompared
}

// Uncompared is a table that could not be compared.
type Uncompared struct {
	Table string `json:"table"`
	// Sink that alone could not be compared; empty is all.
	Sink Hop `json:"sink,omitempty"`
	// Problem says why, and what to do.
	Problem string `json:"problem"`
	// Err is the problem.
	Err error `json:"-"`
}

// Count is what the comparison of one table with one sink has found.
type Count struct {
	Table string `json:"table"`
	Sink  Hop    `json:"sink"`
	// Rows of the source, and Records (or documents) of the sink that were read.
	Rows    int64 `json:"rows"`
	Records int64 `json:"records"`
	Same    int64 `json:"same"`
	Missing int64 `json:"missing"`
	Extra   int64 `json:"extra"`
	Differs int64 `json:"differs"`
	// Expired rows have not changed for longer than the sink keeps records: the lake has them, the history no longer.
	Expired int64 `json:"expired"`
	// Changes are those of the other sink of changes since this one keeps them, and Lost those that this one has not. 0 for the
	// current index, which has rows.
	Changes int64 `json:"changes"`
	Lost    int64 `json:"lost"`
	// Behind are rows that differ from a table which lacks delivered records, and was not looked at again: nobody knows of them.
	Behind int64 `json:"behind,omitempty"`
	// NotCompared are columns of a type that is not understood.
	NotCompared []string `json:"notCompared,omitempty"`
	// ToTheMillisecond are columns of finer times, of which the sink shows no more.
	ToTheMillisecond []string `json:"toTheMillisecond,omitempty"`
}

// Different rows and lost changes in all.
func (c Count) Different() int64 { return c.Missing + c.Extra + c.Differs + c.Lost }

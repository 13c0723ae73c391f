package verify

// Difference is a row whose latest state in a sink differs from the source, or a change that a sink lacks.
type Difference struct {
	Sink  Hop    `json:"sink"`
	Table string `json:"table"`
	Key   string `json:"key"`
	// Kind is one of these: missing (only the source has the row), extra (only the sink has it), differs, lost or
	// behind. lost means that this sink lacks a change that another sink has, even if the row is equal again. behind
	// means that the table lacks delivered records and was not read again, so the row may be only out of date.
	Kind    string             `json:"kind"`
	Columns []ColumnDifference `json:"columns,omitempty"`
	// Record is the position of a record in the log. For a lost change it is the change's own record. Otherwise it is
	// the sink's latest record of the row, or the record behind the row's document.
	Record string `json:"record,omitempty"`
}

// These are the kinds of differences.
const (
	Missing = "missing"
	Extra   = "extra"
	Differs = "differs"
	Lost    = "lost"
	Behind  = "behind"
)

// Result is the result of a comparison.
type Result struct {
	// Counts has an entry for each compared table and sink.
	Counts []Count
	// Uncompared lists the tables that could not be compared, in all sinks or in one.
	Uncompared []Uncompared
}

// Uncompared is a table that could not be compared.
type Uncompared struct {
	Table string `json:"table"`
	// Sink names the sink that could not be compared. It is empty if no sink could be compared.
	Sink Hop `json:"sink,omitempty"`
	// Problem says why, with advice.
	Problem string `json:"problem"`
	// Err is the error behind Problem.
	Err error `json:"-"`
}

// Count is the result of comparing one table with one sink.
type Count struct {
	Table string `json:"table"`
	Sink  Hop    `json:"sink"`
	// Rows counts the source's rows. Records counts the records or documents that were read from the sink.
	Rows    int64 `json:"rows"`
	Records int64 `json:"records"`
	Same    int64 `json:"same"`
	Missing int64 `json:"missing"`
	Extra   int64 `json:"extra"`
	Differs int64 `json:"differs"`
	// Expired counts rows that have not changed for longer than the sink keeps records. The lake still has their
	// records, but the history does not.
	Expired int64 `json:"expired"`
	// Changes counts the changes of the other sink since this sink's oldest record. Lost counts those that this sink
	// lacks. Changes and Lost are 0 for the current index, which holds rows.
	Changes int64 `json:"changes"`
	Lost    int64 `json:"lost"`
	// Behind counts rows that differ from a table which lacks delivered records and was not read again. Such rows may
	// be only out of date.
	Behind int64 `json:"behind,omitempty"`
	// NotCompared lists columns whose type is not supported.
	NotCompared []string `json:"notCompared,omitempty"`
	// ToTheMillisecond lists columns with finer times that are compared only to the millisecond, because the sink shows
	// no more.
	ToTheMillisecond []string `json:"toTheMillisecond,omitempty"`
}

// Different counts all differing rows and lost changes.
func (c Count) Different() int64 { return c.Missing + c.Extra + c.Differs + c.Lost }

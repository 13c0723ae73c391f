package report

import "fmt"

// Source is one of a stack's several sources. It reports how many changes were written while rows were written to all
// sources, and what each sink has of them. It also reports whether the present rows equal the tables, in the indices
// and in the lake's tables.
type Source struct {
	Written      int  `json:"written"`
	History      int  `json:"history"`
	Lake         int  `json:"lake"`
	Lost         int  `json:"lost"`
	CurrentEqual bool `json:"current_equal"`
	TablesEqual  bool `json:"tables_equal"`
}

func (s Source) good() bool {
	return s.Written > 0 && s.History == s.Written && s.Lake == s.Written && s.Lost == 0 && s.CurrentEqual && s.TablesEqual
}

// leastSources is the minimum number of sources in a test with several.
const leastSources = 3

// sourcesProblems are those of a stack with several sources.
func sourcesProblems(sources map[string]Source) (p []string) {
	if len(sources) < leastSources {
		p = append(p, fmt.Sprintf("rows were written to %d sources at once, not to %d", len(sources), leastSources))
	}
	for name, s := range sources {
		if !s.good() {
			p = append(p, fmt.Sprintf("the source %s: %+v", name, s))
		}
	}
	return p
}

// Joined is one query over two sources' rows, in Athena's engine and in the databases.
type Joined struct {
	Rows  int  `json:"rows"`
	Equal bool `json:"equal"`
	// Found are the rows of all sources in one search, to which each source contributes.
	Found int `json:"found"`
}

func (j *Joined) good() bool { return j != nil && j.Equal && j.Rows > 0 && j.Found > 0 }

// Postgres reports PostgreSQL's special cases: whether the present rows equal the tables after overlapping
// transactions, and after changes that left long values unchanged; and how many replication slots remain after the
// source was removed.
type Postgres struct {
	InterleavedEqual bool `json:"interleaved_equal"`
	ToastEqual       bool `json:"toast_equal"`
	SlotLeft         int  `json:"slot_left"`
}

func (p *Postgres) good() bool {
	return p != nil && p.InterleavedEqual && p.ToastEqual && p.SlotLeft == 0
}

package dms

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"
)

// TableStatistics counts what reached the stream, in the API's form:
// https://docs.aws.amazon.com/dms/latest/APIReference/API_TableStatistics.html. Times are seconds since 1970.
type TableStatistics struct {
	SchemaName, TableName                                       string
	Inserts, Updates, Deletes, Ddls                             int64
	AppliedInserts, AppliedUpdates, AppliedDeletes, AppliedDdls int64
	FullLoadRows, FullLoadCondtnlChkFailedRows                  int64
	FullLoadErrorRows                                           int64
	FullLoadStartTime, FullLoadEndTime, LastUpdateTime          float64 `json:",omitempty"`
	FullLoadReloaded                                            bool
	TableState                                                  string
	ValidationState                                             string
	ValidationPendingRecords, ValidationFailedRecords           int64
	ValidationSuspendedRecords                                  int64
}

const (
	stateQueued    = "Table does not exist" // until it is found
	stateBefore    = "Before load"
	stateLoading   = "Full load"
	stateCompleted = "Table completed"
	stateError     = "Table error"
	stateReloading = "Table is being reloaded"
)

type statistics struct {
	latency latency

	mu     sync.Mutex
	tables map[name]*TableStatistics
}

func newStatistics() *statistics { return &statistics{tables: map[name]*TableStatistics{}} }

func (s *statistics) update(n name, f func(*TableStatistics)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables[n]
	if t == nil {
		t = &TableStatistics{SchemaName: n.schema, TableName: n.table, TableState: stateQueued, ValidationState: "Not enabled"}
		s.tables[n] = t
	}
	f(t)
	t.LastUpdateTime = seconds(time.Now())
}

// begin adds a table; before a load its counts start again.
func (s *statistics) begin(n name, load bool) {
	s.update(n, func(t *TableStatistics) {
		t.TableState = stateCompleted
		if load {
			*t = TableStatistics{SchemaName: n.schema, TableName: n.table, ValidationState: "Not enabled", TableState: stateBefore}
		}
	})
}

func (s *statistics) loading(n name) {
	s.update(n, func(t *TableStatistics) { t.TableState, t.FullLoadStartTime = stateLoading, seconds(time.Now()) })
}

func (s *statistics) loaded(n name) {
	s.update(n, func(t *TableStatistics) { t.TableState, t.FullLoadEndTime = stateCompleted, seconds(time.Now()) })
}

// reloading starts a table's load again and keeps the counts of its changes.
func (s *statistics) reloading(n name) {
	s.update(n, func(t *TableStatistics) {
		t.TableState, t.FullLoadRows, t.FullLoadReloaded = stateReloading, 0, true
		t.FullLoadStartTime, t.FullLoadEndTime = seconds(time.Now()), 0
	})
}

func (s *statistics) reloaded(n name) { s.loaded(n) }

// keep removes all tables except those followed now.
func (s *statistics) keep(followed []name) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.tables, func(n name, _ *TableStatistics) bool { return !slices.Contains(followed, n) })
}

// has reports whether a table is followed.
func (s *statistics) has(n name) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tables[n] != nil
}

func (s *statistics) ddl(n name) {
	s.update(n, func(t *TableStatistics) { t.Ddls++; t.AppliedDdls++ })
}

func (s *statistics) count(n name, op operation) {
	s.update(n, func(t *TableStatistics) {
		switch op {
		case opLoad:
			t.FullLoadRows++
		case opInsert:
			t.Inserts++
			t.AppliedInserts++
		case opUpdate:
			t.Updates++
			t.AppliedUpdates++
		case opDelete:
			t.Deletes++
			t.AppliedDeletes++
		}
	})
}

func (s *statistics) failed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tables {
		if t.TableState != stateCompleted {
			t.TableState = stateError
		}
	}
}

func (s *statistics) list() []TableStatistics {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]TableStatistics, 0, len(s.tables))
	for _, t := range s.tables {
		out = append(out, *t)
	}
	slices.SortFunc(out, func(a, b TableStatistics) int {
		return cmp.Or(cmp.Compare(a.SchemaName, b.SchemaName), cmp.Compare(a.TableName, b.TableName))
	})
	return out
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

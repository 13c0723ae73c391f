package workload

import (
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/table"
	"context"
	"fmt"
	"strings"
	"time"
)

// Counts counts committed changes.
type Counts struct {
	Inserts int64 `json:"inserts"`
	Updates int64 `json:"updates"`
	Deletes int64 `json:"deletes"`
}

// Changes returns the number of all changes.
func (c Counts) Changes() int64 { return c.Inserts + c.Updates + c.Deletes }

func (c *Counts) add(op Op) {
	switch op {
	case Insert:
		c.Inserts++
	case Update:
		c.Updates++
	case Delete:
		c.Deletes++
	}
}

// TableCounts has the counts of one table.
type TableCounts struct {
	Table string `json:"table"`
	Counts
}

// Summary counts the committed changes of a run until now.
type Summary struct {
	Changes      int64 `json:"changes"`
	Transactions int64 `json:"transactions"`
	Counts
	Tables []TableCounts `json:"tables"`
	// Seed repeats the run.
	Seed    uint64  `json:"seed"`
	Seconds float64 `json:"seconds"`
	// Rate is in changes per second.
	Rate float64 `json:"rate"`
	// Interrupted is true if the run was ended early.
	Interrupted bool `json:"interrupted"`
}

// String formats the summary on one line.
func (s Summary) String() string {
	var b strings.Builder
	if s.Interrupted {
		b.WriteString("interrupted: ")
	}
	fmt.Fprintf(&b, "%d changes in %d transactions (%d inserts, %d updates, %d deletes) in %.1f s, %.0f/s, seed %d",
		s.Changes, s.Transactions, s.Inserts, s.Updates, s.Deletes, s.Seconds, s.Rate, s.Seed)
	for _, t := range s.Tables {
		fmt.Fprintf(&b, "; %s %d (%d/%d/%d)", t.Table, t.Changes(), t.Inserts, t.Updates, t.Deletes)
	}
	return b.String()
}

// tally counts during a run.
type tally struct {
	Summary
	started time.Time
	index   map[table.Name]int
}

func newTally(tables []*schema.Table, seed uint64) *tally {
	t := &tally{started: time.Now(), index: map[table.Name]int{}}
	t.Seed = seed
	for i, table := range tables {
		t.index[table.Name] = i
		t.Tables = append(t.Tables, TableCounts{Table: table.Name.String()})
	}
	return t
}

// add counts a committed transaction.
func (t *tally) add(changes []*change) {
	t.Transactions++
	for _, c := range changes {
		t.Changes++
		t.Counts.add(c.op)
		t.Tables[t.index[c.table.Name]].add(c.op)
	}
}

// now returns a copy of the present counts.
func (t *tally) now() Summary {
	s := t.Summary
	s.Tables = append([]TableCounts(nil), t.Tables...)
	s.Seconds = time.Since(t.started).Seconds()
	if s.Seconds > 0 {
		s.Rate = float64(s.Changes) / s.Seconds
	}
	return s
}

func (t *tally) interrupted() Summary {
	s := t.now()
	s.Interrupted = true
	return s
}

// pace waits until the changes so far are due. A rate of 0 does not wait.
func (t *tally) pace(ctx context.Context, rate float64) {
	if rate <= 0 {
		return
	}
	due := t.started.Add(time.Duration(float64(t.Changes) / rate * float64(time.Second)))
	select {
	case <-ctx.Done():
	case <-time.After(time.Until(due)):
	}
}

package report

import "fmt"

// ClosedIndex is what became of changes of two tables while the current index of one was closed.
type ClosedIndex struct {
	ClosedSeconds float64 `json:"closed_seconds"`
	// Parked counts objects: an index that is closed is no fault of a document.
	Parked int `json:"parked"`
	// HeldSeconds is the longest time from commit to index of the table whose index was closed, OthersHeldSeconds of the other one:
	// its changes wait behind those in the same shards.
	HeldSeconds       float64 `json:"held_seconds"`
	OthersHeldSeconds float64 `json:"others_held_seconds"`
	// Rows of the tables afterwards, and whether the current indices equal them.
	Rows  int  `json:"rows"`
	Equal bool `json:"equal"`
}

// longestPause is the longest that the function waits before it tries again, in seconds, with room for a busy machine.
const longestPause = 25

// Problems are losses, and an index that was never closed.
func (c *ClosedIndex) Problems() []string {
	if c == nil {
		return nil
	}
	var p []string
	fail := func(bad bool, format string, args ...any) {
		if bad {
			p = append(p, "closed_index: "+fmt.Sprintf(format, args...))
		}
	}
	fail(c.ClosedSeconds == 0 || c.HeldSeconds < 1, "no change came while the index was closed")
	fail(c.Parked != 0, "%d objects were parked", c.Parked)
	fail(c.OthersHeldSeconds > c.ClosedSeconds+longestPause, "changes of another table were held up for %.1f s, the index was closed for %.1f s", c.OthersHeldSeconds, c.ClosedSeconds)
	fail(!c.Equal || c.Rows == 0, "the current indices do not equal the tables' %d rows", c.Rows)
	return p
}

func (c *ClosedIndex) print(row func(name string, value any)) {
	if c == nil {
		return
	}
	row("closed_index.parked", c.Parked)
	row("closed_index.held", fmt.Sprintf("closed for %.1f s; its changes waited %.1f s at most, the other table's %.1f s", c.ClosedSeconds, c.HeldSeconds, c.OthersHeldSeconds))
	row("closed_index.equal", fmt.Sprintf("%t: %d rows", c.Equal, c.Rows))
}

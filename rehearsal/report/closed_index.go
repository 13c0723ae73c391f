package report

import "fmt"

// ClosedIndex is the fate of two tables' changes while the current index of one was closed.
type ClosedIndex struct {
	ClosedSeconds float64 `json:"closed_seconds"`
	// Parked counts objects. A closed index is not a document's fault, so there should be none.
	Parked int `json:"parked"`
	// HeldSeconds is the longest time from commit to index for the table with the closed index, OthersHeldSeconds for
	// the other one, whose changes wait behind those in the same shards.
	HeldSeconds       float64 `json:"held_seconds"`
	OthersHeldSeconds float64 `json:"others_held_seconds"`
	// Rows of the tables afterwards, and whether the current indices equal them.
	Rows  int  `json:"rows"`
	Equal bool `json:"equal"`
}

// longestPause is the function's longest retry interval in seconds, with a margin for a busy machine.
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

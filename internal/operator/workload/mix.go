package workload

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Op is an operation on a row.
type Op string

// These are the operations.
const (
	Insert Op = "insert"
	Update Op = "update"
	Delete Op = "delete"
)

// Mix is the share of each operation in percent. The three add up to 100.
type Mix struct {
	Insert, Update, Delete int
}

// DefaultMix is the default of [Options.Mix].
var DefaultMix = Mix{Insert: 70, Update: 20, Delete: 10}

// ParseMix parses "70/20/10": the percentages of inserts, updates and deletes.
func ParseMix(s string) (Mix, error) {
	parts := strings.Split(s, "/")
	if len(parts) != 3 {
		return Mix{}, fmt.Errorf("mix %q: write inserts/updates/deletes in percent, e.g. 70/20/10", s)
	}
	var shares [3]int
	for i, part := range parts {
		share, err := strconv.ParseUint(part, 10, 8)
		if err != nil {
			return Mix{}, fmt.Errorf("mix %q: %q is not a percentage: write inserts/updates/deletes, e.g. 70/20/10", s, part)
		}
		shares[i] = int(share)
	}
	m := Mix{Insert: shares[0], Update: shares[1], Delete: shares[2]}
	if err := m.Validate(); err != nil {
		return Mix{}, fmt.Errorf("mix %q: %w", s, err)
	}
	return m, nil
}

// Validate returns an error for an impossible mix. A run changes only its own rows. So it must insert, and cannot
// delete more rows than it inserts.
func (m Mix) Validate() error {
	switch {
	case m.Insert < 0 || m.Update < 0 || m.Delete < 0:
		return errors.New("a share below 0")
	case m.Insert+m.Update+m.Delete != 100:
		return fmt.Errorf("adds up to %d, not to 100", m.Insert+m.Update+m.Delete)
	case m.Insert == 0:
		return errors.New("has no inserts, but a run changes only rows that it inserted: give inserts a share")
	case m.Delete > m.Insert:
		return fmt.Errorf("deletes (%d) exceed inserts (%d), but a run deletes only rows that it inserted: use fewer deletes", m.Delete, m.Insert)
	}
	return nil
}

// String formats the mix in the form that ParseMix reads.
func (m Mix) String() string { return fmt.Sprintf("%d/%d/%d", m.Insert, m.Update, m.Delete) }

// quota counts how many changes of each operation are left to make.
type quota map[Op]int64

// operations lists the operations in a fixed order, because the order of a map is random.
var operations = []Op{Insert, Update, Delete}

// quota divides count exactly. What rounding leaves is inserted.
func (m Mix) quota(count int64) quota {
	// count*share/100 would overflow for very large counts.
	part := func(share int) int64 {
		return count/100*int64(share) + count%100*int64(share)/100
	}
	updates, deletes := part(m.Update), part(m.Delete)
	return quota{Insert: count - updates - deletes, Update: updates, Delete: deletes}
}

// left returns how many changes are left over all operations.
func (q quota) left() int64 { return q[Insert] + q[Update] + q[Delete] }

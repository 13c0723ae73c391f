package conformance

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// place is the position of a change in the binlog, as its record gives it.
type place struct{ file, offset uint64 }

func (p place) before(q place) bool {
	return p.file < q.file || p.file == q.file && p.offset < q.offset
}

func (p place) String() string { return fmt.Sprintf("file %d, offset %d", p.file, p.offset) }

var position = regexp.MustCompile(`^[^:]+\.([0-9]+):([0-9]+)(:|$)`)

// position parses a change's place from its stream-position.
func (s sighting) position() (place, bool) {
	m := position.FindStringSubmatch(s.meta("stream-position").String())
	if m == nil {
		return place{}, false
	}
	file, err1 := strconv.ParseUint(m[1], 10, 64)
	offset, err2 := strconv.ParseUint(m[2], 10, 64)
	return place{file, offset}, err1 == nil && err2 == nil
}

// transaction parses a change's transaction-id: the file and offset where the transaction begins.
func (s sighting) transaction() (place, bool) {
	id, err := strconv.ParseUint(s.meta("transaction-id").String(), 10, 64)
	return place{id >> 32, id & (1<<32 - 1)}, err == nil
}

func positioned(s sighting) string {
	if _, ok := s.position(); !ok {
		return fmt.Sprintf("stream-position is %s, which does not begin with a binlog file and an offset", orAbsent(s.meta("stream-position").Raw))
	}
	return ""
}

func orAbsent(raw string) string {
	if raw == "" {
		return "absent"
	}
	return raw
}

// transacted checks that the upper half of a transaction-id names the binlog file with the change.
func transacted(s sighting) string {
	begin, ok := s.transaction()
	if !ok {
		return fmt.Sprintf("transaction-id is %s, not a number", orAbsent(s.meta("transaction-id").Raw))
	}
	if at, known := s.position(); known && begin.file != at.file {
		return fmt.Sprintf("transaction-id %s is %s, but stream-position names file %d", s.meta("transaction-id").Raw, begin, at.file)
	}
	return ""
}

// inserted returns the rows of the multi-row statement in the statement's order. The rows may come from different
// shards.
func (e *Evidence) inserted() []sighting {
	rows := e.scene(sceneSeveral, 1)
	slices.SortStableFunc(rows, func(a, b sighting) int { return cmp.Compare(a.data("id").Int(), b.data("id").Int()) })
	return rows
}

// committed returns the changes of consecutive transactions, in the order in which the script committed them.
func (e *Evidence) committed() []sighting {
	return slices.Concat(
		e.scene(sceneValues), e.scene(sceneEmpty), e.inserted(), e.scene(sceneUpdated, 1), e.scene(sceneUpdated, 2), e.scene(sceneUpdated, 3),
		e.scene(sceneMoved, 1), e.scene(sceneMoved, 2), e.scene(sceneEnd),
	)
}

// ascending checks that later commits have later places. Records of one scene may share a place.
func ascending(records []sighting, name string, at func(sighting) (place, bool)) Verdict {
	var last sighting
	var lastAt place
	for _, s := range records {
		now, ok := at(s)
		if !ok {
			continue
		}
		same := last.scene == s.scene && last.step == s.step
		if last.Data != "" && !same && !lastAt.before(now) || same && now.before(lastAt) {
			return s.verdict(NotHeld, fmt.Sprintf("its %s is %s, but a change that was committed before is at %s", name, now, lastAt))
		}
		last, lastAt = s, now
	}
	if last.Data == "" {
		return Verdict{Outcome: NotSeen, Says: "no change came with a " + name + " that is readable"}
	}
	return last.verdict(Held, "")
}

func positionsGrow(e *Evidence) Verdict {
	return ascending(e.committed(), "stream-position", sighting.position)
}

// transactionsGrow checks that transaction ids grow, and that the changes within one transaction share an id.
func transactionsGrow(e *Evidence) Verdict {
	several := e.scene(sceneSeveral)
	for _, s := range several {
		if s.meta("transaction-id").Raw != several[0].meta("transaction-id").Raw {
			return s.verdict(NotHeld, fmt.Sprintf("its transaction-id is %s, but another change of the transaction has %s", s.meta("transaction-id").Raw, several[0].meta("transaction-id").Raw))
		}
	}
	return ascending(e.committed(), "transaction-id", sighting.transaction)
}

// interleaved checks two overlapping transactions: the one that was committed first has the lower id, whichever began
// first.
func interleaved(e *Evidence) Verdict {
	second, first := e.scene(sceneSecond), e.scene(sceneFirst)
	if len(second) == 0 || len(first) == 0 {
		return Verdict{Outcome: NotSeen, Says: "the two transactions did not come"}
	}
	return ascending(slices.Concat(second, first), "transaction-id", sighting.transaction)
}

// number returns a change's number within its transaction.
func (s sighting) number() (int, bool) {
	n, err := strconv.Atoi(s.meta("transaction-record-id").String())
	return n, err == nil
}

func numberedFromOne(e *Evidence) Verdict {
	return every(slices.Concat(e.scene(sceneValues), e.scene(sceneUpdated), e.scene(sceneEnd)), func(s sighting) string {
		if n, ok := s.number(); !ok || n != 1 {
			return fmt.Sprintf("transaction-record-id of the first change of a transaction is %s, not 1", orAbsent(s.meta("transaction-record-id").Raw))
		}
		return ""
	})
}

// numberedApart checks the numbers of changes within a transaction. The numbers must differ and follow the order of the
// statements.
func numberedApart(e *Evidence) Verdict {
	last := 0
	return every(slices.Concat(e.inserted(), e.scene(sceneSeveral, 2), e.scene(sceneSeveral, 3)), func(s sighting) string {
		n, ok := s.number()
		if !ok || n <= last {
			return fmt.Sprintf("transaction-record-id is %s after %d", orAbsent(s.meta("transaction-record-id").Raw), last)
		}
		last = n
		return ""
	})
}

func committedThen(s sighting) string {
	if _, err := time.Parse(time.RFC3339Nano, s.meta("commit-timestamp").String()); err != nil {
		return fmt.Sprintf("commit-timestamp is %s, which is not an RFC 3339 time", orAbsent(s.meta("commit-timestamp").Raw))
	}
	return ""
}

// inTurn checks that all changes to one row come from one shard, in commit order.
func inTurn(e *Evidence) Verdict {
	last, shard := 0, ""
	return every(e.scene(sceneUpdated), func(s sighting) string {
		switch {
		case shard != "" && s.Shard != shard:
			return fmt.Sprintf("it is in %s, but an earlier change of its row is in %s", s.Shard, shard)
		case s.step < last:
			return fmt.Sprintf("change %d of its row came after change %d", s.step, last)
		}
		last, shard = s.step, s.Shard
		return ""
	})
}

// keyedByRow checks that the partition key consists of the schema, the table and the row's key.
func keyedByRow(e *Evidence) Verdict {
	return every(e.rows(stepRows), func(s sighting) string {
		if problem := unlike("partition-key-type", s.meta("partition-key-type"), `"primary-key"`); problem != "" {
			return problem
		}
		table := e.Database + "." + e.Table
		if s.scene == sceneNamed {
			table += escaped
		}
		id := s.data("id")
		if !strings.HasPrefix(s.Key, table+".") || id.Type == gjson.Number && !strings.Contains(s.Key, id.Raw) {
			return fmt.Sprintf("the partition key is %q, not one of %s and the row's key", s.Key, table)
		}
		return ""
	})
}

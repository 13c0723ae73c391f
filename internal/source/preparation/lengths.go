package preparation

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	// ScanSeconds limits the scan of one table for its longest value.
	ScanSeconds = 45
	// maxLobKb is the largest LOB of a Kinesis target,
	// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.Kinesis.html.
	maxLobKb = 1024
	// MaxPartitionKey is the maximum length of a record's partition key in characters,
	// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html. DMS builds it from
	// database, table and the key's values, separated by dots:
	// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.Kinesis.html.
	MaxPartitionKey = 256
	// OtherKey is a safe maximum of characters in a number, a time or an address.
	OtherKey = 70
)

// Lobs are a table's measured LOBs.
type Lobs struct {
	Table TableFound
	// Columns that were measured.
	Columns []string
	// Longest value in bytes, and its column; no column when there is no value.
	Longest int64
	Column  string
	// Slow means that reading the table took too long.
	Slow bool
}

// Judge compares the actual lengths of LOBs with the task's limit, in KB: a longer one would stop it.
func (r Rules) Judge(l Lobs, limitKb int) Finding {
	f := Finding{Check: "largest LOB of " + l.Table.String(), Status: OK}
	switch kb := (l.Longest + 1023) / 1024; {
	case l.Slow:
		f.Status, f.Value = Warning, fmt.Sprintf("not measured within %d s", ScanSeconds)
		f.Advice = fmt.Sprintf("be sure that no value of %s is longer than replication.lobMaxSizeKb (%d)", strings.Join(l.Columns, ", "), limitKb)
	case l.Column == "":
		f.Value = "none yet"
	default:
		f.Value = fmt.Sprintf("%d KB in %s", kb, l.Column)
		if kb > int64(limitKb) {
			f.Status = Failed
			f.Advice = fmt.Sprintf("raise replication.lobMaxSizeKb from %d to at least %d", limitKb, kb)
			if kb > maxLobKb {
				f.Advice = fmt.Sprintf("DMS takes at most %d KB: shorten the value, or keep the column in a table that is not followed", maxLobKb)
				if way := r.Omission(l.Table, l.Column); way != "" {
					f.Advice += ", or " + way
				}
			}
		}
	}
	return f
}

// KeyRoom is how many characters of a partition key are left for the values of a table's key.
func (t TableFound) KeyRoom() int {
	return MaxPartitionKey - utf8.RuneCountInString(t.String()) - len(t.PrimaryKey) // a dot before each value
}

// LongestKey checks a table's longest key, in characters: one above Kinesis's limit would stop the task.
func (r Rules) LongestKey(t TableFound, longest int, slow bool) Finding {
	f := Finding{Check: "longest key of " + t.String(), Status: OK}
	switch room := t.KeyRoom(); {
	case slow:
		f.Status, f.Value = Warning, fmt.Sprintf("not measured within %d s", ScanSeconds)
		f.Advice = fmt.Sprintf("be sure that no key of it has more than %d characters: a row with a longer one would stop the task", room)
	case longest > room:
		f.Status, f.Value = Failed, fmt.Sprintf("%d characters, and Kinesis takes %d beside the table's name", longest, room)
		f.Advice = "give the table a shorter primary key, or " + r.LeaveOut(t.Table) + ": such a row would stop the task"
	default:
		f.Value = fmt.Sprintf("%d characters of %d", longest, room)
	}
	return f
}

package dms

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// operation is the kind of change in a record.
type operation string

const (
	opLoad   operation = "load"
	opInsert operation = "insert"
	opUpdate operation = "update"
	opDelete operation = "delete"
)

// transaction is a change record's information about its transaction.
type transaction struct {
	id        uint64
	committed time.Time
	// file and start are the binlog file and the position of the transaction's first event.
	file  string
	start uint32
	// prepared means that its rows belong to an XA transaction that may still be rolled back.
	prepared bool
}

// change is one row of one event.
type change struct {
	table       *table
	operation   operation
	row, before []any // in the table's order of columns
	record      int   // within the transaction, from 1
	stream      string
	position    uint32 // of the event in the binlog file
	file        string
}

// absent is the value of a column that the log omits. A NULL is nil.
type absent struct{}

// previous identifies the preceding record.
type previous struct {
	id     uint64
	record int
}

// maxKey is Kinesis's limit for a partition key, in characters.
const maxKey = 256

// envelope writes records in DMS's published format:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.Kinesis.html.
type envelope struct {
	target targetEndpoint
	task   string
	format format
	now    func() time.Time
}

// load returns a loaded row's record.
func (e *envelope) load(t *table, row []any) (key string, data []byte, err error) {
	f := e.format
	f.fromBinlog = false
	b, err := e.object([]byte(`{"data":`), t, row, &f, nil)
	if err != nil {
		return "", nil, err
	}
	key, err = e.key(t, t.loadKey, row, &f)
	if err != nil {
		return "", nil, err
	}
	b = append(b, `,"metadata":`...)
	b = e.metadata(b, "data", string(opLoad), t.name, t.loadKey, key)
	return key, e.finish(append(b, "}}"...)), nil
}

// change returns a change's record.
func (e *envelope) change(c *change, tx *transaction, before *previous) (key string, data []byte, err error) {
	f := e.format
	f.fromBinlog = true
	b := []byte{'{'}
	if before := c.imageBefore(f.beforeColumns); f.beforeImage != "" && before != nil {
		b = append(appendString(b, f.beforeImage), ':')
		if b, err = e.object(b, c.table, before, &f, c.table.inBeforeImage(f.beforeColumns)); err != nil {
			return "", nil, err
		}
		b = append(b, ',')
	}
	b = append(b, `"data":`...)
	if b, err = e.object(b, c.table, c.row, &f, nil); err != nil {
		return "", nil, err
	}
	key, err = e.key(c.table, c.table.keyed, c.row, &f)
	if err != nil {
		return "", nil, err
	}
	b = append(b, `,"metadata":`...)
	b = e.metadata(b, "data", string(c.operation), c.table.name, c.table.keyed, key)
	if e.target.transactionDetails {
		b = appendTransaction(b, c, tx, before)
	}
	return key, e.finish(append(b, "}}"...)), nil
}

// imageBefore is the row before an update, as far as the log has it; nil when it has nothing. If the log has no old
// key, it is the new row's key.
func (c *change) imageBefore(filter string) []any {
	if c.operation != opUpdate {
		return nil
	}
	if c.before == nil && filter == "pk-only" {
		return c.row
	}
	return c.before
}

func appendTransaction(b []byte, c *change, tx *transaction, before *previous) []byte {
	b = append(b, `,"commit-timestamp":`...)
	b = appendTime(b, tx.committed)
	b = append(b, `,"transaction-id":`...)
	b = strconv.AppendUint(b, tx.id, 10)
	b = append(b, `,"transaction-record-id":`...)
	b = strconv.AppendInt(b, int64(c.record), 10)
	if before.record > 0 {
		b = append(b, `,"prev-transaction-id":`...)
		b = strconv.AppendUint(b, before.id, 10)
		b = append(b, `,"prev-transaction-record-id":`...)
		b = strconv.AppendInt(b, int64(before.record), 10)
	}
	b = append(b, `,"stream-position":`...)
	return appendString(b, c.stream)
}

// metadata leaves the object open.
func (e *envelope) metadata(b []byte, recordType, op string, n name, keyed keyType, key string) []byte {
	b = append(b, `{"timestamp":`...)
	b = appendTime(b, e.now())
	b = append(b, `,"record-type":"`...)
	b = append(b, recordType...)
	b = append(b, `","operation":"`...)
	b = append(b, op...)
	b = append(b, `","partition-key-type":"`...)
	b = append(b, keyed...)
	b = append(b, '"')
	if e.target.partitionValue && keyed != keySchemaTable {
		b = append(b, `,"partition-key-value":`...)
		b = appendString(b, key)
	}
	b = append(b, `,"schema-name":`...)
	b = appendString(b, n.schema)
	b = append(b, `,"table-name":`...)
	return appendString(b, n.table)
}

// object writes a row. Without IncludeNullAndEmpty it omits only NULL columns: what else counts as "empty" is not
// published.
func (e *envelope) object(b []byte, t *table, row []any, f *format, only map[int]bool) ([]byte, error) {
	if len(row) != len(t.columns) {
		return b, fmt.Errorf("table %s: a row has %d columns, its definition %d", t.name, len(row), len(t.columns))
	}
	b = append(b, '{')
	open := len(b)
	for i := range t.columns {
		c := &t.columns[i]
		if _, unknown := row[i].(absent); unknown || c.omitted || only != nil && !only[i] || c.lob && !f.supportLobs {
			continue
		}
		mark := len(b)
		if mark > open {
			b = append(b, ',')
		}
		b = append(appendString(b, c.name), ':')
		value, null, err := c.append(b, row[i], f)
		switch {
		case err != nil:
			return b, fmt.Errorf("table %s: %w", t.name, err)
		case !null:
			b = value
		case f.nullAndEmpty:
			b = append(b, "null"...)
		default:
			b = b[:mark]
		}
	}
	return append(b, '}'), nil
}

// key is a record's partition key. How DMS joins the columns of a composite key is not published; here it is with
// dots.
func (e *envelope) key(t *table, keyed keyType, row []any, f *format) (string, error) {
	if keyed == keySchemaTable {
		return t.String(), nil
	}
	var b []byte
	if e.target.partitionIncludeSchemaTable {
		b = append(b, t.String()...)
	}
	for _, i := range t.key {
		if len(b) > 0 {
			b = append(b, '.')
		}
		start := len(b)
		var err error
		if _, unknown := row[i].(absent); unknown {
			return "", fmt.Errorf("table %s: the log does not have column %s of the key", t.name, t.columns[i].name)
		}
		if b, _, err = t.columns[i].append(b, row[i], f); err != nil {
			return "", fmt.Errorf("table %s: %w", t.name, err)
		}
		if start < len(b) && b[start] == '"' {
			var text string
			if err := json.Unmarshal(b[start:], &text); err != nil {
				return "", fmt.Errorf("table %s: %w", t.name, err)
			}
			b = append(b[:start], text...)
		}
	}
	if n := len([]rune(string(b))); n > maxKey {
		return "", fmt.Errorf("table %s: a partition key of %d characters is longer than Kinesis takes (%d)", t.name, n, maxKey)
	}
	return string(b), nil
}

// inBeforeImage are the columns that BeforeImageSettings.ColumnFilter selects.
func (t *table) inBeforeImage(filter string) map[int]bool {
	if filter == "all" {
		return nil
	}
	only := map[int]bool{}
	if filter == "pk-only" {
		for _, i := range t.key {
			only[i] = true
		}
		return only
	}
	for i := range t.columns {
		only[i] = !t.columns[i].lob
	}
	return only
}

// finish ends an unformatted record with the documented newline, and spreads a formatted one over lines.
func (e *envelope) finish(b []byte) []byte {
	if e.target.unformatted {
		return append(b, '\n')
	}
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", "\t"); err != nil {
		return b
	}
	return out.Bytes()
}

package dms

import (
	"fmt"

	"github.com/jackc/pglogrepl"
)

func (f *decoder) change(text string, at pglogrepl.LSN) error {
	l, err := parseChange(text)
	if err != nil {
		return fmt.Errorf("reading %.80q: %w", text, err)
	}
	t := f.table(l.table)
	if t == nil {
		return nil
	}
	if l.operation == "" {
		f.log.Warn("a followed table was truncated, which no record tells", "table", l.table.String())
		return nil
	}
	if f.unidentified(t, &l) {
		return nil
	}
	c := change{
		table: t, operation: l.operation, record: len(f.changes) + 1,
		// The number between the positions comes from the published samples. AWS does not publish its meaning.
		stream: fmt.Sprintf("%s.3.%s", logPosition(at), logPosition(f.first)),
	}
	if c.row, c.before, err = f.rows(t, &l); err != nil {
		return f.dataError(fmt.Errorf("table %s: %w", t.name, err))
	}
	f.changes = append(f.changes, c)
	return nil
}

// logPosition is an LSN in the format of records: 00000002/7C007178.
func logPosition(at pglogrepl.LSN) string {
	return fmt.Sprintf("%08X/%08X", uint32(at>>32), uint32(at))
}

// unidentified reports whether a change does not identify its row. DMS ignores updates and deletes in a table without
// a primary key,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html#CHAP_Source.PostgreSQL.Limitations,
// unless the log has whole rows.
func (f *decoder) unidentified(t *table, l *lineOf) bool {
	if l.operation == opInsert || len(t.key) > 0 || l.hasOld && len(l.old) > 0 {
		return false
	}
	f.warn(t.String(), "updates and deletes in a table without a primary key are ignored", "table", t.String())
	return true
}

// warn logs a repeating warning once.
func (f *decoder) warn(about, message string, args ...any) {
	if !f.warned[about] {
		f.warned[about] = true
		f.log.Warn(message, args...)
	}
}

// rows are a change's new and old row, in the table's order of columns.
func (f *decoder) rows(t *table, l *lineOf) (row, before []any, err error) {
	if l.hasOld {
		if before, err = f.arrange(t, l.old); err != nil {
			return nil, nil, err
		}
		t.fillNulls(before)
	}
	switch {
	case l.operation != opDelete && l.hasRow:
		row, err = f.arrange(t, l.row)
		return row, before, err
	case l.operation == opDelete && l.hasOld:
		return before, nil, nil
	}
	return nil, nil, fmt.Errorf("the log has nothing of a row (%s): its REPLICA IDENTITY must be DEFAULT or FULL", l.operation)
}

// arrange compares the columns with the definition. A missing column was added or renamed since. Without
// CaptureDdls DMS notices it only when the task starts again.
func (f *decoder) arrange(t *table, values []written) ([]any, error) {
	row := make([]any, len(t.columns))
	for i := range row {
		row[i] = absent{}
	}
	for _, w := range values {
		i := t.index(w.column)
		switch {
		case i < 0:
			f.warn(t.String()+"."+w.column, "a column that was added is left out until the task starts again", "table", t.String(), "column", w.column)
		case w.unchanged:
		case w.null:
			row[i] = nil
		default:
			var err error
			if row[i], err = t.columns[i].read(w.text); err != nil {
				return nil, err
			}
		}
	}
	return row, nil
}

// fillNulls adds the NULLs of a complete old row, which test_decoding omits. A row with a column beside the key is
// complete, whatever the stored definition says.
func (t *table) fillNulls(before []any) {
	whole := t.wholeRows
	for i := range before {
		if _, lacks := before[i].(absent); !lacks && !t.inKey(i) {
			whole = true
		}
	}
	if !whole {
		return
	}
	for i := range before {
		if _, lacks := before[i].(absent); lacks {
			before[i] = nil
		}
	}
}

func (t *table) inKey(column int) bool {
	for _, i := range t.key {
		if i == column {
			return true
		}
	}
	return false
}

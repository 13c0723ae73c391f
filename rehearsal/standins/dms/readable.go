package dms

import (
	"errors"
	"fmt"

	"github.com/go-mysql-org/go-mysql/replication"
)

// preparedXA marks the group of an XA transaction's rows, which MariaDB writes at XA PREPARE. A later group tells
// whether they are committed, https://mariadb.com/kb/en/gtid_event/.
const preparedXA = 1 << 6

// decode decodes an event's rows. It keeps an error until it knows whether the table is followed. A table that is
// not followed, for instance one with COMPRESSED columns, must not end the task.
func (r *mysqlReader) decode(e *replication.RowsEvent, data []byte) error {
	at, err := e.DecodeHeader(data)
	if err != nil {
		return err //nolint:wrapcheck // follow adds what was being done
	}
	if err := e.DecodeData(at, data); err != nil {
		r.undecoded.Store(e, err)
	}
	return nil
}

// readable refuses rows that DMS cannot read completely: a task should fail rather than lose or garble them.
//
// DMS does not support XA transactions of MariaDB 10.6 or newer. For MySQL they need a permission and a setting,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.XA.
func (f *follower) readable(e *replication.RowsEvent, kind replication.EventType, undecoded any) error {
	if f.open.prepared {
		return errors.New("its rows were changed by an XA transaction, whose rows are in the binlog before it is committed: change followed tables without XA")
	}
	switch kind {
	case replication.MARIADB_WRITE_ROWS_COMPRESSED_EVENT_V1, replication.MARIADB_UPDATE_ROWS_COMPRESSED_EVENT_V1, replication.MARIADB_DELETE_ROWS_COMPRESSED_EVENT_V1:
		return errors.New("an event is compressed: log_bin_compress must be OFF")
	case replication.PARTIAL_UPDATE_ROWS_EVENT:
		return errors.New("an event has parts of JSON values: binlog_row_value_options must be empty, in every session")
	default:
	}
	if undecoded != nil {
		return fmt.Errorf("an event's rows cannot be read: %v", undecoded)
	}
	for _, skipped := range e.SkippedColumns {
		if len(skipped) > 0 {
			return errors.New("an event lacks columns: binlog_row_image must be FULL, in every session")
		}
	}
	return nil
}

// ended refuses an event that comes while rows wait for their commit: they would be lost.
func (f *follower) ended(by string) error {
	if len(f.changes) == 0 {
		return nil
	}
	c := f.changes[0]
	return fmt.Errorf("table %s: its rows at %s:%d are followed by %q and no commit: what became of them cannot be told", c.table.name, c.file, c.position, by)
}

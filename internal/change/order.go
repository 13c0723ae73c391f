package change

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Order is a record's position among the records of one row.
//
// A loaded row comes before every change, and a repeated load after the first. Changes are ordered by the source's
// binlog: file number, offset, record within the transaction, commit time. PostgreSQL's changes are ordered by its
// log.
type Order struct {
	loaded bool
	// base is the name of the binlog files without their number.
	base         string
	file, offset uint64
	record       uint64
	// lsn is the position of a PostgreSQL change. Such a change has none of the fields above except the record.
	lsn uint64
	// at is when a change was committed or a load was made.
	at time.Time
}

// Order returns a data record's position. A record without one is an error.
func (r *Record) Order() (Order, error) {
	o, err := r.order()
	if err != nil {
		return Order{}, fmt.Errorf("the order of a record of %s: %w", r.Name(), err)
	}
	return o, nil
}

// Made is when DMS made the record, in UTC. An invalid timestamp is an error.
func (r *Record) Made() (time.Time, error) { return moment("timestamp", r.Metadata.Timestamp) }

func (r *Record) order() (Order, error) {
	m := &r.Metadata
	if r.Type != Data {
		return Order{}, errors.New("a control record has none")
	}
	if r.Operation == Load {
		at, err := r.Made()
		return Order{loaded: true, at: at}, err
	}
	if r.Kind.Postgres() {
		return r.orderInLog()
	}
	o, err := position(m.StreamPosition)
	if err != nil {
		return Order{}, err
	}
	if o.record, err = strconv.ParseUint(m.TransactionRecordID, 10, 64); err != nil {
		return Order{}, fmt.Errorf("transaction-record-id %q is no number: set IncludeTransactionDetails of the target endpoint", m.TransactionRecordID)
	}
	if o.at, err = moment("commit-timestamp", m.CommitTimestamp); err != nil {
		return Order{}, err
	}
	return o, nil
}

// position parses file and offset, the first two parts of a position in a MySQL binlog:
// mysql-bin-changelog.157832:1975:... DMS does not document stream-position; its parts are those of DMS's
// checkpoints, https://docs.aws.amazon.com/dms/latest/APIReference/API_StartReplicationTask.html.
func position(s string) (Order, error) {
	name, rest, ok := strings.Cut(s, ":")
	offset, _, _ := strings.Cut(rest, ":")
	dot := strings.LastIndexByte(name, '.')
	if !ok || dot < 1 {
		return Order{}, fmt.Errorf("stream-position %q does not begin with a binlog file and an offset", s)
	}
	o := Order{base: name[:dot]}
	var err1, err2 error
	o.file, err1 = strconv.ParseUint(name[dot+1:], 10, 64)
	o.offset, err2 = strconv.ParseUint(offset, 10, 64)
	if err1 != nil || err2 != nil {
		return Order{}, fmt.Errorf("stream-position %q does not begin with a binlog file and an offset", s)
	}
	return o, nil
}

func moment(name, s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s %q is no time (RFC 3339)", name, s)
	}
	return t.UTC(), nil
}

// Compare is negative when o comes before other, positive when it comes after, and 0 for the same record (which a
// stream may deliver twice). Positions in binlogs with different names cannot be compared: they come from different
// servers.
func (o Order) Compare(other Order) (int, error) {
	switch {
	case o.loaded != other.loaded:
		if o.loaded {
			return -1, nil
		}
		return 1, nil
	case o.base != other.base || (o.lsn == 0) != (other.lsn == 0):
		return 0, fmt.Errorf("changes at %s and %s have no order: their binlogs are of different servers", o, other)
	case o.lsn > 0:
		return cmp.Compare(o.lsn, other.lsn), nil
	}
	return cmp.Or(cmp.Compare(o.file, other.file), cmp.Compare(o.offset, other.offset), cmp.Compare(o.record, other.record), o.at.Compare(other.at)), nil
}

// Time returns the time of the commit or of the load.
func (o Order) Time() time.Time { return o.at }

// String formats the position for people.
func (o Order) String() string {
	if o.loaded {
		return "load of " + o.at.Format(time.RFC3339Nano)
	}
	if o.lsn > 0 {
		return fmt.Sprintf("%X/%X#%d", o.lsn>>offsetBits, o.lsn&(1<<offsetBits-1), o.record)
	}
	b := append(append(make([]byte, 0, len(o.base)+48), o.base...), '.')
	for least := uint64(100_000); least > max(o.file, 1); least /= 10 { // six digits of the file's number, at least
		b = append(b, '0')
	}
	b = append(strconv.AppendUint(b, o.file, 10), ':')
	b = append(strconv.AppendUint(b, o.offset, 10), '#')
	return string(strconv.AppendUint(b, o.record, 10))
}

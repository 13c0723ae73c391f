package change

import (
	"fmt"
	"strconv"
)

// The 63 bits of a version, from the highest: 1 for a change, 28 for the binlog file's number, 34 for the offset in
// it. They hold MySQL's offsets (32 bits) completely, and 268 million files: 250 years with a new file every half
// minute.
const (
	changed    = 1 << 62
	placeBits  = 34
	maxFile    = 1<<28 - 1
	maxPlace   = 1<<placeBits - 1
	offsetBits = 32
)

// Version is a data record's order as a number from 1 to 2^63-1, for stores that keep the record with the greatest
// number. Of two records of one row and one source, the later one has the greater version; a repeated record has the
// same version. Every loaded row is below every change.
//
//   - A load's version is its time in microseconds since 1970.
//   - A PostgreSQL change has its own position in the log, its LSN, of 62 bits: above 1 for a change, as with MySQL.
//   - A MySQL change has its binlog file number and, in that file, the offset of its transaction's beginning plus its
//     record number. So the first row of a transaction is 1 above the beginning, and the second 2. Every row takes at
//     least one byte of the binlog, so the last row is still below the next transaction, and no transaction has too
//     many rows.
//
// The two halves of a transaction-id are the file and the offset of the transaction's start, as in the checkpoint that
// https://docs.aws.amazon.com/dms/latest/APIReference/API_StartReplicationTask.html shows: 677883278264080 is 1808 in
// file 157832. Version returns an error if the id names another file than the stream-position, or if a number exceeds
// its bits.
func (r *Record) Version() (int64, error) {
	o, err := r.Order()
	if err != nil {
		return 0, err
	}
	return r.VersionAt(o)
}

// VersionAt is [Record.Version] where the record's order is known.
func (r *Record) VersionAt(o Order) (int64, error) {
	v, err := o.version(r.Metadata.TransactionID)
	if err != nil {
		return 0, fmt.Errorf("the version of a record of %s: %w", r.Name(), err)
	}
	return v, nil
}

func (o Order) version(transaction string) (int64, error) {
	if o.loaded {
		at := o.at.UnixMicro()
		if at <= 0 || at >= changed {
			return 0, fmt.Errorf("timestamp %s is not after 1970", o.at)
		}
		return at, nil
	}
	if o.lsn > 0 {
		return int64(changed | o.lsn), nil
	}
	id, err := strconv.ParseUint(transaction, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("transaction-id %q is no number: set IncludeTransactionDetails of the target endpoint", transaction)
	}
	if id>>offsetBits != o.file {
		return 0, fmt.Errorf("transaction-id %d does not begin in the binlog file of stream-position %s", id, o)
	}
	if o.file > maxFile {
		return 0, fmt.Errorf("binlog file %d is beyond %d", o.file, maxFile)
	}
	place := id & (1<<offsetBits - 1)
	if o.record == 0 || o.record > maxPlace-place {
		return 0, fmt.Errorf("transaction-record-id %d of a transaction at %d is not from 1 to %d", o.record, place, maxPlace-place)
	}
	return int64(changed | o.file<<placeBits | (place + o.record)), nil
}

// Binlog is the name of the source's binlog files without their number. It is empty for a load, and for PostgreSQL,
// whose log has no name.
func (o Order) Binlog() string { return o.base }

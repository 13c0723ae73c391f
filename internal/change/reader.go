package change

// Reader reads batches of records of one kind of source, and reuses the memory of the previous batch. It leaves a
// tenth of the garbage that [Kind.Parse] leaves. The zero value reads MySQL's records.
type Reader struct {
	Kind Kind

	records []*Record
	used    int
	columns Row
}

// Read parses one record like [Kind.Parse]. The record and its rows are valid until the next [Reader.Reset]; the
// caller may keep texts from them.
func (r *Reader) Read(raw []byte) (*Record, error) {
	if r.used == len(r.records) {
		r.records = append(r.records, &Record{})
	}
	if r.columns == nil {
		r.columns = Row{} // a row without columns is not nil
	}
	record := r.records[r.used]
	var err error
	if r.columns, err = r.Kind.read(raw, record, r.columns); err != nil {
		return nil, err
	}
	r.used++
	return record, nil
}

// Reset begins the next batch. No caller may use a record of the previous batch after it.
func (r *Reader) Reset() { r.used, r.columns = 0, r.columns[:0] }

package change

// Reader reads batches of records of one kind of source, each into the memory of the one before: a tenth is left for the garbage collector of
// what [Kind.Parse] leaves. The zero value reads MySQL's.
type Reader struct {
	Kind Kind

	records []*Record
	used    int
	columns Row
}

// Read one record as [Kind.Parse] does. It and its rows are there until the next [Reader.Reset]; texts in them may be kept.
func (r *Reader) Read(raw []byte) (*Record, error) {
	if r.used == len(r.records) {
		r.records = append(r.records, &Record{})
	}
	if r.columns == nil {
		r.columns = Row{} // of which even a row without columns is one
	}
	record := r.records[r.used]
	var err error
	if r.columns, err = r.Kind.read(raw, record, r.columns); err != nil {
		return nil, err
	}
	r.used++
	return record, nil
}

// Reset begins the next batch: nobody may have a record any more.
func (r *Reader) Reset() { r.used, r.columns = 0, r.columns[:0] }

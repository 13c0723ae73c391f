// Package change reads the records that DMS writes to Kinesis: the JSON envelope of a row change.
//
//	{"data":{...},"before-image":{...},"metadata":{"record-type":"data","operation":"update",...}}
//
// A record is parsed once, kept as it came, and says which row it is about ([Record.Key], [Key.ID]) and where it stands
// among the changes of that row ([Record.Order]). What it cannot tell is an error and never a guess, so that the record
// can be parked. The form is that of
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.Kinesis.html.
package change

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// Type tells row changes from descriptions of tables.
type Type string

// The types of records.
const (
	Data    Type = "data"
	Control Type = "control"
)

// Operation of a record. Control records have others than these: create-table, add-column, ...
type Operation string

// The operations of data records. Load is a row that was there before its changes were followed.
const (
	Load   Operation = "load"
	Insert Operation = "insert"
	Update Operation = "update"
	Delete Operation = "delete"
)

// BeforeImage is the member that holds a row's columns before an update, as the pipeline's task settings name it.
const BeforeImage = "before-image"

// Record is one record. It does not share memory with what it was parsed from.
type Record struct {
	// Kind of the source that it is from.
	Kind      Kind
	Type      Type
	Operation Operation
	// Schema and Table of the source. Those of a control record may be empty.
	Schema, Table string
	// Data is the row: after an insert or update, before a delete. A column that is NULL is absent or null; of PostgreSQL, an
	// absent one may be in Before ([Record.Row]). It is nil for a control record.
	Data Row
	// Before are columns of the row before an update, those that the task's settings choose; nil without any.
	Before Row
	// Control is the raw JSON of a control record's definition; empty without one.
	Control  string
	Metadata Metadata
	// Unknown are the members beside those above, in their order.
	Unknown Row

	raw string
}

// Metadata of a record as far as this package knows it; what is absent is empty.
type Metadata struct {
	// Timestamp is when DMS made the record, CommitTimestamp when the change was committed, RFC 3339.
	Timestamp, CommitTimestamp string
	PartitionKeyType           string
	PartitionKeyValue          string
	// The transaction, and the change's place in it from 1, in digits.
	TransactionID, TransactionRecordID         string
	PrevTransactionID, PrevTransactionRecordID string
	// StreamPosition in the source's log.
	StreamPosition string
	// Unknown are the members beside those above, in their order.
	Unknown Row
}

// Row is an object's members in their order. No name comes twice.
type Row []Column

// Column is a name with its value as raw JSON: no digit of a number is lost.
type Column struct {
	Name, JSON string
}

// Get returns a column's raw JSON.
func (r Row) Get(name string) (json string, ok bool) {
	for i := range r {
		if r[i].Name == name {
			return r[i].JSON, true
		}
	}
	return "", false
}

// Parse reads one record of a MySQL source.
func Parse(raw []byte) (*Record, error) { return MySQL.Parse(raw) }

// Parse reads one record of a source. It refuses what is not JSON, names that come twice, and data records that lack their
// operation, table or row.
func (k Kind) Parse(raw []byte) (*Record, error) {
	if !utf8.Valid(raw) {
		return nil, errors.New("reading a change record: it is not UTF-8")
	}
	r := &Record{Kind: k, raw: string(raw)}
	if !gjson.Valid(r.raw) {
		return nil, errors.New("reading a change record: it is not JSON")
	}
	if err := r.parse(); err != nil {
		return nil, fmt.Errorf("reading a change record: %w", err)
	}
	return r, nil
}

func (r *Record) parse() error {
	var space [6]Column
	members, err := object(r.raw, "the record", space[:0])
	if err != nil {
		return err
	}
	metadata := ""
	for _, m := range members {
		switch m.Name {
		case "metadata":
			metadata = m.JSON
		case "data":
			r.Data, err = rowOf(m.JSON, "data")
		case BeforeImage:
			r.Before, err = rowOf(m.JSON, BeforeImage)
		case "control":
			r.Control = m.JSON
		default:
			r.Unknown = append(r.Unknown, m)
		}
		if err != nil {
			return err
		}
	}
	if metadata == "" {
		return errors.New("it has no metadata")
	}
	if err := r.describe(metadata); err != nil {
		return err
	}
	return r.classify()
}

// describe reads the metadata.
func (r *Record) describe(raw string) error {
	var space [20]Column
	members, err := object(raw, "metadata", space[:0])
	if err != nil {
		return err
	}
	for _, m := range members {
		into := r.member(m.Name)
		if into == nil {
			r.Metadata.Unknown = append(r.Metadata.Unknown, m)
			continue
		}
		switch m.JSON[0] {
		case '{', '[', 't', 'f':
			return fmt.Errorf("metadata: %s is neither a string nor a number", m.Name)
		case 'n': // null
		default:
			*into = text(m.JSON)
		}
	}
	return nil
}

// member says where a member of the metadata is kept.
func (r *Record) member(name string) *string {
	m := &r.Metadata
	switch name {
	case "record-type":
		return (*string)(&r.Type)
	case "operation":
		return (*string)(&r.Operation)
	case "schema-name":
		return &r.Schema
	case "table-name":
		return &r.Table
	case "timestamp":
		return &m.Timestamp
	case "commit-timestamp":
		return &m.CommitTimestamp
	case "partition-key-type":
		return &m.PartitionKeyType
	case "partition-key-value":
		return &m.PartitionKeyValue
	case "transaction-id":
		return &m.TransactionID
	case "transaction-record-id":
		return &m.TransactionRecordID
	case "prev-transaction-id":
		return &m.PrevTransactionID
	case "prev-transaction-record-id":
		return &m.PrevTransactionRecordID
	case "stream-position":
		return &m.StreamPosition
	}
	return nil
}

// classify refuses a record of which nobody could say what happened.
func (r *Record) classify() error {
	switch r.Type {
	case Control:
		if r.Operation == "" {
			return errors.New("metadata: a control record has no operation")
		}
		return nil
	case Data:
	default:
		return fmt.Errorf("metadata: record-type is %q, neither data nor control", r.Type)
	}
	switch r.Operation {
	case Load, Insert, Update, Delete:
	default:
		return fmt.Errorf("metadata: operation %q of a data record is not known", r.Operation)
	}
	if r.Schema == "" || r.Table == "" {
		return errors.New("metadata: a data record names no schema-name or no table-name")
	}
	if r.Data == nil {
		return errors.New("a data record has no data")
	}
	return nil
}

// Name of the record's table: schema.table.
func (r *Record) Name() string { return r.Schema + "." + r.Table }

// Raw is the record as it came.
func (r *Record) Raw() string { return r.raw }

// MarshalJSON gives the record back as it came, members that this package does not know included, on one line's end.
func (r *Record) MarshalJSON() ([]byte, error) {
	if r.raw == "" {
		return nil, errors.New("writing a change record: it was not parsed")
	}
	return []byte(strings.TrimSpace(r.raw)), nil
}

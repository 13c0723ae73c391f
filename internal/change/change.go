// Package change parses the records that DMS writes to Kinesis: the JSON envelope of a row change.
//
//	{"data":{...},"before-image":{...},"metadata":{"record-type":"data","operation":"update",...}}
//
// A record is parsed once and kept unchanged. It returns its row's key ([Record.Key], [Key.ID]) and its position
// among the changes of that row ([Record.Order]). When it cannot determine one of these, it returns an error and
// never guesses, so that the record can be parked.
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.Kinesis.html describes the format.
package change

import (
	"bytes"
	"cdcpipeline/internal/scan"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Type distinguishes row changes from table definitions.
type Type string

// The types of records.
const (
	Data    Type = "data"
	Control Type = "control"
)

// Operation is what a record does. Control records have other operations: create-table, add-column, ...
type Operation string

// The operations of data records. Load is a row that existed before its changes were followed.
const (
	Load   Operation = "load"
	Insert Operation = "insert"
	Update Operation = "update"
	Delete Operation = "delete"
)

// BeforeImage is the member with a row's columns before an update, as the pipeline's task settings name it.
const BeforeImage = "before-image"

// Record is one record. It shares no memory with its input.
type Record struct {
	// Kind is the kind of the source.
	Kind      Kind
	Type      Type
	Operation Operation
	// Schema and Table name the source table. In a control record they may be empty.
	Schema, Table string
	// Data is the row: after an insert or update, before a delete. A NULL column is absent or null; in PostgreSQL an
	// absent one may be in Before ([Record.Row]). It is nil for a control record.
	Data Row
	// Before holds columns of the row before an update, as the task's settings choose them; nil without any.
	Before Row
	// Control is the raw JSON of a control record's definition; otherwise empty.
	Control  string
	Metadata Metadata
	// Unknown holds the members beside those above, in order.
	Unknown Row

	raw string
}

// Metadata is the part of a record's metadata that this package knows; absent members are empty.
type Metadata struct {
	// Timestamp is when DMS made the record. CommitTimestamp is when the change was committed. Both are RFC 3339.
	Timestamp, CommitTimestamp string
	PartitionKeyType           string
	PartitionKeyValue          string
	// The transaction, and the change's number in it from 1, in digits.
	TransactionID, TransactionRecordID         string
	PrevTransactionID, PrevTransactionRecordID string
	// StreamPosition is the position in the source's log.
	StreamPosition string
	// Unknown holds the members beside those above, in order.
	Unknown Row
}

// Row is an object's members in order. No name occurs twice.
type Row []Column

// Column is a name with its value as raw JSON, so that numbers keep all digits.
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

// Parse reads one record of a source. It refuses invalid JSON, duplicate names, and data records without operation,
// table or row.
func (k Kind) Parse(raw []byte) (*Record, error) {
	r := &Record{}
	_, err := k.read(raw, r, make(Row, 0, bytes.Count(raw, []byte(":")))) // at least as many as there are members
	if err != nil {
		return nil, err
	}
	return r, nil
}

// read parses a record into r. room is memory for its columns; read returns the unused rest of it.
func (k Kind) read(raw []byte, r *Record, room Row) (Row, error) {
	if !utf8.Valid(raw) {
		return room, errors.New("reading a change record: it is not UTF-8")
	}
	*r = Record{Kind: k, raw: string(raw)}
	p := parser{Scanner: scan.New(raw), raw: r.raw, columns: room}
	if err := p.record(r); err != nil {
		return p.columns, fmt.Errorf("reading a change record: %w", err)
	}
	return p.columns, nil
}

// record reads the whole text. If the text is no JSON, it reports only that, because the message is clearer than
// any other.
func (p *parser) record(r *Record) error {
	if p.Next() != '{' {
		p.Value()
		p.refuse(errors.New("the record is not an object"))
	} else {
		p.members(r)
	}
	if !p.Done() {
		return errors.New("it is not JSON")
	}
	if p.wrong != nil {
		return p.wrong
	}
	return r.classify()
}

// members reads each member of the record once, and splits rows at the same time.
func (p *parser) members(r *Record) {
	var space [6]Column
	all, described := Row(space[:0]), false
	for p.Enter('{'); p.More('}'); {
		name := p.name()
		all = append(all, Column{Name: name})
		switch name {
		case "metadata":
			described = true
			begin := len(p.columns)
			if err := r.describe(p.row("metadata")); err != nil {
				p.refuse(err)
			}
			p.columns = p.columns[:begin] // no field keeps this member
		case "data":
			r.Data = p.row("data")
		case BeforeImage:
			r.Before = p.row(BeforeImage)
		case "control":
			r.Control = p.Value().Of(p.raw)
		default:
			r.Unknown = append(r.Unknown, Column{Name: name, JSON: p.Value().Of(p.raw)})
		}
	}
	if twice, found := all.twice(); found {
		p.refuse(fmt.Errorf("the record: %q comes twice", twice))
	}
	if !described {
		p.refuse(errors.New("it has no metadata"))
	}
}

// describe reads the metadata.
func (r *Record) describe(metadata Row) error {
	for _, m := range metadata {
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

// member returns the field for a member of the metadata.
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

// classify refuses a record whose meaning is unclear.
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

// Name is the record's table: schema.table.
func (r *Record) Name() string { return r.Schema + "." + r.Table }

// Raw is the record unchanged.
func (r *Record) Raw() string { return r.raw }

// MarshalJSON returns the record unchanged, including unknown members.
func (r *Record) MarshalJSON() ([]byte, error) {
	if r.raw == "" {
		return nil, errors.New("writing a change record: it was not parsed")
	}
	return []byte(strings.TrimSpace(r.raw)), nil
}

// Package conformancetest breaks each assumption of package conformance in one way. Tests break evidence with these
// breaks, and the rehearsal breaks its stand-ins.
package conformancetest

import "cdcpipeline/internal/operator/conformance"

// Record is a record that DMS puts into the stream.
type Record struct{ Key, Data string }

// Document is a document that a delivery indexes.
type Document struct{ Index, ID, Source string }

// Break makes AWS differ from an assumption in one respect. A nil member changes nothing. A break may keep state, so
// each use needs its own ([Breaks]).
type Break struct {
	// Records returns the records that DMS writes instead of one record. It may return none.
	Records func(Record) []Record
	// Document returns the document that the search delivery indexes instead of one document.
	Document func(Document) Document
	// Folder returns the schema and table that name the folder to which the lake's delivery writes a record. data is
	// the record.
	Folder func(schema, table, data string) (string, string)
	// Object changes an object of the lake's delivery. prefix is its key without the object's own name.
	Object func(prefix string, lines []string) (string, []string)
}

// Breaks returns a new break for each assumption, by id.
func Breaks() map[string]Break {
	all := map[string]Break{}
	for _, some := range []map[string]Break{ofTables(), ofRecords(), ofOrder(), ofValues(), ofLoads(), ofSinks()} {
		for id, b := range some {
			all[id] = b
		}
	}
	return all
}

// Apply returns a copy of the evidence as it would be with a break.
func Apply(b Break, e *conformance.Evidence) *conformance.Evidence {
	broken := *e
	if b.Records != nil {
		broken.Stream = nil
		for _, a := range e.Stream {
			for _, r := range b.Records(Record{a.Key, a.Data}) {
				a.Key, a.Data = r.Key, r.Data
				broken.Stream = append(broken.Stream, a)
			}
		}
	}
	if b.Document != nil {
		broken.History = nil
		for _, d := range e.History {
			now := b.Document(Document{d.Index, d.ID, string(d.Source)})
			broken.History = append(broken.History, conformance.Document{Index: now.Index, ID: now.ID, Source: []byte(now.Source)})
		}
	}
	if b.Folder != nil || b.Object != nil {
		broken.Lake = brokenLake(b, e)
	}
	return &broken
}

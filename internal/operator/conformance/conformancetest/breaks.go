// Package conformancetest holds for each assumption of package conformance a way in which AWS might do otherwise: one break
// for each. Tests break evidence with them, the rehearsal its stand-ins.
package conformancetest

import "cdcpipeline/internal/operator/conformance"

// Record is one that DMS puts into the stream.
type Record struct{ Key, Data string }

// Document is one that a delivery indexes.
type Document struct{ Index, ID, Source string }

// Break is one respect in which AWS does otherwise. Members that are nil do as is assumed. A break may remember what it has
// been given, so each use takes one of its own ([Breaks]).
type Break struct {
	// Records are what DMS writes in the place of a record: some others, or none.
	Records func(Record) []Record
	// Document is what the search delivery indexes in the place of a document.
	Document func(Document) Document
	// Folder is the schema and the table below which the lake's delivery puts a record; data is the record.
	Folder func(schema, table, data string) (string, string)
	// Object is what the lake's delivery writes: the key up to the object's own name, and its lines.
	Object func(prefix string, lines []string) (string, []string)
}

// Breaks are new ones of all assumptions, by their ids.
func Breaks() map[string]Break {
	all := map[string]Break{}
	for _, some := range []map[string]Break{ofTables(), ofRecords(), ofOrder(), ofValues(), ofLoads(), ofSinks()} {
		for id, b := range some {
			all[id] = b
		}
	}
	return all
}

// Apply gives evidence as it would be with a break.
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

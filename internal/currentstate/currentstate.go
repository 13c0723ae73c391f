// Package currentstate keeps the present state of every source row in OpenSearch: one document per row, in an index per
// table and epoch behind the alias current-<schema>-<table>. It is the logic of the Lambda function on the stream; the
// same code replays records from elsewhere ([Function.Apply]).
//
// # Order
//
// Every record says which rows it is about and what they are after it, so a document is written whole and never merged,
// and it is written with the record's version ([change.Record.Version]) as its external version: OpenSearch keeps the
// later of two records of a row whichever comes first. A deletion is a document too, a tombstone with its version that
// the alias hides: OpenSearch forgets the version of a deleted document after a minute (index.gc_deletes), and whenever its index
// is closed and opened. Neither touches a tombstone; one that is swept is so old that nothing can follow it. So shards,
// retries, duplicates, replays and a load beside changes may come in any order. Versions are compared with external_gte:
// a record that comes again writes the same document again.
//
// # Epochs
//
// Versions of two sources cannot be compared, and a row that is loaded again to repair its document has to win over the
// change that the document is from. So an epoch has an index of its own, and the alias is switched from one to the next
// when it is complete ([Epochs]). Which epoch a record belongs to depends on nothing but the time at which DMS made it.
// The old index stays as it was when the new epoch began. A table that is loaded again without a new epoch gets the rows
// that it lacks, and nothing over what a change has written.
//
// # Keys
//
// Documents go by the columns of the primary key. These come from the bootstrap's reading of the source ([Settings]),
// which is there before the first record, and for tables made since from the definition in their create-table record,
// which the registry keeps. A partition key would not do: its values are joined with dots, so that two composite keys
// may look alike, and it is cut from 256 characters on. A table that nobody has described is waited for a minute,
// because its create-table record may be in another shard; then its records are parked. So is, for seconds, the description
// of a column that a table did not have; then the column is indexed by a rule, and no record waits for its description again.
//
// # The registry
//
// What is known of the tables, their columns, keys and epochs, is in the bucket ([Place]): one object for each table, which
// is changed only as it was read (If-Match), and made only where there is none (If-None-Match). So the indices may be lost, and the
// domain with them, and no epoch is. A former release had it in an index of the domain, which the function copies once.
//
// # Sources
//
// Several sources may be searched in one place and have the same tables. Each has a function and a registry of its own, and a named
// one its name in the names of its indices ([Source]), so that no name is of two of them. Which source a record is of its stream tells,
// and nothing in it.
//
// # Domains and collections
//
// The indices are in a domain, or in a collection of OpenSearch Serverless ([Settings.Service]). What differs is a [kind]: by which rule
// versions are compared, how an index is made, and how one is missed that somebody has deleted.
//
// # Failures
//
// What is wrong with a record ([Reason]) parks it; what is wrong with the domain, or with one of its indices, is tried again
// until the invocation ends and then left to Lambda. Which of the two it is, OpenSearch's error type says; its status does not.
// So an outage parks nothing and a record that cannot be indexed holds up no other. A batch waits for the index that it cannot
// write, and with it its shard; its documents for other indices are written at once.
package currentstate

import (
	"cdcpipeline/internal/bucket"
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/table"
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// Deps are what the function works with.
type Deps struct {
	// Domain, or collection of the settings' service, is called under the function's own name; a role that the domain does not know yet is waited for.
	Domain opensearch.Client
	// Bucket of the settings, in which the registry is and where [Function.Handle] parks records.
	Bucket bucket.Bucket
	// Metrics get a line per invocation in CloudWatch's embedded format: standard output, in Lambda. Default nowhere.
	Metrics io.Writer
	// Log is for people; default slog's.
	Log *slog.Logger
	// Now is the time; default the clock.
	Now func() time.Time
}

// Function is the function.
type Function struct {
	settings Settings
	deps     Deps
	client   *client
	registry *registry
	indices  *indices
	tables   map[table.Name]Table
	// seen are entries that have what the settings say, by name.
	seen sync.Map
	// Memory of batches that are done: a *batchReader, a *change.Reader and the lines of documents (*[]byte) of each.
	batches, readers, lines sync.Pool
}

// New makes the function. It calls nobody.
func New(s Settings, d Deps) (*Function, error) {
	if d.Domain.URL == "" || d.Domain.Transport == nil || d.Bucket.S3 == nil {
		return nil, errors.New("making the current-state function: clients of the domain and of S3 are needed")
	}
	if d.Metrics == nil {
		d.Metrics = io.Discard
	}
	if d.Log == nil {
		d.Log = slog.Default()
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	f := &Function{settings: s, deps: d, client: newClient(d.Domain), tables: map[table.Name]Table{}}
	f.batches.New = func() any { return &batchReader{} }
	f.readers.New = func() any { return &change.Reader{Kind: s.Kind} }
	f.lines.New = func() any { return &[]byte{} }
	f.indices = newIndices(s.Source, f.client, kindOf(s.Service, s.Shards, s.Replicas))
	f.registry = newRegistry(d.Bucket, s.Registry, f.indices, d.Now)
	f.registry.copied = s.RegistryFrom != ""
	for _, t := range s.Tables {
		f.tables[table.Name{Database: t.Database, Table: t.Table}] = t
	}
	return f, nil
}

// Outcome of some records.
type Outcome struct {
	// Records that were indexed, that a later record of their row had overtaken (or, in a collection, that were indexed before), that belong to an epoch which is no
	// longer kept, and control records, which say nothing of rows.
	Applied, Superseded, Retired, Control int
	// Parked are the records that cannot be indexed as they are, in their order.
	Parked []Parked
	// Lag is the longest time from commit to now of an indexed change; 0 without any.
	Lag time.Duration
	// keyChanges counts control records with another primary key than the one that documents go by.
	keyChanges int
}

// Apply indexes records, of a replay for instance, and gives back those that cannot be. On an error some records are not
// indexed; it may be called again with all of them. They go into one epoch of their tables, to fill a new one from what is
// kept of the one before (both have to be of one source, or versions cannot be compared); epoch 0 is each record's own.
func (f *Function) Apply(ctx context.Context, epoch int, records []*change.Record) (Outcome, error) {
	items := make([]item, len(records))
	for i, r := range records {
		items[i].record, items[i].epoch = r, epoch
	}
	out := f.apply(ctx, items)
	if i := unsettled(items); i >= 0 {
		return out, items[i].err
	}
	return out, nil
}

// trigger is any of the events that start the function, read in one go: a batch is large.
type trigger struct {
	events.KinesisEvent
	// Source of an EventBridge event.
	Source string `json:"source"`
}

// Package currentstate keeps the present state of every source row in OpenSearch. Each row has one document. Each
// table has one index per epoch, behind the alias current-<schema>-<table>. The Lambda function on the stream runs
// this code, and so does a replay of records from elsewhere ([Function.Apply]).
//
// # Order
//
// Every record names its rows and has their complete new content. So the function writes a document whole and
// never merges. It uses the record's version ([change.Record.Version]) as the document's external version: of two
// records of a row OpenSearch keeps the later one, whichever comes first. Versions are compared with external_gte,
// so a repeated record writes the same document again. Therefore shards, retries, duplicates, replays and a load
// beside changes may come in any order.
//
// A deletion writes a tombstone: a document with a version, which the alias hides. A real deletion would not do,
// because OpenSearch forgets the version of a deleted document after a minute (index.gc_deletes), and when its
// index is closed and opened. It does not forget a tombstone. A sweep removes a tombstone only when no earlier
// record can follow it.
//
// # Epochs
//
// Versions of two sources cannot be compared. And a row that is loaded again for a repair must replace a document
// from a later change. So each epoch has its own index, and the alias switches to the next epoch when that is
// complete ([Epochs]). Only the time at which DMS made a record determines its epoch. The old index stays as it
// was when the new epoch began. If a table is loaded again without a new epoch, the load adds missing rows, but it
// does not replace a document that a change has written.
//
// # Keys
//
// A document's id comes from the columns of the primary key. The bootstrap reads these from the source
// ([Settings]) before the first record. For later tables they come from the create-table record, and the registry
// keeps them. A partition key is no substitute: it joins values with dots, so two composite keys can look alike,
// and DMS cuts it after 256 characters.
//
// The function waits a minute for the description of an unknown table, because its create-table record may be in
// another shard. Then it parks the table's records. For the description of a new column it waits some seconds.
// Then it indexes the column by the rule for unknown columns, and no record waits for the column again.
//
// # The registry
//
// The registry has the columns, keys and epochs of the tables. It is in the bucket ([Place]), with one object per
// table. The function makes an object only if there is none (If-None-Match) and changes it only if nobody else did
// (If-Match). So no epoch is lost if the indices are, or the whole domain. A former release kept the registry in
// an index of the domain; the function copies it once.
//
// # Sources
//
// Several sources may share one place, and may have tables with the same names. Each source has its own function
// and registry. A named source also has its name in the names of its indices ([Source]), so no two sources share
// an index. The stream determines the source of a record; the record itself does not name it.
//
// # Domains and collections
//
// The indices are in a domain or in a collection of OpenSearch Serverless ([Settings.Service]). A [kind] has the
// differences: how versions are compared, how an index is made, and how the function notices that somebody has
// deleted an index.
//
// # Failures
//
// If a record has a problem ([Reason]), the function parks it. If the domain or an index has a problem, the
// function retries until the invocation ends, and then Lambda retries. OpenSearch's error type tells which of the
// two it is; the status does not. So an outage parks nothing, and a bad record delays no other record. A batch,
// and with it its shard, waits for an index that it cannot write. Its documents for other indices are written at
// once.
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

// Deps has the services that the function uses.
type Deps struct {
	// Domain is a client of the domain or the collection that uses the function's role. The function waits until
	// the domain knows this role.
	Domain opensearch.Client
	// Bucket is the settings' bucket. It has the registry, and [Function.Handle] parks records there.
	Bucket bucket.Bucket
	// Metrics receives one line per invocation in CloudWatch's embedded format. In Lambda it is standard output.
	// Default: none.
	Metrics io.Writer
	// Log receives messages for people. Default: slog's default logger.
	Log *slog.Logger
	// Now returns the present time. Default: time.Now.
	Now func() time.Time
}

// Function keeps the current indices of one source.
type Function struct {
	settings Settings
	deps     Deps
	client   *client
	registry *registry
	indices  *indices
	tables   map[table.Name]Table
	// seen caches entries that already contain the settings, by table name.
	seen sync.Map
	// These pools have memory of finished batches: a *batchReader, a *change.Reader and the lines of documents
	// (*[]byte).
	batches, readers, lines sync.Pool
}

// New makes a function. It sends no request.
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
	f := &Function{settings: s, deps: d, client: newClient(d.Domain, s.BulkPlain), tables: map[table.Name]Table{}}
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

// Outcome has the results of some records.
type Outcome struct {
	// Applied records were indexed. Superseded ones are older than their row's document (or, in a collection, are
	// indexed already). Retired ones belong to an epoch that is no longer kept. Control records concern no row.
	Applied, Superseded, Retired, Control int
	// Parked has the records that cannot be indexed, in their original order.
	Parked []Parked
	// Lag is the longest time from commit to indexing of a change. It is 0 if no change was indexed.
	Lag time.Duration
	// keyChanges counts control records that change a primary key while documents still use the former one.
	keyChanges int
}

// Apply indexes records, for example those of a replay, and returns those that cannot be indexed. After an error
// some records are not indexed; the caller may call it again with all of them.
//
// With an epoch, all records go into that epoch of their tables. This fills a new epoch from the kept records of
// the one before. Both epochs must have the same source, because otherwise versions cannot be compared. With epoch
// 0, each record goes into its own epoch.
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

// trigger is any event that starts the function. It is decoded in one pass, because a batch is large.
type trigger struct {
	events.KinesisEvent
	// Source is set in an EventBridge event.
	Source string `json:"source"`
}

// Package canary measures whether what is written to a source is found, as somebody who searches finds it: it changes one row of
// a table of its own, which is followed as any other, and looks for that very change in the current index until it is there.
//
// On its way it measures what no service publishes of itself: how long the database's certificate is good for, how much of its log is
// left, which tables have to be loaded again after a statement, and how many objects were parked. It knows no Pulumi: a
// Lambda function runs it once a minute inside the VPC, as the user whom DMS logs in as.
package canary

import (
	"cdcpipeline/internal/bucket"
	"cdcpipeline/internal/opensearch"
	"cmp"
	"context"
	"io"
	"log/slog"
	"time"
)

const (
	// patience is how long a change is looked for: with all else less than the minute until the next.
	patience = 40 * time.Second
	// pause between two looks.
	pause = time.Second
	// spare is what is left of a call to tell what was found.
	spare = 5 * time.Second
	// searchTimeout is one request's.
	searchTimeout = 10 * time.Second
)

// Secrets is the part of Secrets Manager that is needed.
type Secrets interface {
	Get(ctx context.Context, arn string) (string, error)
}

// Database is the source, as the replication user is logged in to it.
type Database interface {
	// Log is how far the log goes back.
	Log(ctx context.Context) (Log, error)
	// Beat changes the row, and gives its number and when the first was.
	Beat(ctx context.Context, at time.Time, log int64) (Beat, error)
	// Tables are those that the user may read, by database.table.
	Tables(ctx context.Context) (map[string]Made, error)
	// Expires is when the first certificate ends of those by which the server was verified.
	Expires() time.Time
	Close() error
}

// Log is what the database keeps of its changes.
type Log struct {
	// Oldest and Newest are the numbers of the binary log's files; 0 for PostgreSQL.
	Oldest, Newest int64
	// Bytes that may still be written before PostgreSQL gives up what the task has not read; nil without a slot, or a limit.
	Bytes *int64
}

// Beat is one change of the row.
type Beat struct {
	// Number is one more than that of the beat before.
	Number int64
	// Began is when the first beat was.
	Began time.Time
}

// Made is how a table is made.
type Made struct {
	// ID is another one when the table was made anew: MySQL's time of creation, PostgreSQL's object and file.
	ID string `json:"id"`
	// Columns is a digest of them; empty for PostgreSQL.
	Columns string `json:"columns"`
	// Names of the columns that DMS carries, in their order; nil in what an earlier release remembers.
	Names []string `json:"names,omitempty"`
}

// Deps are what a function works with.
type Deps struct {
	Secrets Secrets
	// Search has the current index, with a transport that signs.
	Search opensearch.Client
	// Bucket is the lake's.
	Bucket bucket.Bucket
	// Metrics takes them in CloudWatch's embedded format: a function's standard output.
	Metrics io.Writer
	// Open logs in. Default [Settings.Open].
	Open func(ctx context.Context, secrets Secrets) (Database, error)
	// Log, Now and Wait have defaults.
	Log  *slog.Logger
	Now  func() time.Time
	Wait func(ctx context.Context, d time.Duration) error
}

// Function measures.
type Function struct {
	settings Settings
	deps     Deps
}

// New makes a function.
func New(s Settings, d Deps) *Function {
	if d.Open == nil {
		d.Open = s.Open
	}
	d.Log = cmp.Or(d.Log, slog.Default())
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Wait == nil {
		d.Wait = wait
	}
	d.Search.Timeout = searchTimeout
	return &Function{s, d}
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // its caller says what for
	case <-time.After(d):
		return nil
	}
}

// Handle measures once. What could not be measured is logged and counted among the metrics, and is no error of the function's:
// Lambda would try again, and the next minute does.
func (f *Function) Handle(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-spare))
		defer cancel()
	}
	m := &measures{log: f.deps.Log}
	f.measure(ctx, m)
	return f.report(m)
}

func (f *Function) measure(ctx context.Context, m *measures) {
	f.parked(ctx, m)
	db, err := f.deps.Open(ctx, f.deps.Secrets)
	if err != nil {
		m.fail("logging in to the database", err)
		f.behind(ctx, m)
		return
	}
	defer func() {
		if err := db.Close(); err != nil {
			f.deps.Log.Warn("logging out", "error", err)
		}
	}()
	m.add(CertificateDays, "None", db.Expires().Sub(f.deps.Now()).Hours()/24)
	f.tables(ctx, m, db)
	log, err := db.Log(ctx)
	if err != nil {
		m.fail("reading how far the log goes back", err)
	}
	beat, err := db.Beat(ctx, f.deps.Now(), log.Newest)
	if err != nil {
		m.fail("writing the heartbeat", err)
		f.behind(ctx, m)
		return
	}
	lag, newest := f.await(ctx, m, beat)
	f.headroom(m, log, lag, newest)
}

// behind tells how old what is found is, when nothing new can be written.
func (f *Function) behind(ctx context.Context, m *measures) {
	newest, err := f.newest(ctx)
	switch {
	case err != nil:
		m.fail("looking for the heartbeat", err)
	case newest != nil:
		m.add(SearchableSeconds, "Seconds", f.deps.Now().Sub(newest.written()).Seconds())
	}
}

// await looks for a beat until it is found, and gives how long it took; of one that is not found, how old the newest is that is.
func (f *Function) await(ctx context.Context, m *measures, beat Beat) (lag time.Duration, newest *heartbeat) {
	committed := f.deps.Now()
	var err error
	for {
		var seen *heartbeat
		if seen, err = f.newest(ctx); seen != nil {
			newest = seen
		}
		now := f.deps.Now()
		if newest != nil && newest.Beat >= beat.Number {
			lag = now.Sub(committed)
			m.add(SearchableSeconds, "Seconds", lag.Seconds())
			return lag, newest
		}
		if now.Sub(committed) >= patience || f.deps.Wait(ctx, pause) != nil {
			break
		}
	}
	since := beat.Began
	if newest != nil {
		since = newest.written()
	}
	lag = f.deps.Now().Sub(since)
	m.add(SearchableSeconds, "Seconds", lag.Seconds())
	if err != nil {
		m.fail("looking for the heartbeat", err)
	}
	f.deps.Log.Warn("the heartbeat is not found", "beat", beat.Number, "behind", lag.Round(time.Second).String())
	return lag, newest
}

// headroom is what is left until the database gives up a part of its log that was not followed yet.
func (f *Function) headroom(m *measures, log Log, lag time.Duration, newest *heartbeat) {
	if log.Bytes != nil {
		m.add(LogHeadroomBytes, "Bytes", float64(max(0, *log.Bytes)))
		return
	}
	if f.settings.PostgreSQL() || f.settings.LogHours == 0 {
		return
	}
	hours := max(0, float64(f.settings.LogHours)-lag.Hours())
	if newest != nil && newest.Log < log.Oldest { // the file that it was written to is no more
		hours = 0
	}
	m.add(LogHeadroomHours, "None", hours)
}

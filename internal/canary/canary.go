// Package canary measures whether changes in a source are found. It changes one row in its own table, which is
// followed like any other, and searches the current index until it finds that change.
//
// It also measures values that no service publishes: the remaining validity of the database's certificate, the
// remaining log, the tables that must be loaded again after a statement, and the number of parked objects. It does
// not depend on Pulumi. A Lambda function inside the VPC runs it once a minute, as DMS's database user.
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
	// patience is how long the search for a change lasts. With everything else it is less than the minute until the
	// next call.
	patience = 40 * time.Second
	// pause between two searches.
	pause = time.Second
	// spare is the time kept free at the end of a call to report the results.
	spare = 5 * time.Second
	// searchTimeout limits one request.
	searchTimeout = 10 * time.Second
)

// Secrets is the part of Secrets Manager that is needed.
type Secrets interface {
	Get(ctx context.Context, arn string) (string, error)
}

// Database is a session of the replication user in the source.
type Database interface {
	// Log reports how far the log reaches back.
	Log(ctx context.Context) (Log, error)
	// Beat changes the row, and returns its number and the time of the first change.
	Beat(ctx context.Context, at time.Time, log int64) (Beat, error)
	// Tables are the tables that the user may read, by database.table.
	Tables(ctx context.Context) (map[string]Made, error)
	// Expires is when the first certificate expires among those that verified the server.
	Expires() time.Time
	Close() error
}

// Log is the range of changes that the database still keeps.
type Log struct {
	// Oldest and Newest are the numbers of the binary log's files; 0 for PostgreSQL.
	Oldest, Newest int64
	// Bytes is how much PostgreSQL may still write before it drops log that the task has not read; nil without a slot
	// or a limit.
	Bytes *int64
}

// Beat is one change of the row.
type Beat struct {
	// Number is one more than the previous beat's.
	Number int64
	// Began is the time of the first beat.
	Began time.Time
}

// Made describes a table's present version.
type Made struct {
	// ID changes when the table is made again: MySQL's time of creation, PostgreSQL's object and file.
	ID string `json:"id"`
	// Columns is a digest of the columns; empty for PostgreSQL.
	Columns string `json:"columns"`
	// Names are the columns that DMS carries, in order; nil in the memory of an earlier release.
	Names []string `json:"names,omitempty"`
}

// Deps are a function's dependencies.
type Deps struct {
	Secrets Secrets
	// Search is the client for the current index, with a transport that signs.
	Search opensearch.Client
	// Bucket is the lake's bucket.
	Bucket bucket.Bucket
	// Metrics receives metrics in CloudWatch's embedded format: a function's standard output.
	Metrics io.Writer
	// Open opens a database session. Default [Settings.Open].
	Open func(ctx context.Context, secrets Secrets) (Database, error)
	// Log, Now and Wait have defaults.
	Log  *slog.Logger
	Now  func() time.Time
	Wait func(ctx context.Context, d time.Duration) error
}

// Function takes the measurements.
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
		return ctx.Err() //nolint:wrapcheck // the caller adds the context
	case <-time.After(d):
		return nil
	}
}

// Handle measures once. A failed measurement is logged and counted as a metric, but is not an error of the function:
// Lambda would retry, and the next minute does so anyway.
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

// behind reports the age of the newest change that is found, when no new one can be written.
func (f *Function) behind(ctx context.Context, m *measures) {
	newest, err := f.newest(ctx)
	switch {
	case err != nil:
		m.fail("looking for the heartbeat", err)
	case newest != nil:
		m.add(SearchableSeconds, "Seconds", f.deps.Now().Sub(newest.written()).Seconds())
	}
}

// await searches until it finds a beat, and returns how long that took. If it does not find the beat, it returns the
// newest one that it finds.
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

// headroom is the remaining margin before the database drops log that the task has not read.
func (f *Function) headroom(m *measures, log Log, lag time.Duration, newest *heartbeat) {
	if log.Bytes != nil {
		m.add(LogHeadroomBytes, "Bytes", float64(max(0, *log.Bytes)))
		return
	}
	if f.settings.PostgreSQL() || f.settings.LogHours == 0 {
		return
	}
	hours := max(0, float64(f.settings.LogHours)-lag.Hours())
	if newest != nil && newest.Log < log.Oldest { // the file with the beat no longer exists
		hours = 0
	}
	m.add(LogHeadroomHours, "None", hours)
}

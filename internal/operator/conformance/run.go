package conformance

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/lake/objects"
	"cdcpipeline/internal/operator/verify"
	"cdcpipeline/internal/table"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Probe is what it takes to make one.
type Probe struct {
	// Kind of the source; empty is MySQL.
	Kind change.Kind
	DB   *sql.DB
	// Table is the name of the probe's first table, which is not there; the task follows it, and one with a $ at its end.
	Table table.Name
	// Places that are read; History's index is the alias over the daily indices, or a collection's one index.
	Stream  verify.Stream
	History verify.Search
	Lake    objects.Lake
	// Load has the task load the first table again.
	Load func(ctx context.Context) error
	// Forget takes a table that is gone out of the current indices once these have its rows; nil where there are none.
	Forget func(ctx context.Context, n table.Name, rows int64) error
	// Timeout of each place, from when its records were written.
	Timeout time.Duration
	// Keep leaves tables and documents where they are.
	Keep bool
	// Tell is told in a line what happens.
	Tell func(format string, args ...any)
}

// second is the table whose name the lake has to escape.
func (p *Probe) second() table.Name {
	return table.Name{Database: p.Table.Database, Table: p.Table.Table + escaped}
}

// inCollection says that the history is a collection's one index, whose documents have no ids of Firehose's.
func (p *Probe) inCollection() bool { return p.History.FoundAfter > 0 }

// Report is the result of a probe. It holds values of the probe alone, so that it may be shown to anybody.
type Report struct {
	// Versions of what took part, by name.
	Versions map[string]string `json:"versions"`
	Held     int               `json:"held"`
	NotHeld  int               `json:"notHeld"`
	NotSeen  int               `json:"notSeen"`
	Results  []Result          `json:"results"`
	// Left is what the probe leaves behind, and how it is removed.
	Left     []string  `json:"left"`
	Ended    time.Time `json:"ended"`
	Evidence *Evidence `json:"evidence"`
}

// Run makes a probe for some assumptions and judges them. It leaves no table, also when ctx ends early, unless it is told to
// keep them. An error comes with what was seen until then, or with no report when no table was made.
func Run(ctx context.Context, p Probe, assumptions []Assumption) (report *Report, err error) {
	if p.inCollection() {
		assumptions = slices.DeleteFunc(slices.Clone(assumptions), func(a Assumption) bool { return a.onDomain })
	}
	if len(assumptions) == 0 {
		return nil, errors.New("--only history-ids: leave it out; in a collection Firehose sets no document IDs, so there is nothing to check")
	}
	r := &run{Probe: p, needs: needsOf(assumptions), evidence: &Evidence{
		Database: p.Table.Database, Table: p.Table.Table, Run: strings.ToLower(rand.Text()[:12]),
		Began: time.Now().UTC(), HistoryIndex: p.History.Index, OneIndex: p.inCollection(), LakePrefix: p.Lake.Prefix,
	}}
	if p.Kind.Postgres() {
		r.evidence.Kind = p.Kind
	}
	versions, err := versions(ctx, p.DB)
	if err != nil {
		return nil, err
	}
	if err := r.free(ctx); err != nil {
		return nil, err
	}
	if err := r.makeTables(ctx); err != nil {
		return nil, errors.Join(err, r.dropTables(context.WithoutCancel(ctx)))
	}
	err = r.work(ctx)
	report = &Report{Versions: versions, Results: Judge(assumptions, r.evidence), Evidence: r.evidence}
	report.Held, report.NotHeld, report.NotSeen = Count(report.Results, Held), Count(report.Results, NotHeld), Count(report.Results, NotSeen)
	left, cleaned := r.clean(context.WithoutCancel(ctx))
	report.Left, report.Ended = left, time.Now().UTC()
	if ctx.Err() != nil && cleaned != nil {
		p.Tell("%v", cleaned) // of an interruption nobody reads the error
	}
	return report, errors.Join(err, cleaned)
}

// run is one run of a probe.
type run struct {
	Probe
	needs    needs
	evidence *Evidence
	// complete says that every row of the probe was seen in the stream.
	complete bool
}

// needs are the steps that some assumptions take, and the places in which they are seen.
type needs struct{ alter, load, history, lake bool }

func needsOf(assumptions []Assumption) needs {
	var n needs
	for _, a := range assumptions {
		n.alter = n.alter || a.step == stepAlter
		n.load = n.load || a.step == stepLoad
		n.history = n.history || a.Area.hop() == verify.HopHistory
		n.lake = n.lake || a.Area.hop() == verify.HopLake
	}
	return n
}

// work writes the script, step by step, while the stream is read, and looks for its rows in the sinks.
func (r *run) work(ctx context.Context) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	c := newCollector(r.evidence)
	reading := make(chan struct{})
	go func() {
		defer close(reading)
		if err := r.Stream.Read(ctx, r.evidence.Began.Add(-clocksDiffer), c.take); err != nil {
			end(err)
		}
	}()
	err := r.steps(ctx, c)
	if err == nil {
		err = r.sinks(ctx, c)
	}
	if cause := context.Cause(ctx); cause != nil { // the stream could not be read, or somebody has interrupted
		err = cause
	}
	end(nil)
	<-reading
	return err
}

// steps writes and waits, a step after the other: DMS reads definitions as they are when it meets them.
func (r *run) steps(ctx context.Context, c *collector) error {
	s := script{r.DB, r.Table, r.second(), r.evidence.Run}
	if err := s.write(ctx); err != nil {
		return fmt.Errorf("writing the command's rows: %w", err)
	}
	r.Tell("wrote rows into %s and %s; waiting for them in the stream", r.Table, r.second())
	if r.complete = c.await(ctx, r.Timeout, stepRows, expected{scriptRows, "id", sceneEnd}); !r.complete {
		return ctx.Err() //nolint:wrapcheck // only an interruption ends it: what is not seen is judged as such
	}
	if r.needs.alter {
		c.begin(stepAlter)
		if err := s.alter(ctx); err != nil {
			return fmt.Errorf("writing the command's rows: %w", err)
		}
		r.complete = c.await(ctx, r.Timeout, stepAlter, expected{1, "later", sceneAltered})
	}
	if r.needs.load {
		return r.load(ctx, c)
	}
	return ctx.Err() //nolint:wrapcheck // as above
}

// load has the task load the table, and waits for as many rows as it has.
func (r *run) load(ctx context.Context, c *collector) error {
	var rows int
	if err := r.DB.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+quoted(r.Table)).Scan(&rows); err != nil {
		return fmt.Errorf("counting the command's rows: %w", err)
	}
	c.begin(stepLoad)
	if err := r.Load(ctx); err != nil {
		r.Tell("the task cannot load the table again, so there is no result for loaded rows: %v", err)
		return ctx.Err() //nolint:wrapcheck // only an interruption ends it
	}
	r.complete = c.await(ctx, r.Timeout, stepLoad, expected{rows: rows}) && r.complete
	return ctx.Err() //nolint:wrapcheck // as above
}

// sinks looks for what the stream has brought, in all steps: rows that were loaded again may reach a sink before rows that were
// written before.
func (r *run) sinks(ctx context.Context, c *collector) error {
	if !r.complete {
		r.Tell("not all of the command's rows arrived in the stream within %s", r.Timeout)
	}
	want := c.count()
	if want == 0 {
		return nil
	}
	if r.needs.history {
		r.Tell("waiting for %d documents in the history", want)
		if err := r.findDocuments(ctx, want); err != nil {
			return err
		}
	}
	if r.needs.lake {
		r.Tell("waiting for %d records in the lake", want)
		return r.findLines(ctx, want)
	}
	return nil
}

// versions of the database, which DMS's records may depend on.
func versions(ctx context.Context, db *sql.DB) (map[string]string, error) {
	var version, comment string
	if err := db.QueryRowContext(ctx, "SELECT VERSION(), @@version_comment").Scan(&version, &comment); err != nil {
		return nil, fmt.Errorf("reading the server's version: %w", err)
	}
	return map[string]string{"database": version + " (" + comment + ")"}, nil
}

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

// Probe holds everything that a run needs.
type Probe struct {
	// Kind is the source's kind. Empty means MySQL.
	Kind change.Kind
	DB   *sql.DB
	// Table is the name of the probe's first table, which must not exist. The task must follow this name, and the name
	// with a $ at its end.
	Table table.Name
	// The probe reads these places. History's index is the alias of the daily indices, or the single index of a
	// collection.
	Stream  verify.Stream
	History verify.Search
	Lake    objects.Lake
	// Load makes the task load the first table again.
	Load func(ctx context.Context) error
	// Forget removes a dropped table from the current indices after they have received its rows. It is nil in a stack
	// without current indices.
	Forget func(ctx context.Context, n table.Name, rows int64) error
	// Timeout limits the wait for each place, from the time when its records were written.
	Timeout time.Duration
	// Keep keeps the tables and documents.
	Keep bool
	// Tell receives one line for each event.
	Tell func(format string, args ...any)
}

// second returns the name of the second table. The lake has to escape this name.
func (p *Probe) second() table.Name {
	return table.Name{Database: p.Table.Database, Table: p.Table.Table + escaped}
}

// inCollection reports whether the history is the single index of a collection. Its documents do not have Firehose's
// ids.
func (p *Probe) inCollection() bool { return p.History.FoundAfter > 0 }

// Report is the result of a probe. It holds values of the probe only, so it may be published.
type Report struct {
	// Versions maps the software that took part to its version.
	Versions map[string]string `json:"versions"`
	Held     int               `json:"held"`
	NotHeld  int               `json:"notHeld"`
	NotSeen  int               `json:"notSeen"`
	Results  []Result          `json:"results"`
	// Left lists what the probe leaves behind, each with the way to remove it.
	Left     []string  `json:"left"`
	Ended    time.Time `json:"ended"`
	Evidence *Evidence `json:"evidence"`
}

// Run makes a probe for some assumptions and judges them. It drops its tables unless p.Keep is set, even if ctx ends
// early. If it fails, it returns an error and a report of what was seen until then. The report is nil if no table was
// made.
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
		p.Tell("%v", cleaned) // nobody reads the error of an interruption
	}
	return report, errors.Join(err, cleaned)
}

// run is one run of a probe.
type run struct {
	Probe
	needs    needs
	evidence *Evidence
	// complete is true if every row of the probe was seen in the stream.
	complete bool
}

// needs says which steps and which places some assumptions need.
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

// work writes the script, step by step, and reads the stream meanwhile. Then it looks for the rows in the sinks.
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
	if cause := context.Cause(ctx); cause != nil { // the stream could not be read, or a signal interrupted the run
		err = cause
	}
	end(nil)
	<-reading
	return err
}

// steps runs one step after another and waits for each, because DMS reads a table's definition only when it meets a
// change.
func (r *run) steps(ctx context.Context, c *collector) error {
	s := script{r.DB, r.Table, r.second(), r.evidence.Run}
	if err := s.write(ctx); err != nil {
		return fmt.Errorf("writing the command's rows: %w", err)
	}
	r.Tell("wrote rows into %s and %s; waiting for them in the stream", r.Table, r.second())
	if r.complete = c.await(ctx, r.Timeout, stepRows, expected{scriptRows, "id", sceneEnd}); !r.complete {
		return ctx.Err() //nolint:wrapcheck // only an interruption ends it; Judge reports what is missing
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
	return ctx.Err() //nolint:wrapcheck // only an interruption ends it; Judge reports what is missing
}

// load makes the task load the table and waits for all its rows.
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
	return ctx.Err() //nolint:wrapcheck // only an interruption ends it
}

// sinks looks for the rows of all steps together. Loaded rows may reach a sink before rows that were written earlier.
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

// versions returns the database's versions. DMS's records may depend on them.
func versions(ctx context.Context, db *sql.DB) (map[string]string, error) {
	var version, comment string
	if err := db.QueryRowContext(ctx, "SELECT VERSION(), @@version_comment").Scan(&version, &comment); err != nil {
		return nil, fmt.Errorf("reading the server's version: %w", err)
	}
	return map[string]string{"database": version + " (" + comment + ")"}, nil
}

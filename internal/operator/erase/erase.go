// Package erase deletes one row from everything that the pipeline keeps. This serves the right to be forgotten,
// https://gdpr-info.eu/art-17-gdpr/.
//
// # What belongs to the row
//
// A record belongs to the row if its key, or its key before an update, equals the row's key in any spelling
// ([change.KeyColumns]). A row keeps its identity when its key changes, so it is erased under every key that it had.
//
// # When it is refused
//
// The row must be deleted in the source first, and the deletion must have reached the lake. The newest record of the
// row there must be the deletion, and it must be older than the longest delivery takes ([Options.Settle]). A record
// that has not reached a sink by then is below an error prefix, and is erased there. The stream keeps its records until
// they expire. Nothing reads them again by itself.
//
// # Order
//
// The lake's records and the parked ones are erased first. Tables, indices and query results, which are made from them,
// come afterwards. In the opposite order, a run of the tables' job or a replay could create the row again. Each step
// finds the remaining work itself, so the same command finishes an interrupted erasure. Only the records tell which
// keys the row had, and they are erased first. So a request in the bucket keeps the keys until everything is done
// ([request]).
//
// No record of another row is lost. An object is rewritten under its name, read again and compared before its former
// versions are deleted.
package erase

import (
	"cdcpipeline/internal/change"
	lake "cdcpipeline/internal/lake/tables"
	"cdcpipeline/internal/operator/tables"
	"cdcpipeline/internal/table"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// DefaultSettle is the default of [Options.Settle]. It is longer than the longest buffer of a delivery (15 minutes) and
// the delivery's default retry time for the domain.
const DefaultSettle = 30 * time.Minute

// Source is the database that holds the table.
type Source interface {
	// Key returns the columns of a table's primary key, with their types.
	Key(ctx context.Context, name table.Name) (change.KeyColumns, error)
	// Has reports whether the table has a row with this key now.
	Has(ctx context.Context, name table.Name, key change.Key) (bool, error)
}

// Erasure erases one row from a stack.
type Erasure struct {
	Source Source
	// Kind is the source's kind. Empty means MySQL.
	Kind change.Kind
	Lake Lake
	// Search is nil in a stack without a domain.
	Search *Search
	// Tables is the job that keeps the lake's tables. It is nil in a stack without them.
	Tables *tables.Job
	// Loading reports whether the task is loading the table now. nil means never.
	Loading func(context.Context, table.Name) (bool, error)
	Table   table.Name
	// Row maps each column of the primary key to its value.
	Row map[string]string
	Options
}

// Options are the options of an erasure.
type Options struct {
	// Yes erases the row. If Yes is false, Run only reports what it would do.
	Yes bool
	// Vanished allows a row without a record of its deletion. A TRUNCATE, a foreign key or a change of the source can
	// cause this.
	Vanished bool
	// Settle is the least age of the row's newest record.
	Settle time.Duration
	// Tell receives progress messages; nil discards them.
	Tell func(format string, args ...any)
	// Now returns the time. The default is the clock.
	Now func() time.Time
}

// Found counts what one place has, or had, of the row.
type Found struct {
	// Records counts the records or documents of the row.
	Records int `json:"records"`
	// Objects counts the present objects that contain the row. Versions counts former versions of objects.
	Objects  int `json:"objects"`
	Versions int `json:"versions"`
}

// Documents counts what the indices have of the row.
type Documents struct {
	Documents int `json:"documents"`
	// Indices names the indices that have any documents of the row.
	Indices []string `json:"indices"`
}

// Report says what an erasure has found, and what it did or would do.
type Report struct {
	Table string `json:"table"`
	// Key maps each key column to its value. OtherKeys lists the other keys that the row had.
	Key       map[string]string `json:"key"`
	OtherKeys []string          `json:"otherKeys"`
	// Erased is true if the erasure is complete.
	Erased bool `json:"erased"`
	// Raw counts records of the lake. Parked counts records that could not be delivered or applied.
	Raw    Found `json:"raw"`
	Parked Found `json:"parked"`
	// History and Current count documents in OpenSearch.
	History Documents `json:"history"`
	Current Documents `json:"current"`
	// Tables lists the lake's tables by their names in the catalog. TableVersions counts former versions of their
	// files, and files of tables that are no longer shown. The erasure deletes all these versions.
	Tables        []string `json:"tables"`
	TableVersions int      `json:"tableVersions"`
	// QueryResults counts the versions of Athena's result objects. The erasure deletes all these versions.
	QueryResults int `json:"queryResults"`
	// Unreadable lists records whose row is unknown. The erasure does not delete them.
	Unreadable []string `json:"unreadable"`
	// Left lists what the erasure cannot reach.
	Left []Left `json:"left"`
}

// Left is a place that may hold values of the row after the erasure.
type Left struct {
	Where string `json:"where"`
	// Until is the last day on which the place may hold the row. It is zero if the pipeline does not decide that.
	Until time.Time `json:"until,omitzero"`
	Why   string    `json:"why"`
}

// Run looks for the row, and erases it if asked to. The report is empty if something could not be read;
// with any other error, such as a refusal, it says what was found.
func (e Erasure) Run(ctx context.Context) (Report, error) {
	if e.Now == nil {
		e.Now = time.Now
	}
	r := &run{Erasure: e, began: e.Now()}
	err := r.run(ctx)
	return r.report, err
}

// run is one run of an erasure.
type run struct {
	Erasure
	began   time.Time
	row     *row
	report  Report
	raw     *survey
	parked  *survey
	found   documents
	results []version
	files   tableFiles
	request request
}

func (r *run) run(ctx context.Context) error {
	if err := r.identify(ctx); err != nil {
		r.report = Report{}
		return err
	}
	if err := r.look(ctx); err != nil {
		r.report = Report{}
		return err
	}
	if err := r.refuse(ctx); err != nil || !r.Yes {
		return err
	}
	if err := r.erase(ctx); err != nil {
		return err
	}
	r.report.Erased = true
	return nil
}

// identify finds the row's key in its canonical spelling, and the keys that an interrupted erasure has found.
func (r *run) identify(ctx context.Context) error {
	r.report = Report{
		Table: r.Table.String(), Key: r.Row, OtherKeys: []string{}, Tables: []string{}, Unreadable: []string{}, Left: []Left{},
		History: Documents{Indices: []string{}}, Current: Documents{Indices: []string{}},
	}
	columns, err := r.Source.Key(ctx, r.Table)
	if err != nil {
		return err //nolint:wrapcheck // the error names the table
	}
	if r.row, err = newRow(r.Kind, r.Table, columns, r.Row); err != nil {
		return err
	}
	pending, err := r.Lake.requests(ctx)
	if err != nil {
		return err
	}
	for _, p := range pending {
		if p.of(r.Table) && slices.ContainsFunc(p.Rows, func(k change.Key) bool { return slices.Equal(k, r.row.first) }) {
			r.tell("going on with the erasure of %s", p.Began.Format(time.RFC3339))
			r.request = p
			for _, key := range p.Rows {
				r.row.add(key)
			}
		}
	}
	return nil
}

// look searches every place and changes nothing.
func (r *run) look(ctx context.Context) error {
	var err error
	for {
		r.tell("reading the records of %s", r.Table)
		if r.raw, err = r.Lake.survey(ctx, r.row, r.Lake.folder(r.Table)); err != nil {
			return err
		}
		if r.parked, err = r.Lake.survey(ctx, r.row, r.Lake.Parked...); err != nil {
			return err
		}
		if !r.row.follow(r.raw.moves, r.parked.moves) {
			break
		}
		r.tell("the row had other keys, so the records are read again")
	}
	if r.Search != nil {
		r.tell("reading the indices")
		if r.found, err = r.Search.find(ctx, r.row); err != nil {
			return err
		}
	}
	if r.results, err = r.Lake.versions(ctx, r.Lake.Results); err != nil {
		return err
	}
	if r.files, err = r.Lake.tableFiles(ctx, r.Table); err != nil {
		return err
	}
	r.summarise()
	return nil
}

func (r *run) summarise() {
	p := &r.report
	for _, key := range r.row.keys {
		if !slices.Equal(key, r.row.first) {
			p.OtherKeys = append(p.OtherKeys, key.String())
		}
	}
	slices.Sort(p.OtherKeys)
	p.Raw, p.Parked = r.raw.count(), r.parked.count()
	p.History, p.Current = r.found.history.summary(), r.found.current.summary()
	p.QueryResults = len(r.results)
	p.Tables, p.TableVersions = r.files.names, len(r.files.former)
	p.Unreadable = append(append(p.Unreadable, r.raw.unreadable...), r.parked.unreadable...)
	if n := r.found.unreadable; n > 0 {
		p.Unreadable = append(p.Unreadable, fmt.Sprintf("%d documents of the history", n))
	}
}

// refuse returns every reason against the erasure.
func (r *run) refuse(ctx context.Context) error {
	var problems []error
	refuse := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	for _, key := range r.row.keys {
		has, err := r.Source.Has(ctx, r.Table, key)
		if err != nil {
			return err //nolint:wrapcheck // the error names the table
		}
		if has {
			refuse("%s still has the row with %s: delete it in the source first, and wait until the deletion has arrived", r.Table, r.row.describe(key))
		}
	}
	if len(problems) > 0 { // these problems cause the others
		return errors.Join(problems...)
	}
	if view := r.files.filling; view != "" {
		refuse("the job fills another table beside %[1]s, and both may have the row: first run `cdc tables switch --table %[1]s`", view)
	}
	if r.Tables == nil && len(r.files.names) > 0 {
		refuse("the lake has the tables %s with the row, but no job can erase from them: set lake.tables.format to their format and run `pulumi up`, or delete their files "+
			"below s3://%s/%s with all versions, and then the job's state of them below %s", strings.Join(r.files.names, ", "), r.Lake.Name, files, lake.StateOf(r.Lake.Source))
	}
	for id, newest := range r.raw.newest {
		if !newest.made.After(r.request.Began) {
			continue // an interrupted erasure has checked it, and may have erased the deletion since
		}
		if !newest.ends && !r.Vanished {
			refuse("the newest record of the row with %s in the lake, made %s, is not a deletion: wait until the deletion arrives (see `cdc status`); "+
				"if the row went without a record (TRUNCATE, foreign keys, another source), give --vanished", r.row.describe(r.row.keys[id]), newest.made.UTC().Format(time.RFC3339))
		}
		if settled := newest.made.Add(r.Settle); settled.After(r.began) {
			refuse("the newest record of the row is of %s, and older ones may still arrive: try again at %s (--settle sets how long to wait)",
				newest.made.UTC().Format(time.RFC3339), settled.UTC().Format(time.RFC3339))
		}
	}
	if index := r.found.shown; index != "" && !r.Vanished {
		refuse("%s still shows the row, because the function has not applied its deletion yet: wait, and check `cdc status`", index)
	}
	if r.Loading != nil {
		loading, err := r.Loading(ctx, r.Table)
		if err != nil {
			return err
		}
		if loading {
			refuse("the task is loading %s, which may bring the row back: wait until it is loaded", r.Table)
		}
	}
	return errors.Join(problems...)
}

// erase erases in the order that the package comment gives.
func (r *run) erase(ctx context.Context) error {
	if err := r.ask(ctx); err != nil {
		return err
	}
	r.tell("erasing records of the lake")
	if err := r.Lake.erase(ctx, r.raw); err != nil {
		return err
	}
	r.tell("erasing parked records")
	if err := r.Lake.erase(ctx, r.parked); err != nil {
		return err
	}
	if r.Tables != nil && len(r.files.names) > 0 {
		r.tell("running the job to erase the row from %s", strings.Join(r.files.names, ", "))
		if _, err := r.Tables.Erase(ctx, r.Lake.requestKey(r.request)); err != nil {
			return err //nolint:wrapcheck // the error names the run
		}
	}
	if err := r.Lake.forgetFiles(ctx, r.Table); err != nil {
		return err
	}
	if r.Search != nil {
		r.tell("erasing documents")
		if err := r.Search.erase(ctx, r.row, r.found, r.request.Indices); err != nil {
			return err
		}
	}
	if err := r.Lake.deleteVersions(ctx, r.results); err != nil {
		return err
	}
	if err := r.lookAgain(ctx); err != nil {
		return err
	}
	return r.Lake.settle(ctx, r.request)
}

// ask writes the request before anything is erased.
func (r *run) ask(ctx context.Context) error {
	if r.request.ID == "" {
		r.request = newRequest(r.Table, r.began)
	}
	r.request.Rows, r.request.Keys = nil, nil
	for id, key := range r.row.keys {
		r.request.Rows, r.request.Keys = append(r.request.Rows, key), append(r.request.Keys, id)
	}
	r.request.Indices = slices.Compact(slices.Sorted(slices.Values(slices.Concat(r.request.Indices, r.found.history.indices(), r.found.current.indices()))))
	return r.Lake.ask(ctx, r.request)
}

// lookAgain looks for records that came during the erasure.
func (r *run) lookAgain(ctx context.Context) error {
	r.tell("looking for records that came meanwhile")
	for _, before := range []*survey{r.raw, r.parked} {
		now, err := r.Lake.surveyNew(ctx, before)
		if err != nil {
			return err
		}
		if n := now.count(); n.Records > 0 {
			return fmt.Errorf("%d records of the row came during the erasure: run the same command again", n.Records)
		}
	}
	return nil
}

func (r *run) tell(format string, args ...any) {
	if r.Tell != nil {
		r.Tell(format, args...)
	}
}

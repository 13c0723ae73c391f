// Package erase takes one row out of everything that the pipeline keeps: the right to be forgotten,
// https://gdpr-info.eu/art-17-gdpr/.
//
// # What belongs to the row
//
// Every record whose key, or whose key before an update, is the row's, in whatever spelling ([change.KeyColumns]). A row whose key
// was changed is the same row: it is erased under every key that it had.
//
// # When it is refused
//
// The row has to be deleted in the source first, and its deletion must have arrived: the newest record of the row in the lake has to be
// the one that ends it, and older than a delivery takes at most ([Options.Settle]). What is not in a sink by then is below the
// prefixes of errors, where it is erased too. The stream keeps the records until they expire; nothing reads them again by itself.
//
// # Order
//
// First the lake's records and those that were parked, then what is made of them: tables, indices, results of queries. The other way
// round, a run of the tables' job or a replay in between would make the row again. Each step finds by itself what is left to do, so an
// erasure that was interrupted is finished by the same command. Which keys the row had only its records tell, and these are gone
// first: so a request in the bucket keeps the keys until all is done ([request]).
//
// A record of another row is never lost: an object is written anew under its name, read again and compared before its former
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

// DefaultSettle is how old the record that ends the row has to be: longer than a delivery's longest buffer (15 minutes) and what it
// retries the domain by default.
const DefaultSettle = 30 * time.Minute

// Source is the database that the row comes from.
type Source interface {
	// Key gives the columns of a table's primary key, with their types.
	Key(ctx context.Context, name table.Name) (change.KeyColumns, error)
	// Has says whether the table has a row of the key now.
	Has(ctx context.Context, name table.Name, key change.Key) (bool, error)
}

// Erasure is a stack and the row to take out of it.
type Erasure struct {
	Source Source
	// Kind of the source; empty is MySQL.
	Kind change.Kind
	Lake Lake
	// Search is nil in a stack without a domain.
	Search *Search
	// Tables is the job that keeps the lake's tables; nil in a stack that keeps none.
	Tables *tables.Job
	// Loading says whether the task loads the table just now; nil is never.
	Loading func(context.Context, table.Name) (bool, error)
	Table   table.Name
	// Row has a value for each column of the primary key, by name.
	Row map[string]string
	Options
}

// Options of an erasure.
type Options struct {
	// Yes does it; else it is only said what would be done.
	Yes bool
	// Vanished takes a row that no record ends: of a TRUNCATE, of a foreign key, of another source.
	Vanished bool
	// Settle is how old the newest record of the row has to be.
	Settle time.Duration
	// Tell receives progress messages; nil discards them.
	Tell func(format string, args ...any)
	// Now is the time; default the clock.
	Now func() time.Time
}

// Found is what one place has, or had, of the row.
type Found struct {
	// Records or documents of the row.
	Records int `json:"records"`
	// Objects as they are now that have any, and former versions of objects.
	Objects  int `json:"objects"`
	Versions int `json:"versions"`
}

// Documents are what the indices have of the row.
type Documents struct {
	Documents int `json:"documents"`
	// Indices that have any, by name.
	Indices []string `json:"indices"`
}

// Report says what an erasure has found, and done or would do.
type Report struct {
	Table string `json:"table"`
	// Key by column, and other keys that the row had.
	Key       map[string]string `json:"key"`
	OtherKeys []string          `json:"otherKeys"`
	// Erased says that all of it was done.
	Erased bool `json:"erased"`
	// Raw are records of the lake, Parked those that could not be delivered or applied.
	Raw    Found `json:"raw"`
	Parked Found `json:"parked"`
	// History and Current are documents of OpenSearch.
	History Documents `json:"history"`
	Current Documents `json:"current"`
	// Tables of the lake, by their names in the catalog. Versions are former ones of their files, and those of tables that were
	// shown before. All of them are deleted.
	Tables        []string `json:"tables"`
	TableVersions int      `json:"tableVersions"`
	// QueryResults counts the versions of Athena's result objects. All of them are deleted.
	QueryResults int `json:"queryResults"`
	// Unreadable are records whose row is unknown. They stay.
	Unreadable []string `json:"unreadable"`
	// Left is what cannot be reached.
	Left []Left `json:"left"`
}

// Left is something that may hold values of the row, and until when.
type Left struct {
	Where string `json:"where"`
	// Until is the day after which it has nothing of the row; zero when that is not ours to say.
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

// identify the row: its key in the one spelling, and the keys that an erasure which was interrupted has found.
func (r *run) identify(ctx context.Context) error {
	r.report = Report{
		Table: r.Table.String(), Key: r.Row, OtherKeys: []string{}, Tables: []string{}, Unreadable: []string{}, Left: []Left{},
		History: Documents{Indices: []string{}}, Current: Documents{Indices: []string{}},
	}
	columns, err := r.Source.Key(ctx, r.Table)
	if err != nil {
		return err //nolint:wrapcheck // it names the table
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

// look for everything, and change nothing.
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

// refuse says all that is against it.
func (r *run) refuse(ctx context.Context) error {
	var problems []error
	refuse := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	for _, key := range r.row.keys {
		has, err := r.Source.Has(ctx, r.Table, key)
		if err != nil {
			return err //nolint:wrapcheck // it names the table
		}
		if has {
			refuse("%s still has the row with %s: delete it in the source first, and wait until the deletion has arrived", r.Table, r.row.describe(key))
		}
	}
	if len(problems) > 0 { // the rest follows from it
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
			continue // an erasure that was interrupted has looked at it, and may have erased the deletion since
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

// erase in the order that the package's comment tells.
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
			return err //nolint:wrapcheck // it names the run
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

// ask writes down what is to be done, before anything is.
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

package erase

import (
	"bytes"
	"cdcpipeline/config"
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/lake/objects"
	lake "cdcpipeline/internal/lake/tables"
	"cdcpipeline/internal/operator/tables"
	"cdcpipeline/internal/table"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// request is an object of the bucket that keeps what an erasure is of until it is done: for the job, and for a run that goes on.
// No key is in the job's arguments, which Glue keeps.
type request struct {
	// ID of the erasure; empty for none.
	ID     string    `json:"id"`
	Began  time.Time `json:"began"`
	Schema string    `json:"schema"`
	Table  string    `json:"table"`
	// Keys are the ids of the row's keys, Rows the keys.
	Keys []string     `json:"keys"`
	Rows []change.Key `json:"rows"`
	// Indices that have, or had, documents of the row.
	Indices []string `json:"indices"`
}

func newRequest(n table.Name, at time.Time) request {
	return request{ID: rand.Text(), Began: at.UTC(), Schema: n.Database, Table: n.Table}
}

func (r request) of(n table.Name) bool { return r.Schema == n.Database && r.Table == n.Table }

// requestsFolder is below the tables' files, where the job may read. A source's requests are its own: another may have a table of the name.
func (l Lake) requestsFolder() string { return lake.StateOf(l.Source) + "/erase/" }

// requestKey is the key of a request's object.
func (l Lake) requestKey(r request) string { return l.requestsFolder() + r.ID + ".json" }

// requests that were not finished.
func (l Lake) requests(ctx context.Context) ([]request, error) {
	all, err := l.versions(ctx, l.requestsFolder())
	if err != nil {
		return nil, err
	}
	var found []request
	for _, v := range all {
		if v.mark || !v.latest {
			continue
		}
		body, _, err := l.get(ctx, v)
		if err != nil {
			return nil, err
		}
		var one request
		if err := json.Unmarshal(body, &one); err != nil {
			return nil, fmt.Errorf("reading s3://%s/%s, which an erasure has left: %w", l.Name, v.key, err)
		}
		found = append(found, one)
	}
	return found, nil
}

// ask writes a request.
func (l Lake) ask(ctx context.Context, r request) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("writing the request of an erasure: %w", err)
	}
	key := l.requestKey(r)
	if _, err := l.Client.PutObject(ctx, &s3.PutObjectInput{Bucket: &l.Name, Key: &key, Body: bytes.NewReader(text)}); err != nil {
		return fmt.Errorf("writing s3://%s/%s: %w", l.Name, key, err)
	}
	return nil
}

// settle deletes a request: all is done.
func (l Lake) settle(ctx context.Context, r request) error {
	all, err := l.versions(ctx, l.requestKey(r))
	if err != nil {
		return err
	}
	slices.Reverse(all)
	return l.deleteVersions(ctx, all)
}

// files is where those of all tables are.
const files = config.TablesPrefix + "/"

// tableFiles are what the bucket has of a table that changes in place.
type tableFiles struct {
	// names of the tables in the catalog, as the job's notes have them.
	names []string
	// former versions of files, which the table's own formats know nothing of, marks of deleted ones, and all files of former
	// epochs, which nobody reads any more.
	former []version
	// filling says that another epoch is filled beside the shown one.
	filling string
}

// tableFiles of every epoch, of a table that the job has kept.
func (l Lake) tableFiles(ctx context.Context, n table.Name) (tableFiles, error) {
	found := tableFiles{names: []string{}}
	notes, err := tables.Notes(ctx, objects.Lake{Client: l.Client, Bucket: l.Name, Prefix: lake.StateOf(l.Source)})
	if err != nil {
		return found, err //nolint:wrapcheck // it says what of
	}
	shown := map[string]string{} // where, by the folder's name
	for _, note := range notes {
		if note.Source != n.String() {
			continue
		}
		if note.Location == "" { // every file would be a former one
			return found, fmt.Errorf("the job has not said where the files of %s are: run `cdc tables run` first", note.Table)
		}
		found.names = append(found.names, note.Table)
		if view, filled := note.Filled(); filled {
			found.filling = view
		} else {
			shown[note.View()] = note.Location
		}
	}
	if len(shown) == 0 {
		return found, nil
	}
	all, err := l.versions(ctx, files)
	if err != nil {
		return found, err
	}
	for _, v := range all {
		parts := strings.Split(strings.TrimPrefix(v.key, files), "/") // generation, format, view, epoch, and what is below
		if len(parts) < 5 {
			continue
		}
		at, ours := shown[parts[2]]
		if ours && (!v.latest || v.mark || !strings.HasPrefix(v.key, at+"/")) {
			found.former = append(found.former, v)
		}
	}
	slices.Reverse(found.former) // the oldest of an object first: a mark goes last, so that nothing comes back
	return found, nil
}

// forgetFiles deletes the former versions of a table's files: those that the job has deleted just now, too.
func (l Lake) forgetFiles(ctx context.Context, n table.Name) error {
	found, err := l.tableFiles(ctx, n)
	if err != nil {
		return err
	}
	return l.deleteVersions(ctx, found.former)
}

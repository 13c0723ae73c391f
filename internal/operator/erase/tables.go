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

// request is an object in the bucket that describes an unfinished erasure. The tables' job and a continued erasure read
// it. The keys are not in the job's arguments, because Glue stores the arguments of every run.
type request struct {
	// ID identifies the erasure. It is empty if there is none.
	ID     string    `json:"id"`
	Began  time.Time `json:"began"`
	Schema string    `json:"schema"`
	Table  string    `json:"table"`
	// Keys holds the ids of the row's keys. Rows holds the keys themselves.
	Keys []string     `json:"keys"`
	Rows []change.Key `json:"rows"`
	// Indices names the indices that have, or had, documents of the row.
	Indices []string `json:"indices"`
}

func newRequest(n table.Name, at time.Time) request {
	return request{ID: rand.Text(), Began: at.UTC(), Schema: n.Database, Table: n.Table}
}

func (r request) of(n table.Name) bool { return r.Schema == n.Database && r.Table == n.Table }

// requestsFolder returns a folder below the tables' files, where the job may read. Each source has its own folder,
// because sources may have tables of the same name.
func (l Lake) requestsFolder() string { return lake.StateOf(l.Source) + "/erase/" }

// requestKey returns the key of a request's object.
func (l Lake) requestKey(r request) string { return l.requestsFolder() + r.ID + ".json" }

// requests returns the requests that are not finished.
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

// settle deletes the request of a finished erasure.
func (l Lake) settle(ctx context.Context, r request) error {
	all, err := l.versions(ctx, l.requestKey(r))
	if err != nil {
		return err
	}
	slices.Reverse(all)
	return l.deleteVersions(ctx, all)
}

// files is the prefix of the files of all tables.
const files = config.TablesPrefix + "/"

// tableFiles describes the bucket's files of one table that the job keeps.
type tableFiles struct {
	// names lists the tables' names in the catalog, from the job's notes.
	names []string
	// former lists former versions of files, which the table format does not know, and delete markers. It also lists
	// all files of former epochs, which nobody reads any more.
	former []version
	// filling names the view if another epoch is filled beside the shown one.
	filling string
}

// tableFiles finds all files of a table that the job keeps, in every epoch.
func (l Lake) tableFiles(ctx context.Context, n table.Name) (tableFiles, error) {
	found := tableFiles{names: []string{}}
	notes, err := tables.Notes(ctx, objects.Lake{Client: l.Client, Bucket: l.Name, Prefix: lake.StateOf(l.Source)})
	if err != nil {
		return found, err //nolint:wrapcheck // the error names the object
	}
	shown := map[string]string{} // the shown location by the folder's name
	for _, note := range notes {
		if note.Source != n.String() {
			continue
		}
		if note.Location == "" { // otherwise every file would count as former
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
		parts := strings.Split(strings.TrimPrefix(v.key, files), "/") // generation, format, view, epoch, and the rest
		if len(parts) < 5 {
			continue
		}
		at, ours := shown[parts[2]]
		if ours && (!v.latest || v.mark || !strings.HasPrefix(v.key, at+"/")) {
			found.former = append(found.former, v)
		}
	}
	slices.Reverse(found.former) // oldest first, and a delete marker last, so that no version becomes visible again
	return found, nil
}

// forgetFiles deletes the former versions of a table's files, with those that the job has just deleted.
func (l Lake) forgetFiles(ctx context.Context, n table.Name) error {
	found, err := l.tableFiles(ctx, n)
	if err != nil {
		return err
	}
	return l.deleteVersions(ctx, found.former)
}

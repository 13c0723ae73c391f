package conformance

import (
	"bytes"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/table"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/go-sql-driver/mysql"
)

// cleaning is the time limit of the whole clean-up.
const cleaning = 2 * time.Minute

// free checks that no unrelated table has one of the names. It accepts tables that an earlier run left.
func (r *run) free(ctx context.Context) error {
	for _, n := range []table.Name{r.Table, r.second()} {
		var comment string
		err := r.DB.QueryRowContext(ctx, `SELECT TABLE_COMMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?`, n.Database, n.Table).Scan(&comment)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return fmt.Errorf("looking for the table %s: %w", n, err)
		case comment != tableComment:
			return &TakenError{n}
		}
	}
	return nil
}

// makeTables makes both tables. It first drops those that an earlier run left.
func (r *run) makeTables(ctx context.Context) error {
	if err := r.dropTables(ctx); err != nil {
		return err
	}
	for _, statement := range definitionsOf(r.Table, r.second()) {
		if _, err := r.DB.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("making the tables %s and %s: %w%s", r.Table, r.second(), err, r.advice(err))
		}
	}
	return nil
}

// advice says what to do when the server refuses a statement. The error numbers are from
// https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html.
func (r *run) advice(err error) string {
	const noDatabase, databaseDenied, tableDenied = 1049, 1044, 1142
	var refusal *mysql.MySQLError
	if !errors.As(err, &refusal) {
		return ""
	}
	switch refusal.Number {
	case noDatabase:
		return ": create the database with CREATE DATABASE " + quote(r.Table.Database)
	case databaseDenied, tableDenied:
		return ": grant the user CREATE, ALTER, DROP, SELECT, INSERT, UPDATE and DELETE on " + quote(r.Table.Database) + ".*, or name another user with --user or --secret-arn"
	}
	return ""
}

// TakenError is returned if an unrelated table has the probe's name.
type TakenError struct{ Table table.Name }

func (e *TakenError) Error() string {
	return fmt.Sprintf("there is already a table %s, which this command did not make: give another name with --table", e.Table)
}

func (r *run) dropTables(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, cleaning)
	defer cancel()
	var problems []error
	for _, n := range []table.Name{r.Table, r.second()} {
		if _, err := r.DB.ExecContext(ctx, "DROP TABLE IF EXISTS "+quoted(n)); err != nil {
			problems = append(problems, fmt.Errorf("dropping the table %s (drop it yourself): %w", n, err))
		}
	}
	return errors.Join(problems...)
}

// clean removes everything that can be removed safely. It returns what is left and how that goes away.
func (r *run) clean(ctx context.Context) (left []string, err error) {
	for _, n := range []table.Name{r.Table, r.second()} {
		left = append(left, fmt.Sprintf("objects in the lake; to delete them: aws s3 rm --recursive 's3://%s/%s'", r.Lake.Bucket, r.Lake.Folder(n.Database, n.Table)))
	}
	left = append(left, fmt.Sprintf("the definitions of both tables below s3://%s/%s, beside those of other tables", r.Lake.Bucket, r.Lake.Folder(controlFolder, controlFolder)))
	if !r.complete {
		left = append(left, "documents that still arrive in the history, until its retention deletes them")
	}
	if r.Keep {
		return append(left, fmt.Sprintf("the tables %s and %s with their documents, because you gave --keep", r.Table, r.second())), nil
	}
	r.Tell("removing the command's tables and documents")
	ctx, cancel := context.WithTimeout(ctx, cleaning)
	defer cancel()
	rows := r.presentRows(ctx)
	problems := []error{r.dropTables(ctx), r.removeDocuments(ctx)}
	if r.Forget != nil {
		for i, n := range []table.Name{r.Table, r.second()} {
			if err := r.forget(ctx, n, rows[i]); err != nil {
				left = append(left, fmt.Sprintf("the current index of %s: %v", n, err))
			}
		}
	}
	return left, errors.Join(problems...)
}

// presentRows counts the rows of both tables in their current indices. -1 means that they could not be counted.
func (r *run) presentRows(ctx context.Context) [2]int64 {
	rows := [2]int64{-1, -1}
	for i, n := range []table.Name{r.Table, r.second()} {
		if err := r.DB.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+quoted(n)).Scan(&rows[i]); err != nil {
			rows[i] = -1
		}
	}
	return rows
}

// forget removes a table from the current indices, unless records may still be on their way there.
func (r *run) forget(ctx context.Context, n table.Name, rows int64) error {
	if !r.complete || rows < 0 {
		return errors.New("records of the table may still come and would make the index again")
	}
	return r.Forget(ctx, n, rows)
}

// removeDocuments deletes the probe's documents from the history, both row documents and table definitions.
func (r *run) removeDocuments(ctx context.Context) error {
	query := object{"bool": object{"minimum_should_match": 1, "should": []object{
		r.documentsOfRun(),
		{"bool": object{"filter": []object{
			{"term": object{"metadata.schema-name": r.Table.Database}},
			{"terms": object{"metadata.table-name": []string{r.Table.Table, r.second().Table}}},
			{"range": object{"metadata.timestamp": object{"gte": r.evidence.Began.Add(-clocksDiffer).UnixMilli(), "format": "epoch_millis"}}},
		}}},
	}}}
	search := object{"size": most, "query": query, "_source": false}
	removed := map[string]bool{} // a collection still finds deleted documents for a while
	for {
		found, err := opensearch.Search[Document](ctx, r.History.Client, r.histories(), search)
		if err != nil {
			return fmt.Errorf("looking for the command's documents in the history: %w", err)
		}
		found = slices.DeleteFunc(found, func(d Document) bool { return removed[d.ID] })
		if len(found) == 0 {
			return nil
		}
		for _, d := range found {
			removed[d.ID] = true
		}
		if err := r.remove(ctx, found); err != nil {
			return fmt.Errorf("removing the command's documents from the history: %w", err)
		}
	}
}

// remove deletes documents. A domain deletes them in bulk. A collection deletes them one by one, because AWS documents
// only this for every kind of collection.
func (r *run) remove(ctx context.Context, found []Document) error {
	if r.inCollection() {
		for _, d := range found {
			err := r.History.Do(ctx, http.MethodDelete, "/"+url.PathEscape(d.Index)+"/_doc/"+url.PathEscape(d.ID), nil, nil)
			if err != nil && opensearch.Status(err) != http.StatusNotFound {
				return err //nolint:wrapcheck // the caller wraps it
			}
		}
		return nil
	}
	var lines bytes.Buffer
	for _, d := range found {
		line, _ := json.Marshal(object{"delete": object{"_index": d.Index, "_id": d.ID}}) // text can always be encoded
		lines.Write(append(line, '\n'))
	}
	return r.History.Do(ctx, http.MethodPost, "/_bulk?refresh=true", lines.Bytes(), nil) //nolint:wrapcheck // the caller wraps it
}

// Package athena runs statements in a workgroup of Amazon Athena and reads what they answer.
package athena

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
)

// API is as much of Athena's as is called here: awsapi.Client.
type API interface {
	JSON(ctx context.Context, action string, request, answer any) error
}

// Database is where statements find views and tables.
type Database struct {
	API API
	// Name in the Glue Data Catalog, and the Workgroup that says where answers go and how much a statement may read.
	Name, Workgroup string
	// Pause between looks at a statement that runs. Default 1 s.
	Pause time.Duration
}

const (
	// MaxStatement is how many bytes a statement has at most,
	// https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html.
	MaxStatement = 262_144
	// pageRows is how many rows an answer has at most,
	// https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html.
	pageRows = 1000
	// stopTime is for how long a statement that nobody waits for any more is asked to stop.
	stopTime = 10 * time.Second
)

// Query runs a SELECT and hands on its rows, with values as Athena writes them. When ctx ends, the statement is stopped: what it
// reads is paid for.
func (d Database) Query(ctx context.Context, statement string, visit func(row []sql.NullString) error) error {
	var out struct {
		ID string `json:"QueryExecutionId"`
	}
	err := d.API.JSON(ctx, "StartQueryExecution", map[string]any{
		"QueryString": statement, "WorkGroup": d.Workgroup, "QueryExecutionContext": map[string]string{"Database": d.Name},
		"ClientRequestToken": rand.Text() + rand.Text(), // a call that is repeated starts nothing twice; 32 characters at least
	}, &out)
	if err != nil {
		return fmt.Errorf("starting a query in the workgroup %s: %w", d.Workgroup, err)
	}
	if err := d.wait(ctx, out.ID); err != nil {
		return err
	}
	return d.rows(ctx, out.ID, visit)
}

func (d Database) wait(ctx context.Context, id string) error {
	pause := d.Pause
	if pause == 0 {
		pause = time.Second
	}
	for {
		var out struct {
			QueryExecution struct {
				Status struct {
					State  string
					Reason string `json:"StateChangeReason"`
				}
			}
		}
		err := d.API.JSON(ctx, "GetQueryExecution", map[string]string{"QueryExecutionId": id}, &out)
		switch status := out.QueryExecution.Status; {
		case ctx.Err() != nil:
			return d.stop(ctx, id)
		case err != nil:
			return fmt.Errorf("asking for the query %s: %w", id, err)
		case status.State == "SUCCEEDED":
			return nil
		case status.State == "FAILED" || status.State == "CANCELLED":
			return fmt.Errorf("the query %s %s: %s", id, strings.ToLower(status.State), status.Reason)
		}
		select {
		case <-ctx.Done():
			return d.stop(ctx, id)
		case <-time.After(pause):
		}
	}
}

func (d Database) stop(ctx context.Context, id string) error {
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if err := d.API.JSON(stopping, "StopQueryExecution", map[string]string{"QueryExecutionId": id}, &struct{}{}); err != nil {
		return fmt.Errorf("%w; the query %s goes on, because it could not be stopped: %w", context.Cause(ctx), id, err)
	}
	return context.Cause(ctx) //nolint:wrapcheck // as it was ended
}

// page of an answer. NULL is a value without text.
type page struct {
	NextToken string
	ResultSet struct {
		Rows []struct {
			Data []struct {
				Text *string `json:"VarCharValue"`
			}
		}
		Metadata struct {
			Columns []struct{ Name string } `json:"ColumnInfo"`
		} `json:"ResultSetMetadata"`
	}
}

func (d Database) rows(ctx context.Context, id string, visit func([]sql.NullString) error) error {
	request := map[string]any{"QueryExecutionId": id, "MaxResults": pageRows}
	for first := true; ; first = false {
		var out page
		if err := d.API.JSON(ctx, "GetQueryResults", request, &out); err != nil {
			return fmt.Errorf("reading the answer of the query %s: %w", id, err)
		}
		for i, r := range out.ResultSet.Rows {
			row := make([]sql.NullString, len(r.Data))
			for n, value := range r.Data {
				if value.Text != nil {
					row[n] = sql.NullString{String: *value.Text, Valid: true}
				}
			}
			if first && i == 0 && out.names(row) {
				continue
			}
			if len(row) != len(out.ResultSet.Metadata.Columns) {
				return fmt.Errorf("reading the answer of the query %s: a row has %d values for %d columns", id, len(row), len(out.ResultSet.Metadata.Columns))
			}
			if err := visit(row); err != nil {
				return err
			}
		}
		if out.NextToken == "" {
			return nil
		}
		request["NextToken"] = out.NextToken
	}
}

// names says that a row is the columns' names, as the first one of a SELECT is:
// https://github.com/laughingman7743/PyAthena/blob/0360c08600764f7f83ff7f09bd1dded9de96e5ca/pyathena/result_set.py
func (p page) names(row []sql.NullString) bool {
	return slices.EqualFunc(row, p.ResultSet.Metadata.Columns, func(v sql.NullString, c struct{ Name string }) bool { return v.Valid && v.String == c.Name })
}

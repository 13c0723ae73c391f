// Package athena runs statements in an Amazon Athena workgroup and reads the results.
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

// API is the part of Athena that this package calls: awsapi.Client.
type API interface {
	JSON(ctx context.Context, action string, request, answer any) error
}

// Database is where statements look up views and tables.
type Database struct {
	API API
	// Name in the Glue Data Catalog. The Workgroup determines where results go and how many bytes a statement may
	// read.
	Name, Workgroup string
	// Pause between two checks of a running statement. Default 1 s.
	Pause time.Duration
}

const (
	// MaxStatement is the maximum length of a statement in bytes,
	// https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html.
	MaxStatement = 262_144
	// pageRows is the maximum number of rows per page,
	// https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html.
	pageRows = 1000
	// stopTime limits the request to stop a statement that nobody waits for.
	stopTime = 10 * time.Second
)

// Query runs a SELECT and passes on its rows, with values as Athena writes them. When ctx ends, it stops the
// statement, because the bytes read cost money.
func (d Database) Query(ctx context.Context, statement string, visit func(row []sql.NullString) error) error {
	var out struct {
		ID string `json:"QueryExecutionId"`
	}
	err := d.API.JSON(ctx, "StartQueryExecution", map[string]any{
		"QueryString": statement, "WorkGroup": d.Workgroup, "QueryExecutionContext": map[string]string{"Database": d.Name},
		"ClientRequestToken": rand.Text() + rand.Text(), // makes a repeated call start nothing twice; at least 32 characters
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
	return context.Cause(ctx) //nolint:wrapcheck // the caller's own reason
}

// page is a page of results. NULL is a value without text.
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

// names reports whether a row holds the column names, like the first row of a SELECT:
// https://github.com/laughingman7743/PyAthena/blob/0360c08600764f7f83ff7f09bd1dded9de96e5ca/pyathena/result_set.py
func (p page) names(row []sql.NullString) bool {
	return slices.EqualFunc(row, p.ResultSet.Metadata.Columns, func(v sql.NullString, c struct{ Name string }) bool { return v.Valid && v.String == c.Name })
}

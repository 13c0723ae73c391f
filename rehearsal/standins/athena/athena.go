// Package athena reads a lake as Athena does. It runs the views and saved queries that the program registered in the
// Glue Data Catalog and in Athena, over the objects in the bucket. They run in an [Engine]: Trino, on which Athena is
// based, or DuckDB, which is faster.
package athena

import (
	"cdcpipeline/rehearsal/standins/account"
	"context"
	"fmt"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// Options configures a check.
type Options struct {
	Account account.Account
	// Bucket is the lake's bucket. Prefix is that of its raw records, without a trailing slash.
	Bucket, Prefix string
	// Database and Workgroup are the stack's outputs catalogDatabase and athenaWorkgroup.
	Database, Workgroup string
	// Python is an interpreter with the modules in stores/requirements.txt: stores.Site.Python.
	Python string
	// Dir is an existing folder for downloaded objects.
	Dir string
	// Engine runs the queries over Database. Default: DuckDB in Python, over the files in Dir.
	Engine Engine
}

// Result has the results of a check.
type Result struct {
	// Engine is the engine's name with its version.
	Engine string
	// Views and Queries hold the results by name.
	Views, Queries map[string][]Row
}

// Check runs all views and saved queries. An error names the first that fails, or whose columns and types differ from
// its declaration.
func Check(ctx context.Context, o Options) (Result, error) {
	tables, err := tables(ctx, o)
	if err != nil {
		return Result{}, err
	}
	queries, err := queries(ctx, o)
	if err != nil {
		return Result{}, err
	}
	if len(tables) == 0 || len(queries) == 0 {
		return Result{}, fmt.Errorf("database %s has %d tables, workgroup %s %d saved queries: nothing to run", o.Database, len(tables), o.Workgroup, len(queries))
	}
	engine := o.Engine
	if engine == nil {
		objects, err := download(ctx, o)
		if err != nil {
			return Result{}, err
		}
		if engine, err = startDuckDB(ctx, o.Python, o.Dir, question{tables, objects}); err != nil {
			return Result{}, err
		}
		defer engine.Close()
	}
	return run(ctx, engine, tables, queries)
}

// run reads every view completely, and runs every saved query.
func run(ctx context.Context, e Engine, tables []table, queries []query) (Result, error) {
	r := Result{Engine: e.Name(), Views: map[string][]Row{}, Queries: map[string][]Row{}}
	for _, t := range tables {
		if t.TableType != "VIRTUAL_VIEW" {
			continue
		}
		rows, err := Rows(ctx, e, t.Name)
		if err != nil {
			return Result{}, fmt.Errorf("the view %s: %w", t.Name, err)
		}
		r.Views[t.Name] = rows
	}
	for _, q := range queries {
		if _, twice := r.Queries[q.Name]; twice {
			return Result{}, fmt.Errorf("two saved queries are named %q", q.Name)
		}
		rows, err := ask(ctx, e, q.QueryString)
		if err != nil {
			return Result{}, fmt.Errorf("the saved query %q: %w", q.Name, err)
		}
		r.Queries[q.Name] = rows
	}
	return r, nil
}

// table holds what Athena reads from a table's description in Glue, with the names of Glue's API.
type table struct {
	Name, TableType, ViewOriginalText, Owner string
	Parameters                               map[string]string
	PartitionKeys                            []column
	StorageDescriptor                        storage
}

type column struct{ Name, Type string }

type storage struct {
	Location  string
	Columns   []column
	SerdeInfo struct {
		SerializationLibrary string
		Parameters           map[string]string
	}
}

// query is a saved query, with the names of Athena's API.
type query struct{ Name, QueryString string }

func tables(ctx context.Context, o Options) ([]table, error) {
	var all []table
	pages := glue.NewGetTablesPaginator(glue.NewFromConfig(o.Account.Config()), &glue.GetTablesInput{DatabaseName: &o.Database})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading the tables of %s: %w", o.Database, err)
		}
		for _, t := range page.TableList {
			all = append(all, read(t))
		}
	}
	return all, nil
}

func read(t types.Table) table {
	out := table{
		Name: aws.ToString(t.Name), TableType: aws.ToString(t.TableType), ViewOriginalText: aws.ToString(t.ViewOriginalText), Owner: aws.ToString(t.Owner),
		Parameters: t.Parameters, PartitionKeys: columns(t.PartitionKeys),
	}
	if t.Description != nil { // in Trino it would replace the comment
		out.Parameters = maps.Clone(t.Parameters)
		out.Parameters["comment"] = *t.Description
	}
	if s := t.StorageDescriptor; s != nil {
		out.StorageDescriptor.Location, out.StorageDescriptor.Columns = aws.ToString(s.Location), columns(s.Columns)
		if s.SerdeInfo != nil {
			out.StorageDescriptor.SerdeInfo.SerializationLibrary = aws.ToString(s.SerdeInfo.SerializationLibrary)
			out.StorageDescriptor.SerdeInfo.Parameters = s.SerdeInfo.Parameters
		}
	}
	return out
}

func columns(described []types.Column) []column {
	out := []column{}
	for _, c := range described {
		out = append(out, column{aws.ToString(c.Name), aws.ToString(c.Type)})
	}
	return out
}

func queries(ctx context.Context, o Options) ([]query, error) {
	client := athena.NewFromConfig(o.Account.Config())
	var all []query
	pages := athena.NewListNamedQueriesPaginator(client, &athena.ListNamedQueriesInput{WorkGroup: &o.Workgroup})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the saved queries of %s: %w", o.Workgroup, err)
		}
		for _, id := range page.NamedQueryIds {
			out, err := client.GetNamedQuery(ctx, &athena.GetNamedQueryInput{NamedQueryId: &id})
			if err != nil {
				return nil, fmt.Errorf("reading the saved query %s: %w", id, err)
			}
			if aws.ToString(out.NamedQuery.Database) != o.Database {
				return nil, fmt.Errorf("the saved query %s is for database %s", aws.ToString(out.NamedQuery.Name), aws.ToString(out.NamedQuery.Database))
			}
			all = append(all, query{aws.ToString(out.NamedQuery.Name), aws.ToString(out.NamedQuery.QueryString)})
		}
	}
	return all, nil
}

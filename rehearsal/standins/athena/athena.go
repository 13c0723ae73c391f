// Package athena reads a lake the way Athena does: it runs the very views and saved queries that the program registered
// in the Glue Data Catalog and in Athena, over the very objects in the bucket.
//
// A Python program does it: sqlglot writes Athena's SQL in DuckDB's dialect, and DuckDB runs it. It shows that the SQL
// says what it should, on real records; that Athena itself takes it, it cannot show.
package athena

import (
	"bytes"
	"cdcpipeline/rehearsal/standins/account"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// Options of a check.
type Options struct {
	Account account.Account
	// Bucket of the lake; Prefix of its raw records, without a slash at its end.
	Bucket, Prefix string
	// Database and Workgroup of the catalog: the stack's outputs catalogDatabase and athenaWorkgroup.
	Database, Workgroup string
	// Python is an interpreter that has the modules of stores/requirements.txt: stores.Site.Python.
	Python string
	// Dir is where objects are kept while they are read; it exists.
	Dir string
}

// Row of a view or query, by column. A value is text, or nil for NULL: digits with all their zeros for integers and
// decimals, true and false, 2026-01-31, 2026-01-31 13:14:15.5 (no zeros at the end of a fraction).
type Row map[string]any

// Result of a check.
type Result struct {
	// Objects of the bucket that were read.
	Objects int
	// Views and Queries are what each answered, by name.
	Views, Queries map[string][]Row
}

// Check runs all views and saved queries. An error names the first that cannot be run, or that has not the columns and
// types that it declares.
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
	objects, err := download(ctx, o)
	if err != nil {
		return Result{}, err
	}
	return run(ctx, o, question{tables, queries, objects})
}

// table is what Athena reads of a table's description in Glue, under the names of Glue's API.
type table struct {
	Name, TableType, ViewOriginalText string
	Parameters                        map[string]string
	PartitionKeys                     []column
	StorageDescriptor                 storage
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

// query is a saved query, under the names of Athena's API.
type query struct{ Name, QueryString string }

// question is the Python program's input: objects are files by URL.
type question struct {
	Tables  []table           `json:"tables"`
	Queries []query           `json:"queries"`
	Objects map[string]string `json:"objects"`
}

func tables(ctx context.Context, o Options) ([]table, error) {
	var all []table
	pages := glue.NewGetTablesPaginator(glue.NewFromConfig(o.Account.Config()), &glue.GetTablesInput{DatabaseName: &o.Database})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading the tables of %s: %w", o.Database, err)
		}
		for _, t := range page.TableList {
			all = append(all, described(t))
		}
	}
	return all, nil
}

func described(t types.Table) table {
	out := table{
		Name: aws.ToString(t.Name), TableType: aws.ToString(t.TableType), ViewOriginalText: aws.ToString(t.ViewOriginalText),
		Parameters: t.Parameters, PartitionKeys: columns(t.PartitionKeys),
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

//go:embed query.py
var program []byte

// run asks the Python program.
func run(ctx context.Context, o Options, q question) (Result, error) {
	asked, err := json.Marshal(q)
	if err != nil {
		return Result{}, fmt.Errorf("writing down what to run: %w", err)
	}
	file := filepath.Join(o.Dir, "query.py")
	if err := os.WriteFile(file, program, 0o600); err != nil {
		return Result{}, fmt.Errorf("writing the program that queries: %w", err)
	}
	cmd := exec.CommandContext(ctx, o.Python, file)
	cmd.Env = append(os.Environ(), "CATALOG_DIR="+o.Dir, "PYTHONUTF8=1", "PYTHONDONTWRITEBYTECODE=1")
	cmd.Stdin = bytes.NewReader(asked)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	answered, err := cmd.Output()
	if err != nil {
		return Result{}, fmt.Errorf("querying the lake: %w\n%s", err, strings.TrimSpace(complaints.String()))
	}
	var answer struct {
		Views   map[string][]Row `json:"views"`
		Queries map[string][]Row `json:"queries"`
	}
	if err := json.Unmarshal(answered, &answer); err != nil {
		return Result{}, fmt.Errorf("reading what the queries answered: %w", err)
	}
	if len(answer.Queries) != len(q.Queries) {
		return Result{}, errors.New("two saved queries have the same name")
	}
	return Result{Objects: len(q.Objects), Views: answer.Views, Queries: answer.Queries}, nil
}

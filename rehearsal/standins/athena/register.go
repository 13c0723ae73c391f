package athena

import (
	"bytes"
	"cdcpipeline/internal/lake/partition"
	"cdcpipeline/internal/lake/views"
	"cdcpipeline/rehearsal/standins/account"
	"compress/gzip"
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Register registers tables as the program does. It makes a database of the catalog and a workgroup with the same name,
// with the tables, views and saved queries over the folders of a bucket, starting at a day (2026-01-31).
func Register(ctx context.Context, a account.Account, name, bucket, prefix, since string, of []views.Table) error {
	tables, queries, err := described(name, bucket, prefix, since, of)
	if err != nil {
		return err
	}
	return register(ctx, a, name, tables, queries)
}

// Forget removes what [Register] made under a name.
func Forget(ctx context.Context, a account.Account, name string) error {
	client, ids := athena.NewFromConfig(a.Config()), []string(nil)
	saved := athena.NewListNamedQueriesPaginator(client, &athena.ListNamedQueriesInput{WorkGroup: &name})
	for saved.HasMorePages() {
		page, err := saved.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing the saved queries of %s: %w", name, err)
		}
		ids = append(ids, page.NamedQueryIds...)
	}
	for _, id := range ids {
		if _, err := client.DeleteNamedQuery(ctx, &athena.DeleteNamedQueryInput{NamedQueryId: &id}); err != nil {
			return fmt.Errorf("deleting a saved query of %s: %w", name, err)
		}
	}
	if _, err := client.DeleteWorkGroup(ctx, &athena.DeleteWorkGroupInput{WorkGroup: &name, RecursiveDeleteOption: aws.Bool(true)}); err != nil {
		return fmt.Errorf("deleting the workgroup %s: %w", name, err)
	}
	if _, err := glue.NewFromConfig(a.Config()).DeleteDatabase(ctx, &glue.DeleteDatabaseInput{Name: &name}); err != nil {
		return fmt.Errorf("deleting the database %s: %w", name, err)
	}
	return nil
}

// described are the tables and queries in the component's form.
func described(database, bucket, prefix, since string, of []views.Table) ([]table, []query, error) {
	names, sources := NamesOf(of), make([][2]string, len(of))
	tables := []table{recordsOf(views.ControlRecords, bucket, prefix, since, partition.Control, partition.Control)}
	var queries []query
	for i, t := range of {
		sources[i] = [2]string{t.Database, t.Name}
		made, err := views.Describe(names[i], t)
		if err != nil {
			return nil, nil, err
		}
		tables = append(tables, recordsOf(names[i], bucket, prefix, since, t.Database, t.Name))
		for _, v := range []views.View{made.Changes, made.Rows} {
			view, err := viewOf(v, database)
			if err != nil {
				return nil, nil, err
			}
			tables = append(tables, view)
		}
		for _, q := range made.Queries {
			queries = append(queries, query{q.Name, q.SQL})
		}
	}
	for _, q := range views.Overview(names, sources) {
		queries = append(queries, query{q.Name, q.SQL})
	}
	return tables, queries, nil
}

func recordsOf(name views.Name, bucket, prefix, since, schema, source string) table {
	location := partition.Folder("s3://"+bucket+"/"+prefix, schema, source)
	out := table{Name: name.Records(), TableType: "EXTERNAL_TABLE", Parameters: views.RecordParameters(location, since)}
	for _, p := range views.Partitions {
		out.PartitionKeys = append(out.PartitionKeys, column{p.Name, p.Hive})
	}
	out.StorageDescriptor.Location = location
	out.StorageDescriptor.Columns = []column{{views.Record.Name, views.Record.Hive}}
	out.StorageDescriptor.SerdeInfo.SerializationLibrary = views.LineSerDe
	out.StorageDescriptor.SerdeInfo.Parameters = views.LineParameters()
	return out
}

func viewOf(v views.View, database string) (table, error) {
	text, err := v.Text(database)
	out := table{Name: v.Name, TableType: "VIRTUAL_VIEW", ViewOriginalText: text, Owner: views.Owner, Parameters: views.ViewParameters(), PartitionKeys: []column{}}
	for _, f := range v.Fields {
		out.StorageDescriptor.Columns = append(out.StorageDescriptor.Columns, column{f.Name, f.Hive})
	}
	out.StorageDescriptor.SerdeInfo.SerializationLibrary = "-"
	return out, err
}

func register(ctx context.Context, a account.Account, name string, tables []table, queries []query) error {
	catalog, client := glue.NewFromConfig(a.Config()), athena.NewFromConfig(a.Config())
	if _, err := catalog.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: &name}}); err != nil {
		return fmt.Errorf("making the database %s: %w", name, err)
	}
	for _, t := range tables {
		storage := &types.StorageDescriptor{
			Columns:   glueColumns(t.StorageDescriptor.Columns),
			SerdeInfo: &types.SerDeInfo{SerializationLibrary: &t.StorageDescriptor.SerdeInfo.SerializationLibrary, Parameters: t.StorageDescriptor.SerdeInfo.Parameters},
		}
		input := &types.TableInput{
			Name: &t.Name, TableType: &t.TableType, Parameters: t.Parameters, PartitionKeys: glueColumns(t.PartitionKeys), StorageDescriptor: storage,
		}
		if t.TableType == "VIRTUAL_VIEW" {
			input.Owner, input.ViewOriginalText, input.ViewExpandedText = &t.Owner, &t.ViewOriginalText, aws.String("/* Presto View */")
		} else {
			storage.Location, storage.InputFormat, storage.OutputFormat = &t.StorageDescriptor.Location, aws.String(views.TextInput), aws.String(views.TextOutput)
		}
		if _, err := catalog.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: &name, TableInput: input}); err != nil {
			return fmt.Errorf("making the table %s: %w", t.Name, err)
		}
	}
	if _, err := client.CreateWorkGroup(ctx, &athena.CreateWorkGroupInput{Name: &name}); err != nil {
		return fmt.Errorf("making the workgroup %s: %w", name, err)
	}
	for _, q := range queries {
		if _, err := client.CreateNamedQuery(ctx, &athena.CreateNamedQueryInput{Name: &q.Name, QueryString: &q.QueryString, Database: &name, WorkGroup: &name}); err != nil {
			return fmt.Errorf("saving the query %s: %w", q.Name, err)
		}
	}
	return nil
}

func glueColumns(columns []column) []types.Column {
	var out []types.Column
	for _, c := range columns {
		out = append(out, types.Column{Name: &c.Name, Type: &c.Type})
	}
	return out
}

// Put writes a table's lines as an object of the lake, in an hour of a day (2026-01-31), as the delivery does.
func Put(ctx context.Context, a account.Account, bucket, prefix, day string, t Trial) error {
	body, err := zipped(t.Lines)
	if err != nil {
		return err
	}
	key := partition.Folder(prefix, t.Table.Database, t.Table.Name) + "dt=" + day + "/hour=07/a.gz"
	client := s3.NewFromConfig(a.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)}); err != nil {
		return fmt.Errorf("writing %s: %w", key, err)
	}
	return nil
}

func zipped(lines []string) ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(strings.Join(lines, "\n") + "\n")); err != nil {
		return nil, fmt.Errorf("zipping: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("zipping: %w", err)
	}
	return b.Bytes(), nil
}

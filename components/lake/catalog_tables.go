package lake

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/lake/partition"
	"cdcpipeline/internal/lake/views"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

type (
	descriptor = glue.CatalogTableStorageDescriptorArgs
	serde      = glue.CatalogTableStorageDescriptorSerDeInfoArgs
	column     = glue.CatalogTableStorageDescriptorColumn
)

// makeTables makes the views of each table, and the table of control records.
func (c *catalog) makeTables(ctx *pulumi.Context) error {
	for _, s := range c.sources {
		if err := c.makeSource(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// makeSource makes the tables and views of one source.
func (c *catalog) makeSource(ctx *pulumi.Context, s catalogSource) error {
	for i, t := range s.table {
		location := c.location(s, func(result string) (schema, table string, err error) {
			f, _, err := s.found(t, result)
			return f.Database, f.Name, err
		})
		if err := c.records(ctx, s.names[i], "The records of "+t.String()+" as DMS wrote them", location); err != nil {
			return err
		}
		rows := s.names[i].Rows()
		if c.args.Lake.Tables.On() {
			rows = s.names[i].Raw()
			if err := c.kept(ctx, s, t, s.names[i]); err != nil {
				return err
			}
		}
		for _, v := range []struct {
			name string
			of   func(views.Catalog) views.View
		}{
			{s.names[i].Changes(), func(c views.Catalog) views.View { return c.Changes }},
			{rows, func(c views.Catalog) views.View {
				return views.View{Name: rows, SQL: c.Rows.SQL, Fields: c.Rows.Fields}
			}},
		} {
			if err := c.view(ctx, v.name, s.described(t, s.names[i], v.of)); err != nil {
				return err
			}
		}
	}
	control := c.location(s, func(string) (schema, table string, err error) { return partition.Control, partition.Control, nil })
	return c.records(ctx, s.of().ControlRecords(), "The records of DMS that are about no row: definitions of tables", control)
}

// location is the folder with a table's records.
func (c *catalog) location(s catalogSource, named func(found string) (schema, table string, err error)) pulumi.StringOutput {
	return pulumi.All(c.args.Bucket, s.Found).ApplyT(func(known []any) (string, error) {
		schema, table, err := named(known[1].(string))
		return partition.Folder(fmt.Sprintf("s3://%s/%s", known[0], s.Prefix), schema, table), err
	}).(pulumi.StringOutput)
}

// described is one view of a table.
func (s catalogSource) described(t config.Table, name views.Name, of func(views.Catalog) views.View) pulumi.AnyOutput {
	return s.Found.ToStringOutput().ApplyT(func(result string) (any, error) {
		f, _, err := s.found(t, result)
		if err != nil {
			return nil, err
		}
		made, err := views.Describe(name, f)
		if err != nil {
			return nil, fmt.Errorf("the lake's catalog: %w", err)
		}
		return of(made), nil
	}).(pulumi.AnyOutput)
}

// records makes the table over one folder.
func (c *catalog) records(ctx *pulumi.Context, name views.Name, description string, location pulumi.StringOutput) error {
	parameters := location.ApplyT(func(location string) map[string]string {
		return views.RecordParameters(location, c.args.Catalog.Since)
	}).(pulumi.StringMapOutput)
	partitions := make(glue.CatalogTablePartitionKeyArray, len(views.Partitions))
	for i, p := range views.Partitions {
		partitions[i] = &glue.CatalogTablePartitionKeyArgs{Name: pulumi.String(p.Name), Type: pulumi.String(p.Hive)}
	}
	_, err := glue.NewCatalogTable(ctx, c.name+"-"+name.Records(), &glue.CatalogTableArgs{
		DatabaseName:  c.Database,
		Name:          pulumi.String(name.Records()),
		Description:   pulumi.String(description),
		TableType:     pulumi.String("EXTERNAL_TABLE"),
		Parameters:    parameters,
		PartitionKeys: partitions,
		StorageDescriptor: &descriptor{
			Location:     location,
			InputFormat:  pulumi.String(views.TextInput),
			OutputFormat: pulumi.String(views.TextOutput),
			Compressed:   pulumi.Bool(true),
			Columns: glue.CatalogTableStorageDescriptorColumnArray{&glue.CatalogTableStorageDescriptorColumnArgs{
				Name: pulumi.String(views.Record.Name), Type: pulumi.String(views.Record.Hive),
			}},
			SerDeInfo: &serde{
				SerializationLibrary: pulumi.String(views.LineSerDe), Parameters: pulumi.ToStringMap(views.LineParameters()),
			},
		},
	}, c.child())
	if err != nil {
		return fmt.Errorf("making the table %s: %w", name.Records(), err)
	}
	return nil
}

// view makes a table without storage. Glue demands a SerDe anyway: Athena writes a dash. The view has no description:
// Trino would use it instead of the comment that marks a view, and would not find the table
// (https://github.com/trinodb/trino/blob/476/plugin/trino-hive/src/main/java/io/trino/plugin/hive/metastore/glue/GlueConverter.java).
func (c *catalog) view(ctx *pulumi.Context, name string, described pulumi.AnyOutput) error {
	text := pulumi.All(described, c.Database).ApplyT(func(known []any) (string, error) {
		return known[0].(views.View).Text(known[1].(string))
	}).(pulumi.StringOutput)
	columns := described.ApplyT(func(v any) []column {
		var columns []column
		for _, f := range v.(views.View).Fields {
			columns = append(columns, column{Name: f.Name, Type: &f.Hive})
		}
		return columns
	}).(glue.CatalogTableStorageDescriptorColumnArrayOutput)
	_, err := glue.NewCatalogTable(ctx, c.name+"-"+name, &glue.CatalogTableArgs{
		DatabaseName:     c.Database,
		Name:             pulumi.String(name),
		TableType:        pulumi.String("VIRTUAL_VIEW"),
		Parameters:       pulumi.ToStringMap(views.ViewParameters()),
		ViewOriginalText: text,
		ViewExpandedText: pulumi.String("/* Presto View */"),
		Owner:            pulumi.String(views.Owner),
		StorageDescriptor: &descriptor{
			Columns: columns, SerDeInfo: &serde{Name: pulumi.String("-"), SerializationLibrary: pulumi.String("-")},
		},
	}, c.child())
	if err != nil {
		return fmt.Errorf("making the view %s: %w", name, err)
	}
	return nil
}

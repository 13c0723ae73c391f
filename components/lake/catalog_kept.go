package lake

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/lake/tables"
	"cdcpipeline/internal/lake/views"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// kept makes the view of the table that [Tables] keeps of a source table, and tells Glue of that table where the job does not.
// Before the job's first run the view finds no table.
func (c *catalog) kept(ctx *pulumi.Context, t config.Table, name views.Name) error {
	rows := c.args.Found.ToStringOutput().ApplyT(func(result string) (any, error) {
		f, _, err := c.found(t, result)
		if err != nil {
			return nil, err
		}
		return tables.Rows(c.args.Lake.Tables.Format, name, f)
	}).(pulumi.AnyOutput)
	if err := c.view(ctx, name.Rows(), rows); err != nil {
		return err
	}
	storage, told := tables.StorageOf(c.args.Lake.Tables.Format)
	if !told {
		return nil
	}
	return c.stored(ctx, t, name, storage)
}

// stored is the entry of a table whose job writes files alone.
func (c *catalog) stored(ctx *pulumi.Context, t config.Table, name views.Name, storage tables.Storage) error {
	location := pulumi.Sprintf("s3://%s/%s", c.args.Bucket, tables.Location(c.args.Lake.Tables.Format, name))
	columns := c.args.Found.ToStringOutput().ApplyT(func(result string) ([]column, error) {
		described, err := c.followed.describe(c.args.Lake, t, name, result)
		if err != nil {
			return nil, err
		}
		var columns []column
		for _, f := range described.Stored(c.args.Lake.Tables.Format) {
			columns = append(columns, column{Name: f.Name, Type: &f.Hive})
		}
		return columns, nil
	}).(glue.CatalogTableStorageDescriptorColumnArrayOutput)
	_, err := glue.NewCatalogTable(ctx, c.name+"-"+name.Table(), &glue.CatalogTableArgs{
		DatabaseName: c.Database,
		Name:         pulumi.String(name.Table()),
		Description:  pulumi.String("The rows of " + t.String() + ", and which of them are gone"),
		TableType:    pulumi.String("EXTERNAL_TABLE"),
		Parameters:   pulumi.ToStringMap(storage.Parameters),
		StorageDescriptor: &descriptor{
			Location:     location,
			InputFormat:  pulumi.String(storage.InputFormat),
			OutputFormat: pulumi.String(storage.OutputFormat),
			Columns:      columns,
			SerDeInfo: &serde{
				SerializationLibrary: pulumi.String(storage.SerDe),
				Parameters:           pulumi.StringMap{"serialization.format": pulumi.String("1"), "path": location},
			},
		},
	}, c.child())
	if err != nil {
		return fmt.Errorf("making the table %s: %w", name.Table(), err)
	}
	return nil
}

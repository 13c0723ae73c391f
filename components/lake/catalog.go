package lake

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/component"
	"cdcpipeline/internal/footprint"
	"cdcpipeline/internal/lake/views"
	"cdcpipeline/internal/source/mysql"
	"cdcpipeline/internal/table"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// CatalogArgs configures a Catalog.
type CatalogArgs struct {
	config.Lake
	// Environment chooses defaults. Default dev.
	Environment config.Environment
	// Tables that are followed. Those that are given by a pattern are not in the catalog, with a warning: what it makes has
	// to be known before anything is made.
	Tables []config.Table
	// RowsSince says since when records of tables tell what their rows are: source.rowsSince.
	RowsSince config.RowsSince
	// Found is the JSON of mysql.Findings, whose columns and keys the tables have: source.Bootstrap.Result. Required.
	Found pulumi.StringInput
	// Bucket is the lake's, by name and by ARN. Required.
	Bucket, BucketArn pulumi.StringInput
	// KmsKeyArn that the lake is encrypted with encrypts results too. Required.
	KmsKeyArn pulumi.StringInput
}

// Catalog is how a lake is read with SQL, in Athena. Of each followed table it makes
//
//	database_table            a view of the rows as they are now
//	database_table_changes    a view of all their changes
//	database_table_records    the table of raw records that both read
//
// with the columns and types that the source has. Partitions are worked out by Athena: there is no crawler, and a record
// is found as soon as it is delivered. Queries go through a workgroup that encrypts their results and bounds what they
// read; it has saved queries for what people ask most.
type Catalog struct {
	pulumi.ResourceState

	// Database of the Glue Data Catalog.
	Database pulumi.StringOutput
	// Workgroup of Athena.
	Workgroup pulumi.StringOutput
	// ReaderPolicy is the IAM policy, as JSON, that whoever queries the lake needs. It is attached to nobody.
	ReaderPolicy pulumi.StringOutput
}

// catalog is what the parts of a Catalog are made from.
type catalog struct {
	*Catalog

	args  *CatalogArgs
	name  string
	table []config.Table
	// names of the tables in the catalog, and in the source as they are configured.
	names  []views.Name
	source [][2]string
}

// NewCatalog makes the database with its tables and views, and the workgroup with its saved queries.
func NewCatalog(ctx *pulumi.Context, name string, args *CatalogArgs, opts ...pulumi.ResourceOption) (*Catalog, error) {
	a, err := args.check()
	if err != nil {
		return nil, err
	}
	c := &Catalog{}
	return component.Make(ctx, catalogKind, name, c, component.Steps{
		Inputs:    pulumi.Map{"since": pulumi.String(a.Catalog.Since), "tables": pulumi.Int(len(a.Tables))},
		Provision: func() error { return c.provision(ctx, name, a) },
		Outputs:   func() pulumi.Map { return pulumi.Map{"database": c.Database, "workgroup": c.Workgroup} },
	}, opts...)
}

func (args *CatalogArgs) check() (*CatalogArgs, error) {
	a, err := component.Args(catalogKind, args)
	if err != nil {
		return nil, err
	}
	a.Environment = a.Environment.WithDefault()
	a.Lake = a.Lake.WithDefaults(a.Environment)
	return a, catalogKind.Check(a.Lake.Validate(), a.RowsSince.Validate(a.Tables), component.Required(component.Given{
		"Found": a.Found != nil, "Bucket": a.Bucket != nil, "BucketArn": a.BucketArn != nil, "KmsKeyArn": a.KmsKeyArn != nil,
	}))
}

func (c *Catalog) provision(ctx *pulumi.Context, name string, a *CatalogArgs) error {
	parts := &catalog{Catalog: c, args: a, name: name}
	for _, step := range []func(*pulumi.Context) error{
		parts.choose, parts.makeDatabase, parts.makeTables, parts.makeWorkgroup, parts.saveQueries, parts.allowReaders,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// choose takes the tables that are given by name.
func (c *catalog) choose(ctx *pulumi.Context) error {
	var patterns []string
	for _, t := range c.args.Tables {
		if _, one := (table.Pattern{Database: t.Database, Table: t.Table}).One(); !one {
			patterns = append(patterns, t.String())
			continue
		}
		c.table = append(c.table, t)
		c.source = append(c.source, [2]string{t.Database, t.Table})
	}
	c.names = views.Names(c.source)
	if len(patterns) == 0 {
		return nil
	}
	message := fmt.Sprintf("the lake's catalog has no tables for the patterns %s of source.tables: their records are in the lake; "+
		"name the tables that you want to query", strings.Join(patterns, ", "))
	if err := ctx.Log.Warn(message, &pulumi.LogArgs{Resource: c.Catalog}); err != nil {
		return fmt.Errorf("warning of patterns: %w", err)
	}
	return nil
}

// databaseName is the project and the stack, in letters that Athena takes without quotes.
func (c *catalog) databaseName(ctx *pulumi.Context) string {
	if c.args.Catalog.Database != "" {
		return c.args.Catalog.Database
	}
	return footprint.CatalogDatabase(ctx.Project(), ctx.Stack())
}

func (c *catalog) makeDatabase(ctx *pulumi.Context) error {
	database, err := glue.NewCatalogDatabase(ctx, c.name+"-database", &glue.CatalogDatabaseArgs{
		Name:        pulumi.String(c.databaseName(ctx)),
		Description: pulumi.String("Changes of MySQL tables in the lake, and their rows as they are"),
	}, c.child())
	if err != nil {
		return fmt.Errorf("making the catalog's database: %w", err)
	}
	c.Database = database.Name
	return nil
}

func (c *catalog) child() pulumi.ResourceOption { return pulumi.Parent(c.Catalog) }

// found is a table as the bootstrap found it, without the columns that are omitted from its records.
func (c *catalog) found(t config.Table, result string) (views.Table, error) {
	var findings mysql.Findings
	if err := json.Unmarshal([]byte(result), &findings); err != nil {
		return views.Table{}, fmt.Errorf("reading what the bootstrap found: %w", err)
	}
	is := func(same func(a, b string) bool) int {
		return slices.IndexFunc(findings.Tables, func(f mysql.TableFound) bool { return same(f.Database, t.Database) && same(f.Table.Table, t.Table) })
	}
	i := is(func(a, b string) bool { return a == b })
	if i < 0 { // a server may keep names in lower case
		i = is(strings.EqualFold)
	}
	if i < 0 {
		return views.Table{}, fmt.Errorf("the bootstrap has not looked at %s: raise source.schemaRevision to have it look again", t)
	}
	f := findings.Tables[i]
	out := views.Table{Database: f.Database, Name: f.Table.Table, PrimaryKey: f.PrimaryKey, Since: c.args.RowsSince.Of(t.Database, t.Table)}
	for _, column := range f.Columns {
		if !slices.ContainsFunc(t.OmitColumns, func(o string) bool { return strings.EqualFold(o, column.Name) }) {
			out.Columns = append(out.Columns, views.Column{Name: column.Name, Type: column.Type})
		}
	}
	return out, nil
}

// where is the AWS partition, region and account of the program.
type where struct{ partition, region, account, suffix string }

func here(ctx *pulumi.Context, child pulumi.InvokeOption) (where, error) {
	partition, err := aws.GetPartition(ctx, &aws.GetPartitionArgs{}, child)
	if err != nil {
		return where{}, fmt.Errorf("looking up the partition: %w", err)
	}
	region, err := aws.GetRegion(ctx, &aws.GetRegionArgs{}, child)
	if err != nil {
		return where{}, fmt.Errorf("looking up the region: %w", err)
	}
	caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, child)
	if err != nil {
		return where{}, fmt.Errorf("looking up the account: %w", err)
	}
	return where{partition.Partition, region.Name, caller.AccountId, partition.DnsSuffix}, nil
}

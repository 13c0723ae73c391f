package lake

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/component"
	"cdcpipeline/internal/footprint"
	"cdcpipeline/internal/lake/views"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// CatalogArgs configures a Catalog.
type CatalogArgs struct {
	config.Lake `pulumi:"lake,optional"`
	// Environment chooses defaults. Default dev.
	Environment config.Environment `pulumi:"environment,optional"`
	// Sources are the sources whose tables are in the catalog. At least one.
	Sources []CatalogSource `pulumi:"sources"`
	// Bucket is the name of the lake's bucket. Required.
	Bucket pulumi.StringInput `pulumi:"bucket"`
	// BucketArn is the ARN of the same bucket. Required.
	BucketArn pulumi.StringInput `pulumi:"bucketArn"`
	// KmsKeyArn is the lake's key. It also encrypts query results. Required.
	KmsKeyArn pulumi.StringInput `pulumi:"kmsKeyArn"`
}

// CatalogSource is a source with records in the lake.
type CatalogSource struct {
	// Name of the source. The names of its tables begin with it. Empty for the unnamed source.
	Name string `pulumi:"name,optional"`
	// Engine of the source. It decides how records are read. Default mysql.
	Engine config.Engine `pulumi:"engine,optional"`
	// Prefix of the source's records. Default lake.prefix.
	Prefix string `pulumi:"prefix,optional"`
	// Tables are the followed tables. The catalog omits patterns, with a warning: it must know each table before it
	// makes anything.
	Tables []config.Table `pulumi:"tables"`
	// RowsSince is the time from which a table's records are authoritative. Readers skip earlier ones. It is
	// source.rowsSince.
	RowsSince config.RowsSince `pulumi:"rowsSince,optional"`
	// Found is JSON with the columns and the keys of the tables: the Result of source.Bootstrap. If something else prepares
	// the database, write it in the form {"tables": [{"database": "shop", "table": "orders", "primaryKey": ["id"],
	// "columns": [{"name": "id", "type": "bigint"}]}]}, with the types of the database. Required.
	Found pulumi.StringInput `pulumi:"found"`
}

// Catalog lets you query a lake with SQL in Athena. For each followed table it makes
//
//	database_table            a view of the rows as they are now
//	database_table_changes    a view of all their changes
//	database_table_records    the table of raw records that both read
//
// and, where [Tables] maintains a table of rows,
//
//	database_table            a view of that table's rows, as they were at the job's last run
//	database_table_raw        a view of the rows as they are now
//
// All have the columns and types of the source. The name of a named source comes before all of these. Athena computes
// partitions itself: there is no crawler, and a record is found as soon as it is delivered. Queries run in a
// workgroup that encrypts their results and limits the bytes they read. It has saved queries for the most common
// questions.
type Catalog struct {
	pulumi.ResourceState

	// Database of the Glue Data Catalog.
	Database pulumi.StringOutput `pulumi:"database"`
	// Workgroup of Athena.
	Workgroup pulumi.StringOutput `pulumi:"workgroup"`
	// ReaderPolicy is the IAM policy, as JSON, that a user needs to query the lake. It is attached to nobody.
	ReaderPolicy pulumi.StringOutput `pulumi:"readerPolicy"`
}

// catalog is the checked input that the parts are made from.
type catalog struct {
	*Catalog

	args    *CatalogArgs
	name    string
	sources []catalogSource
}

// catalogSource is one source in the catalog.
type catalogSource struct {
	CatalogSource
	followed
}

// of is the source in the form that the views take.
func (s catalogSource) of() views.Source { return views.Source(s.Name) }

// NewCatalog makes the database with its tables and views, and the workgroup with its saved queries.
func NewCatalog(ctx *pulumi.Context, name string, args *CatalogArgs, opts ...pulumi.ResourceOption) (*Catalog, error) {
	a, err := args.check()
	if err != nil {
		return nil, err
	}
	c := &Catalog{}
	return component.Make(ctx, catalogKind, name, c, component.Steps{
		Inputs:    pulumi.Map{"since": pulumi.String(a.Catalog.Since), "tables": pulumi.Int(a.tables())},
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
	a.Sources = slices.Clone(a.Sources)
	problems := []error{a.Lake.Validate()}
	given := component.Given{"Sources": len(a.Sources) > 0, "Bucket": a.Bucket != nil, "BucketArn": a.BucketArn != nil, "KmsKeyArn": a.KmsKeyArn != nil}
	for i := range a.Sources {
		s := &a.Sources[i]
		s.Prefix = cmp.Or(s.Prefix, a.Prefix)
		problems = append(problems, s.RowsSince.Validate(s.Tables))
		given[strings.TrimSuffix("Found of "+s.Name, " of ")] = s.Found != nil
	}
	return a, catalogKind.Check(append(problems, component.Required(given))...)
}

// tables counts the configured tables of all sources.
func (args *CatalogArgs) tables() (n int) {
	for _, s := range args.Sources {
		n += len(s.Tables)
	}
	return n
}

func (c *Catalog) provision(ctx *pulumi.Context, name string, a *CatalogArgs) error {
	parts := &catalog{Catalog: c, args: a, name: name}
	for _, s := range a.Sources {
		parts.sources = append(parts.sources, catalogSource{s, follow(s.Name, s.Engine, a.Lake, s.Tables, s.RowsSince)})
	}
	for _, step := range []func(*pulumi.Context) error{
		parts.warn, parts.makeDatabase, parts.makeTables, parts.makeWorkgroup, parts.saveQueries, parts.allowReaders,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// warn lists the tables that the catalog omits.
func (c *catalog) warn(ctx *pulumi.Context) error {
	for _, s := range c.sources {
		if len(s.patterns) == 0 {
			continue
		}
		message := fmt.Sprintf("the lake's catalog has no tables for the patterns %s of %s: their records are in the lake; "+
			"name the tables that you want to query", strings.Join(s.patterns, ", "), config.Feed{Name: s.Name}.Key("source.tables"))
		if err := ctx.Log.Warn(message, &pulumi.LogArgs{Resource: c.Catalog}); err != nil {
			return fmt.Errorf("warning of patterns: %w", err)
		}
	}
	return nil
}

// databaseName is the project and the stack, in letters that Athena accepts without quotes.
func (c *catalog) databaseName(ctx *pulumi.Context) string {
	if c.args.Catalog.Database != "" {
		return c.args.Catalog.Database
	}
	return footprint.CatalogDatabase(ctx.Project(), ctx.Stack())
}

func (c *catalog) makeDatabase(ctx *pulumi.Context) error {
	database, err := glue.NewCatalogDatabase(ctx, c.name+"-database", &glue.CatalogDatabaseArgs{
		Name:        pulumi.String(c.databaseName(ctx)),
		Description: pulumi.String("Changes of tables in the lake, and their rows as they are"),
	}, c.child(), pulumi.IgnoreChanges([]string{"description"})) // an older stack's description names MySQL, which is no reason to change it
	if err != nil {
		return fmt.Errorf("making the catalog's database: %w", err)
	}
	c.Database = database.Name
	return nil
}

func (c *catalog) child() pulumi.ResourceOption { return pulumi.Parent(c.Catalog) }

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

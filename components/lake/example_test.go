package lake_test

import (
	"cdcpipeline/components/lake"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kinesis"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A lake with every record of your own stream.
func Example() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		key, err := kms.NewKey(ctx, "key", &kms.KeyArgs{EnableKeyRotation: pulumi.Bool(true)})
		if err != nil {
			return err
		}
		stream, err := kinesis.NewStream(ctx, "changes", &kinesis.StreamArgs{
			EncryptionType: pulumi.String("KMS"), KmsKeyId: key.Arn,
		})
		if err != nil {
			return err
		}
		settings := config.Lake{Prefix: "changes", BufferSeconds: 120}
		bucket, err := lake.NewBucket(ctx, "lake", &lake.BucketArgs{Lake: settings, KmsKeyArn: key.Arn})
		if err != nil {
			return err
		}
		_, err = lake.NewDelivery(ctx, "changes", &lake.DeliveryArgs{
			Lake: settings, StreamArn: stream.Arn, BucketArn: bucket.Arn, KmsKeyArn: key.Arn,
		}, pulumi.DependsOn(bucket.Dependencies))
		return err
	})
	// Output:
	// aws:cloudwatch/logGroup:LogGroup: changes-log
	// aws:cloudwatch/logStream:LogStream: changes-log
	// aws:iam/role:Role: changes-role
	// aws:iam/rolePolicy:RolePolicy: changes-policy
	// aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream: changes-delivery
	// aws:kinesis/stream:Stream: changes
	// aws:kms/key:Key: key
	// aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2: lake-lifecycle
	// aws:s3/bucketOwnershipControls:BucketOwnershipControls: lake-ownership
	// aws:s3/bucketPolicy:BucketPolicy: lake-policy
	// aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock: lake-public-access
	// aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2: lake-encryption
	// aws:s3/bucketV2:BucketV2: lake-bucket
	// aws:s3/bucketVersioningV2:BucketVersioningV2: lake-versioning
	// cdcpipeline:lake:Bucket: lake
	// cdcpipeline:lake:Delivery: changes
}

// A lake to query: its tables and views have the columns that the bootstrap found.
func ExampleNewCatalog() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		// From source.Bootstrap, its Result.
		found := pulumi.String(`{"tables":[{"database":"shop","table":"orders","columns":[{"name":"id","type":"bigint"}],"primaryKey":["id"]}]}`)
		catalog, err := lake.NewCatalog(ctx, "catalog", &lake.CatalogArgs{
			Lake:    config.Lake{Prefix: "changes", Catalog: config.Catalog{Database: "shop", ScanLimitGb: 50}},
			Sources: []lake.CatalogSource{{Tables: []config.Table{{Database: "shop", Table: "orders"}}, Found: found}},
			Bucket:  pulumi.String("changes"), BucketArn: pulumi.String("arn:aws:s3:::changes"),
			KmsKeyArn: pulumi.String("arn:aws:kms:eu-west-1:123456789012:key/1234"),
		})
		if err != nil {
			return err
		}
		// Attach this policy to a user, who may then run SELECT * FROM shop.shop_orders.
		ctx.Export("readerPolicy", catalog.ReaderPolicy)
		return nil
	})
	// Output:
	// aws:athena/namedQuery:NamedQuery: 10
	// aws:athena/workgroup:Workgroup: catalog-workgroup
	// aws:glue/catalogDatabase:CatalogDatabase: catalog-database
	// aws:glue/catalogTable:CatalogTable: 4
	// cdcpipeline:lake:Catalog: catalog
}

// Tables of rows in Apache Iceberg. A job updates them from the records each quarter of an hour. The catalog makes
// their views.
func ExampleNewTables() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		found := pulumi.String(`{"tables":[{"database":"shop","table":"orders","columns":[{"name":"id","type":"bigint"}],"primaryKey":["id"]}]}`)
		tables, err := lake.NewTables(ctx, "tables", &lake.TablesArgs{
			Lake:   config.Lake{Prefix: "changes", Tables: config.LakeTables{Format: config.FormatIceberg, Minutes: 15}},
			Tables: []config.Table{{Database: "shop", Table: "orders"}},
			Found:  found, Database: pulumi.String("shop"),
			Bucket: pulumi.String("changes"), BucketArn: pulumi.String("arn:aws:s3:::changes"),
			KmsKeyArn: pulumi.String("arn:aws:kms:eu-west-1:123456789012:key/1234"),
		})
		if err != nil {
			return err
		}
		// aws glue start-job-run --job-name starts the job before its schedule.
		ctx.Export("tablesJob", tables.JobName)
		return nil
	})
	// Output:
	// aws:cloudwatch/logGroup:LogGroup: tables-error, tables-output
	// aws:glue/job:Job: tables-job
	// aws:glue/securityConfiguration:SecurityConfiguration: tables-security
	// aws:glue/trigger:Trigger: tables-schedule
	// aws:iam/role:Role: tables-role
	// aws:iam/rolePolicy:RolePolicy: tables-policy
	// aws:s3/bucketObjectv2:BucketObjectv2: 3
	// cdcpipeline:lake:Tables: tables
}

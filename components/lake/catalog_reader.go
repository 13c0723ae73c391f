package lake

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/iampolicy"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// allowReaders writes the policy for people and programs that query the lake. Nobody gets it here: attach it to those
// whom you trust with the rows.
func (c *catalog) allowReaders(ctx *pulumi.Context) error {
	at, err := here(ctx, pulumi.Parent(c.Catalog))
	if err != nil {
		return err
	}
	c.ReaderPolicy = iampolicy.Document(
		runQueries(at, c.Workgroup),
		// Athena's console calls these actions, and they have no resource,
		// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonathena.html.
		iampolicy.Statement{Sid: "OpenConsole", Actions: []string{"athena:ListDataCatalogs", "athena:ListEngineVersions", "athena:ListWorkGroups"}, Resources: iampolicy.Strings("*")},
		readCatalog(at, c.Database),
		readRecords(c.args.BucketArn, c.args.Lake),
		findObjects(c.args.BucketArn, c.args.Lake),
		iampolicy.Statement{Sid: "FindBucket", Actions: []string{"s3:GetBucketLocation"}, Resources: []pulumi.StringInput{c.args.BucketArn}},
		keepResults(c.args.BucketArn),
		iampolicy.Statement{
			Sid:        "UseKey",
			Actions:    []string{"kms:Decrypt", "kms:GenerateDataKey"},
			Resources:  []pulumi.StringInput{c.args.KmsKeyArn},
			Conditions: []iampolicy.Condition{throughService("s3", at.region, at.suffix)},
		},
	)
	return nil
}

// runQueries lists the actions on the workgroup, including reading saved queries,
// https://docs.aws.amazon.com/athena/latest/ug/example-policies-workgroup.html.
func runQueries(at where, workgroup pulumi.StringInput) iampolicy.Statement {
	return iampolicy.Statement{
		Sid: "RunQueries",
		Actions: []string{
			"athena:BatchGetNamedQuery", "athena:BatchGetQueryExecution", "athena:GetNamedQuery", "athena:GetQueryExecution",
			"athena:GetQueryResults", "athena:GetQueryResultsStream", "athena:GetWorkGroup", "athena:ListNamedQueries",
			"athena:ListQueryExecutions", "athena:StartQueryExecution", "athena:StopQueryExecution",
		},
		Resources: []pulumi.StringInput{pulumi.Sprintf("arn:%s:athena:%s:%s:workgroup/%s", at.partition, at.region, at.account, workgroup)},
	}
}

// readCatalog allows reading the catalog, the database and each table. Glue checks all three,
// https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html.
func readCatalog(at where, database pulumi.StringInput) iampolicy.Statement {
	arn := func(what string, args ...any) pulumi.StringInput {
		return pulumi.Sprintf("arn:%s:glue:%s:%s:"+what, append([]any{at.partition, at.region, at.account}, args...)...)
	}
	return iampolicy.Statement{
		Sid: "ReadCatalog",
		Actions: []string{
			"glue:GetDatabase", "glue:GetDatabases", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable", "glue:GetTables",
		},
		Resources: []pulumi.StringInput{arn("catalog"), arn("database/%s", database), arn("table/%s/*", database)},
	}
}

// readRecords excludes records that could not be delivered, because nobody knows whose rows these are.
func readRecords(bucket pulumi.StringInput, cfg config.Lake) iampolicy.Statement {
	s := iampolicy.Statement{Sid: "ReadRecords", Actions: []string{"s3:GetObject"}}
	for _, prefix := range readable(cfg) {
		s.Resources = append(s.Resources, pulumi.Sprintf("%s/%s/*", bucket, prefix))
	}
	return s
}

// readable are the prefixes that the catalog shows.
func readable(cfg config.Lake) []string {
	if cfg.Tables.On() {
		return []string{cfg.Prefix, config.TablesPrefix}
	}
	return []string{cfg.Prefix}
}

func findObjects(bucket pulumi.StringInput, cfg config.Lake) iampolicy.Statement {
	return listBelow(bucket, append(readable(cfg), config.ResultsPrefix)...)
}

// listBelow allows listing objects below prefixes.
func listBelow(bucket pulumi.StringInput, prefixes ...string) iampolicy.Statement {
	below := make([]string, len(prefixes))
	for i, prefix := range prefixes {
		below[i] = prefix + "/*"
	}
	return iampolicy.Statement{
		Sid:        "FindObjects",
		Actions:    []string{"s3:ListBucket"},
		Resources:  []pulumi.StringInput{bucket},
		Conditions: []iampolicy.Condition{{Operator: "StringLike", Key: "s3:prefix", Values: iampolicy.Strings(below...)}},
	}
}

// keepResults allows reading and writing results, because Athena does so as the user.
func keepResults(bucket pulumi.StringInput) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:       "KeepResults",
		Actions:   []string{"s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"},
		Resources: []pulumi.StringInput{pulumi.Sprintf("%s/%s/*", bucket, config.ResultsPrefix)},
	}
}

// dashed makes a resource name for the program.
func dashed(name string) string {
	return strings.ToLower(strings.NewReplacer(": ", "-", " ", "-").Replace(name))
}

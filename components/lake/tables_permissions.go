package lake

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/iampolicy"
	"cdcpipeline/internal/lake/tables"
	"cdcpipeline/internal/lake/views"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// tablesTrust admits Glue only for this account's jobs,
// https://docs.aws.amazon.com/glue/latest/dg/cross-service-confused-deputy-prevention.html.
func tablesTrust(account string) pulumi.StringOutput {
	return iampolicy.Trust("glue.amazonaws.com", iampolicy.StringEquals("aws:SourceAccount", pulumi.String(account)))
}

// permissions lists what a run does: it reads its code and the records, writes the tables, and parks records until it
// can apply them.
func (p *tablesPlan) permissions(logs jobLogs) pulumi.StringOutput {
	statements := []iampolicy.Statement{
		{Sid: "ReadCodeAndRecords", Actions: []string{"s3:GetObject"}, Resources: p.below(config.TablesJobsPrefix+"/*", p.Prefix+"/*")},
		keep("KeepTables", p.below(config.TablesPrefix+"/*")),
		{Sid: "PutAside", Actions: []string{"s3:DeleteObject", "s3:GetObject", "s3:PutObject"}, Resources: p.below(tables.Errors(p.Lake) + "/*")},
		listBelow(p.BucketArn, config.TablesJobsPrefix, p.Prefix, config.TablesPrefix, tables.Errors(p.Lake)),
		{Sid: "FindBucket", Actions: []string{"s3:GetBucketLocation"}, Resources: []pulumi.StringInput{p.BucketArn}},
		encryptObjects(p.KmsKeyArn, p.BucketArn, p.at.region, p.at.suffix),
		writeJobLogs(logs),
	}
	if p.measured() {
		statements = append(statements, publishMetrics())
	}
	statements = append(statements,
		p.useCatalog("ReadCatalog", []string{"*"}, "glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables"),
		p.useCatalog("ShowTables", []string{views.Name("*").Table(), views.Name("*").Next()}, "glue:CreateTable", "glue:DeleteTable", "glue:UpdateTable"))
	if p.Lake.Tables.Format != config.FormatIceberg {
		statements = append(statements, p.missObjects(), keep("MarkFolder", p.below(config.TablesPrefix+"_$folder$")))
	}
	return iampolicy.Document(statements...)
}

func keep(sid string, objects []pulumi.StringInput) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:       sid,
		Actions:   []string{"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"},
		Resources: objects,
	}
}

func (p *tablesPlan) below(paths ...string) []pulumi.StringInput {
	all := make([]pulumi.StringInput, len(paths))
	for i, path := range paths {
		all[i] = pulumi.Sprintf("%s/%s", p.BucketArn, path)
	}
	return all
}

// missObjects makes S3 answer 404 for a missing object. A role that may not list the bucket gets 403 instead
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html). Delta Lake and Hudi use Hadoop's file
// systems, which look before they write and may mark a folder with an object beside it. A request for an object has
// no prefix, and neither has a list of the whole bucket, which this allows too. Iceberg has its own S3 client, and
// looks into the catalog.
func (p *tablesPlan) missObjects() iampolicy.Statement {
	return iampolicy.Statement{
		Sid:        "MissObjects",
		Actions:    []string{"s3:ListBucket"},
		Resources:  []pulumi.StringInput{p.BucketArn},
		Conditions: []iampolicy.Condition{{Operator: "Null", Key: "s3:prefix", Values: iampolicy.Strings("true")}},
	}
}

// useCatalog allows use of the catalog, the database and each table, because Glue checks all three. The job may not
// change views and tables of records.
func (p *tablesPlan) useCatalog(sid string, names []string, actions ...string) iampolicy.Statement {
	arn := func(what string, args ...any) pulumi.StringInput {
		return pulumi.Sprintf("arn:%s:glue:%s:%s:"+what, append([]any{p.at.partition, p.at.region, p.at.account}, args...)...)
	}
	s := iampolicy.Statement{Sid: sid, Actions: actions, Resources: []pulumi.StringInput{arn("catalog"), arn("database/%s", p.Database)}}
	for _, name := range names {
		s.Resources = append(s.Resources, arn("table/%s/%s", p.Database, name))
	}
	return s
}

// writeJobLogs includes AssociateKmsKey: without it Glue writes no logs at all,
// https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html.
func writeJobLogs(logs jobLogs) iampolicy.Statement {
	s := iampolicy.Statement{
		Sid:     "WriteOwnLogs",
		Actions: []string{"logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"},
	}
	for _, group := range []pulumi.StringInput{logs.output.Arn, logs.errors.Arn} {
		s.Resources = append(s.Resources, group, pulumi.Sprintf("%s:*", group))
	}
	return s
}

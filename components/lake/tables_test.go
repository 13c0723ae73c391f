package lake

import (
	"archive/zip"
	"bytes"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"cdcpipeline/internal/currentstate"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const (
	objectType = "aws:s3/bucketObjectv2:BucketObjectv2"
	jobType    = "aws:glue/job:Job"
	logPrefix  = "/aws-glue/project-stack-tables"
)

func tabled(t *testing.T, change func(*TablesArgs)) *componenttest.Recorder {
	t.Helper()
	r, err := tryTables(change)
	require.NoError(t, err)
	return r
}

func tryTables(change func(*TablesArgs)) (*componenttest.Recorder, error) {
	args := &TablesArgs{
		Lake:   config.Lake{Tables: config.LakeTables{Format: config.FormatIceberg}},
		Tables: shopTables, Found: pulumi.String(foundInShops), Database: pulumi.String("project_stack"),
		Bucket: pulumi.String("lake"), BucketArn: pulumi.String(bucketArn), KmsKeyArn: pulumi.String(keyArn),
	}
	if change != nil {
		change(args)
	}
	return componenttest.Try(func(ctx *pulumi.Context) error {
		_, err := NewTables(ctx, "tables", args)
		return err
	})
}

func TestJobIsToldWhatTheBootstrapFound(t *testing.T) {
	object := tabled(t, func(a *TablesArgs) {
		a.RowsSince, a.StreamRetentionHours = config.RowsSince{"shop.orders": "2026-11-23T21:38:10Z"}, 200
	}).One(t, objectType, "tables-spec")

	var spec struct {
		Bucket, Database, Errors string
		Lookback                 int `json:"lookback_days"`
		Tables                   []struct {
			Name, Raw, Location, Since string
			Columns                    []map[string]string
			Key, Omitted               []string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(object.Input("content").(string)), &spec))
	require.Equal(t, []string{"lake", "project_stack", "errors/tables"}, []string{spec.Bucket, spec.Database, spec.Errors})
	require.Equal(t, 9+2, spec.Lookback)
	orders, lines := spec.Tables[0], spec.Tables[1]
	require.Equal(t, []string{"shop_orders_table", "raw/schema=shop/table=orders/", "tables/1/iceberg/shop_orders/20261123T213810.000000Z", "2026-11-23T21:38:10Z"}, []string{orders.Name, orders.Raw, orders.Location, orders.Since})
	require.Equal(t, []map[string]string{
		{"name": "id", "member": "id", "declared": "bigint(20) unsigned", "type": "decimal(20,0)"},
		{"name": "total", "member": "total", "declared": "decimal(12,2)", "type": "decimal(12,2)"},
	}, orders.Columns)
	require.Equal(t, [][]string{{"id"}, {"secret"}}, [][]string{orders.Key, orders.Omitted}, "as the source spells them")
	require.Equal(t, []string{"shop_lines_table", "raw/schema=shop/table=lines/", ""}, []string{lines.Name, lines.Raw, lines.Since})
}

func TestJobRunsTheCodeThatIsDeployed(t *testing.T) {
	r := tabled(t, nil)

	arguments := r.One(t, jobType).Input("defaultArguments").(map[string]any)
	command := r.One(t, jobType).Input("command").(map[string]any)
	require.Equal(t, "glueetl", command["name"])
	require.Equal(t, "3", command["pythonVersion"])
	for name, at := range map[string]any{"tables-spec": arguments["--spec"], "tables-code": arguments["--extra-py-files"], "tables-script": command["scriptLocation"]} {
		object := r.One(t, objectType, name)
		require.Equal(t, "s3://lake/"+object.Input("key").(string), at)
		require.Regexp(t, `^jobs/tables/[a-z]+-[0-9a-f]{8}\.(json|zip|py)$`, object.Input("key"))
		require.Equal(t, []any{"aws:kms", keyArn, true}, []any{object.Input("serverSideEncryption"), object.Input("kmsKeyId"), object.Input("bucketKeyEnabled")})
	}
	content, err := base64.StdEncoding.DecodeString(r.One(t, objectType, "tables-code").Input("contentBase64").(string))
	require.NoError(t, err)
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	require.NoError(t, err)
	_, err = archive.Open("cdctables/job.py")
	require.NoError(t, err)
	require.Contains(t, r.One(t, objectType, "tables-script").Input("content"), "from cdctables.job import main")
}

// A changed specification gets a new object name, so that the job changes too.
func TestAnotherSpecificationIsAnotherObject(t *testing.T) {
	key := func(change func(*TablesArgs)) any {
		return tabled(t, change).One(t, objectType, "tables-spec").Input("key")
	}
	require.Equal(t, key(nil), key(nil))
	require.NotEqual(t, key(nil), key(func(a *TablesArgs) { a.Lake.Tables.TombstoneDays = 3 }))
}

func TestJobIsAsConfigured(t *testing.T) {
	plain := tabled(t, nil).One(t, jobType)
	require.Equal(t, map[string]any{
		"name": nil, "glueVersion": "5.1", "workerType": "G.1X", "numberOfWorkers": 2.0, "timeout": 60.0, "maxRetries": 1.0, "executionClass": "STANDARD",
		"executionProperty": map[string]any{"maxConcurrentRuns": 1.0}, "securityConfiguration": "tables-security",
	}, inputs(plain, "name", "glueVersion", "workerType", "numberOfWorkers", "timeout", "maxRetries", "executionClass", "executionProperty", "securityConfiguration"))
	arguments := plain.Input("defaultArguments").(map[string]any)
	require.Len(t, arguments, 6)
	require.Equal(t, []any{"iceberg", "job-bookmark-disable", "true", logPrefix}, []any{
		arguments["--datalake-formats"], arguments["--job-bookmark-option"], arguments["--enable-continuous-cloudwatch-log"], arguments["--custom-logGroup-prefix"],
	})
	large := tabled(t, func(a *TablesArgs) {
		a.Lake.Tables = config.LakeTables{Format: config.FormatHudi, Workers: 10, WorkerType: config.G4X, TimeoutMinutes: 30}
	}).One(t, jobType)
	require.Equal(t, map[string]any{"workerType": "G.4X", "numberOfWorkers": 10.0, "timeout": 30.0}, inputs(large, "workerType", "numberOfWorkers", "timeout"))
	require.Equal(t, "hudi", large.Input("defaultArguments").(map[string]any)["--datalake-formats"])
}

func inputs(r componenttest.Registered, names ...string) map[string]any {
	some := map[string]any{}
	for _, name := range names {
		some[name] = r.Input(name)
	}
	return some
}

func TestScheduleIsACronExpression(t *testing.T) {
	for minutes, want := range map[int]string{
		5: "cron(0/5 * * * ? *)", 30: "cron(0/30 * * * ? *)", 60: "cron(0 * * * ? *)", 120: "cron(0 0/2 * * ? *)", 720: "cron(0 0/12 * * ? *)", 1440: "cron(0 0 * * ? *)",
	} {
		trigger := tabled(t, func(a *TablesArgs) { a.Lake.Tables.Minutes = minutes }).One(t, "aws:glue/trigger:Trigger")
		require.Equal(t, map[string]any{"type": "SCHEDULED", "schedule": want, "startOnCreation": true, "actions": []any{map[string]any{"jobName": "tables-job"}}},
			inputs(trigger, "type", "schedule", "startOnCreation", "actions"))
	}
}

func TestEverythingThatGlueWritesIsEncryptedWithTheKey(t *testing.T) {
	r := tabled(t, func(a *TablesArgs) { a.LogRetentionDays = 30 })
	require.Equal(t, map[string]any{
		"s3Encryption":           map[string]any{"s3EncryptionMode": "SSE-KMS", "kmsKeyArn": keyArn},
		"cloudwatchEncryption":   map[string]any{"cloudwatchEncryptionMode": "SSE-KMS", "kmsKeyArn": keyArn},
		"jobBookmarksEncryption": map[string]any{"jobBookmarksEncryptionMode": "CSE-KMS", "kmsKeyArn": keyArn},
	}, r.One(t, "aws:glue/securityConfiguration:SecurityConfiguration").Input("encryptionConfiguration"))
	groups := r.All("aws:cloudwatch/logGroup:LogGroup")
	require.Equal(t, []string{logPrefix + "/tables-security-role/tables-role/error", logPrefix + "/tables-security-role/tables-role/output"}, names(groups, ""), "as Glue names them")
	for _, group := range groups {
		require.Equal(t, map[string]any{"kmsKeyId": keyArn, "retentionInDays": 30.0}, inputs(group, "kmsKeyId", "retentionInDays"))
	}
	for want, environment := range map[float64]config.Environment{14: config.Dev, 90: config.Prod} {
		require.EqualValues(t, want, tabled(t, func(a *TablesArgs) { a.Environment = environment }).All("aws:cloudwatch/logGroup:LogGroup")[0].Input("retentionInDays"))
	}
}

func TestJobWaitsForWhatARunNeeds(t *testing.T) {
	waits := strings.Join(tabled(t, nil).One(t, jobType).DependsOn, " ")
	for _, needed := range []string{"::tables-policy", "::tables-output", "::tables-error", "::tables-spec", "::tables-code", "::tables-script"} {
		require.Contains(t, waits, needed)
	}
}

func TestCodeIsWrittenIntoAGuardedBucket(t *testing.T) {
	r := componenttest.Run(t, func(ctx *pulumi.Context) error {
		b, err := NewBucket(ctx, "lake", &BucketArgs{KmsKeyArn: pulumi.String(keyArn)})
		if err != nil {
			return err
		}
		_, err = NewTables(ctx, "tables", &TablesArgs{
			Lake: config.Lake{Tables: config.LakeTables{Format: config.FormatDelta}}, Tables: shopTables, Found: pulumi.String(foundInShops),
			Database: pulumi.String("d"), Bucket: b.Name, BucketArn: b.Arn, KmsKeyArn: pulumi.String(keyArn),
		}, pulumi.DependsOn(b.Dependencies))
		return err
	})
	for _, object := range r.All(objectType) {
		require.Contains(t, strings.Join(object.DependsOn, " "), "::lake-policy")
	}
}

func TestTablesRoleReachesItsOwnAlone(t *testing.T) {
	policy := statements(t, tabled(t, nil).One(t, "aws:iam/rolePolicy:RolePolicy").Input("policy"))
	logs := "arn:aws:cloudwatch:us-east-1:123456789012:tables-"
	const catalog = "arn:aws:glue:us-east-1:123456789012:"
	resources := map[string][]string{}
	for sid, s := range policy {
		resources[sid] = s.Resource
		for _, action := range s.Action {
			require.NotContains(t, action, "*", sid)
		}
	}
	require.Equal(t, map[string][]string{
		"ReadCodeAndRecords": {bucketArn + "/jobs/tables/*", bucketArn + "/raw/*"},
		"KeepTables":         {bucketArn + "/tables/*"},
		"PutAside":           {bucketArn + "/errors/tables/*"},
		"FindObjects":        {bucketArn},
		"FindBucket":         {bucketArn},
		"EncryptObjects":     {keyArn},
		"WriteOwnLogs":       {logs + "output", logs + "output:*", logs + "error", logs + "error:*"},
		"ReadCatalog":        {catalog + "catalog", catalog + "database/project_stack", catalog + "table/project_stack/*"},
		"ShowTables":         {catalog + "catalog", catalog + "database/project_stack", catalog + "table/project_stack/*_table", catalog + "table/project_stack/*_next"},
	}, resources)
	require.Equal(t, []string{"jobs/tables/*", "raw/*", "tables/*", "errors/tables/*"}, policy["FindObjects"].Condition["StringLike"]["s3:prefix"])
	require.Equal(t, []string{"s3.us-east-1.amazonaws.com"}, policy["EncryptObjects"].Condition["StringEquals"]["kms:ViaService"])
	require.NotContains(t, policy["ReadCodeAndRecords"].Action, "s3:PutObject")
	require.NotContains(t, policy, "MissObjects")
}

func TestHadoopMayMissObjects(t *testing.T) {
	for _, format := range []config.TableFormat{config.FormatDelta, config.FormatHudi} {
		policy := statements(t, tabled(t, func(a *TablesArgs) { a.Lake.Tables.Format = format }).One(t, "aws:iam/rolePolicy:RolePolicy").Input("policy"))
		require.Equal(t, []string{"true"}, policy["MissObjects"].Condition["Null"]["s3:prefix"])
		require.Equal(t, []string{bucketArn + "/tables_$folder$"}, policy["MarkFolder"].Resource)
	}
}

func TestTablesRoleIsTrustedForThisAccountAlone(t *testing.T) {
	trust := statements(t, tabled(t, nil).One(t, "aws:iam/role:Role").Input("assumeRolePolicy"))[""]
	require.Equal(t, map[string]any{"Service": []any{"glue.amazonaws.com"}}, trust.Principal)
	require.Equal(t, map[string]map[string][]string{"StringEquals": {"aws:SourceAccount": {componenttest.Account}}}, trust.Condition)
}

func TestTablesAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*TablesArgs)
		want   []string
	}{
		"without what it needs": {func(a *TablesArgs) { *a = TablesArgs{Lake: a.Lake, Tables: a.Tables} }, []string{
			"checking the arguments of lake.Tables: Bucket: is missing", "BucketArn: is missing", "Database: is missing", "Found: is missing", "KmsKeyArn: is missing",
		}},
		"of no format":     {func(a *TablesArgs) { a.Lake.Tables.Format = "" }, []string{"lake.tables.format: is none: leave lake.Tables out"}},
		"of another":       {func(a *TablesArgs) { a.Lake.Tables.Format = "paimon" }, []string{`lake.tables.format: "paimon" is not allowed here: use one of none, iceberg, delta, hudi`}},
		"of patterns":      {func(a *TablesArgs) { a.Tables = []config.Table{{Database: "shop", Table: "%"}} }, []string{"Tables: has only patterns, for which the job keeps no table"}},
		"without catalogs": {func(a *TablesArgs) { a.Catalog.Enabled = new(false) }, []string{"lake.tables.format: iceberg needs the catalog"}},
		"of times of others": {func(a *TablesArgs) { a.RowsSince = config.RowsSince{"shop.returns": "yesterday"} }, []string{
			`source.rowsSince["shop.returns"]: matches no entry of source.tables`, `"yesterday" is not a time`,
		}},
		"of an unseen table": {
			func(a *TablesArgs) { a.Tables = []config.Table{{Database: "shop", Table: "new"}} },
			[]string{"the bootstrap has not read shop.new: raise source.schemaRevision to make it read the tables again"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := tryTables(c.change)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
			require.Empty(t, r.All(jobType))
		})
	}
	_, err := componenttest.Try(func(ctx *pulumi.Context) error {
		_, err := NewTables(ctx, "tables", nil)
		return err
	})
	require.ErrorContains(t, err, "lake.Tables needs args")
}

// A parked record may be as old here as the current indices accept.
func TestParkedRecordsAreAsOldAsTheCurrentStateTakesThem(t *testing.T) {
	settings, err := currentstate.ReadSettings(func(name string) string {
		return map[string]string{"SEARCH_ENDPOINT": "https://d", "PARKING_BUCKET": "b"}[name]
	})
	require.NoError(t, err)
	require.Equal(t, config.ParkedDays*24*time.Hour, settings.Parked)
}

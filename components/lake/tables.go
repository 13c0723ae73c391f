package lake

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/component"
	"cdcpipeline/internal/footprint"
	"cmp"
	"errors"
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TablesArgs configures Tables.
type TablesArgs struct {
	config.Lake `pulumi:"lake,optional"`
	// Environment chooses defaults. Default dev.
	Environment config.Environment `pulumi:"environment,optional"`
	// Source is the name of the source. The names of its tables begin with it. Empty for the unnamed source.
	Source string `pulumi:"source,optional"`
	// Engine of the source. It decides how records are read. Default mysql.
	Engine config.Engine `pulumi:"engine,optional"`
	// Tables are the followed tables. Patterns are left out, as in the Catalog.
	Tables []config.Table `pulumi:"tables"`
	// RowsSince is the time from which a table's records are authoritative. Readers skip earlier ones. It is
	// source.rowsSince.
	RowsSince config.RowsSince `pulumi:"rowsSince,optional"`
	// Found is JSON with the columns and the keys of the tables, in the form that lake.Catalog takes. Required.
	Found pulumi.StringInput `pulumi:"found"`
	// Database of the Glue Data Catalog: Catalog.Database. Required.
	Database pulumi.StringInput `pulumi:"database"`
	// Bucket is the name of the lake's bucket. Required.
	Bucket pulumi.StringInput `pulumi:"bucket"`
	// BucketArn is the ARN of the same bucket. Required.
	BucketArn pulumi.StringInput `pulumi:"bucketArn"`
	// KmsKeyArn is the lake's key. It also encrypts tables and logs. Required.
	KmsKeyArn pulumi.StringInput `pulumi:"kmsKeyArn"`
	// StreamRetentionHours is how long the stream keeps a record. Default 168.
	StreamRetentionHours int `pulumi:"streamRetentionHours,optional"`
	// LogRetentionDays keeps the job's logs. Default 14 in dev, 90 in prod.
	LogRetentionDays int `pulumi:"logRetentionDays,optional"`
	// Measured makes the job publish two metrics for other components' alarms: how many tables have stopped, and how
	// many records it refused. Default: only when Lake.Tables.AlarmTopic is given.
	Measured bool `pulumi:"measured,optional"`
}

// Tables maintains tables of present rows in Apache Iceberg, Delta Lake or Apache Hudi. An AWS Glue job builds one
// per followed table from the lake's raw records. Each commit of a table includes the position up to which records
// were read. So a run that is killed or repeated applies nothing twice. The Catalog of the same lake has a view of
// each table.
type Tables struct {
	pulumi.ResourceState

	// JobName of the job. Start it by hand to update before its schedule.
	JobName pulumi.StringOutput `pulumi:"jobName"`
	// Format of the arguments. The next deployment is checked against it.
	Format pulumi.StringOutput `pulumi:"format"`
	// Generation of the arguments. The next deployment is checked against it.
	Generation pulumi.IntOutput `pulumi:"generation"`

	// For the metrics: dimensions, a period's hours, the periods that may pass without a run, and whether there are
	// alarms.
	dimensions                pulumi.StringMap
	periodHours, quietPeriods int
	alarmed                   bool
}

// NewTables makes the job with its code, its role, its logs and its schedule. The first object is written after
// everything in the DependsOn option: pass Bucket.Dependencies.
func NewTables(ctx *pulumi.Context, name string, args *TablesArgs, opts ...pulumi.ResourceOption) (*Tables, error) {
	a, err := args.check()
	if err != nil {
		return nil, err
	}
	given, err := pulumi.NewResourceOptions(opts...)
	if err != nil {
		return nil, fmt.Errorf("reading the options of the lake's tables: %w", err)
	}
	t := &Tables{}
	p := &tablesPlan{TablesArgs: a, Tables: t, name: name, id: footprint.Identifier(ctx.Project(), ctx.Stack(), name), after: given.DependsOn}
	return component.Make(ctx, tablesKind, name, t, component.Steps{
		Inputs: pulumi.Map{"format": pulumi.String(a.Lake.Tables.Format), "minutes": pulumi.Int(a.Lake.Tables.Minutes)},
		Provision: func() error {
			t.Format, t.Generation = pulumi.String(a.Lake.Tables.Format).ToStringOutput(), pulumi.Int(a.Lake.Tables.Generation).ToIntOutput()
			return p.provision(ctx)
		},
		Outputs: func() pulumi.Map {
			return pulumi.Map{"jobName": t.JobName, "format": t.Format, "generation": t.Generation}
		},
	}, opts...)
}

func (args *TablesArgs) check() (*TablesArgs, error) {
	a, err := component.Args(tablesKind, args)
	if err != nil {
		return nil, err
	}
	a.Environment = a.Environment.WithDefault()
	a.Lake = a.Lake.WithDefaults(a.Environment)
	a.StreamRetentionHours = cmp.Or(a.StreamRetentionHours, 168)
	a.LogRetentionDays = cmp.Or(a.LogRetentionDays, a.Environment.LogRetentionDays())
	problems := []error{a.Lake.Validate(), a.RowsSince.Validate(a.Tables), component.Required(component.Given{
		"Found": a.Found != nil, "Database": a.Database != nil, "Bucket": a.Bucket != nil, "BucketArn": a.BucketArn != nil, "KmsKeyArn": a.KmsKeyArn != nil,
	})}
	if !a.Lake.Tables.On() {
		problems = append(problems, errors.New("lake.tables.format: is none: leave lake.Tables out"))
	}
	if len(follow(a.Source, a.Engine, a.Lake, a.Tables, a.RowsSince).table) == 0 {
		problems = append(problems, errors.New("Tables: has only patterns, for which the job keeps no table: name a table, or leave lake.Tables out"))
	}
	return a, tablesKind.Check(problems...)
}

// tablesPlan is the checked input that the parts are made from.
type tablesPlan struct {
	*TablesArgs
	*Tables

	// name is the prefix of the parts in the program; id is the prefix of the log names.
	name, id string
	after    []pulumi.Resource
	at       where
}

func (p *tablesPlan) child() pulumi.ResourceOption { return pulumi.Parent(p.Tables) }

// provision makes the job after everything that a run needs, because its trigger may start it at once.
func (p *tablesPlan) provision(ctx *pulumi.Context) error {
	var err error
	if p.at, err = here(ctx, pulumi.Parent(p.Tables)); err != nil {
		return err
	}
	code, err := p.putCode(ctx)
	if err != nil {
		return err
	}
	role, err := iam.NewRole(ctx, p.name+"-role", &iam.RoleArgs{
		Description:      pulumi.String("Keeps the tables of the lake from its records"),
		AssumeRolePolicy: tablesTrust(p.at.account),
	}, p.child())
	if err != nil {
		return fmt.Errorf("making the role of the tables' job: %w", err)
	}
	security, err := p.secure(ctx)
	if err != nil {
		return err
	}
	logs, err := p.logs(ctx, security, role)
	if err != nil {
		return err
	}
	policy, err := iam.NewRolePolicy(ctx, p.name+"-policy", &iam.RolePolicyArgs{Role: role.ID(), Policy: p.permissions(logs)}, p.child())
	if err != nil {
		return fmt.Errorf("making the permissions of the tables' job: %w", err)
	}
	job, err := p.job(ctx, code, role, security, append([]pulumi.Resource{policy}, logs.resources()...))
	if err != nil {
		return err
	}
	p.JobName = job.Name
	if err := p.alarms(ctx); err != nil {
		return err
	}
	return p.schedule(ctx, job)
}

// secure encrypts everything that Glue itself writes, with the lake's key. The job uses no bookmarks, but their
// encryption is set too.
func (p *tablesPlan) secure(ctx *pulumi.Context) (*glue.SecurityConfiguration, error) {
	key := p.KmsKeyArn.ToStringOutput().ToStringPtrOutput()
	security, err := glue.NewSecurityConfiguration(ctx, p.name+"-security", &glue.SecurityConfigurationArgs{
		EncryptionConfiguration: &glue.SecurityConfigurationEncryptionConfigurationArgs{
			S3Encryption: &glue.SecurityConfigurationEncryptionConfigurationS3EncryptionArgs{
				S3EncryptionMode: pulumi.String("SSE-KMS"), KmsKeyArn: key,
			},
			CloudwatchEncryption: &glue.SecurityConfigurationEncryptionConfigurationCloudwatchEncryptionArgs{
				CloudwatchEncryptionMode: pulumi.String("SSE-KMS"), KmsKeyArn: key,
			},
			JobBookmarksEncryption: &glue.SecurityConfigurationEncryptionConfigurationJobBookmarksEncryptionArgs{
				JobBookmarksEncryptionMode: pulumi.String("CSE-KMS"), KmsKeyArn: key,
			},
		},
	}, p.child())
	if err != nil {
		return nil, fmt.Errorf("making the security configuration of the tables' job: %w", err)
	}
	return security, nil
}

// jobLogs are the job's two log groups: one for the job's own messages, one for everything else.
type jobLogs struct{ output, errors *cloudwatch.LogGroup }

func (l jobLogs) resources() []pulumi.Resource { return []pulumi.Resource{l.output, l.errors} }

// logPrefix is the prefix of the job's log groups.
func (p *tablesPlan) logPrefix() string { return "/aws-glue/" + p.id }

// logs makes the groups, because those that Glue makes have no retention. Glue puts the security configuration and
// the role into their names, https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html.
func (p *tablesPlan) logs(ctx *pulumi.Context, security *glue.SecurityConfiguration, role *iam.Role) (jobLogs, error) {
	var logs jobLogs
	for _, group := range []struct {
		name string
		into **cloudwatch.LogGroup
	}{{"output", &logs.output}, {"error", &logs.errors}} {
		made, err := cloudwatch.NewLogGroup(ctx, p.name+"-"+group.name, &cloudwatch.LogGroupArgs{
			Name:            pulumi.Sprintf("%s/%s-role/%s/%s", p.logPrefix(), security.Name, role.Name, group.name),
			RetentionInDays: pulumi.Int(p.LogRetentionDays),
			KmsKeyId:        p.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
		}, p.child())
		if err != nil {
			return jobLogs{}, fmt.Errorf("making a log group of the tables' job: %w", err)
		}
		*group.into = made
	}
	return logs, nil
}

// glueVersion has Spark 3.5, Python 3.11, Iceberg 1.10, Delta Lake 3.3 and Hudi 1.0,
// https://docs.aws.amazon.com/glue/latest/dg/release-notes.html.
const glueVersion = "5.1"

func (p *tablesPlan) job(ctx *pulumi.Context, code jobCode, role *iam.Role, security *glue.SecurityConfiguration, after []pulumi.Resource) (*glue.Job, error) {
	cfg := p.Lake.Tables
	at := func(key pulumi.StringInput) pulumi.StringOutput { return pulumi.Sprintf("s3://%s/%s", p.Bucket, key) }
	arguments := pulumi.StringMap{
		"--spec":                             at(code.spec),
		"--extra-py-files":                   at(code.zip),
		"--datalake-formats":                 pulumi.String(cfg.Format),
		"--job-bookmark-option":              pulumi.String("job-bookmark-disable"),
		"--enable-continuous-cloudwatch-log": pulumi.String("true"),
		"--custom-logGroup-prefix":           pulumi.String(p.logPrefix()),
	}
	if p.measured() {
		arguments["--metrics"] = pulumi.String(metricsNamespace)
	}
	job, err := glue.NewJob(ctx, p.name+"-job", &glue.JobArgs{
		Description: pulumi.String("Brings the tables of the lake up to its records"),
		RoleArn:     role.Arn,
		GlueVersion: pulumi.String(glueVersion),
		Command: &glue.JobCommandArgs{
			Name: pulumi.String("glueetl"), PythonVersion: pulumi.String("3"), ScriptLocation: at(code.script),
		},
		WorkerType:            pulumi.String(cfg.WorkerType),
		NumberOfWorkers:       pulumi.Int(cfg.Workers),
		Timeout:               pulumi.Int(cfg.TimeoutMinutes),
		MaxRetries:            pulumi.Int(1),
		ExecutionClass:        pulumi.String("STANDARD"), // the default; Glue returns it, so it is set here
		ExecutionProperty:     &glue.JobExecutionPropertyArgs{MaxConcurrentRuns: pulumi.Int(1)},
		SecurityConfiguration: security.Name,
		DefaultArguments:      arguments,
	}, p.child(), pulumi.DependsOn(after))
	if err != nil {
		return nil, fmt.Errorf("making the tables' job: %w", err)
	}
	return job, nil
}

// schedule starts the job. When a run is still going on, Glue skips the next one.
func (p *tablesPlan) schedule(ctx *pulumi.Context, job *glue.Job) error {
	_, err := glue.NewTrigger(ctx, p.name+"-schedule", &glue.TriggerArgs{
		Description:     pulumi.String("Starts the job that keeps the tables of the lake"),
		Type:            pulumi.String("SCHEDULED"),
		Schedule:        pulumi.String(cron(p.Lake.Tables.Minutes)),
		StartOnCreation: pulumi.Bool(true),
		Actions:         glue.TriggerActionArray{&glue.TriggerActionArgs{JobName: job.Name}},
	}, p.child())
	if err != nil {
		return fmt.Errorf("making the schedule of the tables' job: %w", err)
	}
	return nil
}

// cron is the expression for an interval in minutes. The interval divides an hour, or is a number of hours that
// divides a day.
func cron(minutes int) string {
	every := func(n, most int) string {
		switch n {
		case 1:
			return "*"
		case most:
			return "0"
		}
		return "0/" + strconv.Itoa(n)
	}
	if minutes < 60 {
		return fmt.Sprintf("cron(%s * * * ? *)", every(minutes, 60))
	}
	return fmt.Sprintf("cron(0 %s * * ? *)", every(minutes/60, 24))
}

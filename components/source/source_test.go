package source_test

import (
	"cdcpipeline/components/source"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"cdcpipeline/internal/source/mysql"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const (
	clusterType    = "aws:rds/cluster:Cluster"
	instanceType   = "aws:rds/clusterInstance:ClusterInstance"
	invocationType = "aws:lambda/invocation:Invocation"
	functionType   = "aws:lambda/function:Function"
	policyType     = "aws:iam/rolePolicy:RolePolicy"
	secretType     = "aws:secretsmanager/secret:Secret"
	versionType    = "aws:secretsmanager/secretVersion:SecretVersion"
)

func TestAnImpossibleSourceIsRefusedBeforeAnythingExists(t *testing.T) {
	args := auroraArgs(config.Dev)
	args.Instances = 17
	r, err := componenttest.Try(func(ctx *pulumi.Context) error {
		_, err := source.NewAuroraMySQL(ctx, "source", args)
		return err
	})
	require.ErrorContains(t, err, "source.instances")
	require.Empty(t, r.All(clusterType))
}

func TestMissingArgumentsAreNamed(t *testing.T) {
	for name, make := range map[string]func(*pulumi.Context) error{
		"AuroraMySQL": func(ctx *pulumi.Context) error { _, err := source.NewAuroraMySQL(ctx, "x", nil); return err },
		"Existing":    func(ctx *pulumi.Context) error { _, err := source.NewExisting(ctx, "x", nil); return err },
		"Bootstrap":   func(ctx *pulumi.Context) error { _, err := source.NewBootstrap(ctx, "x", nil); return err },
	} {
		t.Run(name, func(t *testing.T) {
			_, err := componenttest.Try(make)
			require.ErrorContains(t, err, "source."+name)
		})
	}
}

func TestAnExistingDatabaseIsOnlyDescribed(t *testing.T) {
	r := componenttest.Run(t, func(ctx *pulumi.Context) error {
		e, err := source.NewExisting(ctx, "source", existingArgs())
		if err != nil {
			return err
		}
		require.Equal(t, "mysql", e.EngineName)
		ctx.Export("host", e.Host)
		return nil
	})
	for _, x := range r.Resources() {
		require.False(t, strings.HasPrefix(x.Type, "aws:"), x.Type)
	}
}

func existingArgs() *source.ExistingArgs {
	return &source.ExistingArgs{Source: config.Source{Existing: &config.ExistingDatabase{
		Host: "db.example.internal", SecretArn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:admin-AbCdEf", SecurityGroupID: "sg-0123456789abcdef0",
	}}}
}

// function answers an invocation as the bootstrap function does.
type function struct{ *componenttest.Recorder }

const findings = `{"server":"8.0","changed":null,"checks":[{"check":"binlog_format","status":"ok","value":"ROW"}],"tables":null}`

func (f function) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	id, state, err := f.Recorder.NewResource(args)
	if args.TypeToken == invocationType {
		state["result"] = resource.NewStringProperty(findings)
	}
	return id, state, err
}

// bootstrapOf runs the Bootstrap of an Aurora cluster.
func bootstrapOf(t *testing.T, change func(*source.BootstrapArgs)) *componenttest.Recorder {
	t.Helper()
	zip := filepath.Join(t.TempDir(), "bootstrap.zip")
	require.NoError(t, os.WriteFile(zip, []byte("code"), 0o600))
	recorder := &componenttest.Recorder{}
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		a, err := source.NewAuroraMySQL(ctx, "source", auroraArgs(config.Dev))
		if err != nil {
			return err
		}
		args := &source.BootstrapArgs{
			Database: a.Database, Code: pulumi.NewFileArchive(zip), SubnetIDs: pulumi.ToStringArray([]string{"subnet-a"}),
			SecurityGroupID: pulumi.String("sg-functions"), KmsKeyArn: pulumi.String("key-arn"),
		}
		if change != nil {
			change(args)
		}
		b, err := source.NewBootstrap(ctx, "bootstrap", args)
		if err != nil {
			return err
		}
		b.Findings.ApplyT(func(lines map[string]string) error {
			require.Equal(t, map[string]string{"binlog_format": "ok: ROW"}, lines)
			return nil
		})
		b.ReplicationSecretArn.ApplyT(func(arn string) error {
			require.Equal(t, "arn:aws:secretsmanager:us-east-1:123456789012:bootstrap-replication-secret-seed", arn, "of a secret that has its value")
			return nil
		})
		return nil
	}, pulumi.WithMocks("project", "stack", function{recorder})))
	return recorder
}

func request(t *testing.T, r *componenttest.Recorder) (mysql.Request, string) {
	t.Helper()
	text := r.One(t, invocationType).Input("input").(string)
	var req mysql.Request
	require.NoError(t, json.Unmarshal([]byte(text), &req))
	return req, text
}

func TestTheFunctionRunsAfterTheWriterAndNeverByTime(t *testing.T) {
	first, second := bootstrapOf(t, nil).One(t, invocationType), bootstrapOf(t, nil).One(t, invocationType)
	require.Equal(t, first.Inputs, second.Inputs, "the same program invokes nothing")
	require.Equal(t, "CREATE_ONLY", first.Input("lifecycleScope"))
	dependencies := strings.Join(first.DependsOn, " ")
	require.Contains(t, dependencies, "ClusterInstance::source-instance-0")
	require.Contains(t, dependencies, "bootstrap-replication-secret-seed")
	require.Contains(t, strings.Join(first.ReplaceWith, " "), "source-cluster")
}

func TestTheFunctionRunsAgainWhenItsCodeChanges(t *testing.T) {
	other := filepath.Join(t.TempDir(), "other.zip")
	require.NoError(t, os.WriteFile(other, []byte("other code"), 0o600))
	one := bootstrapOf(t, nil).One(t, invocationType).Input("triggers").(map[string]any)
	two := bootstrapOf(t, func(a *source.BootstrapArgs) { a.Code = pulumi.NewFileArchive(other) }).One(t, invocationType).Input("triggers").(map[string]any)
	require.NotEqual(t, one["code"], two["code"])
	require.Equal(t, one["input"], two["input"])
}

func TestTheFunctionRunsAgainWhenTheSchemaIsSaidToHaveChanged(t *testing.T) {
	triggers := func(revision int) any {
		return bootstrapOf(t, func(a *source.BootstrapArgs) { a.SchemaRevision = revision }).One(t, invocationType).Input("triggers")
	}
	require.NotContains(t, triggers(0), "schema", "who never sets it invokes nothing")
	require.NotEqual(t, triggers(1), triggers(2))
	require.NotEqual(t, triggers(0), triggers(1))
}

func TestTheInputNamesSecretsAndHoldsNone(t *testing.T) {
	req, text := request(t, bootstrapOf(t, nil))
	require.NotContains(t, text, "generated", "the mocked password")
	require.Contains(t, req.AdminSecret, "rds!cluster")
	require.Contains(t, req.ReplicationSecret, "arn:aws:secretsmanager:")
	require.Equal(t, 24, req.BinlogRetentionHours)
	require.Equal(t, 64, req.LobMaxSizeKb)
	require.Equal(t, []mysql.Table{mysql.RetailTrans}, req.Tables)
	require.Len(t, req.Schema, 1)
}

func TestOnlyACertificateOfOnesOwnTravelsInTheInput(t *testing.T) {
	req, _ := request(t, bootstrapOf(t, func(a *source.BootstrapArgs) { a.CaBundle = source.RDSCertificates() }))
	require.Empty(t, req.Certificates)
	req, _ = request(t, bootstrapOf(t, func(a *source.BootstrapArgs) { a.CaBundle = "mine" }))
	require.Equal(t, "mine", req.Certificates)
}

func TestTheProbesDatabaseIsPreparedOnlyWhenAskedFor(t *testing.T) {
	_, text := request(t, bootstrapOf(t, nil))
	require.NotContains(t, text, "later", "an input that changes runs the function again")
	req, _ := request(t, bootstrapOf(t, func(a *source.BootstrapArgs) { a.Conformance = true }))
	require.Equal(t, []mysql.Table{{Database: "cdc_conformance", Table: "%"}}, req.Later)
	require.Equal(t, []mysql.Table{mysql.RetailTrans}, req.Tables)
}

func TestSchemaFilesReplaceTheDefault(t *testing.T) {
	file := filepath.Join(t.TempDir(), "orders.sql")
	require.NoError(t, os.WriteFile(file, []byte("CREATE TABLE IF NOT EXISTS a.b (id INT PRIMARY KEY)"), 0o600))
	req, _ := request(t, bootstrapOf(t, func(a *source.BootstrapArgs) { a.SchemaFiles = []string{file} }))
	require.Equal(t, "orders.sql", req.Schema[0].Name)
	require.Len(t, req.Schema, 1)
}

func TestTheReplicationSecretIsSeededOnceInTheShapeOfDMS(t *testing.T) {
	r := bootstrapOf(t, nil)
	version := r.One(t, versionType)
	require.Equal(t, []string{"secretString"}, version.IgnoreChanges)
	require.True(t, version.Inputs["secretString"].ContainsSecrets())
	var value map[string]any
	require.NoError(t, json.Unmarshal([]byte(version.Input("secretString").(string)), &value))
	require.Equal(t, float64(3306), value["port"])
	require.Equal(t, "generated", value["password"])
	require.NotEmpty(t, value["host"])
	require.LessOrEqual(t, len(value["username"].(string)), 32)
	require.EqualValues(t, 0, r.One(t, secretType).Input("recoveryWindowInDays"))
}

func TestTheFunctionMayDoOnlyWhatItDoes(t *testing.T) {
	var document struct {
		Statement []struct {
			Sid, Effect      string
			Action, Resource []string
			Condition        map[string]map[string][]string
		}
	}
	text := bootstrapOf(t, nil).One(t, policyType).Input("policy").(string)
	require.NoError(t, json.Unmarshal([]byte(text), &document))
	var joins, secrets []string
	for _, s := range document.Statement {
		require.NotContains(t, strings.Join(s.Action, " "), "*", s.Sid)
		switch s.Sid {
		case "JoinVpc":
			joins = s.Action
		case "LeaveInterfaces":
			require.Equal(t, "Deny", s.Effect)
			require.Equal(t, joins, s.Action, "what Lambda does with the function's role is not for the function's code")
			require.Equal(t, map[string]map[string][]string{"ArnLike": {"lambda:SourceFunctionArn": {"arn:*:lambda:*:*:function:*"}}}, s.Condition)
		default:
			require.NotContains(t, s.Resource, "*", s.Sid)
		}
		if s.Sid == "ReadSecrets" {
			require.Len(t, s.Resource, 2)
			secrets = s.Resource
		}
		if strings.HasPrefix(s.Action[0], "kms:") {
			require.Equal(t, secrets, s.Condition["StringEquals"]["kms:EncryptionContext:SecretARN"], s.Sid)
		}
	}
	require.NotEmpty(t, joins)
	require.NotEmpty(t, secrets)
}

func TestTheFunctionHasItsLogGroupFirst(t *testing.T) {
	r := bootstrapOf(t, nil)
	made := r.One(t, functionType)
	require.Equal(t, "bootstrap-logs", made.Input("loggingConfig").(map[string]any)["logGroup"])
	require.Equal(t, "key-arn", r.One(t, "aws:cloudwatch/logGroup:LogGroup", "bootstrap-logs").Input("kmsKeyId"))
	require.Contains(t, strings.Join(made.DependsOn, " "), "bootstrap-policy")
}

package source_test

import (
	"cdcpipeline/components/source"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"cdcpipeline/internal/source/mysql"
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const existingUser = "arn:aws:secretsmanager:us-east-1:123456789012:secret:cdc-AbCdEf"

// checkedBootstrap is the Bootstrap of a database that must not change.
func checkedBootstrap(t *testing.T) *componenttest.Recorder {
	t.Helper()
	cfg := config.Source{
		Bootstrap: config.BootstrapCheck, ReplicationSecretArn: existingUser,
		Existing: &config.ExistingDatabase{Host: "db.example.internal", SecurityGroupID: "sg-0123456789abcdef0"},
	}
	recorder := &componenttest.Recorder{}
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		e, err := source.NewExisting(ctx, "source", &source.ExistingArgs{Source: cfg})
		if err != nil {
			return err
		}
		b, err := source.NewBootstrap(ctx, "bootstrap", &source.BootstrapArgs{
			Source: cfg, Database: e.Database, Code: pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")}),
			SubnetIDs: pulumi.ToStringArray([]string{"subnet-a"}), SecurityGroupID: pulumi.String("sg-functions"), KmsKeyArn: pulumi.String("key-arn"),
		})
		if err != nil {
			return err
		}
		require.Empty(t, b.ReplicationUser)
		b.ReplicationSecretArn.ApplyT(func(arn string) error {
			require.Equal(t, existingUser, arn)
			return nil
		})
		return nil
	}, pulumi.WithMocks("project", "stack", function{recorder})))
	return recorder
}

func TestACheckMakesNoUserAndRunsNoScript(t *testing.T) {
	r := checkedBootstrap(t)
	require.Empty(t, r.All(secretType))
	require.Empty(t, r.All(versionType))
	require.Empty(t, r.All("random:index/randomPassword:RandomPassword"))
	req, _ := request(t, r)
	require.True(t, req.CheckOnly)
	require.Empty(t, req.Schema)
	require.Equal(t, existingUser, req.ReplicationSecret)
	require.Equal(t, existingUser, req.AdminSecret, "nobody else is needed to look")
}

func TestACheckMayWriteNothing(t *testing.T) {
	text, ok := checkedBootstrap(t).One(t, policyType).Input("policy").(string)
	require.True(t, ok)
	var document struct {
		Statement []struct{ Action []string }
	}
	require.NoError(t, json.Unmarshal([]byte(text), &document))
	for _, s := range document.Statement {
		require.NotContains(t, s.Action, "secretsmanager:PutSecretValue")
		require.NotContains(t, s.Action, "kms:GenerateDataKey")
	}
	require.Contains(t, text, "kms:Decrypt")
}

func TestWhatTheTaskDoesWithColumnsIsForTheBootstrapToJudge(t *testing.T) {
	req, _ := request(t, bootstrapOf(t, func(a *source.BootstrapArgs) {
		a.SchemaFiles = []string{"check_test.go"}
		a.Exclude = []config.ExcludedTable{{Database: "shop", Table: "tmp%"}}
		a.Tables = []config.Table{
			{Database: "shop", Table: "%", OmitColumns: []string{"pin"}},
			{Database: "stock", Table: "items", Filters: []config.Filter{
				{Column: "id", Operator: config.FilterLte, Value: "1"}, {Column: "id", Operator: config.FilterEq, Value: "9"},
			}},
			{Database: "stock", Table: "plain"},
		}
	}))
	require.False(t, req.CheckOnly)
	require.Equal(t, []mysql.Table{{Database: "shop", Table: "tmp%"}}, req.Exclude)
	require.Equal(t, []mysql.ColumnRule{
		{Table: mysql.Table{Database: "shop", Table: "%"}, Omit: []string{"pin"}},
		{Table: mysql.Table{Database: "stock", Table: "items"}, Filter: []string{"id"}},
	}, req.Columns)
}

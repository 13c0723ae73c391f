package replication_test

import (
	"cdcpipeline/components/replication"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"encoding/json"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const key = "arn:aws:kms:us-east-1:123456789012:key/k"

func args() *replication.ReplicationArgs {
	return &replication.ReplicationArgs{
		Tables:          []config.Table{{Database: "testdb", Table: "retail_trans"}},
		Source:          replication.SourceEndpoint{EngineName: "aurora", SecretArn: pulumi.String("arn:secret")},
		StreamArn:       pulumi.String("arn:stream"),
		KmsKeyArn:       pulumi.String(key),
		SubnetIDs:       pulumi.ToStringArray([]string{"subnet-1", "subnet-2"}),
		SecurityGroupID: pulumi.String("group-1"),
		CaBundle:        "-----BEGIN CERTIFICATE-----\n",
	}
}

// run makes a replication whose task waits for a consumer.
func run(t *testing.T, a *replication.ReplicationArgs) *componenttest.Recorder {
	t.Helper()
	return componenttest.Run(t, func(ctx *pulumi.Context) error {
		roles, err := replication.NewAccountRoles(ctx, "roles", &replication.AccountRolesArgs{})
		if err != nil {
			return err
		}
		a.AccountRoles = roles.Dependencies
		a.StartAfter = []pulumi.Resource{roles}
		_, err = replication.NewReplication(ctx, "replication", a)
		return err
	})
}

func TestReplicationRefusesMissingArguments(t *testing.T) {
	_, err := componenttest.Try(func(ctx *pulumi.Context) error {
		_, err := replication.NewReplication(ctx, "r", &replication.ReplicationArgs{Replication: config.Replication{StorageGb: 1}})
		return err
	})
	for _, want := range []string{"replication.storageGb", "source.tables", "StreamArn", "KmsKeyArn", "SubnetIDs", "SecurityGroupID", "CaBundle", "SecretArn"} {
		require.ErrorContains(t, err, want)
	}
	_, err = componenttest.Try(func(ctx *pulumi.Context) error {
		_, err := replication.NewReplication(ctx, "r", nil)
		return err
	})
	require.ErrorContains(t, err, "needs args")
}

func TestTaskStartsAfterEverythingItIsToldTo(t *testing.T) {
	task := run(t, args()).One(t, "aws:dms/replicationTask:ReplicationTask")
	require.Equal(t, false, task.Input("startReplicationTask"), "its connections are not tested yet")
	require.Equal(t, "full-load-and-cdc", task.Input("migrationType"))
	require.Contains(t, strings.Join(task.DependsOn, " "), "dms-vpc-role")
}

func TestATaskOfAnotherMigrationTypeIsAnotherTask(t *testing.T) {
	task := run(t, args()).One(t, "aws:dms/replicationTask:ReplicationTask")
	require.Equal(t, []string{"migrationType"}, task.ReplaceOnChanges, "DMS cannot change it")
}

func TestEndpointsAreChangedWhileTheirTasksAreStopped(t *testing.T) {
	for _, endpoint := range run(t, args()).All("aws:dms/endpoint:Endpoint") {
		require.Equal(t, true, endpoint.Input("pauseReplicationTasks"), endpoint.Name)
	}
}

func TestWhatStopsTheTaskToChangeIsChangedOneAfterTheOther(t *testing.T) {
	r := run(t, args())
	for endpoint, before := range map[string]string{"replication-source": "::replication-instance", "replication-target": "::replication-source"} {
		waits := strings.Join(r.One(t, "aws:dms/endpoint:Endpoint", endpoint).DependsOn, " ")
		require.Regexp(t, "aws:dms/[a-zA-Z]+:[a-zA-Z]+"+before, waits, endpoint)
	}
}

func TestSubnetGroupWaitsForTheRolesPolicy(t *testing.T) {
	group := run(t, args()).One(t, "aws:dms/replicationSubnetGroup:ReplicationSubnetGroup")
	require.Contains(t, strings.Join(group.DependsOn, " "), "rolePolicyAttachment:RolePolicyAttachment::roles-dms-vpc-role")
}

func TestInstanceIsPrivateAndEncrypted(t *testing.T) {
	instance := run(t, args()).One(t, "aws:dms/replicationInstance:ReplicationInstance")
	require.Equal(t, false, instance.Input("publiclyAccessible"))
	require.Equal(t, key, instance.Input("kmsKeyArn"))
	require.Equal(t, "project-stack-replication", instance.Input("replicationInstanceId"))
}

func TestSourceReadsItsSecretOverVerifiedTLS(t *testing.T) {
	r := run(t, args())
	source := r.One(t, "aws:dms/endpoint:Endpoint", "replication-source")
	require.Equal(t, "verify-ca", source.Input("sslMode"))
	require.Equal(t, "arn:secret", source.Input("secretsManagerArn"))
	require.Nil(t, source.Input("password"))
	require.Equal(t, true, source.Input("pauseReplicationTasks"))
	require.Contains(t, strings.Join(source.DependsOn, " "), "rolePolicy:RolePolicy::replication-source")

	role := r.One(t, "aws:iam/role:Role", "replication-source")
	require.Contains(t, role.Input("assumeRolePolicy"), `"dms.us-east-1.amazonaws.com"`)
	require.Equal(t, map[string][]string{
		"ReadSecret": {"arn:secret"}, "DescribeKey": {key}, "DecryptSecret": {key},
	}, resources(t, r, "replication-source"))
	require.Contains(t, r.One(t, "aws:iam/rolePolicy:RolePolicy", "replication-source").Input("policy"), `"Condition":{"StringEquals":{"kms:EncryptionContext:SecretARN":["arn:secret"]}}`)
}

func TestTargetWritesToOneStream(t *testing.T) {
	r := run(t, args())
	target := r.One(t, "aws:dms/endpoint:Endpoint", "replication-target")
	settings, ok := target.Input("kinesisSettings").(map[string]any)
	require.True(t, ok)
	require.Equal(t, "json-unformatted", settings["messageFormat"])
	for _, on := range []string{
		"includeTransactionDetails", "includePartitionValue", "partitionIncludeSchemaTable", "includeControlDetails",
		"includeTableAlterOperations", "useLargeIntegerValue",
	} {
		require.Equal(t, true, settings[on], on)
	}
	require.Equal(t, map[string][]string{
		"WriteStream": {"arn:stream"}, "EncryptStream": {key},
	}, resources(t, r, "replication-target"))
	require.Contains(t, r.One(t, "aws:iam/role:Role", "replication-target").Input("assumeRolePolicy"), componenttest.Account)
}

func TestPostgreSQLIsFollowedInOneDatabaseByASlotThatMovesOn(t *testing.T) {
	a := args()
	a.Source = replication.SourceEndpoint{EngineName: "aurora-postgresql", DatabaseName: "shop", SecretArn: pulumi.String("arn:secret")}
	r := run(t, a)
	source := r.One(t, "aws:dms/endpoint:Endpoint", "replication-source")
	require.Equal(t, []any{"aurora-postgresql", "shop", "verify-ca", "arn:secret", nil}, []any{
		source.Input("engineName"), source.Input("databaseName"), source.Input("sslMode"), source.Input("secretsManagerArn"), source.Input("extraConnectionAttributes"),
	})
	require.Equal(t, map[string]any{
		"captureDdls": false, "failTasksOnLobTruncation": true, "heartbeatEnable": true, "heartbeatFrequency": 5.0, "heartbeatSchema": "cdc_heartbeat",
		"mapBooleanAsBoolean": true, "pluginName": "test-decoding",
	}, source.Input("postgresSettings"))
	target := r.One(t, "aws:dms/endpoint:Endpoint", "replication-target")
	require.Equal(t, true, target.Input("kinesisSettings").(map[string]any)["includeNullAndEmpty"], "what is absent did not change")
}

func TestNothingOfPostgreSQLIsSaidOfMySQL(t *testing.T) {
	r := run(t, args())
	source, target := r.One(t, "aws:dms/endpoint:Endpoint", "replication-source"), r.One(t, "aws:dms/endpoint:Endpoint", "replication-target")
	require.Equal(t, []any{nil, nil, "EventsPollInterval=1;skipTableSuspensionForPartitionDdl=true;"}, []any{
		source.Input("databaseName"), source.Input("postgresSettings"), source.Input("extraConnectionAttributes"),
	})
	require.Equal(t, false, target.Input("kinesisSettings").(map[string]any)["includeNullAndEmpty"])
}

func TestPostgreSQLNeedsADatabase(t *testing.T) {
	a := args()
	a.Source.EngineName = "postgres"
	_, err := componenttest.Try(func(ctx *pulumi.Context) error {
		_, err := replication.NewReplication(ctx, "r", a)
		return err
	})
	require.ErrorContains(t, err, "Source.DatabaseName: is missing")
}

func TestANewCABundleIsANewCertificate(t *testing.T) {
	id := func(bundle string) any {
		a := args()
		a.CaBundle = bundle
		return run(t, a).One(t, "aws:dms/certificate:Certificate").Input("certificateId")
	}
	require.Equal(t, id("a"), id("\na\n"))
	require.NotEqual(t, id("a"), id("b"))
}

// resources returns the resources of each statement of a role's policy, by Sid.
func resources(t *testing.T, r *componenttest.Recorder, policy string) map[string][]string {
	t.Helper()
	text, ok := r.One(t, "aws:iam/rolePolicy:RolePolicy", policy).Input("policy").(string)
	require.True(t, ok)
	var document struct {
		Statement []struct {
			Sid      string
			Resource []string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &document))
	found := map[string][]string{}
	for _, s := range document.Statement {
		found[s.Sid] = s.Resource
	}
	return found
}

func TestAccountRolesAreNeverOwned(t *testing.T) {
	r := run(t, args())
	for _, typ := range []string{"aws:iam/role:Role", "aws:iam/rolePolicyAttachment:RolePolicyAttachment"} {
		for _, name := range []string{"roles-dms-vpc-role", "roles-dms-cloudwatch-logs-role"} {
			x := r.One(t, typ, name)
			require.True(t, x.RetainOnDelete, name)
			require.Equal(t, []string{"*", "tags", "tagsAll"}, x.IgnoreChanges, name)
			require.Empty(t, x.ID, name)
		}
	}
}

func TestAccountRolesThatExistAreImported(t *testing.T) {
	r := componenttest.Run(t, func(ctx *pulumi.Context) error {
		_, err := replication.NewAccountRoles(ctx, "roles", &replication.AccountRolesArgs{})
		return err
	}, componenttest.Answer{Token: "aws:iam/getRoles:getRoles", Value: map[string]any{"names": []any{"found"}, "arns": []any{"arn:found"}}})
	require.Equal(t, "dms-vpc-role", r.One(t, "aws:iam/role:Role", "roles-dms-vpc-role").ID)
	for _, attachment := range r.All("aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
		require.Empty(t, attachment.ID, "an attachment that is missing cannot be imported")
	}
}

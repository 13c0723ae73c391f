package source_test

import (
	"cdcpipeline/components/source"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func auroraArgs(env config.Environment) *source.AuroraMySQLArgs {
	return &source.AuroraMySQLArgs{
		Environment:     env,
		SubnetIDs:       pulumi.ToStringArray([]string{"subnet-a", "subnet-b"}),
		SecurityGroupID: pulumi.String("sg-database"),
		KmsKeyArn:       pulumi.String("key-arn"),
	}
}

func aurora(t *testing.T, args *source.AuroraMySQLArgs) *componenttest.Recorder {
	t.Helper()
	return componenttest.Run(t, func(ctx *pulumi.Context) error {
		_, err := source.NewAuroraMySQL(ctx, "source", args)
		return err
	})
}

func TestTheClusterIsEncryptedPrivateAndKeepsItsPasswordInRDS(t *testing.T) {
	r := aurora(t, auroraArgs(config.Dev))
	cluster := r.One(t, clusterType)
	require.Equal(t, "dms-src", cluster.Input("clusterIdentifier"))
	require.Equal(t, true, cluster.Input("storageEncrypted"))
	require.Equal(t, "key-arn", cluster.Input("kmsKeyId"))
	require.Equal(t, true, cluster.Input("manageMasterUserPassword"))
	require.Equal(t, "key-arn", cluster.Input("masterUserSecretKmsKeyId"))
	require.Nil(t, cluster.Input("masterPassword"))
	require.Equal(t, "cdcadmin", cluster.Input("masterUsername"))
	require.Equal(t, true, cluster.Input("iamDatabaseAuthenticationEnabled"))
	instance := r.One(t, instanceType)
	require.Equal(t, false, instance.Input("publiclyAccessible"))
	require.Equal(t, "rds-ca-rsa2048-g1", instance.Input("caCertIdentifier"))
}

func TestTheParametersAreWhatDMSReadsAndAnAuditorAsksFor(t *testing.T) {
	group := aurora(t, auroraArgs(config.Dev)).One(t, "aws:rds/clusterParameterGroup:ClusterParameterGroup")
	require.Equal(t, "aurora-mysql8.0", group.Input("family"))
	values := map[string]any{}
	for _, p := range group.Input("parameters").([]any) {
		parameter := p.(map[string]any)
		values[parameter["name"].(string)] = parameter["value"]
		require.Equal(t, "pending-reboot", parameter["applyMethod"], "any other way shows a difference for ever")
	}
	require.Equal(t, map[string]any{
		"binlog_format": "ROW", "binlog_row_image": "full", "binlog_checksum": "NONE",
		"require_secure_transport": "ON", "slow_query_log": "1",
		"server_audit_logging": "1", "server_audit_events": "CONNECT",
	}, values)
}

func TestProdIsProtectedAndLeavesASnapshot(t *testing.T) {
	prod, dev := aurora(t, auroraArgs(config.Prod)), aurora(t, auroraArgs(config.Dev))
	cluster := prod.One(t, clusterType)
	require.True(t, cluster.Protect)
	require.Equal(t, true, cluster.Input("deletionProtection"))
	require.Equal(t, false, cluster.Input("skipFinalSnapshot"))
	require.True(t, strings.HasPrefix(cluster.Input("finalSnapshotIdentifier").(string), "dms-src-final-"))
	require.Len(t, prod.All(instanceType), 2)

	cluster = dev.One(t, clusterType)
	require.False(t, cluster.Protect)
	require.Equal(t, true, cluster.Input("skipFinalSnapshot"))
	require.Len(t, dev.All(instanceType), 1)
}

func TestEveryPublishedLogHasAnEncryptedGroupOfItsOwn(t *testing.T) {
	r := aurora(t, auroraArgs(config.Dev))
	exports, ok := r.One(t, clusterType).Input("enabledCloudwatchLogsExports").([]any)
	require.True(t, ok)
	require.ElementsMatch(t, []any{"audit", "error", "slowquery"}, exports)
	groups := r.All("aws:cloudwatch/logGroup:LogGroup")
	require.Len(t, groups, len(exports))
	for _, export := range exports {
		group := r.One(t, "aws:cloudwatch/logGroup:LogGroup", "source-log-"+export.(string))
		require.Equal(t, "/aws/rds/cluster/dms-src/"+export.(string), group.Input("name"))
		require.Equal(t, "key-arn", group.Input("kmsKeyId"))
	}
}

func TestProdListensElsewhereAndWatchesItsInstances(t *testing.T) {
	prod, dev := aurora(t, auroraArgs(config.Prod)), aurora(t, auroraArgs(config.Dev))
	require.Equal(t, 3307.0, prod.One(t, clusterType).Input("port"))
	require.Equal(t, 3306.0, dev.One(t, clusterType).Input("port"))
	role := prod.One(t, "aws:iam/role:Role", "source-monitoring")
	require.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:AssumeRole"],"Principal":{"Service":["monitoring.rds.amazonaws.com"]},
		"Condition":{"StringEquals":{"aws:SourceAccount":["123456789012"]}}}]}`, role.Input("assumeRolePolicy").(string))
	attached := prod.One(t, "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "source-monitoring")
	require.Equal(t, "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole", attached.Input("policyArn"))
	for _, instance := range prod.All(instanceType) {
		require.Equal(t, 60.0, instance.Input("monitoringInterval"))
		require.NotEmpty(t, instance.Input("monitoringRoleArn"))
		require.True(t, slices.ContainsFunc(instance.DependsOn, func(urn string) bool { return strings.HasSuffix(urn, "RolePolicyAttachment::source-monitoring") }),
			"RDS refuses a role that may not publish yet")
	}
	require.Nil(t, dev.One(t, instanceType).Input("monitoringInterval"))
	require.Empty(t, dev.All("aws:iam/role:Role"))
}

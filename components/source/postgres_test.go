package source_test

import (
	"cdcpipeline/components/source"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	postgresql "cdcpipeline/internal/source/postgres"
	postgresrotation "cdcpipeline/internal/source/postgres/rotation"
	"encoding/json"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const alarmType = "aws:cloudwatch/metricAlarm:MetricAlarm"

// postgres makes a cluster of Aurora PostgreSQL; change may edit its arguments.
func postgres(t *testing.T, env config.Environment, change func(*source.AuroraPostgreSQLArgs)) *componenttest.Recorder {
	t.Helper()
	return componenttest.Run(t, func(ctx *pulumi.Context) error {
		args := auroraArgs(env)
		if change != nil {
			change(args)
		}
		made, err := source.NewAuroraPostgreSQL(ctx, "source", args)
		if err != nil {
			return err
		}
		require.Equal(t, []any{config.EnginePostgreSQL, "aurora-postgresql", "testdb"}, []any{made.Engine, made.EngineName, made.Name})
		return nil
	})
}

func TestAClusterOfPostgreSQLDecodesItsLogForSlots(t *testing.T) {
	r := postgres(t, config.Dev, func(a *source.AuroraPostgreSQLArgs) { a.SlotWalGb = 3 })
	group := r.One(t, "aws:rds/clusterParameterGroup:ClusterParameterGroup")
	require.Equal(t, "aurora-postgresql17", group.Input("family"))
	values := map[string]any{}
	for _, p := range group.Input("parameters").([]any) {
		values[p.(map[string]any)["name"].(string)] = p.(map[string]any)["value"]
	}
	require.Equal(t, map[string]any{
		"rds.logical_replication": "1", "rds.force_ssl": "1", "max_slot_wal_keep_size": "3072", "wal_sender_timeout": "60000",
		"log_connections": "1", "log_disconnections": "1",
	}, values)
}

// This test states the differences between the engines: everything else is the same.
func TestAClusterOfPostgreSQLIsOtherwiseAsOneOfMySQL(t *testing.T) {
	for _, env := range []config.Environment{config.Dev, config.Prod} {
		mysql, postgres := aurora(t, auroraArgs(env)), postgres(t, env, nil)
		for _, typ := range []string{clusterType, instanceType} {
			for i, one := range mysql.All(typ) {
				other := postgres.All(typ)[i]
				require.Equal(t, []any{one.Protect, one.Name}, []any{other.Protect, other.Name})
				for key := range other.Inputs {
					switch string(key) {
					case "engine", "engineVersion", "port", "databaseName", "enabledCloudwatchLogsExports":
					default:
						require.Equal(t, one.Input(string(key)), other.Input(string(key)), key)
					}
				}
			}
		}
		cluster := postgres.One(t, clusterType)
		require.Equal(t, []any{"aurora-postgresql", "17.7", "testdb"}, []any{cluster.Input("engine"), cluster.Input("engineVersion"), cluster.Input("databaseName")})
		require.Equal(t, "aurora-postgresql", postgres.All(instanceType)[0].Input("engine"))
		require.Equal(t, map[config.Environment]float64{config.Dev: 5432, config.Prod: 5433}[env], cluster.Input("port"))
		require.Equal(t, []any{"postgresql"}, cluster.Input("enabledCloudwatchLogsExports"))
		log := postgres.One(t, "aws:cloudwatch/logGroup:LogGroup")
		require.Equal(t, []any{"/aws/rds/cluster/dms-src/postgresql", "key-arn"}, []any{log.Input("name"), log.Input("kmsKeyId")})
	}
}

func TestSomebodyIsToldOfASlotThatHoldsMuchBack(t *testing.T) {
	require.Empty(t, postgres(t, config.Prod, nil).All(alarmType), "an alarm that tells nobody is none")
	const topic = "arn:aws:sns:us-east-1:123456789012:ops"
	alarm := postgres(t, config.Prod, func(a *source.AuroraPostgreSQLArgs) { a.AlarmTopic = topic }).One(t, alarmType, "source-slot")
	require.Equal(t, []any{topic}, alarm.Input("alarmActions"))
	require.Equal(t, []any{"AWS/RDS", "TransactionLogsDiskUsage", float64(50 << 30)}, []any{alarm.Input("namespace"), alarm.Input("metricName"), alarm.Input("threshold")})
	require.Equal(t, "WRITER", alarm.Input("dimensions").(map[string]any)["Role"], "whichever instance that is")
}

func TestAClusterIsOfTheEngineThatIsAskedFor(t *testing.T) {
	for name, make := range map[string]func(*pulumi.Context) error{
		"is postgresql, and not mysql": func(ctx *pulumi.Context) error {
			args := auroraArgs(config.Dev)
			args.Engine = config.EnginePostgreSQL
			_, err := source.NewAuroraMySQL(ctx, "x", args)
			return err
		},
		"is mysql, and not postgresql": func(ctx *pulumi.Context) error {
			args := auroraArgs(config.Dev)
			args.Engine = config.EngineMySQL
			_, err := source.NewAuroraPostgreSQL(ctx, "x", args)
			return err
		},
		"source.AuroraPostgreSQL needs args": func(ctx *pulumi.Context) error {
			_, err := source.NewAuroraPostgreSQL(ctx, "x", nil)
			return err
		},
	} {
		_, err := componenttest.Try(make)
		require.ErrorContains(t, err, name)
	}
}

func existingPostgres() config.Source {
	return config.Source{
		Engine: config.EnginePostgreSQL, DatabaseName: "shop", Existing: existingArgs().Existing, SetReplicaIdentity: true,
		Tables: []config.Table{{Database: "public", Table: "orders"}},
	}
}

func TestAnExistingPostgreSQLIsOnlyDescribed(t *testing.T) {
	r := componenttest.Run(t, func(ctx *pulumi.Context) error {
		e, err := source.NewExisting(ctx, "source", &source.ExistingArgs{Source: existingPostgres()})
		if err != nil {
			return err
		}
		require.Equal(t, []any{config.EnginePostgreSQL, "postgres", "shop"}, []any{e.Engine, e.EngineName, e.Name})
		return nil
	})
	for _, x := range r.Resources() {
		require.False(t, strings.HasPrefix(x.Type, "aws:"), x.Type)
	}
}

// preparedPostgres is the Bootstrap of an existing PostgreSQL.
func preparedPostgres(t *testing.T, change func(*source.BootstrapArgs)) postgresql.Request {
	t.Helper()
	recorder := &componenttest.Recorder{}
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		cfg := existingPostgres()
		e, err := source.NewExisting(ctx, "source", &source.ExistingArgs{Source: cfg})
		if err != nil {
			return err
		}
		args := &source.BootstrapArgs{
			Source: cfg, Database: e.Database, Code: pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")}),
			SubnetIDs: pulumi.ToStringArray([]string{"subnet-a"}), SecurityGroupID: pulumi.String("sg-functions"), KmsKeyArn: pulumi.String("key-arn"),
		}
		if change != nil {
			change(args)
		}
		_, err = source.NewBootstrap(ctx, "bootstrap", args)
		return err
	}, pulumi.WithMocks("project", "stack", function{recorder})))
	text, ok := recorder.One(t, invocationType).Input("input").(string)
	require.True(t, ok)
	require.NotContains(t, text, "binlog", "nothing of MySQL is asked")
	var req postgresql.Request
	require.NoError(t, json.Unmarshal([]byte(text), &req))
	return req
}

func TestThePreparationOfPostgreSQLIsAskedForByItsEngine(t *testing.T) {
	req := preparedPostgres(t, func(a *source.BootstrapArgs) { a.Conformance = true })
	require.Equal(t, []any{"postgresql", "shop", "cdc_heartbeat", "db.example.internal", 5432, true, 64}, []any{
		req.Engine, req.DatabaseName, req.HeartbeatSchema, req.Host, req.Port, req.SetReplicaIdentity, req.LobMaxSizeKb,
	})
	require.Equal(t, []postgresql.Table{{Database: "public", Table: "orders"}}, req.Tables)
	require.Equal(t, []postgresql.Table{{Database: "cdc_conformance", Table: "%"}}, req.Later)
	require.Empty(t, req.Schema)
	req = preparedPostgres(t, func(a *source.BootstrapArgs) { a.Tables = nil })
	require.Equal(t, "retail_trans.sql", req.Schema[0].Name)
}

func TestTheUserOfPostgreSQLRotatesWithoutAnAdministrator(t *testing.T) {
	r := rotationOf(t, func(a *source.RotationArgs) {
		a.Source = existingPostgres()
		a.Database.SecretKmsKeyArn = pulumi.String("admin-key").ToStringOutput()
	})
	environment, ok := r.One(t, functionType).Input("environment").(map[string]any)
	require.True(t, ok)
	settings, err := postgresrotation.ReadSettings(environment["variables"].(map[string]any)["ROTATION"].(string))
	require.NoError(t, err)
	require.Equal(t, postgresrotation.Settings{Engine: "postgresql", User: "cdc_dev_0a1b2c3d", Host: "db.example.internal", Port: 3306, DatabaseName: "shop"}, settings)
	policy, ok := r.One(t, policyType).Input("policy").(string)
	require.True(t, ok)
	require.NotContains(t, policy, "admin-")
	require.Contains(t, policy, "secretsmanager:PutSecretValue")
}

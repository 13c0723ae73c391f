package dms

import (
	"cdcpipeline/rehearsal/stores/storestest"
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/require"
)

// rename makes the source's secret name another user, like a rotation.
func (s *scene) rename(user, password string) {
	s.t.Helper()
	out, err := s.client.DescribeEndpoints(s.t.Context(), &api.DescribeEndpointsInput{Filters: filter("endpoint-arn", *s.described().SourceEndpointArn)})
	require.NoError(s.t, err)
	var arn *string
	if e := out.Endpoints[0]; e.PostgreSQLSettings != nil {
		arn = e.PostgreSQLSettings.SecretsManagerSecretId
	} else {
		arn = e.MySQLSettings.SecretsManagerSecretId
	}
	secrets := secretsmanager.NewFromConfig(s.service.account.Config())
	value, err := secrets.GetSecretValue(s.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: arn})
	require.NoError(s.t, err)
	var keys map[string]any
	require.NoError(s.t, json.Unmarshal([]byte(*value.SecretString), &keys))
	keys["username"], keys["password"] = user, password
	text, err := json.Marshal(keys)
	require.NoError(s.t, err)
	_, err = secrets.PutSecretValue(s.t.Context(), &secretsmanager.PutSecretValueInput{SecretId: arn, SecretString: aws.String(string(text))})
	require.NoError(s.t, err)
}

func TestTaskThatIsCutOffComesBackAsWhoeverTheSecretNamesThen(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	s.wait("running")
	s.exec("INSERT INTO dms_test.plain (name) VALUES ('before')")
	s.until(func() bool { return s.counted("plain").Inserts == 1 })

	s.exec(`CREATE OR REPLACE USER 'replicator_clone'@'%' IDENTIFIED BY 'other'; GRANT SELECT, REPLICATION CLIENT, REPLICATION SLAVE ON *.* TO 'replicator_clone'@'%'`)
	s.rename("replicator_clone", "other")
	s.exec("INSERT INTO dms_test.plain (name) VALUES ('rotated')")
	s.until(func() bool { return s.counted("plain").Inserts == 2 })

	s.exec("ALTER USER 'replicator'@'%' IDENTIFIED BY 'over'")
	database := storestest.MariaDB(t)
	n, err := database.Disconnect(t.Context(), "replicator")
	require.NoError(t, err)
	require.Positive(t, n)
	s.exec("INSERT INTO dms_test.plain (name) VALUES ('after')")
	s.until(func() bool { return s.counted("plain").Inserts == 3 })
	require.Len(t, s.of("plain", "insert"), 3)
	n, err = database.Disconnect(t.Context(), "replicator_clone")
	require.NoError(t, err)
	require.Positive(t, n, "it is the other user who follows now")
}

func TestTaskOfPostgresThatIsCutOffComesBackAsWhoeverTheSecretNamesThen(t *testing.T) {
	s := followPostgres(t, asked{database: storestest.PostgresWith(t)})
	s.exec(`CREATE ROLE replicator_clone LOGIN PASSWORD 'other'; GRANT rds_replication, replicator TO replicator_clone`)
	s.rename("replicator_clone", "other")
	s.exec("INSERT INTO dms_test.plain (name) VALUES ('rotated')")
	s.until(func() bool { return s.counted("plain").Inserts == 1 })
	s.exec("ALTER ROLE replicator PASSWORD 'over'")
	n, err := s.database.Disconnect(t.Context(), "replicator")
	require.NoError(t, err)
	require.Positive(t, n)
	s.exec("INSERT INTO dms_test.plain (name) VALUES ('after')")
	s.until(func() bool { return s.counted("plain").Inserts == 2 })
	require.Len(t, s.of("plain", "insert"), 2)
	require.Len(t, s.slots(), 1)
	n, err = s.database.Disconnect(t.Context(), "replicator_clone")
	require.NoError(t, err)
	require.Positive(t, n, "it is the other user who follows now")
}

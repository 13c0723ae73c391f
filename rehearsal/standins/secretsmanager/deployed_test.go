package secretsmanager

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/lambdabuild"
	"cdcpipeline/internal/source/mysql"
	"cdcpipeline/internal/source/mysql/rotation"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/lambda"
	"cdcpipeline/rehearsal/stores/storestest"
	"encoding/json"
	"os"
	"runtime"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/require"
)

// The deployed zip rotates a user of a real database.
func TestDeployedFunctionRotates(t *testing.T) {
	s := newScene(t)
	database := storestest.MariaDB(t)
	require.NoError(t, database.ApplyMaster(t.Context(), "admin", "Admin-password-1"))
	db := database.Open(t)
	t.Cleanup(func() { _, _ = db.Exec("DROP USER IF EXISTS 'cdc_rotated'@'%', 'cdc_rotated_clone'@'%'") })
	_, err := db.Exec("CREATE OR REPLACE USER 'cdc_rotated'@'%' IDENTIFIED BY 'seed' REQUIRE SSL; CREATE DATABASE IF NOT EXISTS rotated;" +
		"GRANT REPLICATION CLIENT, REPLICATION SLAVE ON *.* TO 'cdc_rotated'@'%'; GRANT SELECT ON rotated.* TO 'cdc_rotated'@'%'")
	require.NoError(t, err)
	s.secret = s.store("replication", map[string]any{"username": "cdc_rotated", "password": "seed", "host": database.Host, "port": database.Port})
	s.upload(rotation.Settings{
		User: "cdc_rotated", Host: database.Host, Port: database.Port, Certificates: string(database.Authority.PEM()),
		AdminSecret: s.store("admin", map[string]any{"username": "admin", "password": "Admin-password-1"}),
	})
	s.permit(nil)

	_, err = s.rotate(trial)
	require.NoError(t, err)
	require.NoError(t, s.Wait())
	server := mysql.Server{Host: database.Host, Port: database.Port, Certificates: string(database.Authority.PEM())}
	for _, want := range []string{"cdc_rotated_clone", "cdc_rotated"} {
		_, err = s.rotate(nil)
		require.NoError(t, err)
		require.NoError(t, s.Wait())
		_, now, err := mysql.ParseSecret(s.secret, s.value(nil))
		require.NoError(t, err)
		require.Equal(t, want, now.Username)
		require.NoError(t, server.TryLogin(t.Context(), now))
		_, former, err := mysql.ParseSecret(s.secret, s.value(aws.String("AWSPREVIOUS")))
		require.NoError(t, err)
		require.NoError(t, server.TryLogin(t.Context(), former))
	}
}

// store makes this test's own secret.
func (s *scene) store(name string, value map[string]any) string {
	s.t.Helper()
	text, err := json.Marshal(value)
	require.NoError(s.t, err)
	out, err := s.client.CreateSecret(s.t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String(s.name + "/" + name), SecretString: aws.String(string(text))})
	require.NoError(s.t, err)
	return *out.ARN
}

// upload replaces the scene's function by the real one, run by a real runner.
func (s *scene) upload(settings rotation.Settings) {
	s.t.Helper()
	arch := map[string]config.Architecture{"amd64": config.X8664, "arm64": config.ARM64}[runtime.GOARCH]
	path, err := lambdabuild.Build(s.t.Context(), "../../..", "rotation", arch)
	require.NoError(s.t, err)
	zip, err := os.ReadFile(path)
	require.NoError(s.t, err)
	runner, err := lambda.New(account.New(s.endpoint), s.proxy, lambda.Options{LogDir: s.t.TempDir()})
	require.NoError(s.t, err)
	s.t.Cleanup(func() { require.NoError(s.t, runner.Close()) })
	s.Rotations.invoker = runner
	text, err := json.Marshal(settings)
	require.NoError(s.t, err)
	_, err = s.lambda.UpdateFunctionConfiguration(s.t.Context(), &awslambda.UpdateFunctionConfigurationInput{
		FunctionName: &s.name, Timeout: aws.Int32(60), Environment: &types.Environment{Variables: map[string]string{rotation.Variable: string(text)}},
	})
	require.NoError(s.t, err)
	_, err = s.lambda.UpdateFunctionCode(s.t.Context(), &awslambda.UpdateFunctionCodeInput{FunctionName: &s.name, ZipFile: zip})
	require.NoError(s.t, err)
}

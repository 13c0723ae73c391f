package storestest_test

import (
	"cdcpipeline/internal/source/mysql"
	"cdcpipeline/internal/source/mysql/rotation"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/stores/storestest"
	"database/sql"
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	driver "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
)

// rotated is the replication user of a real server, with the secret in Secrets Manager's stand-in.
type rotated struct {
	*realServer
	secrets     *secretsmanager.Client
	secret      string // ARN
	adminSecret string // ARN
	rotator     *rotation.Rotator
}

func newRotated(t *testing.T) *rotated {
	t.Helper()
	r := &rotated{realServer: connectReal(t), secrets: secretsmanager.NewFromConfig(account.New(storestest.Moto(t)).Config())}
	t.Cleanup(func() { r.exec("DROP USER IF EXISTS 'cdc_test_clone'@'%'") })
	seed := r.user("Seed-0000-Password")
	_, err := r.run(seed, r.request())
	require.NoError(t, err)
	r.adminSecret = r.store("admin", map[string]any{"username": r.admin.Username, "password": r.admin.Password})
	r.secret = r.store("replication", map[string]any{"username": seed.Username, "password": seed.Password, "host": r.server.Host, "port": r.server.Port})
	r.rotator = rotation.New(rotation.Settings{
		User: seed.Username, Host: r.server.Host, Port: r.server.Port, AdminSecret: r.adminSecret, Certificates: r.server.Certificates,
	}, r.secrets)
	return r
}

// store makes this test's own secret.
func (r *rotated) store(name string, value map[string]any) string {
	r.t.Helper()
	text, err := json.Marshal(value)
	require.NoError(r.t, err)
	out, err := r.secrets.CreateSecret(r.t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String(r.t.Name() + "/" + name), SecretString: aws.String(string(text))})
	require.NoError(r.t, err)
	return *out.ARN
}

// rotate runs a complete rotation as Secrets Manager does.
func (r *rotated) rotate() {
	r.t.Helper()
	out, err := r.secrets.RotateSecret(r.t.Context(), &secretsmanager.RotateSecretInput{
		SecretId: &r.secret, RotationLambdaARN: aws.String("arn:aws:lambda:us-east-1:123456789012:function:rotation"),
	})
	require.NoError(r.t, err)
	for _, step := range []string{"createSecret", "setSecret", "testSecret", "finishSecret"} {
		require.NoError(r.t, r.rotator.Handle(r.t.Context(), rotation.Event{Step: step, SecretID: r.secret, ClientRequestToken: *out.VersionId}))
	}
}

// now is the secret's present value for a reader.
func (r *rotated) now() mysql.Credentials {
	r.t.Helper()
	out, err := r.secrets.GetSecretValue(r.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &r.secret})
	require.NoError(r.t, err)
	_, user, err := mysql.ParseSecret(r.secret, *out.SecretString)
	require.NoError(r.t, err)
	return user
}

// open logs in and keeps the session open.
func (r *rotated) open(user mysql.Credentials) *sql.DB {
	r.t.Helper()
	settings := driver.NewConfig()
	database := storestest.MariaDB(r.t)
	settings.User, settings.Passwd, settings.Net, settings.Addr, settings.TLS = user.Username, user.Password, "tcp", database.Address(), database.ClientTLS()
	connector, err := driver.NewConnector(settings)
	require.NoError(r.t, err)
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	r.t.Cleanup(func() { _ = db.Close() })
	require.NoError(r.t, db.Ping())
	return db
}

// follows reads a table and the binary log's end, as DMS does.
func (r *rotated) follows(db *sql.DB) {
	r.t.Helper()
	for _, query := range []string{"SELECT * FROM testdb.retail_trans", "SHOW MASTER STATUS"} {
		rows, err := db.Query(query)
		require.NoError(r.t, err)
		require.NoError(r.t, rows.Close())
	}
}

func TestRealServerKeepsOldConnectionsThroughRotations(t *testing.T) {
	r := newRotated(t)
	seed := r.now()
	old := r.open(seed)
	r.follows(old)

	r.rotate()
	first := r.now()
	require.Equal(t, "cdc_test_clone", first.Username)
	r.follows(old)
	r.follows(r.open(first))
	r.follows(r.open(seed)) // somebody who has just read the secret

	r.rotate()
	second := r.now()
	require.Equal(t, "cdc_test", second.Username)
	r.follows(old)
	r.follows(r.open(second))
	r.follows(r.open(first))
	require.True(t, mysql.Refused(r.server.TryLogin(t.Context(), seed)), "two rotations end a password")
}

func TestRealServersRotatedUserSurvivesTheBootstrap(t *testing.T) {
	r := newRotated(t)
	before := r.now()
	r.rotate()
	findings, err := r.run(r.now(), r.request())
	require.NoError(t, err)
	require.Empty(t, findings.Changed, "the rotation made the user just as the bootstrap does")
	require.NoError(t, r.server.TryLogin(t.Context(), before))
	require.NoError(t, r.server.TryLogin(t.Context(), r.now()))
}

func TestRealServersDroppedUserIsReplacedByARotation(t *testing.T) {
	r := newRotated(t)
	r.rotate()
	r.exec("DROP USER 'cdc_test_clone'@'%'")
	r.rotate()
	require.Equal(t, "cdc_test", r.now().Username)
	r.follows(r.open(r.now()))
	r.rotate()
	r.follows(r.open(r.now()))
}

package storestest_test

import (
	"cdcpipeline/internal/source/postgres"
	"cdcpipeline/internal/source/postgres/rotation"
	"cdcpipeline/internal/source/preparation"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/stores/storestest"
	"encoding/json"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/require"
)

// rotatedPostgres is the replication user of a real server, with the secret in Secrets Manager's stand-in.
type rotatedPostgres struct {
	*realPostgres
	secrets *secretsmanager.Client
	secret  string // ARN
	rotator *rotation.Rotator
}

func newRotatedPostgres(t *testing.T, d *storestest.PostgresDatabase) *rotatedPostgres {
	t.Helper()
	r := &rotatedPostgres{realPostgres: connectPostgresTo(t, d), secrets: secretsmanager.NewFromConfig(account.New(storestest.Moto(t)).Config())}
	_, err := r.run(r.request())
	require.NoError(t, err)
	text, err := json.Marshal(map[string]any{"username": r.user.Username, "password": r.user.Password, "host": r.server.Host, "port": r.server.Port})
	require.NoError(t, err)
	out, err := r.secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String(t.Name()), SecretString: aws.String(string(text))})
	require.NoError(t, err)
	r.secret = *out.ARN
	r.rotator = rotation.New(rotation.Settings{
		User: r.user.Username, Host: r.server.Host, Port: r.server.Port, DatabaseName: r.server.Database, Certificates: r.server.Certificates,
	}, r.secrets)
	return r
}

// begin opens a rotation like Secrets Manager and returns its version's id.
func (r *rotatedPostgres) begin() string {
	r.t.Helper()
	out, err := r.secrets.RotateSecret(r.t.Context(), &secretsmanager.RotateSecretInput{
		SecretId: &r.secret, RotationLambdaARN: aws.String("arn:aws:lambda:us-east-1:123456789012:function:rotation"),
	})
	require.NoError(r.t, err)
	return *out.VersionId
}

func (r *rotatedPostgres) do(version string, steps ...string) {
	r.t.Helper()
	for _, step := range steps {
		require.NoError(r.t, r.rotator.Handle(r.t.Context(), rotation.Event{Step: step, SecretID: r.secret, ClientRequestToken: version}))
	}
}

// now is the secret's present value for a reader.
func (r *rotatedPostgres) now() postgres.Credentials {
	r.t.Helper()
	out, err := r.secrets.GetSecretValue(r.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &r.secret})
	require.NoError(r.t, err)
	_, user, err := preparation.ParseSecret(r.secret, *out.SecretString)
	require.NoError(r.t, err)
	return user
}

// open logs in and keeps the session open.
func (r *rotatedPostgres) open(user postgres.Credentials) postgres.Session {
	r.t.Helper()
	session, err := r.server.Login(r.t.Context(), user)
	require.NoError(r.t, err)
	r.t.Cleanup(func() { _ = session.Close() })
	return session
}

// reads reads a followed table, as DMS does.
func (r *rotatedPostgres) reads(session postgres.Session) {
	r.t.Helper()
	_, err := session.Query(r.t.Context(), "SELECT * FROM testdb.retail_trans")
	require.NoError(r.t, err)
}

func TestRealPostgresKeepsOpenConnectionsThroughRotations(t *testing.T) {
	r := newRotatedPostgres(t, storestest.Postgres(t))
	seed := r.now()
	old := r.open(seed)
	for range 2 {
		before := r.now()
		version := r.begin()
		r.do(version, "createSecret", "setSecret", "testSecret", "finishSecret")
		require.Equal(t, seed.Username, r.now().Username)
		require.NotEqual(t, before.Password, r.now().Password)
		r.reads(old)
		r.reads(r.open(r.now()))
		_, err := r.server.Login(t.Context(), before)
		require.True(t, postgres.Refused(err))
	}
	r.user = r.now()
	findings, err := r.run(r.request())
	require.NoError(t, err)
	require.Empty(t, findings.Changed)
}

func TestRealPostgresRotationIsTakenUpAgainAfterADeployment(t *testing.T) {
	r := newRotatedPostgres(t, storestest.Postgres(t))
	version := r.begin()
	r.do(version, "createSecret", "setSecret", "testSecret")
	findings, err := r.run(r.request()) // the secret still has the former password, and the bootstrap sets it
	require.NoError(t, err)
	require.Equal(t, []string{"password of user " + r.user.Username}, findings.Changed)
	require.ErrorContains(t, r.rotator.Handle(t.Context(), rotation.Event{Step: "finishSecret", SecretID: r.secret, ClientRequestToken: version}), "rotate again")
	r.reads(r.open(r.now()))
	r.do(version, "createSecret", "setSecret", "testSecret", "finishSecret")
	r.reads(r.open(r.now()))
}

func TestRealPostgresSeesNoPasswordOfARotation(t *testing.T) {
	d := storestest.PostgresWith(t, "log_statement=all")
	r := newRotatedPostgres(t, d)
	r.do(r.begin(), "createSecret", "setSecret", "testSecret", "finishSecret")
	log, err := os.ReadFile(d.Log)
	require.NoError(t, err)
	require.Contains(t, string(log), "ALTER ROLE \""+r.user.Username+"\" PASSWORD 'SCRAM-SHA-256$4096:")
	require.NotContains(t, string(log), r.now().Password)
}

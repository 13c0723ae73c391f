package rotation

import (
	"cdcpipeline/internal/source/postgres"
	"cdcpipeline/internal/source/preparation"
	"cdcpipeline/internal/source/versions"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const (
	user = "cdc_dev_0a1b2c3d"
	arn  = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:replication-AbCdEf"
)

var (
	errDied = errors.New("the function died")
	steps   = []string{"createSecret", "setSecret", "testSecret", "finishSecret"}
)

// fakeWorld is a secret with its versions, and the database with one user.
type fakeWorld struct {
	left      int // side effects before the function dies; negative: no limit
	disabled  bool
	values    map[string]string // by version
	stages    map[string]string // version by stage
	verifier  string
	follows   bool
	refuse    error // for statements
	deaf      bool  // accepts a new password, but then refuses it
	seen      []string
	passwords []string // passwords that logged in
}

func newWorld() *fakeWorld {
	w := &fakeWorld{left: -1, stages: map[string]string{versions.Current: "seed"}, follows: true}
	w.values = map[string]string{"seed": `{"username":"` + user + `","password":"seed-password","host":"db.example","port":5432,"engine":"postgres"}`}
	w.know("seed-password")
	return w
}

func (w *fakeWorld) know(password string) { w.verifier = "plain:" + password }

func (w *fakeWorld) burn() error {
	if w.left == 0 {
		return errDied
	}
	w.left--
	return nil
}

func settings() Settings {
	return Settings{Engine: postgres.Engine, User: user, Host: "db.example", Port: 5432, DatabaseName: "app"}
}

func (w *fakeWorld) rotator() *Rotator {
	return &Rotator{settings: settings(), secrets: w, connect: func(_ context.Context, u postgres.Credentials) (postgres.Session, error) {
		if u.Username != user || !w.admits(u.Password) {
			return nil, &pgconn.PgError{Code: "28P01", Message: "password authentication failed"}
		}
		w.passwords = append(w.passwords, u.Password)
		return w, nil
	}}
}

// admits reports whether the database accepts a password: its verifier matches.
func (w *fakeWorld) admits(password string) bool {
	if plain, is := strings.CutPrefix(w.verifier, "plain:"); is {
		return plain == password
	}
	return postgres.Verifies(w.verifier, password)
}

// credentials returns those of the version with a stage.
func (w *fakeWorld) credentials(stage string) postgres.Credentials {
	_, u, err := preparation.ParseSecret(arn, w.values[w.stages[stage]])
	if err != nil {
		panic(err)
	}
	return u
}

func (w *fakeWorld) start(token string) { w.stages[versions.Pending] = token }

func (w *fakeWorld) do(token string, which ...string) error {
	if len(which) == 0 {
		which = steps
	}
	for _, name := range which {
		if err := w.rotator().Handle(context.Background(), Event{Step: name, SecretID: arn, ClientRequestToken: token}); err != nil {
			return err
		}
	}
	return nil
}

func (w *fakeWorld) DescribeSecret(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error) {
	out := &secretsmanager.DescribeSecretOutput{RotationEnabled: aws.Bool(!w.disabled), VersionIdsToStages: map[string][]string{}}
	for stage, version := range w.stages {
		out.VersionIdsToStages[version] = append(out.VersionIdsToStages[version], stage)
	}
	return out, nil
}

func (w *fakeWorld) GetSecretValue(_ context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	value, ok := w.values[w.stages[aws.ToString(in.VersionStage)]]
	if !ok {
		return nil, &types.ResourceNotFoundException{}
	}
	return &secretsmanager.GetSecretValueOutput{SecretString: &value}, nil
}

func (w *fakeWorld) PutSecretValue(_ context.Context, in *secretsmanager.PutSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error) {
	if err := w.burn(); err != nil {
		return nil, err
	}
	w.values[*in.ClientRequestToken] = *in.SecretString
	return &secretsmanager.PutSecretValueOutput{}, nil
}

func (w *fakeWorld) UpdateSecretVersionStage(_ context.Context, in *secretsmanager.UpdateSecretVersionStageInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error) {
	if err := w.burn(); err != nil {
		return nil, err
	}
	w.stages[versions.Previous], w.stages[*in.VersionStage] = *in.RemoveFromVersionId, *in.MoveToVersionId
	return &secretsmanager.UpdateSecretVersionStageOutput{}, nil
}

func (w *fakeWorld) Close() error { return nil }

func (w *fakeWorld) Exec(_ context.Context, statement string) error {
	if err := w.burn(); err != nil {
		return err
	}
	w.seen = append(w.seen, statement)
	if w.refuse != nil {
		return w.refuse
	}
	verifier, is := strings.CutPrefix(statement, `ALTER ROLE "`+user+`" PASSWORD '`)
	if !is {
		return fmt.Errorf("the fake server does not know %s", statement)
	}
	if w.verifier = strings.TrimSuffix(verifier, "'"); w.deaf && len(w.seen) == 1 {
		w.verifier = "plain:something else"
	}
	return nil
}

func (w *fakeWorld) Query(context.Context, string, ...string) ([][]string, error) {
	return [][]string{{map[bool]string{true: "t", false: "f"}[w.follows]}}, nil
}

func TestARotationGivesTheUserAnotherPassword(t *testing.T) {
	w := newWorld()
	for i := range 3 {
		before := w.credentials(versions.Current)
		w.start(fmt.Sprint(i))
		require.NoError(t, w.do(fmt.Sprint(i)))
		now := w.credentials(versions.Current)
		require.Equal(t, user, now.Username)
		require.NotEqual(t, before.Password, now.Password)
		require.Equal(t, before, w.credentials(versions.Previous))
		require.True(t, w.admits(now.Password))
		require.False(t, w.admits(before.Password))
		require.NotContains(t, strings.Join(w.seen, "\n"), now.Password, "the server sees a verifier alone")
	}
	require.Len(t, w.seen, 3)
	require.Contains(t, w.values["2"], `"engine":"postgres"`, "keys of others are kept")
}

// A rotation may die after any side effect and be resumed. At every moment the user can log in with the current or
// the pending version, and after the rotation with the current one.
func TestDyingAnywhereIsMendedByDoingItAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		for i := range rapid.IntRange(1, 4).Draw(t, "rotations") {
			token := fmt.Sprint(i)
			before := w.credentials(versions.Current)
			w.start(token)
			for range rapid.IntRange(0, 4).Draw(t, "deaths") {
				w.left = rapid.IntRange(0, 4).Draw(t, "effects before the end")
				if err := w.do(token); err != nil {
					require.ErrorIs(t, err, errDied)
				}
				w.left = -1
				admitted := w.admits(w.credentials(versions.Current).Password)
				if _, written := w.values[token]; written && !admitted {
					admitted = w.admits(w.credentials(versions.Pending).Password)
				}
				require.True(t, admitted)
				if rapid.Bool().Draw(t, "a deployment sets the secret's password meanwhile") {
					w.know(w.credentials(versions.Current).Password)
				}
			}
			require.NoError(t, w.do(token))
			require.NoError(t, w.do(token), "repeated when it is over")
			require.NotEqual(t, before.Password, w.credentials(versions.Current).Password)
			require.True(t, w.admits(w.credentials(versions.Current).Password))
		}
	})
}

func TestTheSecretNeverSaysWhatTheDatabaseRefuses(t *testing.T) {
	w := newWorld()
	w.start("t")
	require.NoError(t, w.do("t", "createSecret", "setSecret", "testSecret"))
	w.know("seed-password") // the bootstrap ran in the meantime
	require.ErrorContains(t, w.do("t", "finishSecret"), "rotate again")
	require.Equal(t, "seed-password", w.credentials(versions.Current).Password)
	require.NoError(t, w.do("t"))
	require.True(t, w.admits(w.credentials(versions.Current).Password))
}

func TestAPasswordThatTheDatabaseRefusesIsTakenBack(t *testing.T) {
	w := newWorld()
	w.deaf = true
	w.start("t")
	require.ErrorContains(t, w.do("t"), "refuses the password that it was just given")
	require.True(t, w.admits("seed-password"))
}

func TestAUserWhoIsBehindIsBroughtForward(t *testing.T) {
	w := newWorld()
	w.start("1")
	require.NoError(t, w.do("1"))
	w.know("seed-password") // restored from a snapshot
	w.start("2")
	require.NoError(t, w.do("2"))
	require.True(t, w.admits(w.credentials(versions.Current).Password))

	w.know("by hand")
	w.start("3")
	require.ErrorContains(t, w.do("3"), "run the bootstrap again")
}

func TestWhatIsRefused(t *testing.T) {
	other := strings.ReplaceAll(newWorld().values["seed"], user, "root")
	for name, c := range map[string]struct {
		change func(*fakeWorld)
		steps  []string
		want   string
	}{
		"rotation is off":                {func(w *fakeWorld) { w.disabled = true }, steps, "turned off"},
		"a version of nobody's":          {func(w *fakeWorld) { delete(w.stages, versions.Pending) }, steps, "has no stage"},
		"an unknown step":                {func(*fakeWorld) {}, []string{"dropSecret"}, `"dropSecret" is unknown`},
		"somebody else's user":           {func(w *fakeWorld) { w.values["seed"] = other }, steps, `names user "root", and only ` + user},
		"somebody else's user to be":     {func(w *fakeWorld) { w.values["t"] = other }, steps[1:], "--version-stage AWSPENDING --remove-from-version-id t"},
		"a test of somebody else's":      {func(w *fakeWorld) { w.values["t"] = other }, steps[2:3], `names user "root"`},
		"a database that has moved":      {func(w *fakeWorld) { w.values["t"] = strings.ReplaceAll(w.values["seed"], "db.example", "old") }, steps[1:], "has moved"},
		"a secret that is none":          {func(w *fakeWorld) { w.values["seed"] = "hunter2" }, steps, "not a JSON object"},
		"setting what is not created":    {func(*fakeWorld) {}, steps[1:2], "reading secret"},
		"finishing what is not created":  {func(*fakeWorld) {}, steps[3:], "reading secret"},
		"a user who may not replicate":   {func(w *fakeWorld) { w.follows = false }, steps, "may not replicate"},
		"passwords are for others":       {func(w *fakeWorld) { w.refuse = &pgconn.PgError{Code: "42501"} }, steps, "rds.restrict_password_commands"},
		"a configuration that gets in":   {func(*fakeWorld) {}, steps[2:3], ""},
		"a configuration that does not":  {func(w *fakeWorld) { w.know("changed") }, steps[2:3], "refuses user " + user},
		"a password that nobody can say": {func(w *fakeWorld) { w.values["t"] = strings.ReplaceAll(w.values["seed"], "seed-password", "hünter2") }, steps[1:], "ASCII only"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.start("t")
			c.change(w)
			err := w.do("t", c.steps...)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "unter2")
			if name != "a user who may not replicate" && name != "a configuration that does not" {
				require.True(t, w.admits("seed-password"))
			}
		})
	}
}

func TestSettings(t *testing.T) {
	text, err := json.Marshal(settings())
	require.NoError(t, err)
	got, err := ReadSettings(string(text))
	require.NoError(t, err)
	require.Equal(t, settings(), got)
	for _, bad := range []string{"", "{}", strings.Replace(string(text), `"app"`, `""`, 1)} {
		_, err = ReadSettings(bad)
		require.ErrorContains(t, err, "the settings of the rotation")
	}
}

package rotation

import (
	"cdcpipeline/internal/source/mysql"
	"cdcpipeline/internal/source/versions"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var steps = []string{"createSecret", "setSecret", "testSecret", "finishSecret"}

// start opens a version for a rotation as Secrets Manager does: with a stage and without a value.
func (w *fakeWorld) start(token string) { w.stages[versions.Pending] = token }

// do runs steps of a rotation, all by default, until one fails.
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

// admits tests whether DMS could log in with a stage of the secret, and follow the database.
func (w *fakeWorld) admits(stage string) error {
	u := w.credentials(stage)
	known, ok := w.users[u.Username]
	switch {
	case !ok || known.password != u.Password:
		return fmt.Errorf("%s: user %s is refused", stage, u)
	case !known.tls || !maps.Equal(known.privileges, newWorld().users[user].privileges):
		return fmt.Errorf("%s: user %s may do %v", stage, u, known.privileges)
	}
	return nil
}

func TestUsersAlternateAndTheFormerOneStillGetsIn(t *testing.T) {
	w := newWorld()
	for i, want := range []string{user + "_clone", user, user + "_clone"} {
		before := w.credentials(versions.Current)
		w.start(fmt.Sprint(i))
		require.NoError(t, w.do(fmt.Sprint(i)))
		require.Equal(t, want, w.credentials(versions.Current).Username)
		require.Equal(t, before, w.credentials("AWSPREVIOUS"))
		require.NotEqual(t, before.Password, w.credentials(versions.Current).Password)
		require.NoError(t, w.admits(versions.Current))
		require.NoError(t, w.admits("AWSPREVIOUS"))
	}
	require.Len(t, w.users, 2)
	require.Contains(t, w.values["2"], `"engine":"mysql"`, "keys of others are kept")
}

// A rotation may die after any side effect and be resumed, and DMS may log in at any time.
func TestDyingAnywhereTurnsNobodyAway(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		for i := range rapid.IntRange(1, 4).Draw(t, "rotations") {
			token := fmt.Sprint(i)
			before := w.credentials(versions.Current)
			w.start(token)
			for range rapid.IntRange(0, 4).Draw(t, "deaths") {
				w.fuse.left = rapid.IntRange(0, 7).Draw(t, "effects before the end")
				begin := rapid.IntRange(0, 1).Draw(t, "first step") // finished steps may be skipped
				if err := w.do(token, steps[begin:]...); err != nil && begin == 0 {
					require.ErrorIs(t, err, errDied)
				}
				w.fuse.left = -1
				require.NoError(t, w.admits(versions.Current))
				if got := w.credentials(versions.Current); got != before {
					require.NoError(t, w.admits("AWSPREVIOUS"))
				}
			}
			require.NoError(t, w.do(token))
			require.NoError(t, w.do(token), "repeated when it is over")
			require.NotEqual(t, before.Username, w.credentials(versions.Current).Username)
			require.Equal(t, before, w.credentials("AWSPREVIOUS"))
			require.NoError(t, w.admits(versions.Current))
			require.NoError(t, w.admits("AWSPREVIOUS"))
		}
	})
}

func TestEveryStepDiesCleanlyAtEveryEffect(t *testing.T) {
	for after := 0; ; after++ {
		w := newWorld()
		w.start("t")
		w.fuse.left = after
		err := w.do("t")
		if err == nil {
			require.Greater(t, after, 4, "a rotation has more effects than this")
			return
		}
		w.fuse.left = -1
		require.ErrorIs(t, err, errDied)
		require.NoError(t, w.admits(versions.Current), "after %d effects", after)
		require.NoError(t, w.do("t"))
		require.NoError(t, w.admits(versions.Current))
	}
}

func TestWhatIsRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*fakeWorld)
		step   string
		want   string
	}{
		{"rotation is off", func(w *fakeWorld) { w.disabled = true }, "createSecret", "turned off"},
		{"a version of nobody's", func(w *fakeWorld) { delete(w.stages, versions.Pending) }, "createSecret", "has no stage"},
		{"a version that is not pending", func(w *fakeWorld) { w.stages = map[string]string{versions.Current: "seed", "MINE": "t"} }, "createSecret", "is not AWSPENDING"},
		{"an unknown step", func(*fakeWorld) {}, "dropSecret", `"dropSecret" is unknown`},
		{"somebody else's user", func(w *fakeWorld) { w.put(versions.Current, "v", map[string]any{"username": "root_clone"}) }, "createSecret", `names user "root_clone"`},
		{"a secret that is none", func(w *fakeWorld) { w.values["seed"] = "hunter2" }, "createSecret", "not a JSON object"},
		{"setting what is not created", func(*fakeWorld) {}, "setSecret", "reading secret"},
		{"finishing what is not created", func(*fakeWorld) {}, "finishSecret", "reading secret"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			w.start("t")
			c.change(w)
			err := w.do("t", c.step)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "hunter2")
			require.Equal(t, "seed-password", w.users[user].password)
			require.Len(t, w.users, 1)
		})
	}
}

// A leftover rotation must not change the password of the user that DMS logs in as.
func TestALeftOverRotationThatNoLongerFitsIsRefused(t *testing.T) {
	for name, change := range map[string]map[string]any{
		"the other user became current": {"username": user + "_clone", "password": "by-hand"},
		"the database has moved":        {},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.start("t")
			require.NoError(t, w.do("t", "createSecret", "setSecret", "testSecret"))
			w.users[user+"_clone"].password = "by-hand"
			if len(change) > 0 {
				w.put(versions.Current, "v", change)
			} else {
				w.put(versions.Pending, "t", map[string]any{"host": "former.example"})
			}
			before := w.credentials(versions.Current)
			for _, step := range []string{"setSecret", "finishSecret"} {
				require.ErrorContains(t, w.do("t", step), "--version-stage AWSPENDING --remove-from-version-id t")
			}
			require.Equal(t, before, w.credentials(versions.Current))
			require.Equal(t, "by-hand", w.users[user+"_clone"].password)
		})
	}
}

func TestADroppedUserIsMadeAgain(t *testing.T) {
	w := newWorld()
	w.start("1")
	require.NoError(t, w.do("1"))
	delete(w.users, w.credentials(versions.Current).Username)
	w.start("2")
	require.NoError(t, w.do("2"), "the former user takes over")
	require.NoError(t, w.admits(versions.Current))
	w.start("3")
	require.NoError(t, w.do("3"), "and is the model of the one that is made again")
	require.NoError(t, w.admits(versions.Current))
	require.NoError(t, w.admits("AWSPREVIOUS"))

	w.users = map[string]*fakeUser{}
	w.start("4")
	require.ErrorContains(t, w.do("4"), "run the bootstrap again")
}

func TestOnlyWhatReplicationNeedsIsCopied(t *testing.T) {
	w := newWorld()
	w.users[user].privileges["DROP ON `shop`.*"] = true
	w.users[user+"_clone"] = &fakeUser{privileges: map[string]bool{"SELECT ON `secret`.*": true, "SUPER ON *.*": true}}
	w.start("t")
	require.NoError(t, w.do("t"))
	require.NoError(t, w.admits(versions.Current))
}

func TestAnAdministratorInRotationIsWaitedFor(t *testing.T) {
	w := newWorld()
	w.serverPW = "admin-1" // the database is ahead of the secret
	w.start("t")
	r := w.rotator()
	login := r.connect
	attempts := 0
	r.connect = func(ctx context.Context, u mysql.Credentials) (Session, error) {
		if attempts++; attempts == 2 {
			w.adminPW = "admin-1"
		}
		return login(ctx, u)
	}
	r.patience = 1 << 40
	handle := func(step string) error {
		return r.Handle(t.Context(), Event{Step: step, SecretID: arn, ClientRequestToken: "t"})
	}
	require.NoError(t, handle("createSecret"))
	require.NoError(t, handle("setSecret"))
	require.Equal(t, 3, attempts)

	w.adminPW = "wrong"
	w.users = newWorld().users
	err := w.do("t", "setSecret")
	require.ErrorContains(t, err, "logging in as the administrator")
	require.NotContains(t, err.Error(), "wrong")
}

// Secrets Manager tests a rotation that was set up but not started by its test step alone.
func TestAConfigurationIsTestedWithoutARotation(t *testing.T) {
	w := newWorld()
	w.start("t")
	require.NoError(t, w.do("t", "testSecret"), "on a version without a value")
	w.values["t"] = w.values["seed"]
	require.NoError(t, w.do("t", "testSecret"), "on a copy of the current one")
	w.users[user].password = "changed"
	require.ErrorContains(t, w.do("t", "testSecret"), "refuses user "+user)
}

func TestATestFindsAUserThatCannotFollow(t *testing.T) {
	w := newWorld()
	w.start("t")
	require.NoError(t, w.do("t", "createSecret", "setSecret"))
	delete(w.users[user+"_clone"].privileges, "REPLICATION SLAVE ON *.*")
	require.ErrorContains(t, w.do("t", "testSecret"), "lacks [REPLICATION SLAVE]")
}

func TestNoMessageHoldsAPassword(t *testing.T) {
	w := newWorld()
	w.refuse = "CREATE USER"
	w.start("t")
	err := w.do("t")
	require.ErrorContains(t, err, "creating user")
	require.NotContains(t, err.Error(), w.credentials(versions.Pending).Password)
}

func TestPasswordsAreWhatDMSAndServersTake(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		p := versions.NewPassword()
		require.Regexp(t, regexp.MustCompile(`^[A-Za-z0-9_.-]{16,32}$`), p)
		for _, class := range []string{"[A-Z]", "[a-z]", "[0-9]", "[_.-]"} {
			require.Regexp(t, class, p)
		}
		require.False(t, seen[p])
		seen[p] = true
	}
}

func TestSettings(t *testing.T) {
	good := newWorld().settings()
	for _, c := range []struct {
		change func(*Settings)
		want   string
	}{
		{func(*Settings) {}, ""},
		{func(s *Settings) { s.User = strings.Repeat("u", MaxUser) }, ""},
		{func(s *Settings) { s.User = strings.Repeat("u", MaxUser+1) }, "at most 26 characters"},
		{func(s *Settings) { s.User = "cdc_clone" }, "cannot alternate"},
		{func(s *Settings) { s.Host = "" }, "must have user, host"},
	} {
		s := good
		c.change(&s)
		text, err := json.Marshal(s)
		require.NoError(t, err)
		got, err := ReadSettings(string(text))
		if c.want == "" {
			require.NoError(t, err)
			require.Equal(t, s, got)
		} else {
			require.ErrorContains(t, err, c.want)
		}
	}
	_, err := ReadSettings("")
	require.ErrorContains(t, err, Variable)
}

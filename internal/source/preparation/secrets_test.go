package preparation

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

type fakeSecrets map[string]string

func (s fakeSecrets) Get(_ context.Context, arn string) (string, error) {
	if v, ok := s[arn]; ok {
		return v, nil
	}
	return "", errors.New("no such secret")
}

func (s fakeSecrets) Put(_ context.Context, arn, value string) error {
	s[arn] = value
	return nil
}

func TestASecretFollowsAMovedDatabase(t *testing.T) {
	secrets := fakeSecrets{"arn": `{"username":"cdc","password":"rotated","host":"old","port":3306,"engine":"mysql"}`}
	s, user, err := ReadSecret(context.Background(), secrets, "arn")
	require.NoError(t, err)
	require.Equal(t, "rotated", user.Password)
	changed, err := s.PointAt(context.Background(), secrets, "arn", "old", 3306)
	require.NoError(t, err)
	require.False(t, changed)
	changed, err = s.PointAt(context.Background(), secrets, "arn", "new", 3307)
	require.NoError(t, err)
	require.True(t, changed)
	require.JSONEq(t, `{"username":"cdc","password":"rotated","host":"new","port":3307,"engine":"mysql"}`, secrets["arn"])
}

func TestASecretThatIsNoneIsNotQuoted(t *testing.T) {
	for _, text := range []string{"hunter2", `{"username":"a"}`, `["hunter2"]`} {
		_, _, err := ReadSecret(context.Background(), fakeSecrets{"arn": text}, "arn")
		require.ErrorContains(t, err, "secret arn")
		require.NotContains(t, err.Error(), "hunter2")
	}
}

package main

import (
	"cdcpipeline/internal/source/mysql/rotation"
	postgresrotation "cdcpipeline/internal/source/postgres/rotation"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestARotationIsByItsEngine(t *testing.T) {
	for settings, want := range map[string]any{
		`{"user":"u","host":"h","port":3306,"adminSecret":"a"}`:                              &rotation.Rotator{},
		`{"engine":"mysql","user":"u","host":"h","port":3306,"adminSecret":"a"}`:             &rotation.Rotator{},
		`{"engine":"postgresql","user":"u","host":"h","port":5432,"databaseName":"appdata"}`: &postgresrotation.Rotator{},
	} {
		got, err := newRotator(settings, nil)
		require.NoError(t, err)
		require.IsType(t, want, got)
	}
	for settings, want := range map[string]string{
		``: rotation.Variable, `{"engine":"postgresql","user":"u"}`: "databaseName", `{"engine":"oracle"}`: `engine "oracle", which`,
	} {
		_, err := newRotator(settings, nil)
		require.ErrorContains(t, err, want)
	}
}

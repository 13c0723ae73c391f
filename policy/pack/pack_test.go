package pack

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

func TestNameAndVersionAreThoseOfTheProjectFile(t *testing.T) {
	text, err := os.ReadFile("../PulumiPolicy.yaml")
	require.NoError(t, err)
	var file struct{ Name, Version, Runtime string }
	require.NoError(t, yaml.Unmarshal(text, &file))
	require.Equal(t, Name, file.Name)
	require.Equal(t, version.String(), file.Version)
	require.Equal(t, "go", file.Runtime)
}

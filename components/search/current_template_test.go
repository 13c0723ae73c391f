package search

import (
	"cdcpipeline/config"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCurrentTemplate(t *testing.T) {
	for name, env := range map[string]config.Environment{"current_dev.golden.json": config.Dev, "current_prod.golden.json": config.Prod} {
		cfg := config.Search{}.WithDefaults(env)
		got, err := currentTemplateBody(&cfg)
		require.NoError(t, err)
		golden(t, name, got)
	}
}

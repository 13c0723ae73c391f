package search

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/opensearch"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCurrentTemplate(t *testing.T) {
	for name, of := range map[string]struct {
		env     config.Environment
		service opensearch.Service
	}{
		"current_dev.golden.json": {config.Dev, opensearch.Domain}, "current_prod.golden.json": {config.Prod, opensearch.Domain},
		"current_collection.golden.json": {config.Prod, opensearch.Serverless},
	} {
		cfg := config.Search{}.WithDefaults(of.env)
		got, err := currentTemplateBody(&cfg, of.service)
		require.NoError(t, err)
		golden(t, name, got)
	}
}

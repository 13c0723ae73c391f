package search

import (
	"cdcpipeline/config"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got+"\n"), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run go test -update")
	require.Equal(t, string(want), got+"\n")
}

func TestHistoryTemplate(t *testing.T) {
	for name, env := range map[string]config.Environment{"template_dev.golden.json": config.Dev, "template_prod.golden.json": config.Prod} {
		cfg := config.Search{}.WithDefaults(env)
		got, err := historyTemplate(&cfg, RetailTransColumns())
		require.NoError(t, err)
		golden(t, name, got)
	}
}

// The provider compares this with the domain's answer, which has the default retry and a list of templates.
func TestHistoryRetentionIsSpelledAsTheDomainDoes(t *testing.T) {
	cfg := config.Search{}.WithDefaults(config.Prod)
	got, err := historyRetention(&cfg)
	require.NoError(t, err)
	require.JSONEq(t, `{"policy":{
		"description":"Deletes daily indices of retail-trans after 90 days","default_state":"kept",
		"ism_template":[{"index_patterns":["retail-trans-*"],"priority":200}],
		"states":[
			{"name":"kept","actions":[],"transitions":[{"state_name":"deleted","conditions":{"min_index_age":"90d"}}]},
			{"name":"deleted","transitions":[],"actions":[
				{"retry":{"count":3,"backoff":"exponential","delay":"1m"},"delete":{}}]}]}}`, got)
}

func TestHistoryPatternMatchesDaysAndNotTheAlias(t *testing.T) {
	cfg := config.Search{HistoryIndex: "retail-trans"}
	for name, want := range map[string]bool{
		"retail-trans-2026-11-23": true, "retail-trans": false, "current-testdb-retail_trans": false,
	} {
		matched, err := filepath.Match(historyPattern(&cfg), name)
		require.NoError(t, err)
		require.Equal(t, want, matched, name)
	}
}

func TestServerVersion(t *testing.T) {
	require.Equal(t, "2.19.0", serverVersion("OpenSearch_2.19"))
}

// A name in a TLS handshake has no port; outside of AWS an endpoint may have one.
func TestEndpointIsSplit(t *testing.T) {
	for endpoint, want := range map[string]struct {
		host string
		port int
	}{
		"vpc-retail-abc.us-east-1.es.amazonaws.com": {"vpc-retail-abc.us-east-1.es.amazonaws.com", 443},
		"localhost:4571": {"localhost", 4571},
	} {
		host, port := splitEndpoint(endpoint)
		require.Equal(t, want.host, host)
		require.Equal(t, want.port, port)
	}
}

// The template omits settings that a collection manages itself.
func TestTheTemplateOfACollectionHasTheDomainsMappingAndNoShards(t *testing.T) {
	cfg := config.Search{Kind: config.OnCollections}.WithDefaults(config.Prod)
	got, err := collectedHistoryTemplate(&cfg, RetailTransColumns())
	require.NoError(t, err)
	golden(t, "template_collection.golden.json", got)
}

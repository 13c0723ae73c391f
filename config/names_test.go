package config

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestOnlyTheStackDevHasTheWalkthroughsNames(t *testing.T) {
	dev := Config{}.Named("dev").WithDefaults()
	require.Equal(t, []string{"dms-src", "retail_trans_stream", "retail-trans"}, []string{dev.Source.ClusterName, dev.Stream.Name, dev.Search.DomainName})
	prod := Config{}.Named("prod").WithDefaults()
	require.Equal(t, []string{"dms-src-prod", "retail_trans_stream_prod", "retail-trans-prod"}, []string{prod.Source.ClusterName, prod.Stream.Name, prod.Search.DomainName})
}

func TestNamesThatAreSetStay(t *testing.T) {
	set := Config{Source: Source{ClusterName: "a"}, Stream: Stream{Name: "b"}, Search: Search{DomainName: "ccc"}}
	require.Equal(t, set, set.Named("prod"))
	existing := Config{Source: Source{Existing: &ExistingDatabase{Host: "h"}}}
	require.Empty(t, existing.Named("prod").Source.ClusterName, "there is no cluster")
}

func TestEveryStackHasNamesThatAWSTakes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stack := rapid.StringMatching(`[A-Za-z0-9_.-]{1,100}`).Draw(t, "stack") // stack names that Pulumi accepts
		require.NoError(t, Config{}.Named(stack).WithDefaults().Validate())
	})
}

func TestAParsedConfigurationHasTheStacksNames(t *testing.T) {
	c, err := ParseFor("prod", map[string]string{"stream": `{"shards": 2}`}, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"dms-src-prod", "retail_trans_stream_prod", "retail-trans-prod"}, []string{c.Source.ClusterName, c.Stream.Name, c.Search.DomainName})
	c, err = Parse(nil, nil)
	require.NoError(t, err)
	require.Equal(t, "retail-trans", c.Search.DomainName)
}

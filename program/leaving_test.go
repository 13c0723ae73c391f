package program

import (
	"cdcpipeline/config"
	"testing"

	"github.com/stretchr/testify/require"
)

// three is a stack with three sources, one of which has no cluster.
func three(environment string) former {
	return former{
		environment: environment, streams: map[string]string{"": "changes", "orders": "changes_orders", "billing": "changes_billing"},
		clusters: map[string]string{"": "dms-src", "orders": "dms-src-orders"},
		urns:     map[string][]string{"orders": {"urn:o-stream", "urn:o-cluster"}, "billing": {"urn:b-stream"}},
	}
}

func having(enabled bool, names ...string) config.Config {
	cfg := config.Config{Source: config.Source{Enabled: &enabled}, Sources: map[string]config.NamedSource{}}
	for _, name := range names {
		cfg.Sources[name] = config.NamedSource{}
	}
	return cfg.WithDefaults()
}

func TestASourceThatIsLeftOutIsToldOf(t *testing.T) {
	require.Equal(t, []string{"sources.orders: the stack has this source, but the configuration no longer has it. The deployment deletes the stream changes_orders, the cluster dms-src-orders with its database, " +
		"the task, the deliveries, the function and Athena's views. Written data stays: the records below raw/source=orders/ in the lake, " +
		"the history orders-retail-trans and the indices current-orders-*"}, leaving(three("dev"), having(true, "billing")))
	unnamed := leaving(three("dev"), having(false, "billing", "orders"))
	require.Len(t, unnamed, 1)
	require.Contains(t, unnamed[0], "source: the stack has this source")
	require.Contains(t, unnamed[0], "the records below raw/ in the lake, the history retail-trans and the indices current-*")
}

func TestInProdItSaysHowWhatIsProtectedGoes(t *testing.T) {
	told := leaving(three("prod"), having(true))
	require.Len(t, told, 2)
	require.Contains(t, told[0], "sources.billing: ")
	require.NotContains(t, told[0], "the cluster ")
	require.Contains(t, told[0], "\n  pulumi state unprotect 'urn:b-stream'")
	require.Contains(t, told[1], "\n  pulumi state unprotect 'urn:o-cluster'\n  pulumi state unprotect 'urn:o-stream'")
}

func TestOfSourcesThatStayOrComeNothingIsTold(t *testing.T) {
	require.Empty(t, leaving(three("prod"), having(true, "orders", "billing", "stock")))
	require.Empty(t, leaving(former{never: true}, having(true)))
}

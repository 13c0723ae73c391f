package pipeline_test

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
)

// stateFile lists the resources of single-source stacks, over all configurations: the ends of the URNs, one per line.
// It was written before a stack could have several sources. Lines may be added. A changed line is a resource that an
// existing stack loses.
const stateFile = "testdata/state.txt"

// configured are stacks that together have every resource once.
func configured() []config.Config {
	topic := config.Lake{Tables: config.LakeTables{AlarmTopic: "arn:aws:sns:us-east-1:123456789012:ops"}}
	return []config.Config{
		{},
		{Search: config.Search{Reach: config.ReachDirect}, Network: config.Network{Egress: config.EgressNAT}},
		{Environment: config.Prod, Search: config.Search{Next: config.OnCollections}},
		{Environment: config.Prod, Search: config.Search{Kind: config.OnCollections, Next: config.OnDomain}},
		{Environment: config.Prod, Replication: config.Replication{Next: config.Serverless}, Lake: topic},
	}
}

func TestAnExistingStackKeepsEveryResource(t *testing.T) {
	const begin = "urn:pulumi:" + componenttest.Stack + "::" + componenttest.Project + "::"
	text, err := os.ReadFile(stateFile)
	require.NoError(t, err)
	state := strings.Fields(string(text))
	lost := map[string]bool{}
	for _, urn := range state {
		lost[urn] = true
	}
	for _, cfg := range configured() {
		former := map[string]resource.URN{} // the old URN of a resource that an alias finds
		taken := map[resource.URN]bool{}
		for _, x := range componenttest.Run(t, program(cfg)).Resources() {
			could := append([]resource.URN{x.URN()}, x.Former(former[x.Parent])...)
			i := slices.IndexFunc(could, func(urn resource.URN) bool { return slices.Contains(state, strings.TrimPrefix(string(urn), begin)) })
			if x.Type == "cdcpipeline:feed:Feed" || x.Type == string(resource.RootStackType) {
				require.Negative(t, i, x.Name)
				continue
			}
			require.GreaterOrEqual(t, i, 0, "%s has never been there, and no alias says what it was: if it is new, add it to %s", x.URN(), stateFile)
			require.False(t, taken[could[i]], "two resources are the former %s", could[i])
			taken[could[i]] = true
			if i > 0 {
				former[string(x.URN())] = could[i]
			}
			delete(lost, strings.TrimPrefix(string(could[i]), begin))
		}
	}
	require.Empty(t, lost, "an existing stack loses them")
}

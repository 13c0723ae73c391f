package network

import (
	"cdcpipeline/internal/componenttest"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
)

const adminsGroup = "sg-0123456789abcdef0"

func TestEachDatabaseThatIsMadeHasAGroupAndAPortOfItsOwn(t *testing.T) {
	r := componenttest.Run(t, program(&NetworkArgs{Databases: []Database{{Port: 3307}, {Source: "orders", Port: 5433}}, Bastion: true, FromVpc: true}))
	for group, port := range map[string]string{"cdc-database": "3307", "cdc-orders-database": "5433"} {
		require.NotNil(t, r.One(t, tokenGroup, group))
		role := strings.TrimPrefix(group, "cdc-")
		require.ElementsMatch(t, []string{
			group + "-id cdc-replication-id " + port, group + "-id cdc-functions-id " + port, group + "-id cdc-bastion-id " + port,
		}, ways(r, tokenIn, "cdc-"+role+"-from"))
		require.ElementsMatch(t, []string{
			"cdc-replication-id " + group + "-id " + port, "cdc-functions-id " + group + "-id " + port, "cdc-bastion-id " + group + "-id " + port,
		}, ways(r, tokenOut, "-to-"+role))
		require.Equal(t, port, fmt.Sprint(r.One(t, tokenIn, "cdc-"+role+"-from-vpc-1").Input("fromPort")))
	}
}

func TestAnotherDatabaseChangesNothingOfTheFirst(t *testing.T) {
	one := componenttest.Run(t, program(&NetworkArgs{Databases: []Database{{Port: 3307}}}))
	two := componenttest.Run(t, program(&NetworkArgs{Databases: []Database{{Port: 3307}, {Source: "orders", ExistingSecurityGroupID: adminsGroup}}}))
	for _, x := range one.Resources() {
		i := slices.IndexFunc(two.Resources(), func(y componenttest.Registered) bool { return y.URN() == x.URN() })
		require.GreaterOrEqual(t, i, 0, x.Name)
		require.Equal(t, x.Inputs, two.Resources()[i].Inputs, x.Name)
	}
}

// AWS refuses a duplicate rule: the same port of the same group, to or from the same group.
func TestDatabasesInOneGroupShareTheRulesOfAPort(t *testing.T) {
	r := componenttest.Run(t, program(&NetworkArgs{Databases: []Database{
		{Source: "billing", ExistingSecurityGroupID: adminsGroup, Port: 3306},
		{Source: "orders", ExistingSecurityGroupID: adminsGroup, Port: 3306},
		{Source: "stock", ExistingSecurityGroupID: adminsGroup, Port: 5432},
	}}))
	for _, way := range [][]string{ways(r, tokenIn, "sg-"), ways(r, tokenOut, "sg-")} {
		require.Len(t, way, 4)
		require.Len(t, slices.Compact(slices.Sorted(slices.Values(way))), 4)
	}
}

// A database keeps its rules when another source comes or goes: the deployment makes no rule that AWS still has.
func TestRulesOfAGroupStayWhenTheSourceThatTheyWereMadeForGoes(t *testing.T) {
	unnamed, orders := Database{ExistingSecurityGroupID: adminsGroup}, Database{Source: "orders", ExistingSecurityGroupID: adminsGroup}
	billing := Database{Source: "billing", ExistingSecurityGroupID: adminsGroup}
	for name, change := range map[string][2][]Database{
		"the unnamed source goes":  {{unnamed, orders}, {orders}},
		"the unnamed source comes": {{orders}, {unnamed, orders}},
		"the first one goes":       {{billing, orders}, {orders}},
		"a first one comes":        {{orders}, {billing, orders}},
	} {
		before, after := rulesOf(t, change[0]), rulesOf(t, change[1])
		require.Len(t, after, 4, name)
		for urn, x := range after {
			known := append([]resource.URN{urn}, x.Former("")...)
			i := slices.IndexFunc(known, func(urn resource.URN) bool { _, ok := before[urn]; return ok })
			require.GreaterOrEqual(t, i, 0, "%s: %s", name, urn)
			require.Equal(t, before[known[i]].Input("securityGroupId"), x.Input("securityGroupId"), name)
			require.Equal(t, before[known[i]].Input("referencedSecurityGroupId"), x.Input("referencedSecurityGroupId"), name)
		}
	}
}

func rulesOf(t *testing.T, databases []Database) map[resource.URN]componenttest.Registered {
	t.Helper()
	r, rules := componenttest.Run(t, program(&NetworkArgs{Databases: databases})), map[resource.URN]componenttest.Registered{}
	for _, x := range append(r.All(tokenIn), r.All(tokenOut)...) {
		if x.Input("securityGroupId") == adminsGroup || x.Input("referencedSecurityGroupId") == adminsGroup {
			rules[x.URN()] = x
		}
	}
	return rules
}

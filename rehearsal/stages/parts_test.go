package stages

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStagesOfAPartHaveNamesOfTheirOwn(t *testing.T) {
	for _, p := range append([]Part{Basic, Look}, Full...) {
		require.NotEmpty(t, p.Shows, p.Name)
		seen := map[string]bool{}
		for _, s := range p.Stages {
			require.NotNil(t, s.Run, "%s: %s", p.Name, s.Name)
			require.False(t, seen[s.Name], "%s: %s twice", p.Name, s.Name)
			seen[s.Name] = true
		}
	}
}

func TestEveryCheckIsMadeByOnePart(t *testing.T) {
	made := map[string]string{}
	for _, p := range Full {
		for _, s := range p.Stages {
			for _, key := range s.Reports {
				if check, ok := strings.CutPrefix(key, "checks."); ok {
					require.Empty(t, made[check], "%s is made by %s too", check, p.Name)
					made[check] = p.Name
				}
			}
		}
	}
	require.Equal(t, map[string]string{
		"policy_in_engine": "lifecycle", "grant_removed": "lifecycle", "operator": "lifecycle", "task_change": "lifecycle",
		"table_added": "lifecycle", "rotation": "lifecycle", "domain_replaced": "lifecycle", "adopted": "lifecycle",
		"account_roles": "account", "replay": "rows", "epochs": "rows", "column_added": "rows", "faults": "faults", "another_source": "sources",
	}, made)
}

func TestAPartThatDeploysDestroys(t *testing.T) {
	for _, p := range append([]Part{Basic}, Full...) {
		if deploys := p.Only([]string{"up"}).Stages; len(deploys) > 0 {
			require.NotEmpty(t, p.Only([]string{"destroy"}).Stages, p.Name)
		}
	}
}

func TestAnUnknownPartIsRefusedWithTheNamesOfAll(t *testing.T) {
	_, err := Named("lifecycles")
	require.EqualError(t, err, `there is no part "lifecycles": choose one of lifecycle, account, rows, faults, sources`)
	p, err := Named("rows")
	require.NoError(t, err)
	require.Equal(t, "rows", p.Name)
}

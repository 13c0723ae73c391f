package evaluation

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// states returns the states of the alarms that the rules below name.
func states(name string) string {
	return map[string]string{"hot": Alarm, "cold": OK, "new": InsufficientData, "a (b)": Alarm}[name]
}

func TestRulesOfCompositeAlarmsHoldAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string]bool{
		`ALARM("hot")`: true, `ALARM(hot)`: true, `ALARM("cold")`: false, `OK(cold)`: true, `INSUFFICIENT_DATA("new")`: true, `INSUFFICIENT_DATA("hot")`: false,
		`TRUE`: true, `FALSE`: false, `NOT FALSE`: true, `NOT ALARM("hot")`: false, `NOT NOT ALARM("hot")`: true,
		`ALARM("hot") AND ALARM("cold")`: false, `ALARM("hot") OR ALARM("cold")`: true,
		`ALARM(hot) OR ALARM(cold) AND FALSE`: true, `(ALARM(hot) OR ALARM(cold)) AND FALSE`: false,
		`NOT ALARM(cold) AND NOT OK(hot)`: true, "ALARM(hot)\n AND (OK(cold) AND (NOT OK(new)))": true,
		`ALARM("arn:aws:cloudwatch:us-east-1:123456789012:alarm:hot")`: true, `ALARM("a (b)")`: true, `ALARM( "hot" )`: true, `ALARM("nobody")`: false,
	} {
		rule, err := ParseRule(text)
		require.NoError(t, err, text)
		require.Equal(t, want, rule.Holds(states), text)
	}
}

func TestARuleNamesTheAlarmsThatItAsksFor(t *testing.T) {
	rule, err := ParseRule(`ALARM("hot") OR (NOT OK(cold) AND ALARM("arn:aws:cloudwatch:us-east-1:1:alarm:new"))`)
	require.NoError(t, err)
	require.Equal(t, []string{"hot", "cold", "new"}, rule.Names)
}

func TestWhatIsNoRuleIsRefused(t *testing.T) {
	for _, text := range []string{
		``, `ALARM`, `ALARM()`, `ALARM(`, `ALARM("hot`, `ALARM("hot") ALARM("cold")`, `ALARM("hot") AND`, `(ALARM("hot")`, `ALARM("hot"))`, `HOT("hot")`, `AND`,
		`NOT`, `ALARM "hot"`,
	} {
		_, err := ParseRule(text)
		require.Error(t, err, text)
	}
}

func FuzzRulesAreReadOrRefused(f *testing.F) {
	f.Add(`NOT (ALARM("hot") AND OK(cold)) OR TRUE`)
	f.Fuzz(func(_ *testing.T, text string) {
		if rule, err := ParseRule(text); err == nil {
			rule.Holds(states)
		}
	})
}

package exception_test

import (
	"cdcpipeline/policy/exception"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func entry(changes map[string]any) map[string]any {
	e := map[string]any{"rule": "s3-9", "resource": "cdc-*", "reason": "no log bucket here", "expires": "2026-12-31"}
	for key, value := range changes {
		e[key] = value
	}
	return map[string]any{"allow": []any{e}}
}

func TestAnEntryAllowsItsRuleForItsResourcesUntilItsDay(t *testing.T) {
	list, err := exception.Parse(entry(nil), []string{"s3-9", "s3-8"})
	require.NoError(t, err)
	last, after := time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	require.True(t, list.Allows("s3-9", "urn:1", "cdc-lake", last))
	require.False(t, list.Allows("s3-9", "urn:1", "other", last))
	require.False(t, list.Allows("s3-8", "urn:1", "cdc-lake", last))
	require.False(t, list.Allows("s3-9", "urn:1", "cdc-lake", after))
	require.Empty(t, list.Expired(last))
	require.Len(t, list.Expired(after), 1)
}

func TestAResourceMayBeNamedByItsURN(t *testing.T) {
	list, err := exception.Parse(entry(map[string]any{"resource": "urn:pulumi:dev::p::t::n"}), []string{"s3-9"})
	require.NoError(t, err)
	require.True(t, list.Allows("s3-9", "urn:pulumi:dev::p::t::n", "n", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
}

func TestWhatIsMissingOrUnknownIsRefused(t *testing.T) {
	for want, configuration := range map[string]map[string]any{
		`there is no rule "s3-99"`:   entry(map[string]any{"rule": "s3-99"}),
		"reason: say why":            entry(map[string]any{"reason": " "}),
		"expires: \"\" is not":       entry(map[string]any{"expires": ""}),
		"expires: \"2026-02-30\" is": entry(map[string]any{"expires": "2026-02-30"}),
		"resource: \"\" is neither":  entry(map[string]any{"resource": ""}),
		"resource: \"[\" is neither": entry(map[string]any{"resource": "["}),
		`unknown field "until"`:      entry(map[string]any{"until": "2026-12-31"}),
		`unknown field "deny"`:       {"deny": []any{}},
	} {
		_, err := exception.Parse(configuration, []string{"s3-9"})
		require.ErrorContains(t, err, want)
	}
	_, err := exception.Parse(map[string]any{"allow": []any{map[string]any{}}}, nil)
	for _, want := range []string{"rule:", "resource:", "reason:", "expires:"} {
		require.ErrorContains(t, err, want, "all problems come together")
	}
}

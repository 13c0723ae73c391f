package main_test

import (
	"cdcpipeline/policy/capture"
	"cdcpipeline/policy/mutation"
	"cdcpipeline/policy/rules"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const allow = `{"exceptions": {"allow": [{"rule": "dms-13", "resource": "cdc-replication-*", "reason": "one is enough", "expires": "2026-12-31"}]}}`

func TestAnExceptionEndsOnItsDay(t *testing.T) {
	s := deployed(t, environments["dev"])
	now := today()
	a, err := mutation.Serve(t.Context(), "", []byte(allow), func() time.Time { return now })
	require.NoError(t, err)
	require.NotContains(t, broken(t, a, s), "dms-13")
	now = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	require.Contains(t, broken(t, a, s), "dms-13")
	require.Contains(t, broken(t, a, s), "exceptions", "an exception that has ended is a violation itself")
}

func TestTheConfigurationIsRefusedAsAWhole(t *testing.T) {
	a := serve(t, "")
	for text, wants := range map[string][]string{
		`{"s3-99": "advisory", "dms-1": "remediate"}`:     {`there is no rule "s3-99"`, "dms-1: rules remediate nothing"},
		`{"s3-8": {"days": 3}}`:                           {"s3-8: takes nothing but an enforcementLevel, not [days]"},
		`{"exceptions": {"allow": [{"rule": "s3-99"}]}}`:  {"there is no rule \"s3-99\"", "reason: say why", "expires:", "resource:"},
		`{"exceptions": {"alow": []}}`:                    {`unknown field "alow"`},
		`{"exceptions": {"allow": [{"until": "never"}]}}`: {`unknown field "until"`},
	} {
		err := a.Configure(t.Context(), []byte(text))
		for _, want := range wants {
			require.ErrorContains(t, err, want, text)
		}
	}
}

func TestLevelsAreTheEngines(t *testing.T) {
	s := deployed(t, environments["dev"])
	a := serve(t, "")
	require.NoError(t, a.Configure(t.Context(), []byte(`{"dms-13": "advisory", "rds-7": {"enforcementLevel": "disabled"}}`)))
	violations, err := a.Look(t.Context(), s, nil)
	require.NoError(t, err)
	levels := map[string]bool{}
	for _, v := range violations {
		levels[v.Rule] = v.Mandatory
	}
	require.Equal(t, false, levels["dms-13"])
	require.Equal(t, true, levels["opensearch-6"])
	require.Contains(t, levels, "dms-13")
	require.NotContains(t, levels, "rds-7")
}

func TestAViolationSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	violations, err := serve(t, "").Look(t.Context(), deployed(t, environments["dev"]), nil)
	require.NoError(t, err)
	var message string
	for _, v := range violations {
		if v.Rule == "dms-13" {
			message = v.Message
			require.True(t, strings.HasSuffix(v.URN, "::cdc-replication-instance"))
		}
	}
	require.Equal(t, "Replication instances and serverless tasks have a standby in another zone\ncdc-replication-instance: multiAz is false. Severity medium. "+
		"To do: multiAz: true (replication.multiAz). https://docs.aws.amazon.com/securityhub/latest/userguide/dms-controls.html#dms-13", message)
}

func TestThePackWritesWhatItSaw(t *testing.T) {
	file := filepath.Join(t.TempDir(), "seen.json")
	a, err := mutation.Serve(t.Context(), file, nil, today)
	require.NoError(t, err)
	s := deployed(t, environments["prod"])
	before, err := a.Look(t.Context(), s, nil)
	require.NoError(t, err)
	seen, err := capture.Read(file)
	require.NoError(t, err)
	require.Len(t, seen, len(s))
	after, err := serve(t, "").Look(t.Context(), seen, nil)
	require.NoError(t, err)
	require.ElementsMatch(t, before, after, "the rules see the same stack in the file")
	for _, r := range seen {
		if r.Type == "aws:opensearch/domain:Domain" {
			require.NotEmpty(t, r.Inputs)
			require.NotEmpty(t, r.PropertyDependencies)
			require.NotNil(t, r.Provider)
		}
	}
}

func TestThePackHasEveryRule(t *testing.T) {
	names, err := serve(t, "").Policies(t.Context())
	require.NoError(t, err)
	require.Len(t, names, len(rules.All())+1, "and the exceptions")
}

package preflight

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

var example = Report{
	Stack: "dev", Region: "us-east-1", Account: "123456789012", Passed: 1, Failed: 1, Unchecked: 1,
	Checks: []Result{
		{Check: "machine/go", Outcome: Passed, Found: "go1.26.8; go.mod requires go1.26.6"},
		{Check: "quota/vpcs", Outcome: Failed, Found: "VPCs in the region: 5 of 5 in use, 1 more needed", Type: []string{"aws service-quotas request-service-quota-increase", "aws more"}},
		{Check: "name/stream", Outcome: Unchecked, Found: "no permission to check: kinesis:DescribeStreamSummary is needed", Needs: "kinesis:DescribeStreamSummary"},
	},
}

func TestPeopleReadATable(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, example.WriteTable(&out, false))
	require.Equal(t, `stack dev, region us-east-1, account 123456789012: not deployed yet

ok       machine/go   go1.26.8; go.mod requires go1.26.6
FAILED   quota/vpcs   VPCs in the region: 5 of 5 in use, 1 more needed
           type:      aws service-quotas request-service-quota-increase
           type:      aws more
unknown  name/stream  no permission to check: kinesis:DescribeStreamSummary is needed

3 checks: 1 ok, 1 failed, 1 unknown
`, out.String())
	out.Reset()
	require.NoError(t, example.WriteTable(&out, true))
	require.Contains(t, out.String(), "\x1b[31mFAILED\x1b[0m")
	out.Reset()
	require.NoError(t, Report{Deployed: true, Unchecked: 1, Checks: example.Checks[2:]}.WriteTable(&out, false))
	require.Contains(t, out.String(), "stack unknown, region unknown, account unknown\n")
	require.Contains(t, out.String(), "1 checks: 0 ok, 1 unknown\nthe policy docs/preflight-policy.json allows everything that this command asks\n")
}

func TestProgramsReadJSON(t *testing.T) {
	text, err := json.Marshal(example)
	require.NoError(t, err)
	require.JSONEq(t, `{"stack":"dev","region":"us-east-1","account":"123456789012","deployed":false,"ready":false,"passed":1,"failed":1,"unchecked":1,"checks":[
		{"check":"machine/go","outcome":"passed","found":"go1.26.8; go.mod requires go1.26.6"},
		{"check":"quota/vpcs","outcome":"failed","found":"VPCs in the region: 5 of 5 in use, 1 more needed","type":["aws service-quotas request-service-quota-increase","aws more"]},
		{"check":"name/stream","outcome":"unchecked","found":"no permission to check: kinesis:DescribeStreamSummary is needed","needs":"kinesis:DescribeStreamSummary"}]}`, string(text))
}

func TestAReportCountsItsOutcomes(t *testing.T) {
	s := made(t)
	report, err := Run(t.Context(), s.Stack, Options{})
	require.NoError(t, err)
	require.True(t, report.Ready)
	require.Equal(t, []any{"dev", "us-east-1", "123456789012", len(report.Checks), 0, 0}, []any{report.Stack, report.Region, report.Account, report.Passed, report.Failed, report.Unchecked})
	s = made(t)
	s.answer("sts:GetCallerIdentity", refused(403, "ExpiredToken"))
	report, err = Run(t.Context(), s.Stack, Options{})
	require.NoError(t, err)
	require.False(t, report.Ready)
	require.Equal(t, 1, report.Failed)
	require.Empty(t, report.Account)
}

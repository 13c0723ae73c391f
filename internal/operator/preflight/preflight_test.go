package preflight

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryCheckPassesWhereNothingIsWrong(t *testing.T) {
	all := map[string]bool{}
	for _, s := range []*scene{made(t), takenOver(t), collected(t)} {
		for name, r := range s.run(t) {
			all[name] = true
			require.Equalf(t, Passed, r.Outcome, "%s: %s", name, r.Found)
			require.NotEmpty(t, r.Found, name)
		}
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(breaks)), slices.Collect(maps.Keys(all)), "each check is broken once below")
}

func TestEachCheckFailsAloneAndSaysWhatToType(t *testing.T) {
	for name, b := range breaks {
		t.Run(name, func(t *testing.T) {
			s := b.scene(t)
			b.how(t, s)
			for other, r := range s.run(t) {
				if other != name {
					require.Equalf(t, Passed, r.Outcome, "%s: %s", other, r.Found)
				}
				if other == name {
					require.Equal(t, Failed, r.Outcome, r.Found)
					require.Contains(t, r.Found, b.found)
					require.NotEmpty(t, r.Type)
					require.Contains(t, strings.Join(r.Type, "\n"), b.typed)
				}
			}
		})
	}
}

func TestWhatMayNotBeAskedIsNotPassed(t *testing.T) {
	for name, b := range breaks {
		if b.asks == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			s := b.scene(t)
			code := "AccessDeniedException"
			if strings.HasPrefix(b.asks, "ec2:") {
				code = "UnauthorizedOperation"
			}
			s.answer(b.asks, refused(http.StatusForbidden, code))
			r := s.run(t)[name]
			require.Equal(t, Unchecked, r.Outcome, r.Found)
			want := strings.Replace(b.asks, "s3:HeadBucket", "s3:ListBucket", 1)
			require.Equal(t, want, r.Needs)
			require.Equal(t, "no permission to check: "+want+" is needed", r.Found)
		})
	}
}

func TestThePolicyAllowsWhatIsAskedAndNothingElse(t *testing.T) {
	asked := map[string]bool{}
	for _, s := range []*scene{made(t), takenOver(t), collected(t)} {
		s.answer("servicequotas:GetServiceQuota", func(r request) answer {
			if strings.Contains(r.body, "L-14BB0BE7") {
				return answer{status: http.StatusBadRequest, code: "NoSuchResourceException"}
			}
			return answer{body: `{"Quota":{"Value":100}}`}
		})
		s.answer("servicequotas:GetAWSDefaultServiceQuota", said(`{"Quota":{"Value":100}}`))
		s.run(t)
		for _, action := range s.aws.asked {
			asked[strings.Replace(action, "s3:HeadBucket", "s3:ListBucket", 1)] = true
		}
	}
	delete(asked, "sts:GetCallerIdentity") // it needs no permission
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "preflight-policy.json"))
	require.NoError(t, err)
	var policy struct{ Statement []struct{ Action []string } }
	require.NoError(t, json.Unmarshal(text, &policy))
	var allowed []string
	for _, s := range policy.Statement {
		allowed = append(allowed, s.Action...)
	}
	require.True(t, slices.IsSorted(allowed))
	require.Equal(t, slices.Sorted(maps.Keys(asked)), allowed)
}

func TestWithoutCredentialsAWSIsNotAsked(t *testing.T) {
	s := made(t)
	s.answer("sts:GetCallerIdentity", refused(http.StatusForbidden, "ExpiredToken"))
	results := s.run(t)
	require.Equal(t, Failed, results["account/credentials"].Outcome)
	require.Contains(t, results["account/credentials"].Found, "ExpiredToken")
	require.Equal(t, []string{"aws sso login"}, results["account/credentials"].Type)
	require.Equal(t, Unchecked, results["quota/vpcs"].Outcome)
	require.Equal(t, "not checked: see account/credentials", results["quota/vpcs"].Found)
	require.Equal(t, Passed, results["machine/go"].Outcome)
	for _, action := range s.aws.asked {
		require.Equal(t, "sts:GetCallerIdentity", action)
	}
}

func TestCredentialsOfAnotherAccountFail(t *testing.T) {
	s := made(t)
	s.State = State{Deployed: true, Account: "999999999999"}
	require.Equal(t, "the stack is in account 999999999999, but your credentials are for 123456789012", s.run(t)["account/credentials"].Found)
	s = made(t)
	s.Settings["forbiddenAccountIds"] = `[123456789012]`
	require.Equal(t, Failed, s.run(t)["account/credentials"].Outcome)
	s = made(t)
	s.AWS.Region = ""
	require.Equal(t, []string{"pulumi config set --stack dev aws:region us-east-1"}, s.run(t)["account/credentials"].Type)
}

func TestAnInvalidConfigurationLeavesTheMachineToCheck(t *testing.T) {
	s := made(t)
	s.Problems = errors.New("network.cidr: is not a block\nsearch.dominName: is not a key of this project: did you mean search.domainName?\nno stack is selected")
	results := s.run(t)
	require.ElementsMatch(t, []string{"config/valid", "machine/pulumi", "machine/go", "account/credentials"}, slices.Collect(maps.Keys(results)))
	require.Equal(t, Failed, results["config/valid"].Outcome)
	require.Equal(t, s.Problems.Error(), results["config/valid"].Found)
	require.Equal(t, []string{
		"pulumi config set --stack dev --path 'cdc-pipeline:network.cidr' VALUE", "pulumi config rm --stack dev --path 'cdc-pipeline:search.dominName'",
	}, results["config/valid"].Type)
}

func TestAToolThatIsAbsentFails(t *testing.T) {
	s := made(t)
	s.tool = nil
	results := s.run(t)
	require.Equal(t, "pulumi is not in PATH: install it", results["machine/pulumi"].Found)
	require.Equal(t, "go is not in PATH: install it", results["machine/go"].Found)
}

func TestChecksAreSkippedByTheirNames(t *testing.T) {
	s := made(t)
	require.NotContains(t, s.run(t, "quota/vpcs", "account/permissions"), "quota/vpcs")
	_, err := Run(t.Context(), s.Stack, Options{Skip: []string{"quota/vpc"}})
	require.ErrorContains(t, err, `--skip: there is no check "quota/vpc"`)
}

func TestAnAnswerThatIsNoneIsUnknown(t *testing.T) {
	s := made(t)
	s.answer("kinesis:DescribeLimits", said("{"))
	s.answer("ec2:DescribeVpcs", refused(http.StatusBadRequest, "InvalidParameterValue"))
	results := s.run(t)
	require.Equal(t, Unchecked, results["quota/streams"].Outcome)
	require.Equal(t, Result{Check: "quota/vpcs", Outcome: Unchecked, Found: "calling ec2:DescribeVpcs: InvalidParameterValue: no"}, results["quota/vpcs"])
}

package preflight

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAPolicyThatIsLeftIsNamedWithWhatDeletesIt(t *testing.T) {
	for action, command := range map[string]string{
		"aoss:GetSecurityPolicy": "delete-security-policy --type encryption --name retail-trans", "aoss:GetAccessPolicy": "delete-access-policy --type data --name retail-trans-cdc-collec",
	} {
		s := collected(t)
		s.answer(action, said(`{}`))
		r := s.run(t)["name/collection-policies"]
		require.Equal(t, Failed, r.Outcome)
		require.Contains(t, strings.Join(r.Type, "\n"), command)
	}
}

func TestWhoeverMakesCollectionsNeedsWhatAWSDoesInTheirName(t *testing.T) {
	for _, action := range []string{"aoss:CreateCollection", "aoss:APIAccessAll", "ec2:CreateVpcEndpoint", "route53:CreateHostedZone", "kms:CreateGrant", "iam:GetRole"} {
		s := collected(t)
		s.answer("iam:SimulatePrincipalPolicy", simulated(map[string]string{action: tag("EvalDecision", "implicitDeny")}))
		r := s.run(t)["account/permissions"]
		require.Equal(t, Failed, r.Outcome, action)
		require.Contains(t, r.Found, action)
	}
	s := newScene(t, nil)
	s.answer("iam:SimulatePrincipalPolicy", simulated(map[string]string{"aoss:CreateCollection": tag("EvalDecision", "implicitDeny")}))
	require.Equal(t, Passed, s.run(t)["account/permissions"].Outcome, "a domain needs none of them")
}

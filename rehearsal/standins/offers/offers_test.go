package offers

import (
	"cdcpipeline/internal/awsapi"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"
)

// started is the service behind an endpoint; unanswered calls get 418 (teapot).
func started(t *testing.T) (*Service, aws.Config) {
	t.Helper()
	moto := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	t.Cleanup(moto.Close)
	target, err := url.Parse(moto.URL)
	require.NoError(t, err)
	proxy := controlplane.New(target, slog.New(slog.DiscardHandler))
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	a := account.New(front.URL)
	s := New(a)
	s.Attach(proxy)
	return s, a.Config()
}

func versions(t *testing.T, config aws.Config) []string {
	t.Helper()
	var found struct{ Versions []string }
	require.NoError(t, awsapi.New(config, awsapi.OpenSearch).Get(t.Context(), "ListVersions", "/2021-01-01/opensearch/versions", nil, &found))
	return found.Versions
}

func TestAChangeIsUndone(t *testing.T) {
	s, config := started(t)
	before := versions(t, config)
	undo, err := s.Change(func(o *Offers) { o.SearchVersions[0] = "OpenSearch_9.9" })
	require.NoError(t, err)
	require.Equal(t, "OpenSearch_9.9", versions(t, config)[0])
	undo()
	require.Equal(t, before, versions(t, config))
}

func TestAnActionIsAnsweredInSomebodyElsesPlaceForAWhile(t *testing.T) {
	s, config := started(t)
	describe := func() error { return awsapi.New(config, awsapi.EC2).Query(t.Context(), "DescribeVpcs", nil, nil) }
	require.ErrorContains(t, describe(), "418")
	for range 2 {
		undo := s.Take(controlplane.Action{Service: "ec2", Name: "DescribeVpcs"}, func(_ context.Context, c *controlplane.Call) (bool, error) {
			c.ResponseBody = []byte("<R/>")
			return true, nil
		})
		require.NoError(t, describe())
		undo()
		require.ErrorContains(t, describe(), "418")
	}
}

func TestAQuotaThatNobodyKeepsIsRefused(t *testing.T) {
	_, config := started(t)
	var found struct{ Quota struct{ Value float64 } }
	ask := func(code string) error {
		return awsapi.New(config, awsapi.ServiceQuotas).JSON(t.Context(), "GetServiceQuota", map[string]string{"ServiceCode": "vpc", "QuotaCode": code}, &found)
	}
	require.NoError(t, ask("L-F678F1CE"))
	require.InDelta(t, 5, found.Quota.Value, 0)
	require.True(t, awsapi.Is(ask("L-00000000"), "NoSuchResourceException"))
}

func TestASessionHasNoPoliciesToSimulate(t *testing.T) {
	s, config := started(t)
	undo, err := s.Change(func(o *Offers) { o.Denied = []string{"iam:PassRole lambda.amazonaws.com"} })
	require.NoError(t, err)
	defer undo()
	var found struct {
		Decisions []string `xml:"SimulatePrincipalPolicyResult>EvaluationResults>member>EvalDecision"`
	}
	ask := func(source, service string) error {
		found.Decisions = nil
		return awsapi.New(config, awsapi.IAM).Query(t.Context(), "SimulatePrincipalPolicy", url.Values{
			"PolicySourceArn": {source}, "ActionNames.member.1": {"iam:PassRole"}, "ActionNames.member.2": {"iam:GetRole"},
			"ContextEntries.member.1.ContextKeyValues.member.1": {service},
		}, &found)
	}
	require.True(t, awsapi.Is(ask("arn:aws:sts::"+account.ID+":assumed-role/r/s", ""), "InvalidInput"))
	require.NoError(t, ask("arn:aws:iam::"+account.ID+":role/r", "lambda.amazonaws.com"))
	require.Equal(t, []string{"implicitDeny", "allowed"}, found.Decisions)
	require.NoError(t, ask("arn:aws:iam::"+account.ID+":role/r", "ec2.amazonaws.com"))
	require.Equal(t, []string{"allowed", "allowed"}, found.Decisions)
}

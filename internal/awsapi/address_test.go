package awsapi

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"
)

// The addresses are those of AWS's general reference and of the SDK's own rules for each service.
func TestServicesAreWhereTheirRegionIs(t *testing.T) {
	for _, c := range []struct {
		service       Service
		region        string
		source        any
		address, sign string
	}{
		{EC2, "us-east-1", nil, "https://ec2.us-east-1.amazonaws.com", "us-east-1"},
		{OpenSearch, "eu-central-1", nil, "https://es.eu-central-1.amazonaws.com", "eu-central-1"},
		{RDS, "cn-north-1", nil, "https://rds.cn-north-1.amazonaws.com.cn", "cn-north-1"},
		{ServiceQuotas, "us-gov-west-1", nil, "https://servicequotas.us-gov-west-1.amazonaws.com", "us-gov-west-1"},
		{EC2, "us-east-1", fips{}, "https://ec2-fips.us-east-1.amazonaws.com", "us-east-1"},
		{EC2, "us-east-1", dual{}, "https://ec2.us-east-1.api.aws", "us-east-1"},
		{IAM, "eu-central-1", nil, "https://iam.amazonaws.com", "us-east-1"},
		{IAM, "cn-northwest-1", nil, "https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"},
		{IAM, "us-gov-east-1", nil, "https://iam.us-gov.amazonaws.com", "us-gov-west-1"},
		{IAM, "us-isob-east-1", nil, "https://iam.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"},
	} {
		config := aws.Config{Region: c.region, ConfigSources: []any{c.source}}
		got, err := New(config, c.service).address(t.Context())
		require.NoError(t, err)
		require.Equal(t, address{c.address, c.sign}, got)
	}
}

type fips struct{}

func (fips) GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error) {
	return aws.FIPSEndpointStateEnabled, true, nil
}

type dual struct{}

func (dual) GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error) {
	return aws.DualStackEndpointStateEnabled, true, nil
}

type endpoints map[string]string

func (e endpoints) GetServiceBaseEndpoint(_ context.Context, id string) (string, bool, error) {
	url, ok := e[id]
	return url, ok, nil
}

type ignored struct{}

func (ignored) GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error) {
	return true, true, nil
}

func TestAConfiguredEndpointIsCalledInstead(t *testing.T) {
	url := func(base string, sources ...any) string {
		config := aws.Config{Region: "us-east-1", ConfigSources: sources}
		if base != "" {
			config.BaseEndpoint = &base
		}
		got, err := New(config, ServiceQuotas).address(t.Context())
		require.NoError(t, err)
		return got.url
	}
	own := endpoints{"Service Quotas": "http://own"}
	require.Equal(t, "http://own", url("", own))
	require.Equal(t, "http://own", url("http://all", own))
	require.Equal(t, "http://all", url("http://all", endpoints{"EC2": "http://other"}))
	require.Equal(t, "https://servicequotas.us-east-1.amazonaws.com", url("", ignored{}, own))
	t.Setenv("AWS_ENDPOINT_URL", "http://all")
	require.Equal(t, "http://all", url("http://all", own), "as the SDK has it")
	t.Setenv("AWS_ENDPOINT_URL_SERVICE_QUOTAS", "http://own")
	require.Equal(t, "http://own", url("http://all", own))
}

package awsapi

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// address is a service's URL and the region for signing its requests.
type address struct{ url, region string }

func (c *Client) address(ctx context.Context) (address, error) {
	region := c.config.Region
	if region == "" {
		return address{}, fmt.Errorf("calling %s: no region is set", c.service.ID)
	}
	var there address
	if c.service.Global {
		there = ofPartition(c.service, region)
	} else {
		url, err := c.regional(ctx, region)
		if err != nil {
			return address{}, err
		}
		there = address{url, region}
	}
	if configured := c.configured(ctx); configured != "" {
		there.url = configured
	}
	return there, nil
}

// regional returns the address of a regional service. AWS's regional addresses differ only in their first part. So
// the SDK's address of STS, which exists in every region, determines the others,
// https://docs.aws.amazon.com/general/latest/gr/rande.html.
func (c *Client) regional(ctx context.Context, region string) (string, error) {
	p := sts.EndpointParameters{Region: &region, UseFIPS: aws.Bool(false), UseDualStack: aws.Bool(false), UseGlobalEndpoint: aws.Bool(false)}
	for _, source := range c.config.ConfigSources {
		if s, ok := source.(interface {
			GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error)
		}); ok && !*p.UseFIPS {
			state, _, err := s.GetUseFIPSEndpoint(ctx)
			p.UseFIPS = aws.Bool(err == nil && state == aws.FIPSEndpointStateEnabled)
		}
		if s, ok := source.(interface {
			GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error)
		}); ok && !*p.UseDualStack {
			state, _, err := s.GetUseDualStackEndpoint(ctx)
			p.UseDualStack = aws.Bool(err == nil && state == aws.DualStackEndpointStateEnabled)
		}
	}
	found, err := sts.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, p)
	if err != nil {
		return "", fmt.Errorf("finding the address of %s in %s: %w", c.service.ID, region, err)
	}
	rest, ok := strings.CutPrefix(found.URI.Host, "sts")
	if !ok {
		return "", fmt.Errorf("finding the address of %s in %s: %w", c.service.ID, region, errors.New("STS has none that begins with its name"))
	}
	return "https://" + c.service.Signs + rest, nil
}

// partitions have one address for each global service. Requests are signed for the region in its name or beside it,
// https://docs.aws.amazon.com/general/latest/gr/iam-service.html.
var partitions = []struct{ regions, host, signs string }{
	{"cn-", "cn-north-1.amazonaws.com.cn", "cn-north-1"},
	{"us-gov-", "us-gov.amazonaws.com", "us-gov-west-1"},
	{"us-isob-", "us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"},
	{"us-iso-", "us-iso-east-1.c2s.ic.gov", "us-iso-east-1"},
	{"eusc-", "eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"},
	{"", "amazonaws.com", "us-east-1"},
}

func ofPartition(service Service, region string) (there address) {
	for _, p := range partitions {
		if strings.HasPrefix(region, p.regions) {
			return address{"https://" + service.Signs + "." + p.host, p.signs}
		}
	}
	return there
}

// configured is the endpoint that the configuration sets for this service or for all, in the order of the SDK's
// clients: see resolveBaseEndpoint in any of them.
func (c *Client) configured(ctx context.Context) string {
	everywhere := aws.ToString(c.config.BaseEndpoint)
	_, all := os.LookupEnv("AWS_ENDPOINT_URL")
	_, own := os.LookupEnv("AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(c.service.ID, " ", "_")))
	if all && !own {
		return everywhere
	}
	for _, source := range c.config.ConfigSources {
		if s, ok := source.(interface {
			GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error)
		}); ok {
			if ignored, found, err := s.GetIgnoreConfiguredEndpoints(ctx); err == nil && found && ignored {
				return everywhere
			}
		}
	}
	for _, source := range c.config.ConfigSources {
		if s, ok := source.(interface {
			GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
		}); ok {
			if url, found, err := s.GetServiceBaseEndpoint(ctx, c.service.ID); err == nil && found {
				return url
			}
		}
	}
	return everywhere
}

package preflight

import (
	"cdcpipeline/internal/awsapi"
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// increase returns a command that requests a higher quota,
// https://docs.aws.amazon.com/servicequotas/latest/userguide/request-quota-increase.html.
func (s *Stack) increase(service, code string, now int) []string {
	return []string{s.cli("service-quotas request-service-quota-increase --service-code %s --quota-code %s --desired-value %d", service, code, 2*max(now, 1))}
}

// counted returns the usage of a quota. Service Quotas provides the limit, and inUse counts the use.
func counted(service, code string, inUse func(context.Context, *Stack) (int, error)) func(context.Context, *Stack) (usage, error) {
	return func(ctx context.Context, s *Stack) (usage, error) {
		limit, err := s.quotaInForce(ctx, service, code)
		if err != nil {
			return usage{}, err
		}
		used, err := inUse(ctx, s)
		return usage{used, limit, s.increase(service, code, limit)}, err
	}
}

// quotaInForce returns the account's own value, or AWS's default if the account has none:
// https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html.
func (s *Stack) quotaInForce(ctx context.Context, service, code string) (int, error) {
	var found struct{ Quota struct{ Value float64 } }
	request := map[string]string{"ServiceCode": service, "QuotaCode": code}
	err := s.api(awsapi.ServiceQuotas).JSON(ctx, "GetServiceQuota", request, &found)
	if awsapi.Is(err, "NoSuchResourceException") {
		err = s.api(awsapi.ServiceQuotas).JSON(ctx, "GetAWSDefaultServiceQuota", request, &found)
	}
	return int(found.Quota.Value), err
}

// ofRDS reads a quota and its use from RDS:
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeAccountAttributes.html.
func ofRDS(name, code string) func(context.Context, *Stack) (usage, error) {
	return func(ctx context.Context, s *Stack) (usage, error) {
		var found struct {
			Quotas []struct {
				Name string `xml:"AccountQuotaName"`
				Used int    `xml:"Used"`
				Max  int    `xml:"Max"`
			} `xml:"DescribeAccountAttributesResult>AccountQuotas>AccountQuota"`
		}
		if err := s.api(awsapi.RDS).Query(ctx, "DescribeAccountAttributes", nil, &found); err != nil {
			return usage{}, err
		}
		for _, q := range found.Quotas {
			if q.Name == name {
				return usage{q.Used, q.Max, s.increase("rds", code, q.Max)}, nil
			}
		}
		return usage{}, fmt.Errorf("RDS returned no quota %s", name)
	}
}

// ofDMS reads a quota and its use from DMS:
// https://docs.aws.amazon.com/dms/latest/APIReference/API_DescribeAccountAttributes.html.
func ofDMS(ctx context.Context, s *Stack) (usage, error) {
	found, err := dms.NewFromConfig(s.AWS).DescribeAccountAttributes(ctx, &dms.DescribeAccountAttributesInput{})
	if err != nil {
		return usage{}, reading("DMS's quotas", err)
	}
	for _, q := range found.AccountQuotas {
		if aws.ToString(q.AccountQuotaName) == "ReplicationInstances" {
			return usage{int(q.Used), int(q.Max), s.increase("dms", "L-C2341CDC", int(q.Max))}, nil
		}
	}
	return usage{}, fmt.Errorf("DMS returned no quota %s", "ReplicationInstances")
}

// ofStreams counts on-demand streams. If all streams are provisioned, it counts shards.
func ofStreams(ctx context.Context, s *Stack) (usage, error) {
	return s.ofKinesis(ctx, s.allProvisioned())
}

func ofShards(ctx context.Context, s *Stack) (usage, error) { return s.ofKinesis(ctx, true) }

// ofKinesis calls https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeLimits.html.
func (s *Stack) ofKinesis(ctx context.Context, provisioned bool) (usage, error) {
	found, err := kinesis.NewFromConfig(s.AWS).DescribeLimits(ctx, &kinesis.DescribeLimitsInput{})
	if err != nil {
		return usage{}, reading("Kinesis's limits", err)
	}
	raise := []string{
		s.cli("service-quotas list-service-quotas --service-code kinesis --query 'Quotas[].[QuotaCode,QuotaName,Value]' --output text"),
		s.cli("service-quotas request-service-quota-increase --service-code kinesis --quota-code CODE --desired-value NUMBER"),
	}
	if provisioned {
		return usage{int(aws.ToInt32(found.OpenShardCount)), int(aws.ToInt32(found.ShardLimit)), raise}, nil
	}
	return usage{int(aws.ToInt32(found.OnDemandStreamCount)), int(aws.ToInt32(found.OnDemandStreamCountLimit)), raise}, nil
}

// keptUnreserved is the number of executions that Lambda does not allow to reserve:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html.
const keptUnreserved = 100

// ofLambda counts reserved concurrency, because AWS does not say how much of the rest is in use.
func ofLambda(ctx context.Context, s *Stack) (usage, error) {
	found, err := lambda.NewFromConfig(s.AWS).GetAccountSettings(ctx, &lambda.GetAccountSettingsInput{})
	if err != nil {
		return usage{}, reading("Lambda's limits", err)
	}
	limit := found.AccountLimit
	if limit == nil {
		return usage{}, errors.New("AWS returned no limit for Lambda")
	}
	all := int(limit.ConcurrentExecutions)
	u := usage{all - int(aws.ToInt32(limit.UnreservedConcurrentExecutions)), all, s.increase("lambda", "L-B99A9384", max(all, 500))}
	if current := s.Config.Search.Current; current.On() && current.ReservedConcurrency > 0 {
		u.max -= keptUnreserved
	}
	return u, nil
}

// ofIAM calls https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html.
func ofIAM(ctx context.Context, s *Stack) (usage, error) {
	var found struct {
		Entries []struct {
			Key   string `xml:"key"`
			Value int    `xml:"value"`
		} `xml:"GetAccountSummaryResult>SummaryMap>entry"`
	}
	if err := s.api(awsapi.IAM).Query(ctx, "GetAccountSummary", nil, &found); err != nil {
		return usage{}, err
	}
	summary := map[string]int{}
	for _, e := range found.Entries {
		summary[e.Key] = e.Value
	}
	limit, ok := summary["RolesQuota"]
	if !ok {
		return usage{}, errors.New("IAM returned no quota for roles")
	}
	// IAM is a global service. One region keeps its quotas.
	raise := fmt.Sprintf("aws service-quotas request-service-quota-increase --service-code iam --quota-code L-FE177D64 --desired-value %d --region us-east-1", 2*limit)
	return usage{summary["Roles"], limit, []string{raise}}, nil
}

// mostLogPolicies is the limit of a region, the same for every account:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html.
const mostLogPolicies = 10

func logPolicies(ctx context.Context, s *Stack) (usage, error) {
	u := usage{max: mostLogPolicies}
	request := map[string]string{}
	for {
		var page struct {
			ResourcePolicies []struct{ PolicyName string }
			NextToken        string
		}
		if err := s.api(awsapi.Logs).JSON(ctx, "DescribeResourcePolicies", request, &page); err != nil {
			return usage{}, err
		}
		u.used += len(page.ResourcePolicies)
		if page.NextToken == "" {
			u.raise = []string{
				s.cli("logs describe-resource-policies --query 'resourcePolicies[].[policyName,policyDocument]'"),
				s.cli("logs delete-resource-policy --policy-name ONE_THAT_NOBODY_NEEDS"),
			}
			return u, nil
		}
		request["nextToken"] = page.NextToken
	}
}

// deliveryStreams calls https://docs.aws.amazon.com/firehose/latest/APIReference/API_ListDeliveryStreams.html.
func deliveryStreams(ctx context.Context, s *Stack) (int, error) {
	all := 0
	request := map[string]any{"Limit": 100}
	for {
		var page struct {
			DeliveryStreamNames    []string
			HasMoreDeliveryStreams bool
		}
		if err := s.api(awsapi.Firehose).JSON(ctx, "ListDeliveryStreams", request, &page); err != nil {
			return 0, err
		}
		all += len(page.DeliveryStreamNames)
		if !page.HasMoreDeliveryStreams || len(page.DeliveryStreamNames) == 0 {
			return all, nil
		}
		request["ExclusiveStartDeliveryStreamName"] = page.DeliveryStreamNames[len(page.DeliveryStreamNames)-1]
	}
}

// searchDomains calls https://docs.aws.amazon.com/opensearch-service/latest/APIReference/API_ListDomainNames.html.
func searchDomains(ctx context.Context, s *Stack) (int, error) {
	var found struct{ DomainNames []struct{ DomainName string } }
	err := s.api(awsapi.OpenSearch).Get(ctx, "ListDomainNames", "/2021-01-01/domain", url.Values{}, &found)
	return len(found.DomainNames), err
}

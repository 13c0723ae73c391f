package preflight

import (
	"cdcpipeline/internal/awsapi"
	"context"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
)

// searchVersions calls https://docs.aws.amazon.com/opensearch-service/latest/APIReference/API_ListVersions.html.
func searchVersions(ctx context.Context, s *Stack) ([]string, error) {
	var all []string
	query := url.Values{"maxResults": {"100"}}
	for {
		var page struct {
			Versions  []string
			NextToken string
		}
		if err := s.api(awsapi.OpenSearch).Get(ctx, "ListVersions", "/2021-01-01/opensearch/versions", query, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Versions...)
		if page.NextToken == "" {
			return all, nil
		}
		query.Set("nextToken", page.NextToken)
	}
}

// searchTypes lists the instance types that support encryption and fine-grained access control, because every domain
// here needs both. https://docs.aws.amazon.com/opensearch-service/latest/APIReference/API_ListInstanceTypeDetails.html.
func searchTypes(ctx context.Context, s *Stack) (map[string][]string, error) {
	all := map[string][]string{}
	query := url.Values{"maxResults": {"100"}, "retrieveAZs": {"true"}}
	path := "/2021-01-01/opensearch/instanceTypeDetails/" + s.Config.Search.EngineVersion
	for {
		var page struct {
			InstanceTypeDetails []struct {
				InstanceType                               string
				AvailabilityZones                          []string
				EncryptionEnabled, AdvancedSecurityEnabled *bool
			}
			NextToken string
		}
		if err := s.api(awsapi.OpenSearch).Get(ctx, "ListInstanceTypeDetails", path, query, &page); err != nil {
			return nil, err
		}
		for _, t := range page.InstanceTypeDetails {
			if !isOff(t.EncryptionEnabled) && !isOff(t.AdvancedSecurityEnabled) {
				all[t.InstanceType] = t.AvailabilityZones
			}
		}
		if page.NextToken == "" {
			return all, nil
		}
		query.Set("nextToken", page.NextToken)
	}
}

func isOff(b *bool) bool { return b != nil && !*b }

// databaseVersions lists the versions of an engine, by RDS's name of the engine:
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBEngineVersions.html. RDS leaves out versions
// that allow no new clusters.
func databaseVersions(engine string) func(context.Context, *Stack) ([]string, error) {
	return func(ctx context.Context, s *Stack) ([]string, error) {
		return s.databaseVersions.get(engine, func() (all []string, err error) {
			type page struct {
				Versions []string `xml:"DescribeDBEngineVersionsResult>DBEngineVersions>DBEngineVersion>EngineVersion"`
				Marker   string   `xml:"DescribeDBEngineVersionsResult>Marker"`
			}
			err = pages(ctx, s.api(awsapi.RDS), "DescribeDBEngineVersions", "Marker", url.Values{"Engine": {engine}}, func(p page) string {
				all = append(all, p.Versions...)
				return p.Marker
			})
			return all, err
		})
	}
}

// databaseClasses lists the classes for a version of an engine:
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeOrderableDBInstanceOptions.html.
func databaseClasses(engine, version string) func(context.Context, *Stack) (map[string][]string, error) {
	return func(ctx context.Context, s *Stack) (map[string][]string, error) {
		return s.databaseClasses.get(engine+" "+version, func() (map[string][]string, error) {
			type page struct {
				Options []struct {
					Class string   `xml:"DBInstanceClass"`
					Zones []string `xml:"AvailabilityZones>AvailabilityZone>Name"`
				} `xml:"DescribeOrderableDBInstanceOptionsResult>OrderableDBInstanceOptions>OrderableDBInstanceOption"`
				Marker string `xml:"DescribeOrderableDBInstanceOptionsResult>Marker"`
			}
			values := url.Values{"Engine": {engine}, "EngineVersion": {version}, "Vpc": {"true"}}
			all := map[string][]string{}
			err := pages(ctx, s.api(awsapi.RDS), "DescribeOrderableDBInstanceOptions", "Marker", values, func(p page) string {
				for _, o := range p.Options { // RDS lists one option for each storage type
					all[o.Class] = append(all[o.Class], o.Zones...)
				}
				return p.Marker
			})
			return all, err
		})
	}
}

// dmsVersions lists the versions that can be requested,
// https://docs.aws.amazon.com/dms/latest/APIReference/API_EngineVersion.html.
func dmsVersions(ctx context.Context, s *Stack) ([]string, error) {
	return s.dmsVersions.get(func() (all []string, err error) {
		pager := dms.NewDescribeEngineVersionsPaginator(dms.NewFromConfig(s.AWS), &dms.DescribeEngineVersionsInput{})
		for pager.HasMorePages() {
			page, err := pager.NextPage(ctx)
			if err != nil {
				return nil, reading("DMS's versions", err)
			}
			for _, v := range page.EngineVersions {
				if aws.ToString(v.Lifecycle) != "DEPRECATED" {
					all = append(all, aws.ToString(v.Version))
				}
			}
		}
		return all, nil
	})
}

// dmsClasses lists the classes for a version:
// https://docs.aws.amazon.com/dms/latest/APIReference/API_DescribeOrderableReplicationInstances.html.
func dmsClasses(version string) func(context.Context, *Stack) (map[string][]string, error) {
	return func(ctx context.Context, s *Stack) (map[string][]string, error) {
		return s.dmsClasses.get(version, func() (map[string][]string, error) {
			all := map[string][]string{}
			pager := dms.NewDescribeOrderableReplicationInstancesPaginator(dms.NewFromConfig(s.AWS), &dms.DescribeOrderableReplicationInstancesInput{})
			for pager.HasMorePages() {
				page, err := pager.NextPage(ctx)
				if err != nil {
					return nil, reading("DMS's instance classes", err)
				}
				for _, o := range page.OrderableReplicationInstances {
					if aws.ToString(o.EngineVersion) == version {
						class := aws.ToString(o.ReplicationInstanceClass)
						all[class] = append(all[class], o.AvailabilityZones...)
					}
				}
			}
			return all, nil
		})
	}
}

// bastionTypes lists the zones that offer the configured type, or a type that could replace it.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypeOfferings.html.
func bastionTypes(ctx context.Context, s *Stack) (map[string][]string, error) {
	values := url.Values{"LocationType": {"availability-zone"}}
	awsapi.Filter(values, 0, "instance-type", s.Config.Bastion.InstanceType, "t4g.nano", "t4g.micro", "t4g.small", "m6g.medium", "m7g.medium")
	type page struct {
		Offerings []struct {
			Type string `xml:"instanceType"`
			Zone string `xml:"location"`
		} `xml:"instanceTypeOfferingSet>item"`
		Next string `xml:"nextToken"`
	}
	all := map[string][]string{}
	err := pages(ctx, s.api(awsapi.EC2), "DescribeInstanceTypeOfferings", "NextToken", values, func(p page) string {
		for _, o := range p.Offerings {
			all[o.Type] = append(all[o.Type], o.Zone)
		}
		return p.Next
	})
	return all, err
}

package search_test

import (
	"cdcpipeline/components/search"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"encoding/json"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// runDelivery makes a domain, its contents, and a delivery to it.
func runDelivery(t *testing.T, cfg config.Search) *componenttest.Recorder {
	t.Helper()
	return componenttest.Run(t, func(ctx *pulumi.Context) error {
		a := domainArgs(config.Dev)
		a.Search = cfg
		domain, err := search.NewDomain(ctx, "search", a)
		if err != nil {
			return err
		}
		access, err := search.NewAccess(ctx, "access", &search.AccessArgs{Search: cfg, Domain: domain})
		if err != nil {
			return err
		}
		role, err := search.NewDeliveryRole(ctx, "history", &search.DeliveryRoleArgs{})
		if err != nil {
			return err
		}
		_, err = search.NewDelivery(ctx, "history", &search.DeliveryArgs{
			Search: cfg, Target: access.Target(), Role: role,
			StreamArn: pulumi.String("arn:stream"), BackupBucketArn: pulumi.String("arn:bucket"), BackupPrefix: "failed/",
			KmsKeyArn: pulumi.String(key), VpcSubnetIDs: pulumi.ToStringArray([]string{"a"}), SecurityGroupID: pulumi.String("group-2"),
		})
		return err
	})
}

func TestAccessNeedsADomain(t *testing.T) {
	_, err := componenttest.Try(func(ctx *pulumi.Context) error {
		_, err := search.NewAccess(ctx, "access", &search.AccessArgs{})
		return err
	})
	require.ErrorContains(t, err, "the arguments of search.Access: Domain: is missing")
}

func TestAccessSignsInToTheEndpointAsTheMasterUser(t *testing.T) {
	provider := runDelivery(t, config.Search{Reach: config.ReachDirect}).One(t, "pulumi:providers:opensearch", "access")
	require.Equal(t, "https://search-domain.example.internal", provider.Input("url"))
	require.Nil(t, provider.Input("hostOverride"))
	require.Equal(t, "admin", provider.Input("username"))
	require.Equal(t, "generated", provider.Input("password"))
	require.Equal(t, "2.19.0", provider.Input("opensearchVersion"))
	for _, off := range []string{"signAwsRequests", "healthcheck", "sniff"} {
		require.Contains(t, []any{false, "false"}, provider.Input(off), off)
	}
}

func TestATunnelsCertificateIsVerifiedAgainstTheDomainsName(t *testing.T) {
	provider := runDelivery(t, config.Search{TunnelPort: 9201}).One(t, "pulumi:providers:opensearch", "access")
	require.Equal(t, "https://localhost:9201", provider.Input("url"))
	require.Equal(t, "search-domain.example.internal", provider.Input("hostOverride"))
	require.Nil(t, provider.Input("insecure"))
}

func TestWhatIsInsideIsMadeAfterTheWayThere(t *testing.T) {
	r := componenttest.Run(t, func(ctx *pulumi.Context) error {
		domain, err := search.NewDomain(ctx, "search", domainArgs(config.Dev))
		if err != nil {
			return err
		}
		way, err := ec2.NewInstance(ctx, "bastion", &ec2.InstanceArgs{})
		if err != nil {
			return err
		}
		_, err = search.NewAccess(ctx, "access", &search.AccessArgs{Domain: domain, ReachedAfter: []pulumi.Resource{way}})
		return err
	})
	require.Contains(t, strings.Join(r.One(t, "pulumi:providers:opensearch", "access").DependsOn, " "), "aws:ec2/instance:Instance::bastion")
}

func TestAUrlOfOnesOwnWins(t *testing.T) {
	r := componenttest.Run(t, func(ctx *pulumi.Context) error {
		domain, err := search.NewDomain(ctx, "search", domainArgs(config.Dev))
		if err != nil {
			return err
		}
		_, err = search.NewAccess(ctx, "access", &search.AccessArgs{Domain: domain, Url: pulumi.String("https://proxy:8443")})
		return err
	})
	provider := r.One(t, "pulumi:providers:opensearch", "access")
	require.Equal(t, "https://proxy:8443", provider.Input("url"))
	require.Equal(t, "search-domain.example.internal", provider.Input("hostOverride"))
}

func TestWhatIsInsideGoesWithTheDomain(t *testing.T) {
	inside := 0
	for _, x := range runDelivery(t, config.Search{}).Resources() {
		if !strings.HasPrefix(x.Type, "opensearch:") {
			continue
		}
		inside++
		require.Contains(t, x.DeletedWith, domainType, x.Name)
		require.Len(t, x.ReplaceWith, 1, x.Name)
		require.Contains(t, x.ReplaceWith[0], domainType, x.Name)
		require.Contains(t, x.Parent, "search:Access", x.Name)
		require.Contains(t, x.Provider, "pulumi:providers:opensearch::access", x.Name)
	}
	require.Equal(t, 7, inside)
}

func TestTimeZoneIsSetLast(t *testing.T) {
	settings := runDelivery(t, config.Search{TimeZone: "Asia/Seoul"}).One(t, "opensearch:index/dashboardObject:DashboardObject")
	require.JSONEq(t, `[{"_id":"config:2.19.0","_source":{"type":"config","config":{"dateFormat:tz":"Asia/Seoul"}}}]`,
		settings.Input("body").(string))
	dependsOn := strings.Join(settings.DependsOn, " ")
	for _, want := range []string{"access-dashboards-guard", "access-history", "access-audit", "ismPolicy"} {
		require.Contains(t, dependsOn, want)
	}
}

func TestDeliveryIsMadeAfterItsRoleIsMapped(t *testing.T) {
	r := runDelivery(t, config.Search{})
	role := r.One(t, "opensearch:index/role:Role")
	require.Equal(t, "access-history", role.Input("roleName"))
	require.Equal(t, []any{"cluster_composite_ops", "cluster_monitor"}, role.Input("clusterPermissions"))
	require.Equal(t, []any{map[string]any{
		"indexPatterns": []any{"retail-trans*"}, "allowedActions": []any{"crud", "create_index", "manage"},
	}}, role.Input("indexPermissions"))
	mapping := r.One(t, "opensearch:index/rolesMapping:RolesMapping")
	require.Equal(t, []any{"arn:aws:iam::123456789012:role/history-role"}, mapping.Input("backendRoles"))

	dependsOn := strings.Join(r.One(t, "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream").DependsOn, " ")
	for _, want := range []string{"rolesMapping:RolesMapping", "rolePolicy:RolePolicy", "composableIndexTemplate"} {
		require.Contains(t, dependsOn, want)
	}
}

func TestTheFirstIndexAlreadyHasItsRetention(t *testing.T) {
	template := runDelivery(t, config.Search{}).One(t, "opensearch:index/composableIndexTemplate:ComposableIndexTemplate", "access-history")
	require.Contains(t, strings.Join(template.DependsOn, " "), "ismPolicy:IsmPolicy")
}

func TestFirehoseAssumesTheRoleByTheConditionItIsDocumentedToMeet(t *testing.T) {
	require.JSONEq(t, `{"Version":"2012-10-17","Statement":[{
		"Effect":"Allow","Principal":{"Service":["firehose.amazonaws.com"]},"Action":["sts:AssumeRole"],
		"Condition":{"StringEquals":{"sts:ExternalId":["123456789012"]}}
	}]}`, runDelivery(t, config.Search{}).One(t, "aws:iam/role:Role").Input("assumeRolePolicy").(string))
}

func TestGrantNeedsANameAndARole(t *testing.T) {
	_, err := componenttest.Try(func(ctx *pulumi.Context) error {
		domain, err := search.NewDomain(ctx, "search", domainArgs(config.Dev))
		require.NoError(t, err)
		access, err := search.NewAccess(ctx, "access", &search.AccessArgs{Domain: domain})
		require.NoError(t, err)
		_, err = access.Grant("", nil, search.Permissions{})
		return err
	})
	require.ErrorContains(t, err, "needs a name and the ARN of a role")
}

func TestDeliveryDestination(t *testing.T) {
	zero := 0
	stream := runDelivery(t, config.Search{BufferSeconds: &zero}).One(t, "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream")
	require.Nil(t, stream.Input("name"), "a replacement overlaps the delivery it replaces")
	to := section(t, stream, "opensearchConfiguration")
	require.Equal(t, "retail-trans", to["indexName"])
	require.Equal(t, "OneDay", to["indexRotationPeriod"])
	require.InDelta(t, 0, to["bufferingInterval"], 0)
	require.InDelta(t, 300, to["retryDuration"], 0)
	require.NotContains(t, to, "typeName")
	require.Equal(t, "FailedDocumentsOnly", to["s3BackupMode"])
	backup, ok := to["s3Configuration"].(map[string]any)
	require.True(t, ok)
	require.Equal(t, "failed/", backup["prefix"])
	require.Equal(t, key, backup["kmsKeyArn"])
}

func TestDeliveryRoleHasNoStarWhereAnArnIsKnown(t *testing.T) {
	type statement struct {
		Sid              string
		Action, Resource []string
	}
	var statements []statement
	var resources []string
	for _, name := range []string{"history-role", "history-interfaces"} {
		policy, ok := runDelivery(t, config.Search{}).One(t, "aws:iam/rolePolicy:RolePolicy", name).Input("policy").(string)
		require.True(t, ok)
		var document struct{ Statement []statement }
		require.NoError(t, json.Unmarshal([]byte(policy), &document))
		statements = append(statements, document.Statement...)
	}
	var ec2 []string
	for _, s := range statements {
		resources = append(resources, s.Resource...)
		if s.Sid != "DescribeVpc" {
			require.NotContains(t, s.Resource, "*", s.Sid)
		}
		for _, action := range s.Action {
			require.NotContains(t, action, "*", s.Sid)
			if strings.HasPrefix(action, "ec2:") {
				ec2 = append(ec2, action)
			}
		}
	}
	require.Len(t, ec2, 8)
	const domain = "arn:aws:opensearch:us-east-1:123456789012:search-domain"
	require.Contains(t, resources, domain+"/retail-trans*/_mapping/*")
}

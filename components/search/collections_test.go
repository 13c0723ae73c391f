package search_test

import (
	"cdcpipeline/components/search"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const (
	accessPolicy   = "aws:opensearch/serverlessAccessPolicy:ServerlessAccessPolicy"
	securityPolicy = "aws:opensearch/serverlessSecurityPolicy:ServerlessSecurityPolicy"
	collectionType = "aws:opensearch/serverlessCollection:ServerlessCollection"
	templateType   = "opensearch:index/composableIndexTemplate:ComposableIndexTemplate"
)

// runCollections makes collections and both of their writers.
func runCollections(t *testing.T, cfg config.Search, env config.Environment, answers ...componenttest.Answer) *componenttest.Recorder {
	t.Helper()
	r, err := tryCollections(cfg, env, nil, answers...)
	require.NoError(t, err)
	return r
}

func tryCollections(cfg config.Search, env config.Environment, gateway func(pulumi.StringOutput) pulumi.StringOutput, answers ...componenttest.Answer) (*componenttest.Recorder, error) {
	cfg.Kind = config.OnCollections
	return componenttest.Try(func(ctx *pulumi.Context) error {
		c, err := search.NewCollections(ctx, "rows", &search.CollectionsArgs{
			Search: cfg, Environment: env, VpcID: pulumi.String("vpc-1"), SubnetIDs: pulumi.ToStringArray([]string{"a", "b"}),
			SecurityGroupID: pulumi.String("group-1"), KmsKeyArn: pulumi.String(key), Gateway: gateway,
		})
		if err != nil {
			return err
		}
		role, err := search.NewDeliveryRole(ctx, "changes", &search.DeliveryRoleArgs{})
		if err != nil {
			return err
		}
		_, err = search.NewDelivery(ctx, "changes", &search.DeliveryArgs{
			Search: cfg, Target: c.History(), Role: role,
			StreamArn: pulumi.String("arn:stream"), BackupBucketArn: pulumi.String("arn:bucket"), BackupPrefix: "failed/",
			KmsKeyArn: pulumi.String(key), VpcSubnetIDs: pulumi.ToStringArray([]string{"a"}), SecurityGroupID: pulumi.String("group-2"),
		})
		if err != nil {
			return err
		}
		template, err := search.CurrentTemplate("present", c.Current(), cfg.WithDefaults(env))
		if err != nil {
			return err
		}
		_, err = search.NewCurrentState(ctx, "present", &search.CurrentStateArgs{
			Search: cfg, Target: c.Current(), Template: template, Code: pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")}),
			StreamArn: pulumi.String("arn:stream"), ParkingBucketArn: pulumi.String("arn:aws:s3:::bucket"), KmsKeyArn: pulumi.String(key),
			SubnetIDs: pulumi.ToStringArray([]string{"a"}), SecurityGroupID: pulumi.String("group-3"),
		})
		return err
	}, answers...)
}

// entry is a part of a data access or network policy.
type entry struct {
	Rules []struct {
		ResourceType         string
		Resource, Permission []string
	}
	Principal       []string
	AllowFromPublic bool
	SourceVPCEs     []string
}

func entries(t *testing.T, of componenttest.Registered) (all []entry) {
	t.Helper()
	text, ok := of.Input("policy").(string)
	require.True(t, ok)
	require.NoError(t, json.Unmarshal([]byte(text), &all))
	return all
}

// permissions returns the permissions by resource in a policy with one entry.
func permissions(t *testing.T, of componenttest.Registered) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, rule := range entries(t, of)[0].Rules {
		for _, resource := range rule.Resource {
			require.True(t, strings.HasPrefix(resource, rule.ResourceType+"/"), resource)
			all[resource] = append(all[resource], rule.Permission...)
		}
	}
	return all
}

func TestEachWriterMayDoInItsOwnCollectionWhatItDoesAndNothingElse(t *testing.T) {
	r := runCollections(t, config.Search{}, config.Dev)
	history := r.One(t, accessPolicy, "rows-changes")
	require.Equal(t, map[string][]string{
		"index/retail-trans-history/retail-trans": {"aoss:CreateIndex", "aoss:DescribeIndex", "aoss:UpdateIndex", "aoss:WriteDocument"},
	}, permissions(t, history))
	require.Equal(t, []string{r.One(t, "aws:iam/role:Role", "changes-role").Name}, names(entries(t, history)[0].Principal))

	current := r.One(t, accessPolicy, "rows-present")
	require.Equal(t, map[string][]string{
		"collection/retail-trans-current":      {"aoss:CreateCollectionItems"},
		"index/retail-trans-current/current-*": {"aoss:CreateIndex", "aoss:DescribeIndex", "aoss:UpdateIndex", "aoss:ReadDocument", "aoss:WriteDocument"},
	}, permissions(t, current))
	require.Equal(t, []string{"present-role"}, names(entries(t, current)[0].Principal))
}

// names are the last parts of ARNs.
func names(arns []string) []string {
	all := make([]string, len(arns))
	for i, arn := range arns {
		all[i] = arn[strings.LastIndexAny(arn, ":/")+1:]
	}
	return all
}

func TestWhoDeploysAndOperatesMayNotDoEverything(t *testing.T) {
	const other = "arn:aws:iam::123456789012:role/operators/search"
	r := runCollections(t, config.Search{Operators: []string{other, "arn:aws:iam::123456789012:user/test"}}, config.Dev)
	policy := r.One(t, accessPolicy, "rows-operators")
	require.Equal(t, []string{other, "arn:aws:iam::123456789012:user/test"}, entries(t, policy)[0].Principal, "each of them once, in one order")
	items := []string{"aoss:CreateCollectionItems", "aoss:DescribeCollectionItems", "aoss:UpdateCollectionItems", "aoss:DeleteCollectionItems"}
	require.Equal(t, map[string][]string{
		"collection/retail-trans-history": items, "collection/retail-trans-current": items,
		"index/retail-trans-history/retail-trans": {"aoss:CreateIndex", "aoss:DescribeIndex", "aoss:UpdateIndex", "aoss:ReadDocument", "aoss:WriteDocument"},
		"index/retail-trans-current/current-*":    {"aoss:CreateIndex", "aoss:DescribeIndex", "aoss:UpdateIndex", "aoss:DeleteIndex", "aoss:ReadDocument", "aoss:WriteDocument"},
	}, permissions(t, policy))
}

func TestASessionsRoleIsAdmittedAndTheRootUserIsNot(t *testing.T) {
	const caller, role = "aws:index/getCallerIdentity:getCallerIdentity", "arn:aws:iam::123456789012:role/ci/deploy"
	as := func(arn string) componenttest.Answer {
		return componenttest.Answer{Token: caller, Value: map[string]any{"accountId": componenttest.Account, "arn": arn, "userId": "x"}}
	}
	r := runCollections(t, config.Search{}, config.Dev, as("arn:aws:sts::123456789012:assumed-role/deploy/me"),
		componenttest.Answer{Token: "aws:iam/getRole:getRole", Value: map[string]any{"arn": role}})
	require.Equal(t, []string{role}, entries(t, r.One(t, accessPolicy, "rows-operators"))[0].Principal, "with its path, which the session does not have")

	for _, arn := range []string{"arn:aws:iam::123456789012:root", "arn:aws:sts::123456789012:federated-user/me"} {
		_, err := tryCollections(config.Search{}, config.Dev, nil, as(arn))
		require.ErrorContains(t, err, "deploy as one of them")
	}
}

func TestCollectionsAreEncryptedAndReachedByTheirEndpointAlone(t *testing.T) {
	r := runCollections(t, config.Search{}, config.Dev)
	require.JSONEq(t, `{"Rules":[{"ResourceType":"collection","Resource":["collection/retail-trans-history","collection/retail-trans-current"]}],"AWSOwnedKey":false,"KmsARN":"`+key+`"}`,
		r.One(t, securityPolicy, "rows-encryption").Input("policy").(string))
	network := entries(t, r.One(t, securityPolicy, "rows-network"))
	require.Len(t, network, 1)
	require.False(t, network[0].AllowFromPublic)
	require.Equal(t, []string{"rows-endpoint-id"}, network[0].SourceVPCEs)
	endpoint := r.One(t, "aws:opensearch/serverlessVpcEndpoint:ServerlessVpcEndpoint")
	require.Equal(t, []any{"group-1"}, endpoint.Input("securityGroupIds"))
	for _, c := range r.All(collectionType) {
		dependencies := strings.Join(c.DependsOn, " ")
		for _, policy := range []string{"rows-encryption", "rows-network", "rows-retention"} {
			require.Contains(t, dependencies, "::"+policy, c.Name)
		}
	}
}

func TestTheHistoryIsATimeSeriesThatEndsAndPresentRowsHaveIds(t *testing.T) {
	r := runCollections(t, config.Search{HistoryRetentionDays: 14}, config.Dev)
	require.Equal(t, "TIMESERIES", r.One(t, collectionType, "rows-history").Input("type"))
	require.Equal(t, "SEARCH", r.One(t, collectionType, "rows-current").Input("type"))
	require.JSONEq(t, `{"Rules":[{"ResourceType":"index","Resource":["index/retail-trans-history/*"],"MinIndexRetention":"14d"}]}`,
		r.One(t, "aws:opensearch/serverlessLifecyclePolicy:ServerlessLifecyclePolicy").Input("policy").(string))
}

func TestCollectionsOfProdHaveStandbysAndAreProtected(t *testing.T) {
	for env, want := range map[config.Environment]string{config.Dev: "DISABLED", config.Prod: "ENABLED"} {
		for _, c := range runCollections(t, config.Search{}, env).All(collectionType) {
			require.Equal(t, want, c.Input("standbyReplicas"), env)
			require.Equal(t, env == config.Prod, c.Protect, env)
		}
	}
}

func TestWhatIsInsideOfACollectionGoesWithIt(t *testing.T) {
	r := runCollections(t, config.Search{}, config.Dev)
	templates := r.All(templateType)
	require.Len(t, templates, 2)
	for _, template := range templates {
		of := "::rows-current"
		if template.Name == "rows-history" {
			of = "::rows-history"
		}
		require.True(t, strings.HasSuffix(template.DeletedWith, collectionType+of), template.DeletedWith)
		require.Len(t, template.ReplaceWith, 1)
		require.True(t, strings.HasSuffix(template.ReplaceWith[0], collectionType+of))
		require.Contains(t, template.Provider, of)
		require.Contains(t, strings.Join(template.DependsOn, " "), "::rows-operators", "made by whom the policy admits")
	}
}

func TestWritersWaitForTheirPolicyAndTheirTemplate(t *testing.T) {
	r := runCollections(t, config.Search{}, config.Dev)
	for name, x := range map[string]componenttest.Registered{
		"rows-changes": r.One(t, "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"),
		"rows-present": r.One(t, "aws:lambda/eventSourceMapping:EventSourceMapping"),
	} {
		dependencies := strings.Join(x.DependsOn, " ")
		require.Contains(t, dependencies, accessPolicy+"::"+name)
		require.Contains(t, dependencies, templateType+"::")
	}
}

func TestTheProvidersSpeakToTheGateway(t *testing.T) {
	r := runCollections(t, config.Search{GatewayPort: 9300}, config.Dev)
	for _, of := range []string{"history", "current"} {
		provider := r.One(t, "pulumi:providers:opensearch", "rows-"+of)
		require.Equal(t, "http://localhost:9300/"+of, provider.Input("url"))
		require.Equal(t, "cdc", provider.Input("username"))
		require.Equal(t, "generated", provider.Input("password"))
		require.True(t, provider.Inputs["password"].IsSecret() || provider.Inputs["password"].ContainsSecrets())
		for _, off := range []string{"signAwsRequests", "healthcheck", "sniff"} {
			require.Contains(t, []any{false, "false"}, provider.Input(off), off)
		}
	}
	r, err := tryCollections(config.Search{}, config.Dev, func(password pulumi.StringOutput) pulumi.StringOutput {
		return pulumi.Sprintf("http://localhost:1/%s", password)
	})
	require.NoError(t, err)
	require.Equal(t, "http://localhost:1/generated/history", r.One(t, "pulumi:providers:opensearch", "rows-history").Input("url"))
}

// Names of policies and collections have 3 to 32 characters.
func TestNamesFitWhateverTheCollectionsAreCalled(t *testing.T) {
	r := runCollections(t, config.Search{CollectionName: "a23456789-123456789-1234"}, config.Dev)
	var all []string
	for _, typ := range []string{accessPolicy, securityPolicy, collectionType, "aws:opensearch/serverlessLifecyclePolicy:ServerlessLifecyclePolicy", "aws:opensearch/serverlessVpcEndpoint:ServerlessVpcEndpoint"} {
		for _, x := range r.All(typ) {
			require.Regexp(t, `^[a-z][a-z0-9-]{2,31}$`, x.Input("name"), x.Name)
			if typ == accessPolicy {
				all = append(all, x.Input("name").(string))
			}
		}
	}
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(all))), 3)
}

func TestFirehoseDeliversIntoOneIndexOfTheCollection(t *testing.T) {
	r := runCollections(t, config.Search{}, config.Dev)
	stream := r.One(t, "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream")
	require.Equal(t, "opensearchserverless", stream.Input("destination"))
	require.Nil(t, stream.Input("opensearchConfiguration"))
	to, ok := stream.Input("opensearchserverlessConfiguration").(map[string]any)
	require.True(t, ok)
	require.Equal(t, "https://rows-history.us-east-1.aoss.amazonaws.com", to["collectionEndpoint"])
	require.Equal(t, "retail-trans", to["indexName"])

	for role, sids := range map[string][]string{"changes-role": {"WriteIndex", "ReadCollection"}, "present-role": {"WriteIndices"}} {
		text, ok := r.One(t, "aws:iam/rolePolicy:RolePolicy", role).Input("policy").(string)
		require.True(t, ok)
		require.NotContains(t, text, "es:ESHttp")
		require.Contains(t, text, "aoss:APIAccessAll")
		for _, sid := range sids {
			require.Contains(t, text, `"`+sid+`"`)
		}
	}
}

func TestNothingOfADomainIsMadeForCollections(t *testing.T) {
	for _, x := range runCollections(t, config.Search{}, config.Prod).Resources() {
		for _, of := range []string{"aws:opensearch/domain", "serviceLinkedRole", "ismPolicy", "auditConfig", "dashboardObject", "rolesMapping", "logResourcePolicy"} {
			require.NotContains(t, x.Type, of)
		}
	}
}

func TestCollectionsSayAllThatIsMissing(t *testing.T) {
	_, err := componenttest.Try(func(ctx *pulumi.Context) error {
		_, err := search.NewCollections(ctx, "rows", &search.CollectionsArgs{Search: config.Search{Operators: []string{"*"}}})
		return err
	})
	for _, part := range []string{"search.operators[0]", "VpcID: is missing", "SubnetIDs: is missing", "SecurityGroupID: is missing", "KmsKeyArn: is missing"} {
		require.ErrorContains(t, err, part)
	}
}

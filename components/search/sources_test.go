package search_test

import (
	"cdcpipeline/components/search"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const ordersStream = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"

// runSources makes a search destination with the writers of each source's changes and rows; "" is the unnamed source.
func runSources(t *testing.T, kind config.SearchKind, sources ...string) *componenttest.Recorder {
	t.Helper()
	cfg := config.Search{Kind: kind}.WithDefaults(config.Dev)
	return componenttest.Run(t, func(ctx *pulumi.Context) error {
		history, current, err := targets(ctx, cfg)
		if err != nil {
			return err
		}
		role, err := search.NewDeliveryRole(ctx, "shared", &search.DeliveryRoleArgs{})
		if err != nil {
			return err
		}
		template, err := search.CurrentTemplate("current", current, cfg)
		if err != nil {
			return err
		}
		for _, source := range sources {
			if err := writers(ctx, cfg, source, history, current, role, template); err != nil {
				return err
			}
		}
		return nil
	})
}

func targets(ctx *pulumi.Context, cfg config.Search) (history, current search.Target, err error) {
	if cfg.Kind == config.OnCollections {
		c, err := search.NewCollections(ctx, "rows", &search.CollectionsArgs{
			Search: cfg, VpcID: pulumi.String("vpc-1"), SubnetIDs: pulumi.ToStringArray([]string{"a"}), SecurityGroupID: pulumi.String("group-1"), KmsKeyArn: pulumi.String(key),
		})
		if err != nil {
			return history, current, err
		}
		return c.History(), c.Current(), nil
	}
	domain, err := search.NewDomain(ctx, "search", domainArgs(config.Dev))
	if err != nil {
		return history, current, err
	}
	access, err := search.NewAccess(ctx, "access", &search.AccessArgs{Search: cfg, Domain: domain})
	if err != nil {
		return history, current, err
	}
	return access.Target(), access.Target(), nil
}

func writers(ctx *pulumi.Context, cfg config.Search, source string, history, current search.Target, role *search.DeliveryRole, template pulumi.Resource) error {
	name, stream, prefix := "", changesArn, "errors"
	if source != "" {
		cfg.HistoryIndex = source + "-" + cfg.HistoryIndex
		name, stream, prefix = source+"-", ordersStream, "errors/source="+source
	}
	_, err := search.NewDelivery(ctx, name+"history", &search.DeliveryArgs{
		Search: cfg, Source: source, Target: history, Role: role,
		StreamArn: pulumi.String(stream), BackupBucketArn: pulumi.String(bucketArn), BackupPrefix: prefix + "/search",
		KmsKeyArn: pulumi.String(key), VpcSubnetIDs: pulumi.ToStringArray([]string{"a"}), SecurityGroupID: pulumi.String("group-2"),
	})
	if err != nil {
		return err
	}
	registry := "current"
	if source != "" {
		registry = "current-" + source
	}
	_, err = search.NewCurrentState(ctx, name+"present", &search.CurrentStateArgs{
		Search: cfg, Source: source, Target: current, Template: template, Code: pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")}),
		StreamArn: pulumi.String(stream), ParkingBucketArn: pulumi.String(bucketArn), ParkingPrefix: prefix + "/current", Registry: registry,
		KmsKeyArn: pulumi.String(key), SubnetIDs: pulumi.ToStringArray([]string{"a"}), SecurityGroupID: pulumi.String("group-3"),
	})
	return err
}

func TestAnotherSourceChangesNothingOfTheFirst(t *testing.T) {
	for _, kind := range []config.SearchKind{config.OnDomain, config.OnCollections} {
		both := runSources(t, kind, "", "orders")
		for _, x := range runSources(t, kind, "").Resources() {
			i := slices.IndexFunc(both.Resources(), func(y componenttest.Registered) bool { return y.URN() == x.URN() })
			require.GreaterOrEqual(t, i, 0, x.Name)
			require.Equal(t, x.Inputs, both.Resources()[i].Inputs, x.Name)
			require.ElementsMatch(t, x.DependsOn, both.Resources()[i].DependsOn, x.Name)
		}
	}
}

func TestADeliveryOfANamedSourceActsAsARoleOfItsOwn(t *testing.T) {
	for kind, destination := range map[config.SearchKind]string{config.OnDomain: "opensearchConfiguration", config.OnCollections: "opensearchserverlessConfiguration"} {
		r := runSources(t, kind, "", "orders")
		const own, shared = "arn:aws:iam::123456789012:role/orders-history-role", "arn:aws:iam::123456789012:role/shared-role"
		stream := r.One(t, "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", "orders-history")
		to := stream.Input(destination).(map[string]any)
		require.Equal(t, []any{own, own, own}, []any{
			stream.Input("kinesisSourceConfiguration").(map[string]any)["roleArn"], to["roleArn"], to["s3Configuration"].(map[string]any)["roleArn"],
		})
		require.Equal(t, shared, to["vpcConfig"].(map[string]any)["roleArn"], "the role that makes and deletes network interfaces outlives the source")
		require.Equal(t, "orders-retail-trans", to["indexName"])
		require.Contains(t, strings.Join(stream.DependsOn, " "), "rolePolicy:RolePolicy::shared-interfaces")

		policy := r.One(t, "aws:iam/rolePolicy:RolePolicy", "orders-history-role")
		require.Equal(t, "orders-history-role", policy.Input("role"))
		text := policy.Input("policy").(string)
		require.NotContains(t, text, changesArn)
		require.Contains(t, text, ordersStream)
		require.Contains(t, text, bucketArn+"/errors/source=orders/search/*")
		require.NotContains(t, text, `/retail-trans`)
		require.NotContains(t, r.One(t, "aws:iam/rolePolicy:RolePolicy", "history-role").Input("policy"), "orders")
	}
}

func TestANamedSourceHasAHistoryOfItsOwnInTheDomain(t *testing.T) {
	r := runSources(t, config.OnDomain, "orders")

	template := r.One(t, templateType, "access-history-orders")
	require.Equal(t, "orders-retail-trans", template.Input("name"))
	require.Contains(t, template.Input("body"), `"orders-retail-trans-*"`)
	require.NotContains(t, template.Input("body"), `"retail-trans`)
	retention := r.One(t, "opensearch:index/ismPolicy:IsmPolicy", "access-history-orders")
	require.Equal(t, "orders-retail-trans", retention.Input("policyId"))
	require.Contains(t, retention.Input("body"), `"orders-retail-trans-*"`)
	require.Contains(t, strings.Join(template.DependsOn, " "), "ismPolicy:IsmPolicy::access-history-orders")
	stream := r.One(t, "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream")
	require.Contains(t, strings.Join(stream.DependsOn, " "), "composableIndexTemplate:ComposableIndexTemplate::access-history-orders")
	for _, x := range []componenttest.Registered{template, retention} {
		require.NotEmpty(t, x.DeletedWith, "it goes with the domain")
	}
	grant := r.One(t, "opensearch:index/role:Role", "access-orders-history")
	require.Equal(t, []any{"orders-retail-trans*"}, grant.Input("indexPermissions").([]any)[0].(map[string]any)["indexPatterns"])
	require.Equal(t, []any{"arn:aws:iam::123456789012:role/orders-history-role"}, r.One(t, "opensearch:index/rolesMapping:RolesMapping", "access-orders-history").Input("backendRoles"))
}

func TestANamedSourceHasAHistoryOfItsOwnInTheCollection(t *testing.T) {
	r := runSources(t, config.OnCollections, "orders")

	template := r.One(t, templateType, "rows-history-orders")
	require.Equal(t, "orders-retail-trans", template.Input("name"))
	require.Contains(t, template.Input("body"), `"index_patterns": [
    "orders-retail-trans"
  ]`)
	read := func(name string) entry { return entries(t, r.One(t, accessPolicy, name))[0] }
	const index = "index/retail-trans-history/orders-retail-trans"
	delivery, operators, all := read("rows-orders-history"), read("rows-operators-orders"), read("rows-operators")
	require.Equal(t, []string{index}, delivery.Rules[0].Resource)
	require.Equal(t, []string{"arn:aws:iam::123456789012:role/orders-history-role"}, delivery.Principal)
	require.Equal(t, []string{index}, operators.Rules[0].Resource)
	require.Equal(t, all.Principal, operators.Principal)
	require.Equal(t, all.Rules[1].Permission, operators.Rules[0].Permission)
	require.Equal(t, []string{"index/retail-trans-current/current-orders-*"}, read("rows-orders-present").Rules[1].Resource)
	names := map[any]bool{}
	for _, x := range r.All(accessPolicy) {
		require.LessOrEqual(t, len(x.Input("name").(string)), 32)
		names[x.Input("name")] = true
	}
	require.Len(t, names, 4)
}

func TestTheRowsOfANamedSourceAreItsOwn(t *testing.T) {
	r := runSources(t, config.OnDomain, "", "orders")

	variables := func(name string) map[string]any {
		return r.One(t, functionType, name).Input("environment").(map[string]any)["variables"].(map[string]any)
	}
	require.Equal(t, []any{"orders", "current-orders", "errors/source=orders/current/"}, []any{variables("orders-present-function")["SOURCE"], variables("orders-present-function")["REGISTRY"], variables("orders-present-function")["PARKING_PREFIX"]})
	require.NotContains(t, variables("present-function"), "SOURCE")

	text := r.One(t, "aws:iam/rolePolicy:RolePolicy", "orders-present-role").Input("policy").(string)
	for _, want := range []string{ordersStream, "/current-orders-*", bucketArn + "/errors/source=orders/current/*", bucketArn + "/registry/current-orders/*", bucketArn + "/registry/current-orders.json"} {
		require.Contains(t, text, want)
	}
	for _, other := range []string{changesArn, "/current-*", bucketArn + "/errors/current/", bucketArn + "/registry/current/", "FormerRegistry", "cdc-current"} {
		require.NotContains(t, text, other)
	}
	permissions := r.One(t, "opensearch:index/role:Role", "access-orders-present").Input("indexPermissions").([]any)
	require.Len(t, permissions, 1, "no registry of a former release")
	require.Equal(t, []any{"current-orders-*"}, permissions[0].(map[string]any)["indexPatterns"])
	require.Len(t, r.All(templateType), 4, "histories, present rows of all, dashboards")
	require.Contains(t, strings.Join(r.One(t, mappingType, "orders-present").DependsOn, " "), "composableIndexTemplate:ComposableIndexTemplate::current")
}

func TestASourceIsRefusedByAnotherName(t *testing.T) {
	_, err := componenttest.Try(currentProgram(func(a *search.CurrentStateArgs) { a.Source = "Or-ders" }))
	require.ErrorContains(t, err, `"Or-ders" is not the name of a source`)
}

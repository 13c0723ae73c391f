package provider

import (
	"cdcpipeline/components/canary"
	"cdcpipeline/components/search"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"cdcpipeline/internal/port"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const (
	accessToken      = "cdcpipeline:search:Access"
	collectionsToken = "cdcpipeline:search:Collections"
	deliveryToken    = "cdcpipeline:search:Delivery"
	rowsToken        = "cdcpipeline:search:CurrentState"
	canaryToken      = "cdcpipeline:canary:Canary"

	streamArn = "arn:aws:kinesis:us-east-1:123456789012:stream/changes"
	bucketArn = "arn:aws:s3:::lake"
	secretArn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:orders-AbCdEf"
)

func freePort(t testing.TB) int {
	t.Helper()
	held, err := port.Hold()
	require.NoError(t, err)
	t.Cleanup(held.Release)
	return held.Number
}

// itself is a component as a language hands it over.
func itself(token, name string) resource.PropertyValue {
	return resource.MakeComponentResourceReference(resource.NewURN(componenttest.Stack, componenttest.Project, "", tokens.Type(token), name), "1.2.3")
}

// writers are those of the unnamed source and of one with a name, and a canary: inputs by token and name.
func (l languages) writers(place inputs, role any) {
	function := merged(place, inputs{"kmsKeyArn": keyArn, "subnetIds": []any{"subnet-1", "subnet-2"}, "securityGroupId": "sg-functions"})
	for _, source := range []string{"", "orders"} {
		settings := merged(place, inputs{"search": inputs{"reach": "direct", "historyIndex": "changes" + source}, "source": source})
		l.make(deliveryToken, "delivery"+source, merged(settings, inputs{
			"roleArn": role, "streamArn": streamArn, "backupBucketArn": bucketArn, "kmsKeyArn": keyArn,
			"vpcSubnetIds": []any{"subnet-1", "subnet-2"}, "securityGroupId": "sg-delivery",
		}))
		l.make(rowsToken, "rows"+source, merged(function, settings, inputs{
			"streamArn": streamArn, "parkingBucketArn": bucketArn, "streamRetentionHours": 240, "measured": true,
		}))
	}
	l.make(canaryToken, "canary", merged(function, inputs{
		"source": inputs{"tables": []any{table}, "schemaFiles": []any{"testdata/orders.sql"}}, "secretArn": secretArn, "bucket": "lake", "bucketArn": bucketArn, "failedPrefix": "aws/lambda/1/",
	}))
}

// goWriters are the same.
func (c *chain) writers(ctx *pulumi.Context, history, current search.Target, template pulumi.Resource, role *search.DeliveryRole, kind config.SearchKind) {
	subnets := pulumi.ToStringArray([]string{"subnet-1", "subnet-2"})
	for _, source := range []string{"", "orders"} {
		cfg := config.Search{Reach: config.ReachDirect, HistoryIndex: "changes" + source}.WithDefaults(config.Dev).Only(kind)
		must[*search.Delivery](c)(search.NewDelivery(ctx, "delivery"+source, &search.DeliveryArgs{
			Search: cfg, Source: source, Target: history, Role: role, StreamArn: pulumi.String(streamArn), BackupBucketArn: pulumi.String(bucketArn),
			KmsKeyArn: pulumi.String(keyArn), VpcSubnetIDs: subnets, SecurityGroupID: pulumi.String("sg-delivery"),
		}))
		must[*search.CurrentState](c)(search.NewCurrentState(ctx, "rows"+source, &search.CurrentStateArgs{
			Search: cfg, Source: source, Target: current, Template: template, Code: c.code("currentstate"), StreamArn: pulumi.String(streamArn),
			StreamRetentionHours: 240, ParkingBucketArn: pulumi.String(bucketArn), KmsKeyArn: pulumi.String(keyArn), SubnetIDs: subnets,
			SecurityGroupID: pulumi.String("sg-functions"), Measured: true,
		}))
	}
	must[*canary.Canary](c)(canary.New(ctx, "canary", &canary.Args{
		Feed:   config.Feed{Source: config.Source{Tables: shopTables, SchemaFiles: []string{"testdata/orders.sql"}}.WithDefaults(config.Dev), Lake: config.Lake{}.WithDefaults(config.Dev), Canary: true},
		Target: current, Code: c.code("canary"), SecretArn: pulumi.String(secretArn), BucketName: pulumi.String("lake"), BucketArn: pulumi.String(bucketArn),
		FailedPrefix: pulumi.String("aws/lambda/1/"), KmsKeyArn: pulumi.String(keyArn), SubnetIDs: subnets, SecurityGroupID: pulumi.String("sg-functions"),
	}))
}

func (c *chain) searchedDomain(ctx *pulumi.Context) error {
	role := must[*search.DeliveryRole](c)(search.NewDeliveryRole(ctx, "delivery", &search.DeliveryRoleArgs{}))
	cfg := config.Search{Reach: config.ReachDirect, HistoryIndex: "changes"}
	domain := must[*search.Domain](c)(search.NewDomain(ctx, "search", &search.DomainArgs{
		Search: cfg, SubnetIDs: []pulumi.StringInput{pulumi.String("subnet-1")}, SecurityGroupID: pulumi.String("sg-search"), KmsKeyArn: pulumi.String(keyArn),
	}))
	access := must[*search.Access](c)(search.NewAccess(ctx, "access", &search.AccessArgs{
		Search: cfg, Domain: domain, Columns: []search.Column{{Name: "total", Type: search.Double}},
	}))
	if c.err != nil {
		return c.err
	}
	template := must[pulumi.Resource](c)(search.CurrentTemplate("access-current", access.Target(), cfg.WithDefaults(config.Dev)))
	c.writers(ctx, access.Target(), access.Target(), template, role, config.OnDomain)
	return c.err
}

func (l languages) searchedDomain() {
	role := l.make("cdcpipeline:search:DeliveryRole", "delivery", nil)["arn"]
	settings := inputs{"search": inputs{"reach": "direct", "historyIndex": "changes"}}
	l.make("cdcpipeline:search:Domain", "search", merged(settings, inputs{"subnetIds": []any{"subnet-1"}, "securityGroupId": "sg-search", "kmsKeyArn": keyArn}))
	l.make(accessToken, "access", merged(settings, inputs{
		"domain": itself("cdcpipeline:search:Domain", "search"), "columns": []any{inputs{"name": "total", "type": "double"}},
	}))
	l.writers(inputs{"access": itself(accessToken, "access")}, role)
}

func (c *chain) searchedCollections(ctx *pulumi.Context, gatewayPort int) error {
	role := must[*search.DeliveryRole](c)(search.NewDeliveryRole(ctx, "delivery", &search.DeliveryRoleArgs{}))
	collections := must[*search.Collections](c)(search.NewCollections(ctx, "collections", &search.CollectionsArgs{
		Search: config.Search{Reach: config.ReachDirect, HistoryIndex: "changes", GatewayPort: gatewayPort}, VpcID: pulumi.String("vpc-1"),
		SubnetIDs: pulumi.ToStringArray([]string{"subnet-1", "subnet-2"}), SecurityGroupID: pulumi.String("sg-search"), KmsKeyArn: pulumi.String(keyArn),
	}))
	if c.err != nil {
		return c.err
	}
	template := must[pulumi.Resource](c)(search.CurrentTemplate("collections-current", collections.Current(), config.Search{Kind: config.OnCollections}.WithDefaults(config.Dev)))
	c.writers(ctx, collections.History(), collections.Current(), template, role, config.OnCollections)
	return c.err
}

func (l languages) searchedCollections(gatewayPort int) {
	role := l.make("cdcpipeline:search:DeliveryRole", "delivery", nil)["arn"]
	l.make(collectionsToken, "collections", inputs{
		"search": inputs{"reach": "direct", "historyIndex": "changes", "gatewayPort": gatewayPort}, "vpcId": "vpc-1",
		"subnetIds": []any{"subnet-1", "subnet-2"}, "securityGroupId": "sg-search", "kmsKeyArn": keyArn,
	})
	l.writers(inputs{"collections": itself(collectionsToken, "collections")}, role)
}

func TestASearchedDomainIsTheSameFromEveryLanguage(t *testing.T) {
	folder := releasedFunctions(t)
	c := &chain{code: func(name string) pulumi.Archive {
		return pulumi.NewFileArchive(filepath.Join(folder, ZipOf(name, config.ARM64)))
	}}
	inGo := componenttest.Run(t, c.searchedDomain)
	l := inLanguages(t)
	l.searchedDomain()
	sameResources(t, inGo.Resources(), l.recorder.Resources())
}

func TestSearchedCollectionsAreTheSameFromEveryLanguage(t *testing.T) {
	folder := releasedFunctions(t)
	gatewayPort := freePort(t)
	c := &chain{code: func(name string) pulumi.Archive {
		return pulumi.NewFileArchive(filepath.Join(folder, ZipOf(name, config.ARM64)))
	}}
	inGo := componenttest.Run(t, func(ctx *pulumi.Context) error { return c.searchedCollections(ctx, gatewayPort) })
	l := inLanguages(t)
	l.searchedCollections(gatewayPort)
	sameResources(t, inGo.Resources(), l.recorder.Resources())
}

package provider

import (
	"cdcpipeline/components/bastion"
	"cdcpipeline/components/encryption"
	"cdcpipeline/components/lake"
	"cdcpipeline/components/network"
	"cdcpipeline/components/replication"
	"cdcpipeline/components/search"
	"cdcpipeline/components/source"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// chain is what both programs make, one component of the outputs of others.
type chain struct {
	code func(name string) pulumi.Archive
	err  error
}

// must remembers the first error.
func must[C any](c *chain) func(made C, err error) C {
	return func(made C, err error) C {
		if c.err == nil {
			c.err = err
		}
		return made
	}
}

var shopTables = []config.Table{{Database: "shop", Table: "orders"}}

func (c *chain) inGo(ctx *pulumi.Context) error {
	key := must[*encryption.Key](c)(encryption.NewKey(ctx, "key", &encryption.KeyArgs{DeletionWindowDays: 7, RetainOnDelete: true}))
	role := must[*search.DeliveryRole](c)(search.NewDeliveryRole(ctx, "search-delivery", &search.DeliveryRoleArgs{}))
	must[*source.ServiceLinkedRole](c)(source.NewServiceLinkedRole(ctx, "rds", &source.ServiceLinkedRoleArgs{}))
	must[*search.ServiceLinkedRole](c)(search.NewServiceLinkedRole(ctx, "opensearch", &search.ServiceLinkedRoleArgs{}))
	net := must[*network.Network](c)(network.NewNetwork(ctx, "net", &network.NetworkArgs{
		Network: config.Network{Cidr: "10.20.0.0/16"}, Bastion: true, Databases: []network.Database{{Port: 3307}, {Source: "stock", Port: 5432}},
		DeliveryNeeds: role.Dependencies, KmsKeyArn: key.Arn,
	}))
	if c.err != nil {
		return c.err
	}
	must[*bastion.Bastion](c)(bastion.NewBastion(ctx, "bastion", &bastion.BastionArgs{
		SubnetID: net.Subnets[0], SecurityGroupID: net.SecurityGroups.Bastion, KmsKeyArn: key.Arn,
	}))
	cfg := config.Source{ClusterName: "shop", Port: 3307, Tables: shopTables, SchemaFiles: []string{"testdata/orders.sql"}}
	shop := must[*source.AuroraMySQL](c)(source.NewAuroraMySQL(ctx, "shop", &source.AuroraArgs{
		Source: cfg, SubnetIDs: net.SubnetIDs(), SecurityGroupID: net.SecurityGroups.Databases[""], KmsKeyArn: key.Arn, LogRetentionDays: 30,
	}))
	must[*source.AuroraPostgreSQL](c)(source.NewAuroraPostgreSQL(ctx, "stock", &source.AuroraArgs{
		Source: config.Source{ClusterName: "stock", DatabaseName: "warehouse", Tables: shopTables, SchemaFiles: cfg.SchemaFiles}, Environment: config.Prod,
		SubnetIDs: net.SubnetIDs(), SecurityGroupID: net.SecurityGroups.Databases["stock"], KmsKeyArn: key.Arn,
	}))
	must[*source.Existing](c)(source.NewExisting(ctx, "there", &source.ExistingArgs{Source: config.Source{Existing: &config.ExistingDatabase{
		Host: "db.example.com", SecretArn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:orders-AbCdEf", SecurityGroupID: "sg-01234567",
	}}}))
	if c.err != nil {
		return c.err
	}
	ready := must[*source.Bootstrap](c)(source.NewBootstrap(ctx, "bootstrap", &source.BootstrapArgs{
		Source: cfg, Database: shop.Database, Code: c.code("bootstrap"), SubnetIDs: net.SubnetIDs(), SecurityGroupID: net.SecurityGroups.Functions,
		KmsKeyArn: key.Arn, LobMaxSizeKb: 100,
	}))
	if c.err != nil {
		return c.err
	}
	must[*source.Rotation](c)(source.NewRotation(ctx, "rotation", &source.RotationArgs{
		Source: cfg, Database: shop.Database, Code: c.code("rotation"), SubnetIDs: net.SubnetIDs(), SecurityGroupID: net.SecurityGroups.Functions,
		KmsKeyArn: key.Arn, SecretArn: ready.ReplicationSecretArn, User: ready.ReplicationUser,
	}))
	must[*replication.AccountRoles](c)(replication.NewAccountRoles(ctx, "roles", &replication.AccountRolesArgs{Serverless: true}))
	must[*replication.Replication](c)(replication.NewReplication(ctx, "replication", &replication.ReplicationArgs{
		Replication: config.Replication{StorageGb: 60}, Tables: shopTables,
		Source:    replication.SourceEndpoint{EngineName: "aurora", SecretArn: ready.ReplicationSecretArn},
		StreamArn: pulumi.String("arn:aws:kinesis:us-east-1:123456789012:stream/changes"), KmsKeyArn: key.Arn, CaBundle: source.RDSCertificates(),
		SubnetIDs: net.SubnetIDs(), SecurityGroupID: net.SecurityGroups.Replication,
	}))
	settings := config.Lake{Tables: config.LakeTables{Format: config.FormatIceberg}}
	catalog := must[*lake.Catalog](c)(lake.NewCatalog(ctx, "catalog", &lake.CatalogArgs{
		Lake: settings, Bucket: pulumi.String("lake"), BucketArn: pulumi.String("arn:aws:s3:::lake"), KmsKeyArn: key.Arn,
		Sources: []lake.CatalogSource{{Tables: shopTables, Found: ready.Result, RowsSince: config.RowsSince{"shop.orders": "2026-01-31T12:00:00Z"}}},
	}))
	if c.err != nil {
		return c.err
	}
	must[*lake.Tables](c)(lake.NewTables(ctx, "tables", &lake.TablesArgs{
		Lake: settings, Tables: shopTables, Found: ready.Result, Database: catalog.Database,
		Bucket: pulumi.String("lake"), BucketArn: pulumi.String("arn:aws:s3:::lake"), KmsKeyArn: key.Arn,
	}))
	subnets := make([]pulumi.StringInput, len(net.Subnets))
	for i, id := range net.Subnets {
		subnets[i] = id
	}
	must[*search.Domain](c)(search.NewDomain(ctx, "search", &search.DomainArgs{
		Search: config.Search{DomainName: "shop", InstanceCount: 2, AvailabilityZones: 2}, SubnetIDs: subnets, SecurityGroupID: net.SecurityGroups.Search, KmsKeyArn: key.Arn,
	}))
	return c.err
}

func (l languages) chain() (made []string) {
	construct := func(token, name string, given inputs, dependsOn ...string) map[string]any {
		made = append(made, token)
		return l.make("cdcpipeline:"+token, name, given, dependsOn...)
	}
	key := construct("encryption:Key", "key", inputs{"deletionWindowDays": 7, "retainOnDelete": true})["arn"]
	construct("search:DeliveryRole", "search-delivery", nil)
	construct("source:ServiceLinkedRole", "rds", nil)
	construct("search:ServiceLinkedRole", "opensearch", nil)
	net := construct("network:Network", "net", inputs{
		"network": inputs{"cidr": "10.20.0.0/16"}, "bastion": true, "databases": []any{inputs{"port": 3307}, inputs{"source": "stock", "port": 5432}}, "kmsKeyArn": key,
	})
	construct("bastion:Bastion", "bastion", inputs{"subnetId": net["subnetIds"].([]any)[0], "securityGroupId": net["bastionSecurityGroupId"], "kmsKeyArn": key})
	tables := []any{table}
	cfg := inputs{"clusterName": "shop", "port": 3307, "tables": tables, "schemaFiles": []any{"testdata/orders.sql"}}
	shop := construct("source:AuroraMySQL", "shop", inputs{
		"source": cfg, "subnetIds": net["subnetIds"], "securityGroupId": net["databaseSecurityGroupId"], "kmsKeyArn": key, "logRetentionDays": 30,
	})
	construct("source:AuroraPostgreSQL", "stock", inputs{
		"source": inputs{"clusterName": "stock", "databaseName": "warehouse", "tables": tables, "schemaFiles": []any{"testdata/orders.sql"}}, "environment": "prod",
		"subnetIds": net["subnetIds"], "securityGroupId": net["databaseSecurityGroupIds"].(map[string]any)["stock"], "kmsKeyArn": key,
	})
	construct("source:Existing", "there", inputs{"source": inputs{"existing": inputs{
		"host": "db.example.com", "secretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:orders-AbCdEf", "securityGroupId": "sg-01234567",
	}}})
	address := inputs{}
	for _, of := range []string{"host", "port", "adminSecretArn", "secretKmsKeyArn", "incarnation"} {
		address[of] = shop[of]
	}
	function := inputs{"source": cfg, "database": address, "subnetIds": net["subnetIds"], "securityGroupId": net["functionsSecurityGroupId"], "kmsKeyArn": key}
	ready := construct("source:Bootstrap", "bootstrap", merged(function, inputs{"lobMaxSizeKb": 100}))
	construct("source:Rotation", "rotation", merged(function, inputs{"secretArn": ready["replicationSecretArn"], "user": ready["replicationUser"]}))
	construct("replication:AccountRoles", "roles", inputs{"serverless": true})
	construct("replication:Replication", "replication", inputs{
		"replication": inputs{"storageGb": 60}, "tables": tables, "source": inputs{"engineName": "aurora", "secretArn": ready["replicationSecretArn"]},
		"streamArn": "arn:aws:kinesis:us-east-1:123456789012:stream/changes", "kmsKeyArn": key,
		"subnetIds": net["subnetIds"], "securityGroupId": net["replicationSecurityGroupId"],
	})
	settings, bucket := inputs{"tables": inputs{"format": "iceberg"}}, inputs{"bucket": "lake", "bucketArn": "arn:aws:s3:::lake", "kmsKeyArn": key}
	catalog := construct("lake:Catalog", "catalog", merged(bucket, inputs{
		"lake": settings, "sources": []any{inputs{"tables": tables, "found": ready["result"], "rowsSince": inputs{"shop.orders": "2026-01-31T12:00:00Z"}}},
	}))
	kept := construct("lake:Tables", "tables", merged(bucket, inputs{"lake": settings, "tables": tables, "found": ready["result"], "database": catalog["database"]}))
	require.Equal(l.t, []any{"iceberg", 1.0}, []any{kept["format"], kept["generation"]})
	construct("search:Domain", "search", inputs{
		"search": inputs{"domainName": "shop", "instanceCount": 2, "availabilityZones": 2}, "subnetIds": net["subnetIds"], "securityGroupId": net["searchSecurityGroupId"], "kmsKeyArn": key,
	})
	return made
}

func TestComponentsOfOthersOutputsAreTheSameFromEveryLanguage(t *testing.T) {
	folder := releasedFunctions(t)
	c := &chain{code: func(name string) pulumi.Archive {
		return pulumi.NewFileArchive(filepath.Join(folder, ZipOf(name, config.ARM64)))
	}}
	inGo := componenttest.Run(t, c.inGo)
	l := inLanguages(t)
	made := l.chain()
	sameResources(t, inGo.Resources(), l.recorder.Resources())

	made = append(made, // in tests of their own
		"stream:ChangeStream", "lake:Bucket", "lake:Delivery", "pipeline:Pipeline",
		"search:Access", "search:Collections", "search:Delivery", "search:CurrentState", "canary:Canary", "observability:Observability",
	)
	var all []string
	for _, f := range forms {
		all = append(all, f.kind.Token()[len("cdcpipeline:"):])
	}
	slices.Sort(made)
	slices.Sort(all)
	require.Equal(t, all, made)
}

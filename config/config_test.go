package config

import (
	"encoding/json"
	"io/fs"
	"math/rand"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/quick"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"
)

func TestNoConfigurationIsADevPipeline(t *testing.T) {
	c, err := Parse(nil, nil)
	require.NoError(t, err)
	require.Equal(t, Config{}.WithDefaults(), c)
	require.Equal(t, Dev, c.Environment)
	require.Equal(t, []Table{{Database: "testdb", Table: "retail_trans"}}, c.Source.Tables)
}

func TestDefaultsOfEveryEnvironmentAreValid(t *testing.T) {
	for _, environment := range []Environment{Dev, Prod} {
		c := Config{Environment: environment, Source: Source{Enabled: new(true)}, Sources: map[string]NamedSource{"orders": {}}}.WithDefaults()
		require.NoError(t, c.Validate())
		for _, f := range fields(c) {
			if f.value.Kind() == reflect.Pointer && f.key != "source.existing" && f.key != "sources.orders.existing" && f.key != "search.standbyReplicas" && f.key != "alarms.canary" { // keys that a domain does not have, or that depend on the source
				require.False(t, f.value.IsNil(), "%s has no default in %s", f.key, environment)
			}
		}
	}
}

func TestDefaultsAreIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value, ok := quick.Value(reflect.TypeFor[Config](), rand.New(rand.NewSource(rapid.Int64().Draw(t, "seed"))))
		require.True(t, ok)
		c := value.Interface().(Config)
		c.Environment = rapid.SampledFrom([]Environment{"", Dev, Prod, "other"}).Draw(t, "environment")
		for _, f := range fields(Config{}) {
			if rapid.Bool().Draw(t, f.key) {
				clearField(reflect.ValueOf(&c).Elem(), f.key)
			}
		}
		once := c.WithDefaults()
		require.Equal(t, once, once.WithDefaults())
	})
}

// clearField unsets the key if the structs above it exist.
func clearField(v reflect.Value, key string) {
	name, rest, nested := strings.Cut(key, ".")
	for i := range v.NumField() {
		if v.Type().Field(i).Anonymous {
			clearField(v.Field(i), key)
		}
		if v.Type().Field(i).Tag.Get("json") != name {
			continue
		}
		field := v.Field(i)
		switch {
		case !nested:
			field.SetZero()
		case field.Kind() == reflect.Struct:
			clearField(field, rest)
		case field.Kind() == reflect.Map: // map entries are not addressable
			_, rest, _ = strings.Cut(rest, ".")
			for _, name := range field.MapKeys() {
				entry := reflect.New(field.Type().Elem()).Elem()
				entry.Set(field.MapIndex(name))
				clearField(entry, rest)
				field.SetMapIndex(name, entry)
			}
		case field.Kind() == reflect.Pointer && !field.IsNil():
			clearField(field.Elem(), rest)
		}
	}
}

func TestDefaultsDoNotChangeTheirInput(t *testing.T) {
	given := Source{Existing: &ExistingDatabase{Host: "db.example.com"}}
	require.Equal(t, 3306, given.WithDefaults(Dev).Existing.Port)
	require.Zero(t, given.Existing.Port)
}

func TestAllProblemsComeBackTogether(t *testing.T) {
	_, err := Parse(stackValues(t, `
environment: staging
network: {cidr: 10.0.0.0/28, availabilityZone: 2}
search: {domainName: Retail, instanceCount: three, engineVersion: 2.19, instanceTyp: t3.small.search}
lake: {bufferMb: 5}
serach: {}
`), nil)
	require.ErrorContains(t, err, lines(
		`serach: is not a key of this project: did you mean search?`,
		`network.availabilityZone: is not a key of this project: did you mean network.availabilityZones?`,
		`search.instanceTyp: is not a key of this project: did you mean search.instanceType?`,
		`search.engineVersion: 2.19 was read as a number (an unquoted 3.10 arrives as 3.1): put the value in quotes`,
		`search.instanceCount: "three" is not a whole number: write only digits, without a unit`,
		`environment: "staging" is not allowed here: use one of dev, prod`,
		`network.cidr: 10.0.0.0/28 is too small for the subnets of 2 zones: use /16 to /24`,
		`search.domainName: "Retail" must be 3 to 28 lower-case letters, digits and hyphens, and must begin with a letter`))
	require.ErrorContains(t, err, "lake.bufferMb: 5 is out of range")
	require.Len(t, strings.Split(err.Error(), "\n"), 9)
}

func TestEverySectionValidatesAlone(t *testing.T) {
	require.ErrorContains(t, Search{DomainName: "Retail"}.WithDefaults(Dev).Validate(), "search.domainName: ")
	require.ErrorContains(t, Stream{Shards: -1}.WithDefaults(Dev).Validate(), "stream.shards: ")
	require.NoError(t, Lake{}.WithDefaults(Prod).Validate())
}

func TestSecretsAreRefusedAndNotRepeated(t *testing.T) {
	_, err := Parse(map[string]string{"search": `{"domainName":"hunter2"}`}, []string{"search"})
	require.EqualError(t, err, "search: has a secret value: store the secret in Secrets Manager, set its ARN instead, and remove this value with `pulumi config rm cdc-pipeline:search`")
}

func TestNumbersAndBooleansMayBeStrings(t *testing.T) {
	c, err := Parse(stackValues(t, `{source: {instances: "2", deletionProtection: "true"}, search: {bufferSeconds: "0"}}`), nil)
	require.NoError(t, err)
	require.Equal(t, 2, c.Source.Instances)
	require.True(t, *c.Source.DeletionProtection)
	require.Zero(t, *c.Search.BufferSeconds)
}

func TestNullIsTheDefault(t *testing.T) {
	c, err := Parse(stackValues(t, `{search: {domainName: null}, lake: null}`), nil)
	require.NoError(t, err)
	require.Equal(t, Config{}.WithDefaults(), c)
}

func TestAcceptedConfigurations(t *testing.T) {
	for name, config := range map[string]string{
		"an existing database":      `{VPC, source: {existing: {host: db.example.com, secretArn: SECRETARN, securityGroupId: sg-01234567}, tables: [{database: shop, table: Bestellübersicht}]}}`,
		"three of everything":       `{network: {availabilityZones: 3}, search: {instanceType: r7g.large.search, instanceCount: 3, availabilityZones: 3, dedicatedMasters: 3}}`,
		"an index that only begins": `search: {historyIndex: currents}`,
		"tables of one's own":       `source: {tables: [{database: shop, table: orders}], schemaFiles: [orders.sql]}`,
		"no catalog":                `lake: {prefix: athena-results, catalog: {enabled: false}}`,
		"no current state":          `{search: {current: {enabled: false, maxAgeHours: 168}}, lake: {prefix: registry}}`,
		"patterns and an exclusion": `source: {tables: [{database: "shop%", table: "%"}, {database: stock, table: "item%"}], exclude: [{database: "%", table: "tmp%"}], schemaFiles: [a.sql]}`,
		"filters and omissions":     `source: {tables: [{database: testdb, table: retail_trans, omitColumns: [memo], filters: [{column: trans_id, operator: between, value: "1", endValue: "9"}, {column: trans_id, operator: gte, value: "100"}, {column: event, operator: notnull}]}]}`,
		"everything adopted":        `{VPC, encryption: {kmsKeyArn: "arn:aws:kms:us-east-1:123456789012:key/mrk-1234"}, lake: {logBucket: logs.example.com}, source: {bootstrap: check, replicationSecretArn: SECRETARN, existing: {host: db.example.com, securityGroupId: sg-01234567}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(stackValues(t, expand.Replace(config)), nil)
			require.NoError(t, err)
		})
	}
}

func TestStackFilesOfTheProjectAreValid(t *testing.T) {
	for file, environment := range map[string]Environment{"../Pulumi.dev.yaml": Dev, "../Pulumi.prod.yaml": Prod} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var stack struct {
			Config map[string]any `yaml:"config"`
		}
		require.NoError(t, yaml.Unmarshal(text, &stack))
		ours := map[string]any{}
		for key, value := range stack.Config {
			if key, ok := strings.CutPrefix(key, Namespace+":"); ok {
				ours[key] = value
			}
		}
		plain, err := yaml.Marshal(ours)
		require.NoError(t, err)
		c, err := Parse(stackValues(t, string(plain)), nil)
		require.NoError(t, err)
		require.Equal(t, environment, c.Environment)
	}
}

func TestFilesAreRefusedBeforeAnythingIsMade(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	c := Config{Source: Source{SchemaFiles: []string{"absent.sql", empty}, CaFile: empty}}
	err := c.CheckFiles(os.ReadFile)
	require.EqualError(t, err, lines(
		"source.schemaFiles[0]: absent.sql: no such file or directory (paths are relative to the project's folder)",
		"source.schemaFiles[1]: "+empty+": is empty: write SQL statements into it (paths are relative to the project's folder)",
		"source.caFile: "+empty+": contains no PEM certificate (paths are relative to the project's folder)"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// load runs Load in a Pulumi program. info is the configuration that the engine passes to the program.
func load(t *testing.T, info map[string]string, secrets ...string) (c Config, err error) {
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		c, err = Load(ctx)
		return nil
	}, pulumi.WithMocks(Namespace, "test", noResources{}), func(r *pulumi.RunInfo) {
		r.Config, r.ConfigSecretKeys = info, secrets
	}))
	return c, err
}

type noResources struct{}

func (noResources) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	return args.Name, args.Inputs, nil
}

func (noResources) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return args.Args, nil
}

func TestLoadReadsTheStack(t *testing.T) {
	c, err := load(t, map[string]string{"cdc-pipeline:environment": "prod", "cdc-pipeline:search": `{"volumeGb":50}`, "aws:region": "us-east-1"})
	require.NoError(t, err)
	require.Equal(t, 50, c.Search.VolumeGb)
	require.Equal(t, 3, c.Search.InstanceCount)

	_, err = load(t, map[string]string{"cdc-pipeline:source": "{}"}, "cdc-pipeline:source")
	require.ErrorContains(t, err, "source: has a secret value")

	_, err = load(t, map[string]string{"cdc-pipeline:search.volumeGb": "50"})
	require.ErrorContains(t, err, "search.volumeGb: was set without --path")
}

func TestLoadSeesUnknownSectionsWhenTheCLIRunsTheProgram(t *testing.T) {
	values := map[string]string{"cdc-pipeline:serach": "{}", "aws:region": "us-east-1"}
	encoded, err := json.Marshal(values)
	require.NoError(t, err)
	t.Setenv(pulumi.EnvConfig, string(encoded))
	_, err = load(t, values)
	require.EqualError(t, err, "serach: is not a key of this project: did you mean search?")
}

func FuzzParse(f *testing.F) {
	f.Add("search", `{"domainName":"retail","instanceCount":3}`, false)
	f.Add("source", `{"tables":[{"database":"testdb","table":"retail_trans"}],"existing":{"port":1}}`, false)
	f.Add("network", `{"cidr":"10.0.0.0/16","privateSubnetIds":[null,1,{}]}`, true)
	f.Add("environment", "prod", false)
	f.Add("sources", `{"orders":{"stream":{"shards":"1"},"tables":[{"table":"x"}]},"a.b":{},"c":null,"d":[]}`, false)
	f.Add("lake.prefix", `null`, false)
	f.Fuzz(func(t *testing.T, key, value string, secret bool) {
		var secrets []string
		if secret {
			secrets = []string{key}
		}
		c, err := Parse(map[string]string{key: value}, secrets)
		if err != nil {
			require.Equal(t, Config{}, c)
			return
		}
		require.NoError(t, c.Validate())
		require.Equal(t, c, c.WithDefaults())
	})
}

func TestCollectionsAreReachedByAPortOfThisMachineInEitherWay(t *testing.T) {
	for _, reach := range []Reach{ReachTunnel, ReachDirect} {
		c := Config{Search: Search{Kind: OnCollections, Reach: reach}}.WithDefaults()
		require.NoError(t, c.Validate())
		require.Equal(t, []int{0, 9201}, []int{c.Search.TunnelPort, c.Search.GatewayPort})
		c.Search.GatewayPort = 9300
		require.NoError(t, c.Validate())
	}
}

func TestTheNextPlaceThatIsSearchedTakesTheDefaultsOfItsKind(t *testing.T) {
	for _, kind := range []SearchKind{OnDomain, OnCollections} {
		next := OnCollections
		if kind == next {
			next = OnDomain
		}
		c := Config{Search: Search{Kind: kind, Next: next}}.Named("blue").WithDefaults()
		require.NoError(t, c.Validate())
		require.Equal(t, []SearchKind{kind, next}, c.Search.Kinds())
		require.Equal(t, []string{"retail-trans-blue", "retail-trans-blue"}, []string{c.Search.DomainName, c.Search.CollectionName})
		for _, one := range c.Search.Kinds() {
			alone := Config{Search: Search{Kind: one}}.Named("blue").WithDefaults().Search
			require.Equal(t, alone, c.Search.Only(one))
		}
	}
}

package config

import (
	"bytes"
	"cdcpipeline/internal/comments"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/configuration.md")

const page = "../docs/configuration.md"

func TestConfigurationPageIsCurrent(t *testing.T) {
	want := configurationPage(t)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(page), 0o755))
		require.NoError(t, os.WriteFile(page, want, 0o644))
	}
	have, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, string(want), string(have), "stale: go generate ./config")
}

func TestEveryKeyIsDocumented(t *testing.T) {
	said := readComments(t)
	for _, f := range fields(Config{}) {
		require.NotEmpty(t, said.Of[f.owner.Name()+"."+f.name], f.key)
	}
}

// readComments reads the doc comments of the package's types and fields.
func readComments(t *testing.T) comments.Package {
	read, err := comments.Read(".")
	require.NoError(t, err)
	return read
}

// choices formats the possible values of a type, to be appended to a key's description.
func choices(of []comments.Choice) (text string) {
	for _, c := range of {
		text += fmt.Sprintf(" `%s` %s", c.Value, c.Meaning)
	}
	return text
}

const intro = `<!-- Generated from config/*.go by ` + "`" + `go generate ./config` + "`" + `: do not edit. -->
# Configuration

Every key has a default. ` + "`" + `cdc-pipeline:environment` + "`" + ` chooses the defaults. If you set nothing but ` + "`" + `aws:region` + "`" + `, you get a dev pipeline. Set a key with

` + "```" + `
pulumi config set cdc-pipeline:environment prod
pulumi config set --path 'cdc-pipeline:search.instanceType' r7g.xlarge.search
pulumi config set --path 'cdc-pipeline:source.tables[0].database' shop
` + "```" + `

or in ` + "`" + `Pulumi.<stack>.yaml` + "`" + `. There, text that looks like a number needs quotes (YAML reads an unquoted ` + "`" + `3.10` + "`" + ` as 3.1):

` + "```" + `yaml
config:
  cdc-pipeline:environment: prod
  cdc-pipeline:source:
    tables:
      - {database: shop, table: orders}
    schemaFiles: [orders.sql]
` + "```" + `

A stack has one source or several. ` + "`" + `source` + "`" + ` is the source without a name, and each entry of ` + "`" + `sources` + "`" + ` is a source with a name. Each source has a stream and a task of
its own. You can add sources later: the source without a name does not change. This stack has three sources, the databases of three services. One of them has more
capacity, and one of them is PostgreSQL:

` + "```" + `yaml
config:
  cdc-pipeline:environment: prod
  cdc-pipeline:network:
    vpcId: vpc-0123456789abcdef0
    privateSubnetIds: [subnet-0123456789abcdef0, subnet-0fedcba9876543210, subnet-0123456789abcdef1]
  cdc-pipeline:source: # the source without a name; set "enabled: false" if there is none
    tables:
      - {database: shop, table: customers}
    schemaFiles: [customers.sql]
  cdc-pipeline:replication: # for every source that does not set its own
    storageGb: 100
  cdc-pipeline:sources:
    orders:
      existing:
        host: orders.example.com
        secretArn: arn:aws:secretsmanager:eu-central-1:123456789012:secret:orders-admin-AbCdEf
        securityGroupId: sg-0123456789abcdef0
      tables:
        - {database: shop, table: "%"}
      stream: {shards: 4}
      replication: {instanceClass: dms.r6i.2xlarge}
    stock:
      engine: postgresql
      databaseName: warehouse
      tables:
        - {database: public, table: items} # for PostgreSQL, database is a schema
      schemaFiles: [items.sql]
      replication: {kind: serverless, maxDcu: 8}
` + "```" + `

You can also set single keys: ` + "`" + `pulumi config set --path 'cdc-pipeline:sources.orders.tables[0].database' shop` + "`" + `. A name has 1 to 16 lower-case letters and digits, and
begins with a letter. At most 20 sources can have a name. The name becomes part of the names of the source's resources, so a new name makes a new source.

The program checks the whole configuration before it makes the first resource, and reports all problems at once. It refuses unknown keys (and names the nearest known
key), values of the wrong type, and values that AWS would refuse later. No value may be a secret: store secrets in Secrets Manager, and set their ARNs here. Pulumi's
AWS provider sets the AWS account and region (` + "`" + `aws:region` + "`" + `, ` + "`" + `aws:profile` + "`" + `, ` + "`" + `aws:assumeRole` + "`" + `, ` + "`" + `aws:defaultTags` + "`" + ` …).

If you run the program inline with the Automation API, it does not learn which keys are set. Then it does not notice a misspelt section. It always notices a misspelt
key within a section.
`

func configurationPage(t *testing.T) []byte {
	said := readComments(t)
	dev, prod := defaults(Dev), defaults(Prod)
	var out bytes.Buffer
	out.WriteString(intro)
	section := ""
	for i, f := range fields(Config{}) {
		if name, _, _ := strings.Cut(f.key, "."); name != section {
			section = name
			fmt.Fprintf(&out, "\n## %s\n\n%s\n\n| key | type | default in dev | default in prod | meaning |\n|---|---|---|---|---|\n", section, said.Of[sectionType(section).Name()])
		}
		meaning := inKeys(f.owner, said.Of[f.owner.Name()+"."+f.name]) + choices(said.Choices[f.value.Type().Name()])
		if own, named := strings.CutPrefix(f.key, "sources."+anyName+"."); named {
			meaning = ofNamed(own)
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s | %s | %s |\n", f.key, typeName(f.value.Type()), shownDefault(dev[i].value), shownDefault(prod[i].value), strings.ReplaceAll(meaning, "|", `\|`))
	}
	return out.Bytes()
}

// sectionType returns the struct type of a section; for a map of named sections, the type of its values.
func sectionType(section string) reflect.Type {
	all := reflect.TypeFor[Config]()
	for i := range all.NumField() {
		if f := all.Field(i); f.Tag.Get("json") == section {
			if f.Type.Kind() == reflect.Map {
				return f.Type.Elem()
			}
			return f.Type
		}
	}
	return all
}

// ofNamed describes a key of a named source by the same key of the unnamed source.
func ofNamed(own string) string {
	section, _, _ := strings.Cut(own, ".")
	switch {
	case own == "stream.name":
		return "Like `stream.name`. The default ends with the source's name."
	case own == "clusterName":
		return "Like `source.clusterName`. The default ends with the source's name."
	case section == "stream" || section == "replication":
		return fmt.Sprintf("Like `%[1]s`. Default: the value of `%[1]s`.", own)
	}
	return fmt.Sprintf("Like `source.%s`.", own)
}

// defaults returns the default of every key. The configuration has a cluster, a domain and a replication instance.
// Keys below source.existing, and keys that only serverless capacity or PostgreSQL has, come from configurations
// that have these.
func defaults(environment Environment) []field {
	existing := Source{Existing: &ExistingDatabase{}}
	all := fields(Config{Environment: environment, Source: Source{Enabled: new(true)}, Sources: map[string]NamedSource{"orders": {}}}.WithDefaults())
	yours := fields(Config{Environment: environment, Source: existing, Sources: map[string]NamedSource{"orders": {Source: existing}}, Replication: Replication{Kind: Serverless}, Search: Search{Kind: OnCollections}}.WithDefaults())
	postgres := Source{Enabled: new(true), Engine: EnginePostgreSQL}
	for i, f := range fields(Config{Environment: environment, Source: postgres, Sources: map[string]NamedSource{"orders": {Source: postgres}}}.WithDefaults()) {
		if f.name == "DatabaseName" || f.name == "SlotWalGb" {
			all[i] = f
		}
	}
	for i, f := range yours {
		if f.owner == reflect.TypeFor[ExistingDatabase]() || strings.HasSuffix(f.key, "Dcu") || slices.Contains([]string{"search.collectionName", "search.standbyReplicas", "search.gatewayPort"}, f.key) {
			all[i] = f
		}
	}
	return all
}

// inKeys replaces Go names in a comment with the keys that a user sets.
func inKeys(owner reflect.Type, comment string) string {
	for i := range owner.NumField() {
		f := owner.Field(i)
		comment = regexp.MustCompile(`\b`+f.Name+`\b`).ReplaceAllString(comment, "`"+f.Tag.Get("json")+"`")
	}
	return comment
}

func typeName(t reflect.Type) string {
	switch t.Kind() { // all kinds that a Config contains
	case reflect.Pointer:
		return typeName(t.Elem())
	case reflect.Slice:
		return "list of " + typeName(t.Elem())
	case reflect.Map:
		return typeName(t.Elem()) + " by name"
	case reflect.Struct:
		return "object"
	case reflect.Int:
		return "number"
	case reflect.String:
		return "text"
	default:
		return "boolean"
	}
}

func shownDefault(v reflect.Value) string {
	switch {
	case v.Kind() == reflect.Pointer && v.IsNil() || v.Kind() == reflect.String && v.String() == "" || (v.Kind() == reflect.Slice || v.Kind() == reflect.Map) && v.Len() == 0:
		return "none"
	case v.Kind() == reflect.Pointer:
		return shownDefault(v.Elem())
	case v.Kind() == reflect.Slice:
		var entries []string
		for i := range v.Len() {
			entries = append(entries, strings.ReplaceAll(fmt.Sprint(v.Index(i)), " ", "."))
		}
		return "`" + strings.Trim(strings.Join(entries, ", "), "{}") + "`"
	}
	return fmt.Sprintf("`%v`", v)
}

package provider

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
)

const streamToken = "cdcpipeline:stream:ChangeStream"

func TestAWrongInputGetsTheNearestOne(t *testing.T) {
	for misspelt, c := range map[string]struct {
		token string
		given inputs
		want  string
	}{
		"stream.retentionHour":          {streamToken, inputs{"stream": inputs{"retentionHour": 200}}, "stream.retentionHours"},
		"stream.shardz":                 {streamToken, inputs{"stream": inputs{"shardz": 2}}, "stream.shards"},
		"environmnt":                    {streamToken, inputs{"environmnt": "prod"}, "environment"},
		"kmsKey":                        {"cdcpipeline:lake:Bucket", inputs{"kmsKey": keyArn}, "kmsKeyArn"},
		"lake.catalog.resultsDays":      {"cdcpipeline:lake:Catalog", inputs{"lake": inputs{"catalog": inputs{"resultsDays": 3}}}, "lake.catalog.resultDays"},
		"source.tables[1].omitColumn":   {"cdcpipeline:source:AuroraMySQL", inputs{"source": inputs{"tables": []any{table, merged(table, inputs{"omitColumn": "x"})}}}, "source.tables[].omitColumns"},
		"sources[0].rowSince":           {"cdcpipeline:lake:Catalog", inputs{"sources": []any{inputs{"rowSince": inputs{}}}}, "sources[].rowsSince"},
		"source.existing.securityGroup": {"cdcpipeline:source:Existing", inputs{"source": inputs{"existing": inputs{"securityGroup": "sg-1"}}}, "source.existing.securityGroupId"},
	} {
		require.Equal(t, "is no input of "+c.token+": did you mean "+c.want+"?", inLanguages(t).refused(c.token, c.given)[misspelt], misspelt)
	}
}

var table = inputs{"database": "shop", "table": "orders"}

func merged(all ...inputs) inputs {
	one := inputs{}
	for _, some := range all {
		for key, value := range some {
			one[key] = value
		}
	}
	return one
}

func TestWhatIsWrongComesAtOnce(t *testing.T) {
	require.Equal(t, map[string]string{
		"environment":           `"staging" is not allowed here: use one of dev, prod`,
		"kmsKeyArn":             "is missing: kmsKeyArn encrypts the records. Required.",
		"stream.shards":         `"two" is not a whole number: write digits, without quotes and unit`,
		"stream.retentionHours": "12 is out of range: use 168 to 8760 hours: a failing delivery may need seven days, and Kinesis keeps records for at most a year",
		"stream.size":           "is no input of cdcpipeline:stream:ChangeStream: did you mean stream.name?",
	}, inLanguages(t).refused(streamToken, inputs{"environment": "staging", "stream": inputs{"shards": "two", "retentionHours": 12, "size": 3}}))
}

func TestTypesAreHeld(t *testing.T) {
	problems := inLanguages(t).refused("cdcpipeline:source:AuroraMySQL", inputs{
		"kmsKeyArn": 4, "securityGroupId": "sg-1", "subnetIds": "subnet-1",
		"source": inputs{"tables": table, "deletionProtection": "yes", "rowsSince": []any{}, "instances": 1.5, "existing": "mine"},
	})
	require.Equal(t, map[string]string{
		"kmsKeyArn":                 "4 is not text: put the value in quotes",
		"subnetIds":                 `"subnet-1" is not a list: write it as one, also with one entry`,
		"source.tables":             "an object is not a list: write it as one, also with one entry",
		"source.deletionProtection": `"yes" is not a boolean: write true or false`,
		"source.rowsSince":          "a list is not an object: write its properties below it",
		"source.instances":          "1.5 is not a whole number: write digits, without quotes and unit",
		"source.existing":           `"mine" is not an object: write its properties below it`,
	}, problems)
}

// What a component finds itself is said as a language has it, too.
func TestAComponentsOwnCheckNamesTheInput(t *testing.T) {
	problems := inLanguages(t).refused("cdcpipeline:encryption:Key", inputs{"deletionWindowDays": 3, "encryption": inputs{"kmsKeyArn": "alias/mine"}})
	require.Equal(t, "3 is not between 7 and 30", problems["deletionWindowDays"])
	require.Contains(t, problems["encryption.kmsKeyArn"], "must be the full ARN of a KMS key")
}

func TestAnEngineOfItsOwnIsTheComponents(t *testing.T) {
	problems := inLanguages(t).refused("cdcpipeline:source:AuroraPostgreSQL", inputs{"source": inputs{"slotWalGb": 0.5, "binlogRetentionHours": 24}})
	require.Contains(t, problems["source.binlogRetentionHours"], "is a setting for MySQL")
	require.NotContains(t, problems, "source.databaseName")
}

func TestWhatSaysWhatIsMadeIsKnown(t *testing.T) {
	unknown := resource.MakeComputed(resource.NewProperty(""))
	problems := inLanguages(t).refused(streamToken, inputs{"kmsKeyArn": unknown, "stream": inputs{"name": unknown}, "environment": resource.MakeSecret(resource.NewProperty("prod"))})
	require.Equal(t, map[string]string{
		"stream.name": "is an output that is not known yet, and it says what is to be made: write the value itself",
		"environment": "is a secret, which would stand in the stack for everybody to read: secrets belong in Secrets Manager, whose ARNs are taken here",
	}, problems)
}

// An output that is known, and waits for another resource, is as good as a value where what is made depends on it.
func TestAKnownOutputIsAValue(t *testing.T) {
	output := func(value any) resource.PropertyValue {
		return resource.NewProperty(resource.Output{Element: resource.NewPropertyValue(value), Known: true, Dependencies: []resource.URN{"urn:pulumi:stack::project::x:y:Z::z"}})
	}
	l := inLanguages(t)
	l.make(streamToken, "changes", inputs{"kmsKeyArn": output(keyArn), "stream": inputs{"shards": output(3)}, "environment": output("prod")})
	made := l.recorder.One(t, "aws:kinesis/stream:Stream")
	require.EqualValues(t, 3, made.Input("shardCount"))
	require.True(t, made.Protect)
	require.Equal(t, []string{"urn:pulumi:stack::project::x:y:Z::z"}, made.PropertyDependsOn["kmsKeyId"])
}

func TestAnotherComponentIsNotKnown(t *testing.T) {
	l := inLanguages(t)
	_, err := l.server.Construct(t.Context(), l.request("cdcpipeline:stream:Strem", "x", nil))
	require.EqualError(t, err, "cdcpipeline:stream:Strem is no component of this provider")
}

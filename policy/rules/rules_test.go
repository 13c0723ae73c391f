package rules_test

import (
	"cdcpipeline/policy/capture"
	"cdcpipeline/policy/rules"
	"cdcpipeline/policy/view"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sample is a small stack: resources by name. Each has a type, inputs, and the resources that its inputs refer to.
type sample map[string]struct {
	Type string              `json:"t"`
	In   map[string]any      `json:"p"`
	Refs map[string][]string `json:"r"` // property to names
	// Ignore lists the properties whose changes are ignored.
	Ignore []string `json:"i"`
}

// example has three views for a rule: one that satisfies it, one that breaks it, and one with an unknown value.
// Each view is the inputs of a resource of the type or, without a type, a sample. "unknown" in either means an
// unknown value.
type example struct {
	typ                  string
	keeps, breaks, blank string
}

// resources parses a view of an example.
func resources(t *testing.T, typ, text string) []view.Resource {
	t.Helper()
	s := sample{}
	if typ == "" {
		require.NoError(t, json.Unmarshal([]byte(text), &s), text)
	} else {
		var inputs map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &inputs), text)
		one := s["it"]
		one.Type, one.In = typ, inputs
		s["it"] = one
	}
	var captured capture.Stack
	for _, name := range slices.Sorted(maps.Keys(s)) {
		r := s[name]
		c := capture.Resource{
			URN: "urn:" + name, Type: r.Type, Name: name, Inputs: unknowns(r.In), IgnoreChanges: r.Ignore, PropertyDependencies: map[string][]string{},
		}
		c.Outputs = c.Inputs
		for property, names := range r.Refs {
			for _, name := range names {
				c.PropertyDependencies[property] = append(c.PropertyDependencies[property], "urn:"+name)
				c.Dependencies = append(c.Dependencies, "urn:"+name)
			}
		}
		captured = append(captured, c)
	}
	return captured.Views().All()
}

// unknowns replaces "?" with the mark of an unknown value.
func unknowns(m map[string]any) map[string]any {
	out := map[string]any{}
	for key, v := range m {
		out[key] = unknown(v)
	}
	return out
}

func unknown(v any) any {
	switch v := v.(type) {
	case string:
		if v == "?" {
			return map[string]any{"$unknown": true}
		}
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = unknown(item)
		}
		return list
	case map[string]any:
		if len(v) == 1 && v["$secret"] != nil {
			return v
		}
		return unknowns(v)
	}
	return v
}

// check runs a rule on resources, singly or together.
func check(r rules.Rule, all []view.Resource) []rules.Violation {
	if r.CheckStack != nil {
		return r.CheckStack(view.NewStack(all))
	}
	var found []rules.Violation
	for _, each := range all {
		found = append(found, r.Check(each)...)
	}
	return found
}

func TestEachRuleKeepsBreaksAndWaits(t *testing.T) {
	for _, r := range rules.All() {
		t.Run(r.Name, func(t *testing.T) {
			e, ok := examples[r.Name]
			require.True(t, ok, "the rule has no examples")
			require.Empty(t, check(r, resources(t, e.typ, e.keeps)), "what keeps the rule")
			require.NotEmpty(t, check(r, resources(t, e.typ, e.breaks)), "what breaks the rule")
			require.Empty(t, check(r, resources(t, e.typ, e.blank)), "what a preview does not know breaks no rule")
		})
	}
	require.Len(t, examples, len(rules.All()), "an example of no rule")
}

// If all inputs of a resource are unknown, no rule panics and no rule reports a violation.
func TestNothingKnownIsNoViolation(t *testing.T) {
	for _, r := range rules.All() {
		e := examples[r.Name]
		for text, accuses := range map[string]bool{e.keeps: false, e.blank: false, e.breaks: true} {
			all := resources(t, e.typ, text)
			for i := range all {
				inputs := map[string]any{}
				for key := range all[i].Properties.All {
					inputs[key] = map[string]any{"$unknown": true}
				}
				all[i].Properties = capture.Unmark(inputs)
			}
			found := check(r, all)
			if !accuses { // a missing input breaks a rule even then
				require.Empty(t, found, "%s: %s", r.Name, text)
			}
		}
	}
}

// Rules with several parts check each part. These cases go beyond the rules' examples.
func TestEachPartOfARuleIsLookedAt(t *testing.T) {
	for name, c := range map[string]struct{ rule, typ, text, says string }{
		"a delivery that does not wait":               {"delivery-is-granted", "", grant(``, `"cdc-delivery"`), "does not wait"},
		"a delivery without a mapping":                {"delivery-is-granted", firehoseType, `{"opensearchConfiguration":{"roleArn":"arn:x","indexName":"i"}}`, "no security role"},
		"a collection's delivery without a policy":    {"delivery-is-granted", firehoseType, `{"opensearchserverlessConfiguration":{"roleArn":"arn:x","indexName":"i"}}`, "no data access policy"},
		"a collection's delivery that does not wait":  {"delivery-is-granted", "", admission(``), "does not wait"},
		"a collection's delivery without a backup":    {"failures-are-kept", firehoseType, `{"opensearchserverlessConfiguration":{"indexName":"i"}}`, "go nowhere"},
		"a network policy without an endpoint":        {"collections-are-closed", guardType, `{"type":"network","policy":"[{\"AllowFromPublic\":false}]"}`, "no VPC endpoint"},
		"a policy of collections that cannot be read": {"collections-are-closed", guardType, `{"type":"network","policy":"public"}`, "cannot read the policy"},
		"a policy that admits everybody":              {"collections-admit-by-name", accessType, dataPolicy("*", "aoss:ReadDocument", "index/rows/a-*"), "* is not the name of a role or user"},
		"a policy that admits all roles":              {"collections-admit-by-name", accessType, dataPolicy("arn:aws:iam::123456789012:role/*", "aoss:ReadDocument", "index/rows/a-*"), "is not the name of a role or user"},
		"a policy that allows everything":             {"collections-admit-by-name", accessType, dataPolicy(someRole, "aoss:*", "index/rows/a-*"), "it gives aoss:*"},
		"a policy for all collections":                {"collections-admit-by-name", accessType, dataPolicy(someRole, "aoss:DescribeCollectionItems", "collection/*"), "it is for collection/*"},
		"a policy for more collections":               {"collections-admit-by-name", accessType, dataPolicy(someRole, "aoss:DescribeCollectionItems", "collection/rows*"), "it is for collection/rows*"},
		"a policy for all indices":                    {"collections-admit-by-name", accessType, dataPolicy(someRole, "aoss:ReadDocument", "index/rows/*"), "it is for index/rows/*"},
		"a provider to another machine":               {"tls-is-verified", "pulumi:providers:opensearch", `{"url":"http://localhost.example.com:9200/history"}`, "not https"},
		"a cluster without parameters":                {"binlog-is-whole", "", `{"k":{"t":"` + taskType + `","p":{"migrationType":"cdc"}},"c":{` + clusterT + `,"p":{"engine":"aurora-mysql"}}}`, "no parameter group"},
		"PostgreSQL that decodes nothing":             {"binlog-is-whole", "", strings.ReplaceAll(binlog(`{"parameters":[]}`), "aurora-mysql", "aurora-postgresql"), "rds.logical_replication is not set"},
		"PostgreSQL without parameters":               {"binlog-is-whole", "", `{"k":{"t":"` + taskType + `","p":{"migrationType":"cdc"}},"c":{` + clusterT + `,"p":{"engine":"aurora-postgresql"}}}`, "turns decoding on"},
		"PostgreSQL that publishes no log":            {"rds-34", clusterType, `{"engine":"aurora-postgresql","enabledCloudwatchLogsExports":["audit"]}`, "postgresql is not published"},
		"PostgreSQL on its own port":                  {"rds-23", clusterType, `{"engine":"aurora-postgresql","port":5432}`, "port is 5432"},
		"MySQL that speaks in the clear":              {"tls-is-demanded", "aws:rds/clusterParameterGroup:ClusterParameterGroup", `{"family":"aurora-mysql8.0"}`, "require_secure_transport is not set"},
		"an event source that nobody looks at":        {"failures-are-told", "aws:lambda/eventSourceMapping:EventSourceMapping", `{}`, "OnFailureDestinationDeliveredEventCount"},
		"a history that nobody looks at":              {"failures-are-told", firehoseType, `{"kinesisSourceConfiguration":{"kinesisStreamArn":"s"},"opensearchConfiguration":{"indexName":"i"}}`, "DeliveryToS3.Success"},
		"an event source without a way out":           {"failures-are-kept", "aws:lambda/eventSourceMapping:EventSourceMapping", `{"batchSize":100}`, "no on-failure destination"},
		"a lake without an error prefix":              {"failures-are-kept", firehoseType, `{"extendedS3Configuration":{"bucketArn":"b"}}`, "no errorOutputPrefix"},
		"a provider that verifies nothing":            {"tls-is-verified", "pulumi:providers:opensearch", `{"url":"https://d","insecure":"true"}`, "insecure"},
		"a provider without TLS":                      {"tls-is-verified", "pulumi:providers:opensearch", `{"url":"http://d"}`, "not https"},
		"DMS with TLS that verifies nobody":           {"tls-is-verified", endpointType, `{"sslMode":"require"}`, "verifies nothing"},
		"a domain that answers HTTP":                  {"opensearch-8", domainType, `{"domainEndpointOptions":{"enforceHttps":false,"tlsSecurityPolicy":"Policy-Min-TLS-1-2-PFS-2023-10"}}`, "plain HTTP"},
		"a policy that cannot be read":                {"iam-1", rolePolicy, `{"policy":"{\"Statement\":[{\"Effect\":\"Allow\",\"NotAction\":\"iam:*\"}]}"}`, "unknown field"},
		"a default group with rules":                  {"ec2-2", "", `{"v":{` + vpcT + `},"d":{"t":"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup","p":{"egress":[{"protocol":"-1"}]},"r":{"vpcId":["v"]}}}`, "it has rules"},
		"a volume that is not encrypted":              {"ec2-3", instanceType, `{}`, "not encrypted"},
		"a job of an old default":                     {"glue-4", glueJob, `{}`, "not set"},
		"logs in the clear":                           {"jobs-are-encrypted", glueSecurity, `{"encryptionConfiguration":{"s3Encryption":{"s3EncryptionMode":"SSE-KMS"},"cloudwatchEncryption":{"cloudwatchEncryptionMode":"DISABLED"},"jobBookmarksEncryption":{"jobBookmarksEncryptionMode":"CSE-KMS"}}}`, "cloudwatchEncryptionMode is DISABLED"},
		"a function with a password":                  {"secrets-are-encrypted", functionType, `{"environment":{"variables":{"DB_PASSWORD":"x","SECRET_KEY_ARN":"arn:x"}}}`, "DB_PASSWORD"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range rules.All() {
				if r.Name == c.rule {
					found := check(r, resources(t, c.typ, c.text))
					require.Len(t, found, 1)
					require.Contains(t, found[0].Message, c.says)
				}
			}
		})
	}
}

// A gateway forwards requests to this machine.
func TestAProviderMaySpeakToThisMachineWithoutTLS(t *testing.T) {
	for _, r := range rules.All() {
		if r.Name == "tls-is-verified" {
			for _, url := range []string{"http://localhost:9200/history", "http://127.0.0.1:9200", "http://localhost"} {
				require.Empty(t, check(r, resources(t, "pulumi:providers:opensearch", `{"url":"`+url+`"}`)))
			}
		}
	}
}

func TestADeliveryThatWaitsForItsPolicyIsGranted(t *testing.T) {
	for _, r := range rules.All() {
		if r.Name == "delivery-is-granted" {
			require.Empty(t, check(r, resources(t, "", admission(`"w"`))))
		}
	}
}

// S3 writes access logs only into a bucket without a KMS key, and logging the log bucket would never end.
func TestABucketOfAccessLogsIsNeitherLoggedNorEncryptedWithAKey(t *testing.T) {
	const text = `{"lake":{` + bucketT + `},"logs":{` + bucketT + `},"l":{"t":"aws:s3/bucketLoggingV2:BucketLoggingV2","p":{"bucket":"?"},"r":{"bucket":["lake"],"targetBucket":["logs"]}},` +
		`"e":{"t":"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2","p":{"rules":[{"applyServerSideEncryptionByDefault":{"sseAlgorithm":"AES256"}}]},"r":{"bucket":["logs"]}}}`
	for _, r := range rules.All() {
		switch r.Name {
		case "s3-9":
			require.Empty(t, check(r, resources(t, "", text)))
		case "s3-17":
			found := check(r, resources(t, "", text))
			require.Len(t, found, 1)
			require.Equal(t, "urn:lake", found[0].URN, "only the lake's key is missed")
		}
	}
}

// plain lists types that have no control except tagging.
var plain = []string{
	"aws:athena/database:Database", "aws:athena/namedQuery:NamedQuery", // these are definitions; the workgroup has the results
	"aws:cloudwatch/dashboard:Dashboard", "aws:cloudwatch/eventTarget:EventTarget", "aws:cloudwatch/logMetricFilter:LogMetricFilter",
	"aws:cloudwatch/logResourcePolicy:LogResourcePolicy", "aws:cloudwatch/logStream:LogStream", "aws:scheduler/schedule:Schedule",
	"aws:ec2/route:Route", "aws:ec2/routeTableAssociation:RouteTableAssociation", // rds-46 checks them
	"aws:glue/catalogTable:CatalogTable",
	"aws:kinesis/streamConsumer:StreamConsumer", "aws:kms/alias:Alias", "aws:sns/topicSubscription:TopicSubscription",
	"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "aws:lambda/invocation:Invocation",
	"aws:opensearch/serverlessLifecyclePolicy:ServerlessLifecyclePolicy", "aws:opensearch/serverlessVpcEndpoint:ServerlessVpcEndpoint",
	"aws:opensearch/domainPolicy:DomainPolicy", // no component makes one, because the domain has its own policy
	"aws:rds/clusterRoleAssociation:ClusterRoleAssociation", "aws:s3/bucketNotification:BucketNotification",
	"aws:secretsmanager/secretPolicy:SecretPolicy",
}

// The rehearsal's schema has every type that the project may make, with its inputs.
func TestEveryTypeThatCanBeMadeIsLookedAt(t *testing.T) {
	text, err := os.ReadFile("../../rehearsal/engine/schema/aws.json")
	require.NoError(t, err)
	var schema struct {
		Resources map[string]map[string]any
	}
	require.NoError(t, json.Unmarshal(text, &schema))
	looked := map[string]bool{}
	var tagged []string
	for _, r := range rules.All() {
		for _, typ := range r.Types {
			looked[typ] = true
		}
		if r.Name == "tagged" {
			tagged = r.Types
		}
	}
	for typ, inputs := range schema.Resources {
		if _, takes := inputs["tags"]; takes {
			require.Contains(t, tagged, typ, "it takes tags, and the rule tagged does not look")
		}
		require.Truef(t, looked[typ] != slices.Contains(plain, typ), "%s: a rule must look at it, or it belongs to those without a control", typ)
	}
}

func TestRulesSayEverythingAboutThemselves(t *testing.T) {
	names, controls := map[string]bool{}, map[string]bool{}
	for _, r := range rules.All() {
		require.False(t, names[r.Name], "%s is there twice", r.Name)
		names[r.Name] = true
		require.NotEmpty(t, r.Title, r.Name)
		require.NotEmpty(t, r.Types, r.Name)
		require.NotEmpty(t, r.Change, r.Name)
		require.NotEmpty(t, r.Unseen, r.Name)
		require.NotEmpty(t, r.Default, r.Name)
		require.Contains(t, []rules.Severity{rules.Low, rules.Medium, rules.High, rules.Critical}, r.Severity, r.Name)
		require.True(t, (r.Check == nil) != (r.CheckStack == nil), r.Name)
		for _, c := range r.Controls {
			require.False(t, controls[c], "%s is answered twice", c)
			controls[c] = true
		}
	}
	for _, a := range slices.Concat(rules.Unseen(), rules.Declined()) {
		require.False(t, controls[a.Control], "%s is both answered and not", a.Control)
		controls[a.Control] = true
		require.NotEmpty(t, a.Why, a.Control)
	}
}

func TestEveryControlIsAnsweredOrSetAsideWithAReason(t *testing.T) {
	require.Equal(t, rules.Applicable(), rules.Answered())
	catalogue := rules.Catalogue()
	for _, r := range rules.All() {
		for _, control := range r.Controls {
			require.Contains(t, catalogue, control, r.Name)
		}
	}
	for _, a := range slices.Concat(rules.Unseen(), rules.Declined()) {
		require.Contains(t, catalogue, a.Control)
	}
}

func TestADeliveryWhoseInterfacesAreMadeByAnotherRoleWaitsForItsOwnMapping(t *testing.T) {
	delivery := func(waitsFor string) string {
		return `{"r":{"t":"aws:iam/role:Role"},"s":{"t":"aws:iam/role:Role"},` +
			`"d":{` + firehoseT + `,"p":{"opensearchConfiguration":{"roleArn":"?","indexName":"i"}},"r":{"opensearchConfiguration":["s","r"],"x":[` + waitsFor + `]}},` +
			`"v":{"t":"opensearch:index/rolesMapping:RolesMapping","p":{"backendRoles":["?"],"roleName":"shared"},"r":{"backendRoles":["s"]}},` +
			`"w":{"t":"opensearch:index/rolesMapping:RolesMapping","p":{"backendRoles":["?"],"roleName":"own"},"r":{"backendRoles":["r"]}}}`
	}
	for _, r := range rules.All() {
		if r.Name == "delivery-is-granted" {
			require.Empty(t, check(r, resources(t, "", delivery(`"w"`))))
			require.NotEmpty(t, check(r, resources(t, "", delivery(""))))
		}
	}
}

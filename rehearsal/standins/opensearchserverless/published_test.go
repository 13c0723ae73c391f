package opensearchserverless

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/stores/storestest"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The control plane's model, in controlplane/moto/gaps/opensearchserverless, must answer AWS's published requests.
// Its answer must have every name of the published answer, with a value of the same form. Where AWS publishes only
// the syntax, the names come from the syntax.

const (
	guide     = "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/"
	reference = "https://docs.aws.amazon.com/opensearch-service/latest/ServerlessAPIReference/"
)

// forms are patterns for values that differ each time.
var forms = map[string]*regexp.Regexp{
	"arn":                regexp.MustCompile(`^arn:aws:aoss:us-east-1:123456789012:collection/[a-z0-9]{3,40}$`),
	"collectionEndpoint": regexp.MustCompile(`^https://[a-z0-9]{3,40}\.us-east-1\.aoss\.amazonaws\.com$`),
	"dashboardEndpoint":  regexp.MustCompile(`^https://[a-z0-9]{3,40}\.us-east-1\.aoss\.amazonaws\.com/_dashboards$`),
	"policyVersion":      regexp.MustCompile(`^([0-9a-zA-Z+/]{4})*(([0-9a-zA-Z+/]{2}==)|([0-9a-zA-Z+/]{3}=))?$`),
	"id":                 regexp.MustCompile(`^([a-z0-9]{3,40}|vpce-[0-9a-z]+)$`),
	"errorMessage":       regexp.MustCompile(`.`),
}

// sameForm checks that got has every name of want, with a value of the same form. "string" and "boolean" match any
// value of the type.
func sameForm(t *testing.T, want, got any, at string) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		require.True(t, ok, "%s is %T", at, got)
		for name, value := range want {
			require.Contains(t, object, name, at)
			if form, ok := forms[name]; ok {
				require.Regexp(t, form, object[name], at+"."+name)
				continue
			}
			sameForm(t, value, object[name], at+"."+name)
		}
	case []any:
		list, ok := got.([]any)
		require.True(t, ok, "%s is %T", at, got)
		require.Len(t, list, len(want), at)
		for i, value := range want {
			sameForm(t, value, list[i], fmt.Sprintf("%s[%d]", at, i))
		}
	case float64: // times, in milliseconds
		number, ok := got.(float64)
		require.True(t, ok, "%s is %T", at, got)
		require.WithinDuration(t, time.Now(), time.UnixMilli(int64(number)), time.Hour, at)
	case string:
		if want == "string" {
			require.IsType(t, "", got, at)
			return
		}
		require.Equal(t, want, got, at)
	default:
		require.Equal(t, want, got, at)
	}
}

// aoss calls an operation of the control plane like its clients:
// https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html.
func aoss(t *testing.T, url, operation, body string) (int, map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	request.Header.Set("X-Amz-Target", "OpenSearchServerless."+operation)
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=rehearsal/20261129/"+account.Region+"/aoss/aws4_request, SignedHeaders=host, Signature=00")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	answer := map[string]any{}
	if len(text) > 0 {
		require.NoError(t, json.Unmarshal(text, &answer), "%s: %s", operation, text)
	}
	return response.StatusCode, answer
}

// forget empties the control plane.
func forget(t *testing.T) string {
	t.Helper()
	url := storestest.Moto(t)
	response, err := http.Post(url+"/moto-api/reset", "", nil) //nolint:noctx // at the start of a test
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return url
}

// text is a policy in a request's form.
func text(policy string) string {
	quoted, _ := json.Marshal(policy)
	return string(quoted)
}

const (
	encryptionOfLogs = `{"Rules":[{"ResourceType":"collection","Resource":["collection/logs-application"]}],"AWSOwnedKey":true}`
	networkOfLogs    = `[{"Description":"Public access for logs collection","Rules":[{"ResourceType":"dashboard","Resource":["collection/logs-application"]},{"ResourceType":"collection","Resource":["collection/logs-application"]}],"AllowFromPublic":true}]`
	accessOfShaheen  = `[{"Rules":[{"ResourceType":"collection","Resource":["collection/autopartsinventory","collection/sales*"],"Permission":["aoss:UpdateCollectionItems"]},{"ResourceType":"index","Resource":["index/autopartsinventory/*","index/salesorders/orders*"],"Permission":["aoss:ReadDocument","aoss:DescribeIndex"]}],"Principal":["arn:aws:iam::123456789012:user/Shaheen"]}]`
	lifecycleOfLogs  = `{"Rules":[{"ResourceType":"index","Resource":["index/marketing/*"],"MinIndexRetention":"15d"},{"ResourceType":"index","Resource":["index/finance/log*"],"NoMinIndexRetention":true}]}`
)

// published has AWS's requests and answers, in an order that creates what later ones need. ID means the id from
// the previous request, VERSION its version.
var published = []struct{ operation, source, request, answer string }{
	{
		"CreateSecurityPolicy", guide + "serverless-create.html",
		`{"name":"logs-policy","type":"encryption","policy":` + text(encryptionOfLogs) + `}`,
		`{"securityPolicyDetail":{"createdDate":0,"lastModifiedDate":0,"name":"logs-policy","policy":` + encryptionOfLogs + `,"policyVersion":"","type":"encryption"}}`,
	},
	{
		"GetSecurityPolicy", reference + "API_GetSecurityPolicy.html",
		`{"name":"logs-policy","type":"encryption"}`,
		`{"securityPolicyDetail":{"createdDate":0,"lastModifiedDate":0,"name":"string","policy":{},"policyVersion":"","type":"string"}}`,
	},
	{
		"CreateSecurityPolicy", guide + "serverless-create.html",
		`{"name":"logs-policy","type":"network","policy":` + text(networkOfLogs) + `}`,
		`{"securityPolicyDetail":{"name":"logs-policy","policy":` + networkOfLogs + `,"policyVersion":"","type":"network"}}`,
	},
	{
		"ListSecurityPolicies", reference + "API_ListSecurityPolicies.html",
		`{"type":"network"}`,
		`{"securityPolicySummaries":[{"createdDate":0,"lastModifiedDate":0,"name":"string","policyVersion":"","type":"string"}]}`,
	},
	{
		"UpdateSecurityPolicy", guide + "serverless-network.html#serverless-network-update",
		`{"name":"logs-policy","type":"network","policyVersion":"VERSION","policy":` + text(strings.ReplaceAll(networkOfLogs, "logs-application", "finance")) + `}`,
		`{"securityPolicyDetail":{"name":"logs-policy","policyVersion":"","type":"network"}}`,
	},
	{"DeleteSecurityPolicy", guide + "serverless-network.html#serverless-network-delete", `{"name":"logs-policy","type":"network"}`, `{}`},

	{
		"CreateAccessPolicy", guide + "serverless-data-access.html#serverless-data-access-cli",
		`{"name":"marketing","type":"data","policy":` + text(accessOfShaheen) + `}`,
		`{"accessPolicyDetail":{"createdDate":0,"lastModifiedDate":0,"name":"marketing","policy":` + accessOfShaheen + `,"policyVersion":"","type":"data"}}`,
	},
	{
		"GetAccessPolicy", reference + "API_GetAccessPolicy.html",
		`{"name":"marketing","type":"data"}`,
		`{"accessPolicyDetail":{"createdDate":0,"lastModifiedDate":0,"name":"string","policy":[{}],"policyVersion":"","type":"string"}}`,
	},
	{
		"ListAccessPolicies", guide + "serverless-data-access.html#serverless-data-access-list",
		`{"type":"data","resource":["index/autopartsinventory/*"]}`,
		`{"accessPolicySummaries":[{"createdDate":0,"lastModifiedDate":0,"name":"marketing","policyVersion":"","type":"data"}]}`,
	},
	{
		"UpdateAccessPolicy", guide + "serverless-data-access.html#serverless-data-access-update",
		`{"name":"marketing","type":"data","policyVersion":"VERSION","policy":` + text(strings.ReplaceAll(accessOfShaheen, "user/Shaheen", "role/RegulatoryCompliance")) + `}`,
		`{"accessPolicyDetail":{"name":"marketing","policyVersion":"","type":"data"}}`,
	},
	{"DeleteAccessPolicy", guide + "serverless-data-access.html#serverless-data-access-delete", `{"name":"marketing","type":"data"}`, `{}`},

	{
		"CreateLifecyclePolicy", guide + "serverless-lifecycle.html#serverless-lifecycle-policies",
		`{"name":"my-policy","type":"retention","policy":` + text(lifecycleOfLogs) + `}`,
		`{"lifecyclePolicyDetail":{"type":"retention","name":"my-policy","policyVersion":"","policy":` + lifecycleOfLogs + `,"createdDate":1688245369957,"lastModifiedDate":1688245369957}}`,
	},
	{
		"BatchGetLifecyclePolicy", reference + "API_BatchGetLifecyclePolicy.html",
		`{"identifiers":[{"name":"my-policy","type":"retention"},{"name":"another","type":"retention"}]}`,
		`{"lifecyclePolicyDetails":[{"createdDate":0,"lastModifiedDate":0,"name":"string","policy":{},"policyVersion":"","type":"string"}],"lifecyclePolicyErrorDetails":[{"errorCode":"string","errorMessage":"","name":"another","type":"retention"}]}`,
	},
	{
		"ListLifecyclePolicies", reference + "API_ListLifecyclePolicies.html",
		`{"type":"retention"}`,
		`{"lifecyclePolicySummaries":[{"createdDate":0,"lastModifiedDate":0,"name":"string","policyVersion":"","type":"string"}]}`,
	},
	{
		"UpdateLifecyclePolicy", reference + "API_UpdateLifecyclePolicy.html",
		`{"name":"my-policy","type":"retention","policyVersion":"VERSION","description":"longer","policy":` + text(strings.ReplaceAll(lifecycleOfLogs, "15d", "3650d")) + `}`,
		`{"lifecyclePolicyDetail":{"createdDate":0,"description":"longer","lastModifiedDate":0,"name":"string","policy":{},"policyVersion":"","type":"string"}}`,
	},
	{"DeleteLifecyclePolicy", reference + "API_DeleteLifecyclePolicy.html", `{"name":"my-policy","type":"retention"}`, `{}`},

	{
		"CreateCollection", guide + "serverless-create.html",
		`{"name":"logs-application","type":"SEARCH","description":"A collection for storing log data","tags":[{"key":"a","value":"b"}]}`,
		`{"createCollectionDetail":{"id":"07tjusf2h91cunochc","name":"logs-application","description":"A collection for storing log data","status":"CREATING","type":"SEARCH","kmsKeyArn":"auto","arn":"","createdDate":1665952577473}}`,
	},
	{
		"ListCollections", guide + "serverless-list.html",
		`{"collectionFilters":{"status":"ACTIVE"}}`,
		`{"collectionSummaries":[{"arn":"","id":"","name":"logs-application","status":"ACTIVE"}]}`,
	},
	{
		"BatchGetCollection", guide + "serverless-list.html",
		`{"names":["logs-application","missing"]}`,
		`{"collectionDetails":[{"id":"07tjusf2h91cunochc","name":"logs-application","status":"ACTIVE","type":"SEARCH","description":"string","arn":"","kmsKeyArn":"string","createdDate":1667446262828,"lastModifiedDate":1667446300769,"collectionEndpoint":"","dashboardEndpoint":""}],"collectionErrorDetails":[{"errorCode":"NOT_FOUND","errorMessage":"","name":"missing"}]}`,
	},
	{
		"ListTagsForResource", reference + "API_ListTagsForResource.html",
		`{"resourceArn":"arn:aws:aoss:us-east-1:123456789012:collection/ID"}`, `{"tags":[{"key":"a","value":"b"}]}`,
	},
	{
		"TagResource", reference + "API_TagResource.html",
		`{"resourceArn":"arn:aws:aoss:us-east-1:123456789012:collection/ID","tags":[{"key":"c","value":"d"}]}`, `{}`,
	},
	{
		"UntagResource", reference + "API_UntagResource.html",
		`{"resourceArn":"arn:aws:aoss:us-east-1:123456789012:collection/ID","tagKeys":["a"]}`, `{}`,
	},
	{
		"UpdateCollection", reference + "API_UpdateCollection.html",
		`{"id":"ID","description":"another"}`,
		`{"updateCollectionDetail":{"arn":"","createdDate":0,"description":"another","id":"","lastModifiedDate":0,"name":"string","status":"string","type":"string"}}`,
	},
	{
		"DeleteCollection", guide + "serverless-delete.html",
		`{"id":"ID"}`, `{"deleteCollectionDetail":{"id":"07tjusf2h91cunochc","name":"logs-application","status":"DELETING"}}`,
	},
	{
		"GetAccountSettings", reference + "API_GetAccountSettings.html",
		`{}`, `{"accountSettingsDetail":{"capacityLimits":{}}}`,
	},
}

func TestPublishedRequestsGetPublishedAnswers(t *testing.T) {
	url := forget(t)
	var id, version string
	for _, p := range published {
		request := strings.NewReplacer(`"VERSION"`, `"`+version+`"`, `collection/ID"`, `collection/`+id+`"`, `"ID"`, `"`+id+`"`).Replace(p.request)
		status, answer := aoss(t, url, p.operation, request)
		require.Equal(t, http.StatusOK, status, "%s: %v", p.operation, answer)
		var want any
		require.NoError(t, json.Unmarshal([]byte(p.answer), &want), p.operation)
		sameForm(t, want, answer, p.operation+" ("+p.source+")")
		for name, detail := range answer {
			detail, ok := detail.(map[string]any)
			if !ok {
				continue
			}
			if found, ok := detail["policyVersion"].(string); ok {
				version = found
			}
			if found, ok := detail["id"].(string); ok && name == "createCollectionDetail" {
				id = found
			}
		}
	}
}

// ec2Call makes something in EC2 and returns an element of the answer.
func ec2Call(t *testing.T, url, query, element string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(query))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=rehearsal/20261129/"+account.Region+"/ec2/aws4_request, SignedHeaders=host, Signature=00")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	found := regexp.MustCompile("<" + element + ">([^<]*)<").FindSubmatch(text)
	require.NotNil(t, found, "%s", text)
	return string(found[1])
}

// AWS documents these answers:
// https://docs.aws.amazon.com/opensearch-service/latest/ServerlessAPIReference/API_CreateVpcEndpoint.html,
// API_BatchGetVpcEndpoint.html, API_UpdateVpcEndpoint.html, API_ListVpcEndpoints.html and
// API_DeleteVpcEndpoint.html.
func TestAVPCEndpointIsOneOfEC2sToo(t *testing.T) {
	url := forget(t)
	vpc := ec2Call(t, url, "Action=CreateVpc&CidrBlock=10.0.0.0/16", "vpcId")
	first := ec2Call(t, url, "Action=CreateSubnet&CidrBlock=10.0.0.0/24&VpcId="+vpc, "subnetId")
	second := ec2Call(t, url, "Action=CreateSubnet&CidrBlock=10.0.1.0/24&VpcId="+vpc, "subnetId")
	group := ec2Call(t, url, "Action=CreateSecurityGroup&GroupName=a&GroupDescription=a&VpcId="+vpc, "groupId")

	made := fmt.Sprintf(`{"name":"mine","vpcId":%q,"subnetIds":[%q],"securityGroupIds":[%q]}`, vpc, first, group)
	status, answer := aoss(t, url, "CreateVpcEndpoint", made)
	require.Equal(t, http.StatusOK, status, answer)
	sameForm(t, map[string]any{"createVpcEndpointDetail": map[string]any{"id": "", "name": "mine", "status": "PENDING"}}, answer, "CreateVpcEndpoint")
	id := answer["createVpcEndpointDetail"].(map[string]any)["id"].(string)
	require.Equal(t, group, ec2Call(t, url, "Action=DescribeVpcEndpoints&VpcEndpointId.1="+id, "groupId"), "where the provider looks for it")

	status, answer = aoss(t, url, "CreateVpcEndpoint", strings.Replace(made, "mine", "other", 1))
	require.Equal(t, http.StatusBadRequest, status, "a VPC has one endpoint")
	require.Equal(t, "ConflictException", answer["__type"])
	status, answer = aoss(t, url, "DeleteVpcEndpoint", fmt.Sprintf(`{"id":%q}`, id))
	require.Equal(t, http.StatusBadRequest, status)
	require.Equal(t, "ConflictException", answer["__type"], "it is not active yet")

	active := func() bool {
		_, answer := aoss(t, url, "ListVpcEndpoints", `{"vpcEndpointFilters":{"status":"ACTIVE"}}`)
		return len(answer["vpcEndpointSummaries"].([]any)) == 1
	}
	require.Eventually(t, active, 10*time.Second, 50*time.Millisecond)
	status, answer = aoss(t, url, "UpdateVpcEndpoint", fmt.Sprintf(`{"id":%q,"addSubnetIds":[%q],"removeSubnetIds":[%q]}`, id, second, first))
	require.Equal(t, http.StatusOK, status, answer)
	sameForm(t, map[string]any{"UpdateVpcEndpointDetail": map[string]any{"id": "", "lastModifiedDate": 0.0, "name": "mine", "securityGroupIds": []any{group}, "status": "PENDING", "subnetIds": []any{second}}}, answer, "UpdateVpcEndpoint")
	require.Eventually(t, active, 10*time.Second, 50*time.Millisecond)

	_, answer = aoss(t, url, "BatchGetVpcEndpoint", fmt.Sprintf(`{"ids":[%q,"vpce-0"]}`, id))
	sameForm(t, map[string]any{
		"vpcEndpointDetails":      []any{map[string]any{"createdDate": 0.0, "id": "", "name": "mine", "securityGroupIds": []any{group}, "status": "ACTIVE", "subnetIds": []any{second}, "vpcId": vpc}},
		"vpcEndpointErrorDetails": []any{map[string]any{"errorCode": "string", "errorMessage": "", "id": ""}},
	}, answer, "BatchGetVpcEndpoint")
	require.Equal(t, "DependencyViolation", ec2Call(t, url, "Action=DeleteSecurityGroup&GroupId="+group, "Code"))
	require.Equal(t, "DependencyViolation", ec2Call(t, url, "Action=DeleteSubnet&SubnetId="+second, "Code"))
	require.NotEmpty(t, ec2Call(t, url, "Action=DeleteSubnet&SubnetId="+first, "requestId"), "the endpoint has left it")
	_, answer = aoss(t, url, "DeleteVpcEndpoint", fmt.Sprintf(`{"id":%q}`, id))
	sameForm(t, map[string]any{"deleteVpcEndpointDetail": map[string]any{"id": "", "name": "mine", "status": "DELETING"}}, answer, "DeleteVpcEndpoint")
	require.Eventually(t, func() bool {
		_, answer := aoss(t, url, "BatchGetVpcEndpoint", fmt.Sprintf(`{"ids":[%q]}`, id))
		return len(answer["vpcEndpointDetails"].([]any)) == 0
	}, 10*time.Second, 50*time.Millisecond)
	require.NotEmpty(t, ec2Call(t, url, "Action=DeleteSubnet&SubnetId="+second, "requestId"))
	require.NotEmpty(t, ec2Call(t, url, "Action=DeleteSecurityGroup&GroupId="+group, "requestId"))
}

func TestWhatAWSRefusesIsRefused(t *testing.T) {
	url := forget(t)
	policy := func(operation, kind, name, document string) (int, map[string]any) {
		return aoss(t, url, operation, fmt.Sprintf(`{"name":%q,"type":%q,"policy":%s}`, name, kind, text(document)))
	}
	status, answer := policy("CreateSecurityPolicy", "encryption", "logs", strings.Replace(encryptionOfLogs, "logs-application", "logs*", 1))
	require.Equal(t, http.StatusOK, status, answer)
	status, answer = aoss(t, url, "CreateCollection", `{"name":"logs-a"}`)
	require.Equal(t, http.StatusOK, status, answer)
	id := answer["createCollectionDetail"].(map[string]any)["id"].(string)
	require.Equal(t, "TIMESERIES", answer["createCollectionDetail"].(map[string]any)["type"], "by default")
	_, answer = policy("CreateAccessPolicy", "data", "access", accessOfShaheen)
	version := answer["accessPolicyDetail"].(map[string]any)["policyVersion"].(string)

	rule := func(more string) string {
		return `{"Rules":[{"ResourceType":"index","Resource":["index/logs/*"]` + more + `}]}`
	}
	for name, c := range map[string]struct{ operation, request, code, message string }{
		"no encryption policy":        {"CreateCollection", `{"name":"other"}`, "ValidationException", "No matching security policy of encryption type found for collection name: other"},
		"a collection again":          {"CreateCollection", `{"name":"logs-a"}`, "ConflictException", "already exists"},
		"a name in capitals":          {"CreateCollection", `{"name":"Logs"}`, "ValidationException", "regular expression"},
		"a name with an underscore":   {"CreateCollection", `{"name":"logs_a"}`, "ValidationException", "regular expression"},
		"a name of 33 characters":     {"CreateCollection", `{"name":"logs-` + strings.Repeat("a", 28) + `"}`, "ValidationException", "regular expression"},
		"a policy in capitals":        {"CreateAccessPolicy", `{"name":"Upper","type":"data","policy":` + text(accessOfShaheen) + `}`, "ValidationException", "regular expression pattern: [a-z][a-z0-9-]+"},
		"a policy of two letters":     {"CreateAccessPolicy", `{"name":"ab","type":"data","policy":` + text(accessOfShaheen) + `}`, "ValidationException", "length greater than or equal to 3"},
		"an unknown type":             {"CreateCollection", `{"name":"logs-b","type":"SQL"}`, "ValidationException", "enum value set"},
		"no name":                     {"CreateCollection", `{}`, "ValidationException", "must not be null"},
		"a policy again":              {"CreateAccessPolicy", `{"name":"access","type":"data","policy":` + text(accessOfShaheen) + `}`, "ConflictException", "already exists"},
		"a pattern again":             {"CreateSecurityPolicy", `{"name":"more","type":"encryption","policy":` + text(strings.Replace(encryptionOfLogs, "logs-application", "logs*", 1)) + `}`, "ConflictException", "collection/logs*"},
		"a key that is not there":     {"CreateSecurityPolicy", `{"name":"more","type":"encryption","policy":` + text(`{"Rules":[{"ResourceType":"collection","Resource":["collection/a*"]}],"KmsARN":"arn:aws:kms:us-east-1:123456789012:key/1"}`) + `}`, "ValidationException", "does not exist"},
		"no key":                      {"CreateSecurityPolicy", `{"name":"more","type":"encryption","policy":` + text(`{"Rules":[{"ResourceType":"collection","Resource":["collection/a*"]}]}`) + `}`, "ValidationException", "KmsARN"},
		"encryption in use":           {"DeleteSecurityPolicy", `{"name":"logs","type":"encryption"}`, "ConflictException", "in use by the collections ['logs-a']"},
		"no JSON":                     {"CreateAccessPolicy", `{"name":"more","type":"data","policy":"x"}`, "ValidationException", "not JSON"},
		"an unknown permission":       {"CreateAccessPolicy", `{"name":"more","type":"data","policy":` + text(strings.Replace(accessOfShaheen, "aoss:ReadDocument", "aoss:Read", 1)) + `}`, "ValidationException", "aoss:Read is no permission on a index"},
		"a permission elsewhere":      {"CreateAccessPolicy", `{"name":"more","type":"data","policy":` + text(strings.Replace(accessOfShaheen, "aoss:ReadDocument", "aoss:CreateCollectionItems", 1)) + `}`, "ValidationException", "no permission on a index"},
		"another account's principal": {"CreateAccessPolicy", `{"name":"more","type":"data","policy":` + text(strings.Replace(accessOfShaheen, "123456789012", "999999999999", 1)) + `}`, "ValidationException", "Principal[0]"},
		"a star in the middle":        {"CreateAccessPolicy", `{"name":"more","type":"data","policy":` + text(strings.Replace(accessOfShaheen, "index/salesorders/orders*", "index/salesorders/*orders", 1)) + `}`, "ValidationException", "Resource[1]"},
		"a resource of another kind":  {"CreateAccessPolicy", `{"name":"more","type":"data","policy":` + text(strings.Replace(accessOfShaheen, "index/salesorders/orders*", "collection/sales", 1)) + `}`, "ValidationException", "Resource[1]"},
		"neither public nor a VPC":    {"CreateSecurityPolicy", `{"name":"more","type":"network","policy":` + text(strings.Replace(networkOfLogs, `"AllowFromPublic":true`, `"AllowFromPublic":false`, 1)) + `}`, "ValidationException", "SourceVPCEs"},
		"an outdated version":         {"UpdateAccessPolicy", `{"name":"access","type":"data","policyVersion":"MTY2NDA1NDE4MDg1OF8x","policy":` + text(strings.Replace(accessOfShaheen, "Shaheen", "Dale", 1)) + `}`, "ConflictException", "older version"},
		"an update of nothing":        {"UpdateAccessPolicy", `{"name":"access","type":"data","policyVersion":"` + version + `","policy":` + text(accessOfShaheen) + `}`, "ValidationException", "No changes detected"},
		"a policy that is not there":  {"GetAccessPolicy", `{"name":"other","type":"data"}`, "ResourceNotFoundException", "not found"},
		"retention of 23 hours":       {"CreateLifecyclePolicy", `{"name":"more","type":"retention","policy":` + text(rule(`,"MinIndexRetention":"23h"`)) + `}`, "ValidationException", "between 24h and 3650d"},
		"retention of 3651 days":      {"CreateLifecyclePolicy", `{"name":"more","type":"retention","policy":` + text(rule(`,"MinIndexRetention":"3651d"`)) + `}`, "ValidationException", "between 24h and 3650d"},
		"two retentions":              {"CreateLifecyclePolicy", `{"name":"more","type":"retention","policy":` + text(rule(`,"MinIndexRetention":"30d","NoMinIndexRetention":true`)) + `}`, "ValidationException", "either"},
		"no retention":                {"CreateLifecyclePolicy", `{"name":"more","type":"retention","policy":` + text(rule("")) + `}`, "ValidationException", "either"},
		"ids and names":               {"BatchGetCollection", `{"ids":["` + id + `"],"names":["logs-a"]}`, "ValidationException", "both"},
		"a subnet of nowhere":         {"CreateVpcEndpoint", `{"name":"mine","vpcId":"vpc-1","subnetIds":["subnet-01234567"]}`, "ValidationException", "vpc-1 does not exist"},
		"tags of nothing":             {"ListTagsForResource", `{"resourceArn":"arn:aws:aoss:us-east-1:123456789012:collection/1"}`, "ResourceNotFoundException", "cannot be found"},
		"a collection of nowhere":     {"DeleteCollection", `{"id":"nowhere"}`, "ResourceNotFoundException", "cannot be found"},
	} {
		status, answer := aoss(t, url, c.operation, c.request)
		require.Equal(t, http.StatusBadRequest, status, "%s: %v", name, answer)
		require.Equal(t, c.code, answer["__type"], name)
		require.Contains(t, answer["message"], c.message, name)
	}

	status, _ = aoss(t, url, "DeleteCollection", `{"id":"`+id+`"}`)
	require.Equal(t, http.StatusOK, status)
	_, answer = aoss(t, url, "DeleteCollection", `{"id":"`+id+`"}`)
	require.Equal(t, "ConflictException", answer["__type"], "it is being deleted")
	require.Eventually(t, func() bool {
		status, _ := aoss(t, url, "DeleteSecurityPolicy", `{"name":"logs","type":"encryption"}`)
		return status == http.StatusOK
	}, 10*time.Second, 50*time.Millisecond, "once the collection is gone")
}

// The more specific rule determines the key,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-encryption.html#serverless-encryption-policies.
func TestTheMoreSpecificEncryptionPolicyGivesTheKey(t *testing.T) {
	url := forget(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("{}"))
	require.NoError(t, err)
	request.Header.Set("X-Amz-Target", "TrentService.CreateKey")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=rehearsal/20261129/"+account.Region+"/kms/aws4_request, SignedHeaders=host, Signature=00")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	var made struct {
		KeyMetadata struct{ Arn string }
	}
	require.NoError(t, json.NewDecoder(response.Body).Decode(&made))
	for name, document := range map[string]string{
		"all":  `{"Rules":[{"ResourceType":"collection","Resource":["collection/log*"]}],"AWSOwnedKey":true}`,
		"mine": `{"Rules":[{"ResourceType":"collection","Resource":["collection/logspecial"]}],"AWSOwnedKey":false,"KmsARN":"` + made.KeyMetadata.Arn + `"}`,
	} {
		status, answer := aoss(t, url, "CreateSecurityPolicy", fmt.Sprintf(`{"name":%q,"type":"encryption","policy":%s}`, name, text(document)))
		require.Equal(t, http.StatusOK, status, answer)
	}
	for name, key := range map[string]string{"logspecial": made.KeyMetadata.Arn, "logother": "auto"} {
		_, answer := aoss(t, url, "CreateCollection", `{"name":"`+name+`"}`)
		require.Equal(t, key, answer["createCollectionDetail"].(map[string]any)["kmsKeyArn"])
	}
}

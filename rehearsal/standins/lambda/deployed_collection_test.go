package lambda

import (
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/opensearchserverless"
	"cdcpipeline/rehearsal/stores"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/stretchr/testify/require"
)

// The same zip writes to a collection when its environment says so. It signs requests for a collection and has
// exactly the needed permissions from a data access policy. The collection has the correct rows.
func TestDeployedFunctionKeepsRowsInACollection(t *testing.T) {
	s := newScene(t, 2)
	site, err := stores.NewSite("../../../.cache")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, site.Remove()) })
	acct := account.New(s.endpoint)
	collections := opensearchserverless.New(t.Context(), site, acct, slog.New(slog.DiscardHandler), opensearchserverless.Options{})
	t.Cleanup(collections.Close)
	collections.Attach(s.proxy)
	const name = "deployed-rows"
	s.aoss("CreateSecurityPolicy", map[string]any{"name": name, "type": "encryption", "policy": `{"Rules":[{"ResourceType":"collection","Resource":["collection/` + name + `"]}],"AWSOwnedKey":true}`})
	s.aoss("CreateSecurityPolicy", map[string]any{"name": name, "type": "network", "policy": `[{"Rules":[{"ResourceType":"collection","Resource":["collection/` + name + `"]}],"AllowFromPublic":true}]`})
	s.aoss("CreateCollection", map[string]any{"name": name, "type": "SEARCH"})
	collection, ok := collections.Collection(name)
	require.True(t, ok)
	bundle, err := site.Authority.Bundle()
	require.NoError(t, err)
	s.deploy(bundle, map[string]string{
		"SEARCH_ENDPOINT": "https://" + collection.Endpoint(), "SEARCH_SERVICE": string(opensearch.Serverless), "PARKING_BUCKET": s.name, "PARKING_PREFIX": "errors/current/",
		"REGISTRY": "serverless", "TABLES": `[{"database":"shop","table":"orders","key":["id"],"columns":{"id":"int(11)","total":"decimal(10,2)"}}]`,
	})
	_, err = iam.NewFromConfig(acct.Config()).PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: &s.name, PolicyName: aws.String("collection"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"aoss:APIAccessAll","Resource":"*"}]}`),
	})
	require.NoError(t, err)
	require.NoError(t, collection.Wait(t.Context()))
	admin, err := collection.Admin(t.Context())
	require.NoError(t, err)
	template, err := os.ReadFile("../../../components/search/testdata/current_collection.golden.json")
	require.NoError(t, err)
	require.NoError(t, admin.Do(t.Context(), http.MethodPut, "/_index_template/current", template, nil))

	s.Inject(Faults{Twice: true, Delay: func(shard string) time.Duration {
		if strings.HasSuffix(shard, "0") {
			return time.Second // the loads, which then come after the changes
		}
		return 0
	}})
	s.putTo("0", loaded(1, "1.50", "first"), loaded(2, "2.50", "second"))
	s.putTo("200000000000000000000000000000000000000",
		changed("update", 1, 100, "9.90", "now"), changed("delete", 2, 200, "2.50", "second"), changed("insert", 3, 300, "3.00", "third"), "no record")
	uuid := s.connect(func(in *lambda.CreateEventSourceMappingInput) {
		in.BisectBatchOnFunctionError, in.MaximumRecordAgeInSeconds = aws.Bool(true), aws.Int32(3600)
	})
	time.Sleep(3 * time.Second)
	require.Zero(t, s.Stats()[uuid].Delivered, "no data access policy lets it in: an outage, not the records' fault")
	s.aoss("CreateAccessPolicy", map[string]any{"name": name, "type": "data", "policy": fmt.Sprintf(`[{"Rules":[
		{"ResourceType":"index","Resource":["index/%[1]s/current-*"],"Permission":["aoss:CreateIndex","aoss:DescribeIndex","aoss:UpdateIndex","aoss:ReadDocument","aoss:WriteDocument"]},
		{"ResourceType":"collection","Resource":["collection/%[1]s"],"Permission":["aoss:CreateCollectionItems"]}],"Principal":[%[2]q]}]`, name, s.role)})
	s.drained()

	require.Equal(t, map[string]string{"1": "now", "3": "third"}, rowsBehind(t, admin, "current-shop-orders"))
	require.Len(t, s.parked(), 1)
	require.Zero(t, s.Stats()[uuid].Parked+s.Stats()[uuid].Lost)
	registry := s.objects("registry/")
	require.Len(t, registry, 2)
	require.Contains(t, registry["registry/serverless.json"], `"copied":0`)
	require.Contains(t, registry["registry/serverless/shop-orders.json"], `"binlog":"bin"`)

	swept, err := s.invoker.Invoke(t.Context(), s.name, []byte(`{"source":"aws.scheduler"}`))
	require.NoError(t, err)
	require.Empty(t, swept.FunctionError, string(swept.Payload))
}

// aoss calls OpenSearch Serverless with a policy as text.
func (s *scene) aoss(operation string, body map[string]any) {
	s.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(s.t, err)
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.endpoint, strings.NewReader(string(text)))
	require.NoError(s.t, err)
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	request.Header.Set("X-Amz-Target", "OpenSearchServerless."+operation)
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=rehearsal/20261129/"+account.Region+"/aoss/aws4_request, SignedHeaders=host, Signature=00")
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	require.NoError(s.t, response.Body.Close())
	require.Equal(s.t, http.StatusOK, response.StatusCode, operation)
}

// rowsBehind are the names of the rows behind an alias, by id.
func rowsBehind(t *testing.T, admin *stores.Client, alias string) map[string]string {
	t.Helper()
	require.NoError(t, admin.Refresh(t.Context(), alias))
	hits, err := admin.Search(t.Context(), alias, map[string]any{"query": map[string]any{"match_all": map[string]any{}}})
	require.NoError(t, err)
	rows := map[string]string{}
	for _, hit := range hits {
		var row struct {
			ID   json.Number `json:"id"`
			Name string      `json:"name"`
		}
		require.NoError(t, json.Unmarshal(hit.Source, &row))
		rows[row.ID.String()] = row.Name
	}
	return rows
}

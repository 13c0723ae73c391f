package status

import (
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/opensearch/opensearchtest"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/require"
)

func TestCollectionsAreAskedUnderTheOperatorsIdentity(t *testing.T) {
	var asked []string
	answer := func(of string) opensearchtest.Domain {
		return func(r opensearchtest.Request) (int, any) {
			asked = append(asked, of+" "+r.URL.Path)
			require.Contains(t, r.Header.Get("Authorization"), "/us-east-1/aoss/aws4_request")
			if of == "current" && r.Last() == "denied" {
				return 403, `{"status":403,"error":{"reason":"403 Forbidden","type":"Forbidden"}}`
			}
			return 200, `[{"index":"` + of + `-shop-orders-1","docs.count":"12","store.size":"3400"},{"index":"` + of + `-billing-shop-orders-1"}]`
		}
	}
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "OpenSearchServerless.BatchGetCollection", r.Header.Get("X-Amz-Target"))
		_, _ = w.Write([]byte(`{"collectionDetails":[{"name":"c","status":"FAILED","failureMessage":"no key"},{"name":"h","status":"ACTIVE"}]}`))
	}))
	defer service.Close()
	cfg := aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""), BaseEndpoint: &service.URL}
	s := NewCollections(cfg, Way{"h", "https://h", answer("history")}, Way{"c", "https://c", answer("current")})
	health, err := s.Health(t.Context())
	require.NoError(t, err)
	require.Equal(t, Health{Collections: []Collection{{Name: "h", Status: "ACTIVE"}, {Name: "c", Status: "FAILED", Problem: "no key"}}}, health)
	indices, err := s.Indices(t.Context(), "", "retail-trans")
	require.NoError(t, err)
	require.Equal(t, []Index{{"history-shop-orders-1", 12, 3400}, {"history-billing-shop-orders-1", 0, 0}, {"current-shop-orders-1", 12, 3400}}, indices)
	require.Equal(t, []string{"history /_cat/indices/retail-trans", "current /_cat/indices/current-*"}, asked)
	err = s.Current.Do(t.Context(), "GET", "/denied", nil, nil)
	require.ErrorContains(t, err, "the collection c answered 403 (your AWS identity has no permission for this: ask the deployer to add your role to search.operators and run `pulumi up`")
	require.Equal(t, []any{opensearch.FoundInCollection, opensearch.FoundInCollection}, []any{s.History.FoundAfter, s.Current.FoundAfter})
	require.NoError(t, s.Close())
}

// states answers BatchGetCollection.
type states struct {
	answer string
	err    error
}

func (s states) JSON(_ context.Context, _ string, _, answer any) error {
	if s.err != nil {
		return s.err
	}
	return json.Unmarshal([]byte(s.answer), answer)
}

func TestACollectionThatIsNotThereIsNamed(t *testing.T) {
	all, err := describeCollections(t.Context(), states{answer: `{"collectionDetails":[],"collectionErrorDetails":[{"name":"a","errorMessage":"not found"}]}`}, "a", "b")
	require.NoError(t, err)
	require.Equal(t, []Collection{{Name: "a", Problem: "not found"}, {Name: "b"}}, all)
	_, err = describeCollections(t.Context(), states{err: errors.New("denied")}, "a")
	require.ErrorContains(t, err, "denied (your credentials need aoss:BatchGetCollection)")
}

func TestCollectionsThatAreNotActiveAreAProblem(t *testing.T) {
	p := wellParts()
	p.outputs.SearchKind = "serverless"
	p.metrics.points["AWS/Firehose DeliveryToAmazonOpenSearchServerless.DataFreshness DeliveryStreamName=to-search"] = []float64{7}
	p.cluster.health, p.cluster.collections = "", []Collection{{Name: "a-history", Status: "ACTIVE"}, {Name: "a-current", Status: "ACTIVE"}}
	status := p.read(t)
	require.True(t, status.Healthy, status.Problems)
	require.InDelta(t, 7, *status.Lag.SearchSeconds, 0)
	table := func() string {
		var text strings.Builder
		require.NoError(t, p.read(t).WriteTable(&text, false))
		return text.String()
	}
	require.Regexp(t, `search +│ ACTIVE`, table())
	p.cluster.collections[1] = Collection{Name: "a-current", Status: "FAILED", Problem: "no key"}
	require.Equal(t, []string{"the collection a-current is FAILED (no key): check `aws opensearchserverless batch-get-collection --names a-current`, then run `pulumi up`"}, p.read(t).Problems)
	require.Regexp(t, `search +│ FAILED`, table())
}

func TestGuidesOfCollectionsSayWhoActs(t *testing.T) {
	g := CollectionGuide{
		Name: "retail-trans-history", URL: "https://id.us-east-1.aoss.amazonaws.com", Index: "retail-trans", User: "cdc", LoginFile: "/tmp/cdc-1/login",
		Local: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9200},
	}
	text := ""
	for _, write := range []func(CollectionGuide) (string, error){CollectionGuide.Search, CollectionGuide.Dashboards} {
		one, err := write(g)
		require.NoError(t, err)
		text += one + "\n"
	}
	golden(t, "guides_collections.golden.txt", text)
	require.NotContains(t, text, "password  ")
	g.Login, g.Profile = &Login{"cdc", "hunter2"}, "dev"
	text, err := g.Search()
	require.NoError(t, err)
	require.Contains(t, text, "\nuser      cdc\npassword  hunter2\n")
	require.Contains(t, text, "Requests act as your own AWS identity (profile dev)")
}

package opensearchserverless

import (
	"bytes"
	"cdcpipeline/internal/opensearch"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"
)

func status(err error) int {
	if err == nil {
		return http.StatusOK
	}
	return opensearch.Status(err)
}

// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-troubleshooting.html
func TestARequestIsRefusedUntilEveryPolicyAdmitsIt(t *testing.T) {
	s := newScene(t, Options{})
	one, node := s.collection(search)
	role := s.bareRole("writer")
	write := func() int {
		s.all.roles.known = map[string]said{} // IAM's earlier answer
		return status(s.as(role, one).Do(t.Context(), http.MethodPost, "/_bulk", []byte("{\"index\":{\"_index\":\"a\"}}\n{}\n"), nil))
	}
	require.Equal(t, http.StatusUnauthorized, write(), "no network policy")
	s.public()
	require.Equal(t, http.StatusForbidden, write(), "no data access policy, and no permission in IAM")
	s.grant("mine", role, map[string][]string{"index/" + s.n + "/a": {createIndex, writeDocument, updateIndex}})
	require.Equal(t, http.StatusForbidden, write(), "no permission in IAM")
	s.may("writer", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["aoss:APIAccessAll"],"Resource":["`+one.arn+`"]}]}`)
	require.Empty(t, node.asked(), "nothing that is refused reaches the node")
	require.Equal(t, http.StatusOK, write())
	require.Equal(t, []string{"POST /_bulk"}, node.asked())
	s.call("DeleteAccessPolicy", `{"name":"`+s.n+`-mine","type":"data"}`)
	require.Equal(t, http.StatusForbidden, write(), "the policy is gone")
}

func TestARefusalHasAWSsFormAndHint(t *testing.T) {
	s := newScene(t, Options{})
	one, _ := s.collection(search)
	role := s.role("writer")
	ask := func() (*http.Response, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+one.Endpoint()+"/a/_search", nil)
		require.NoError(t, err)
		response, err := s.as(role, one).Transport.RoundTrip(request)
		require.NoError(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response, string(body)
	}
	response, _ := ask()
	require.Equal(t, "X01:network-policy-deny", response.Header.Get(hint))
	s.public()
	response, body := ask()
	require.Equal(t, "X01:gw-helper-deny", response.Header.Get(hint))
	require.JSONEq(t, `{"status":403,"error":{"reason":"403 Forbidden","type":"Forbidden"}}`, body)
}

// A VPC endpoint admits requests when a network policy names it and it exists.
func TestANetworkPolicyAdmitsByAVPCEndpointThatIsThere(t *testing.T) {
	s := newScene(t, Options{})
	one, _ := s.collection(search)
	role := s.role("reader")
	s.grant("mine", role, map[string][]string{"index/" + s.n + "/*": {readDocument}})
	vpc := ec2Call(t, s.url, "Action=CreateVpc&CidrBlock=10.0.0.0/16", "vpcId")
	subnet := ec2Call(t, s.url, "Action=CreateSubnet&CidrBlock=10.0.0.0/24&VpcId="+vpc, "subnetId")
	made := s.call("CreateVpcEndpoint", `{"name":"mine","vpcId":"`+vpc+`","subnetIds":["`+subnet+`"]}`)
	id := made["createVpcEndpointDetail"].(map[string]any)["id"].(string)
	read := func() int { return status(s.as(role, one).Do(t.Context(), http.MethodGet, "/a/_search", nil, nil)) }
	s.policy("CreateSecurityPolicy", "network", s.n+"-mine", `[{"Rules":[{"ResourceType":"collection","Resource":["collection/`+s.n+`*"]}],"AllowFromPublic":false,"SourceVPCEs":["vpce-0"]}]`)
	require.Equal(t, http.StatusUnauthorized, read(), "another endpoint")
	s.policy("CreateSecurityPolicy", "network", s.n+"-too", `[{"Rules":[{"ResourceType":"collection","Resource":["collection/`+s.n+`*"]}],"AllowFromPublic":false,"SourceVPCEs":["`+id+`"]}]`)
	require.Equal(t, http.StatusOK, read())
	require.Eventually(t, func() bool {
		status, _ := aoss(t, s.url, "DeleteVpcEndpoint", `{"id":"`+id+`"}`)
		return status == http.StatusOK
	}, 10*time.Second, 100*time.Millisecond)
	require.Equal(t, http.StatusUnauthorized, read(), "the endpoint is gone")
}

// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-clients.html#serverless-signing
func TestASignatureHasToBeAsCollectionsWantIt(t *testing.T) {
	s := newScene(t, Options{})
	one, node, client := s.open(search)
	require.NoError(t, client.Do(t.Context(), http.MethodPost, "/a/_search", map[string]any{}, nil))
	node.asked()
	keys, err := s.acc.Credentials(t.Context(), roleOf("writer"), "test")
	require.NoError(t, err)
	body := []byte("{}")
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	for name, sign := range map[string]func(r *http.Request) error{
		"not at all":        func(*http.Request) error { return nil },
		"with the password": func(r *http.Request) error { r.SetBasicAuth("a", "b"); return nil },
		"for a domain": func(r *http.Request) error {
			r.Header.Set(hashHeader, hash)
			r.ContentLength = 0
			return v4.NewSigner().SignHTTP(t.Context(), keys, r, hash, "es", "us-east-1", time.Now())
		},
		"without the hash": func(r *http.Request) error {
			r.ContentLength = 0
			return v4.NewSigner().SignHTTP(t.Context(), keys, r, hash, "aoss", "us-east-1", time.Now())
		},
		"with a hash that is not signed": func(r *http.Request) error {
			r.ContentLength = 0
			err := v4.NewSigner().SignHTTP(t.Context(), keys, r, hash, "aoss", "us-east-1", time.Now())
			r.Header.Set(hashHeader, hash)
			return err
		},
		"with the length": func(r *http.Request) error {
			r.Header.Set(hashHeader, hash)
			return v4.NewSigner().SignHTTP(t.Context(), keys, r, hash, "aoss", "us-east-1", time.Now())
		},
		"by somebody else": func(r *http.Request) error {
			r.Header.Set(hashHeader, hash)
			r.ContentLength = 0
			return v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: "A", SecretAccessKey: "b"}, r, hash, "aoss", "us-east-1", time.Now())
		},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+one.Endpoint()+"/a/_search", bytes.NewReader(body))
		require.NoError(t, err)
		require.NoError(t, sign(request))
		request.ContentLength = int64(len(body))
		response, err := (&http.Transport{TLSClientConfig: s.authority.ClientTLS()}).RoundTrip(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusForbidden, response.StatusCode, name)
	}
	require.Empty(t, node.asked())
}

func TestWhatAWSDoesNotDocumentIsNotFound(t *testing.T) {
	s := newScene(t, Options{})
	_, node, client := s.open(search)
	for _, call := range []string{
		"GET /", "GET /_cluster/health", "PUT /_cluster/settings", "GET /_cluster/state", "GET /_nodes", "GET /_cat/health", "GET /_cat/nodes", "GET /_cat/shards", "GET /_tasks/1",
		"POST /a/_refresh", "POST /_refresh", "POST /a/_flush", "POST /a/_forcemerge", "POST /a/_close", "POST /a/_open", "GET /a/_stats", "POST /a/_update_by_query", "POST /a/_delete_by_query",
		"POST /_reindex", "POST /a/_rollover", "POST /_search/scroll", "DELETE /_search/scroll", "PUT /_scripts/a", "PUT /_template/a", "PUT /_ingest/pipeline/a", "PUT /_snapshot/a",
		"GET /_plugins/_ism/policies", "PUT /_plugins/_security/api/roles/a", "GET /_all/_search", "PUT /_bulk", "POST /a", "GET /a/_alias", "GET /.opendistro_security/_doc/1/x", "GET /a/_search/",
	} {
		method, path, _ := strings.Cut(call, " ")
		require.Equal(t, http.StatusNotFound, status(client.Do(t.Context(), method, path, nil, nil)), call)
	}
	require.Empty(t, node.asked())
}

func TestWhatCollectionsDoNotTakeIsInvalid(t *testing.T) {
	s := newScene(t, Options{})
	_, node, client := s.open(search)
	for name, c := range map[string]struct{ call, body, reason string }{
		"an unknown parameter":     {"GET /_cat/indices?expand_wildcards=open", "", "request [/_cat/indices] contains unrecognized parameter: [expand_wildcards]"},
		"a scroll":                 {"POST /a/_search?scroll=1m", "{}", "unrecognized parameter: [scroll]"},
		"a pipeline":               {"POST /_bulk?pipeline=a", "", "unrecognized parameter: [pipeline]"},
		"a refresh":                {"PUT /a/_doc/1?refresh=true", "{}", "true refresh policy is not supported."},
		"a refresh without a word": {"PUT /a/_doc/1?refresh", "{}", "true refresh policy is not supported."},
		"waiting for a refresh":    {"POST /_bulk?refresh=wait_for", "", "wait_for refresh policy is not supported."},
		"shards":                   {"PUT /a", `{"settings":{"index":{"number_of_shards":2}}}`, "unknown setting [index.number_of_shards]"},
		"replicas, with dots":      {"PUT /a/_settings", `{"index.number_of_replicas":2}`, "unknown setting [index.number_of_replicas]"},
		"a refresh interval":       {"PUT /_index_template/a", `{"template":{"settings":{"refresh_interval":"1s"}}}`, "unknown setting [refresh_interval]"},
		"an index by an alias":     {"POST /_aliases", `{"actions":[{"remove_index":{"index":"a"}}]}`, "remove_index"},
		"an ingest pipeline":       {"POST /_bulk", "{\"index\":{\"_index\":\"a\",\"pipeline\":\"p\"}}\n{}\n", "unknown parameter [pipeline]"},
	} {
		method, path, _ := strings.Cut(c.call, " ")
		err := client.Do(t.Context(), method, path, []byte(c.body), nil)
		require.Equal(t, http.StatusBadRequest, status(err), name)
		require.ErrorContains(t, err, c.reason, name)
	}
	require.Empty(t, node.asked())
	require.NoError(t, client.Do(t.Context(), http.MethodPut, "/a/_doc/1?refresh=false", []byte("{}"), nil))
	require.Equal(t, []string{"PUT /a/_doc/1"}, node.asked())
}

// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-overview.html#serverless-usecase
func TestATimeSeriesCollectionTakesNoIDs(t *testing.T) {
	s := newScene(t, Options{})
	_, node, client := s.open("TIMESERIES")
	for _, call := range []string{"PUT /a/_doc/1", "POST /a/_create/1", "PUT /a/_create/1", "POST /a/_update/1", "GET /a/_doc/1", "HEAD /a/_source/1", "POST /_mget"} {
		method, path, _ := strings.Cut(call, " ")
		require.Equal(t, http.StatusBadRequest, status(client.Do(t.Context(), method, path, []byte("{}"), nil)), call)
	}
	require.Empty(t, node.asked())
	require.NoError(t, client.Do(t.Context(), http.MethodPost, "/a/_doc", []byte("{}"), nil))
	var answer struct {
		Errors bool
		Items  []map[string]struct {
			Status int
			Error  struct{ Type, Reason string }
		}
	}
	lines := "{\"index\":{\"_index\":\"a\"}}\n{}\n{\"index\":{\"_index\":\"a\",\"_id\":\"1\"}}\n{}\n{\"create\":{\"_index\":\"a\",\"_id\":\"2\"}}\n{}\n{\"update\":{\"_index\":\"a\",\"_id\":\"1\"}}\n{}\n{\"delete\":{\"_index\":\"a\",\"_id\":\"1\"}}\n"
	require.NoError(t, client.Do(t.Context(), http.MethodPost, "/_bulk", []byte(lines), &answer))
	require.True(t, answer.Errors)
	var statuses []int
	for _, item := range answer.Items {
		for _, result := range item {
			statuses = append(statuses, result.Status)
		}
	}
	require.Equal(t, []int{201, 400, 400, 400, 201}, statuses)
	require.Equal(t, noIDs, answer.Items[1]["index"].Error.Reason)
}

func TestABulkRequestIsRefusedAsAWholeForOneDocument(t *testing.T) {
	s := newScene(t, Options{})
	one, node := s.collection(search)
	node.have(map[string]string{"a": ""})
	role := s.role("writer")
	s.public()
	granted := s.grant("mine", role, map[string][]string{"index/" + s.n + "/a": {writeDocument, updateIndex}})
	write := func(lines string) int {
		return status(s.as(role, one).Do(t.Context(), http.MethodPost, "/a/_bulk", []byte(lines), nil))
	}
	require.Equal(t, http.StatusOK, write("{\"index\":{}}\n{}\n"), "the index is the path's")
	require.Equal(t, http.StatusForbidden, write("{\"index\":{}}\n{}\n{\"index\":{\"_index\":\"b\"}}\n{}\n"))
	node.have(nil)
	require.Equal(t, http.StatusForbidden, write("{\"index\":{}}\n{}\n"), "an index has to be made, which is not allowed")
	version := granted["accessPolicyDetail"].(map[string]any)["policyVersion"].(string)
	s.call("UpdateAccessPolicy", `{"name":"`+s.n+`-mine","type":"data","policyVersion":"`+version+`","policy":`+text(accessOf(role, map[string][]string{"index/" + s.n + "/a": {writeDocument, updateIndex, createIndex}}))+`}`)
	require.Equal(t, http.StatusOK, write("{\"index\":{}}\n{}\n"))
	require.Contains(t, node.settled[len(node.settled)-1], "/a/_settings")
}

func TestDocumentsAreFoundLate(t *testing.T) {
	s := newScene(t, Options{Refresh: 3 * time.Second})
	_, node, client := s.open(search)
	require.JSONEq(t, `{"persistent":{"cluster.default.index.refresh_interval":"3000ms"}}`, node.interval)
	require.NoError(t, client.Do(t.Context(), http.MethodPut, "/a", []byte("{}"), nil))
	require.Equal(t, []string{`/a/_settings {"index.number_of_replicas":0,"index.refresh_interval":"3000ms"}`}, node.settled)
	require.NoError(t, client.Do(t.Context(), http.MethodGet, "/a/_doc/1", nil, nil))
	require.Equal(t, []string{"PUT /a", "GET /a/_doc/1?realtime=false"}, node.asked(), "by its id no sooner than by a search")
}

func TestTheNodesOwnIndicesAreNotSeen(t *testing.T) {
	s := newScene(t, Options{})
	_, node, client := s.open(search)
	for call, want := range map[string]string{
		"GET /_search":                     "GET /*,-.*/_search",
		"DELETE /*":                        "DELETE /%2A%2C-.%2A",
		"GET /a*/_mapping":                 "GET /a%2A%2C-.%2A/_mapping",
		"GET /_cat/indices?h=health,index": "GET /_cat/indices/*,-.*?h=index",
	} {
		method, path, _ := strings.Cut(call, " ")
		require.NoError(t, client.Do(t.Context(), method, path, nil, nil), call)
		require.Equal(t, []string{want}, node.asked())
	}
	require.Equal(t, http.StatusForbidden, status(client.Do(t.Context(), http.MethodGet, "/.opendistro_security/_search", nil, nil)), "no policy can name it")
}

func TestAPointInTimeIsOfTheIndicesThatItWasMadeOf(t *testing.T) {
	s := newScene(t, Options{})
	one, node := s.collection(search)
	reader, other := s.role("reader"), s.role("other")
	s.public()
	s.grant("reader", reader, map[string][]string{"index/" + s.n + "/a": {readDocument}})
	s.grant("other", other, map[string][]string{"index/" + s.n + "/b": {readDocument}})
	require.NoError(t, s.as(reader, one).Do(t.Context(), http.MethodPost, "/a/_search/point_in_time?keep_alive=1m", nil, nil))
	in := []byte(`{"pit":{"id":"frozen"}}`)
	require.NoError(t, s.as(reader, one).Do(t.Context(), http.MethodPost, "/_search", in, nil))
	require.Equal(t, http.StatusForbidden, status(s.as(other, one).Do(t.Context(), http.MethodPost, "/_search", in, nil)))
	require.Equal(t, http.StatusForbidden, status(s.as(other, one).Do(t.Context(), http.MethodDelete, "/_search/point_in_time", []byte(`{"pit_id":["frozen"]}`), nil)))
	require.Equal(t, http.StatusNotFound, status(s.as(reader, one).Do(t.Context(), http.MethodPost, "/_search", []byte(`{"pit":{"id":"another"}}`), nil)))
	require.Equal(t, []string{"POST /a/_search/point_in_time?keep_alive=1m", "POST /_search"}, node.asked())
}

func TestWhatIsUsedAndNotDocumentedIsListed(t *testing.T) {
	s := newScene(t, Options{})
	require.Empty(t, s.all.NotRun(), "nothing is said of collections before there is one")
	_, _, client := s.open(search)
	require.Empty(t, s.all.Undocumented())
	require.NoError(t, client.Do(t.Context(), http.MethodPost, "/_bulk?timeout=1m", []byte("{\"index\":{\"_index\":\"a\",\"_id\":\"1\",\"version\":1,\"version_type\":\"external\"}}\n{}\n"), nil))
	client.Gzip = true
	require.NoError(t, client.Do(t.Context(), http.MethodPost, "/_mget", []byte(`{"docs":[{"_index":"a","_id":"1"}]}`), nil))
	require.NoError(t, client.Do(t.Context(), http.MethodPost, "/_aliases", []byte(`{"actions":[{"add":{"index":"a","alias":"b","filter":{}}}]}`), nil))
	require.Equal(t, []string{
		"OpenSearch Serverless: POST /_mget, which AWS does not document (AWS names GET alone, and most clients send a body with POST)",
		"OpenSearch Serverless: aliases with filter, which AWS does not document (OpenSearch's reference has it)",
		"OpenSearch Serverless: compressed requests, which AWS does not document (domains take them)",
		"OpenSearch Serverless: the parameter timeout of POST /_bulk, which AWS does not document (OpenSearch's reference has it)",
		"OpenSearch Serverless: version_type external in _bulk, which AWS does not document (public pipelines of OpenSearch Ingestion write to collections with external versions)",
		"OpenSearch Serverless: versions of the writer's in _bulk, which AWS does not document (public pipelines of OpenSearch Ingestion write to collections with external versions)",
	}, s.all.Undocumented())
	require.Subset(t, s.all.NotRun(), s.all.Undocumented())
}

func TestACollectionIsDescribedAsItIs(t *testing.T) {
	s := newScene(t, Options{})
	s.hold = make(chan struct{})
	s.policy("CreateSecurityPolicy", "encryption", s.n, strings.Replace(encryptionOfLogs, "logs-application", s.n+"*", 1))
	answer := s.call("CreateCollection", `{"name":"`+s.n+`"}`)
	require.Equal(t, "CREATING", answer["createCollectionDetail"].(map[string]any)["status"])
	describe := func(name string) map[string]any {
		return s.call("BatchGetCollection", `{"names":["`+name+`"]}`)["collectionDetails"].([]any)[0].(map[string]any)
	}
	told := describe(s.n)
	require.Equal(t, "CREATING", told["status"])
	require.NotContains(t, told, "collectionEndpoint")
	del := `{"id":"` + told["id"].(string) + `"}`
	_, answer = aoss(t, s.url, "DeleteCollection", del)
	require.Equal(t, "ConflictException", answer["__type"], "it is being made")
	close(s.hold)
	told = describe(s.n)
	require.Equal(t, "ACTIVE", told["status"])
	one, _ := s.all.Collection(s.n)
	require.Equal(t, "https://"+one.Endpoint(), told["collectionEndpoint"])
	require.NoError(t, s.all.Err())

	node := <-s.nodes
	s.all.RefuseDeletion(true)
	_, answer = aoss(t, s.url, "DeleteCollection", del)
	require.Equal(t, "ConflictException", answer["__type"])
	s.all.RefuseDeletion(false)
	s.call("DeleteCollection", del)
	<-node.done
	require.Empty(t, s.all.Names())

	s.failure = errors.New("no memory for the heap")
	s.call("CreateCollection", `{"name":"`+s.n+`-b"}`)
	told = describe(s.n + "-b")
	require.Equal(t, "FAILED", told["status"])
	require.Contains(t, told["failureMessage"], "no memory for the heap")
	require.ErrorContains(t, s.all.Err(), "no memory for the heap")
}

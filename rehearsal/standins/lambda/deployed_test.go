package lambda

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/lambdabuild"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/opensearch"
	"cdcpipeline/rehearsal/stores"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/stretchr/testify/require"
)

// The deployed zip reads a stream through its mapping, with every batch twice and the shards out of step. It signs
// with its role's temporary credentials, and a real domain with the program's index template has the correct rows.
func TestDeployedFunctionKeepsRowsAsItsRole(t *testing.T) {
	s := newScene(t, 2)
	site, err := stores.NewSite("../../../.cache")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, site.Remove()) })
	domains := opensearch.New(t.Context(), site, slog.New(slog.DiscardHandler))
	t.Cleanup(domains.Close)
	domains.Attach(s.proxy)
	domain, err := domains.Create("rows", true, opensearch.MasterUser{Name: "admin", Password: "Admin-password-1"})
	require.NoError(t, err)
	bundle, err := site.Authority.Bundle()
	require.NoError(t, err)
	s.deploy(bundle, map[string]string{
		"SEARCH_ENDPOINT": "https://" + domain.Endpoint(), "PARKING_BUCKET": s.name, "PARKING_PREFIX": "errors/current/", "INDEX_REPLICAS": "0",
		"TABLES": `[{"database":"shop","table":"orders","key":["id"],"columns":{"id":"int(11)","total":"decimal(10,2)"}}]`,
	})
	require.NoError(t, domain.Wait(t.Context()))
	admin, err := domain.Admin(t.Context())
	require.NoError(t, err)
	put := func(path string, body any) {
		require.NoError(t, admin.Do(t.Context(), http.MethodPut, path, body, nil))
	}
	template, err := os.ReadFile("../../../components/search/testdata/current_dev.golden.json")
	require.NoError(t, err)
	put("/_index_template/current", template)
	put("/_plugins/_security/api/roles/current", []byte(`{"cluster_permissions":["cluster_composite_ops"],
		"index_permissions":[{"index_patterns":["current-*"],"allowed_actions":["crud","create_index","manage"]},
		{"index_patterns":["cdc-current*"],"allowed_actions":["read","indices:admin/mappings/get","indices:admin/block/add*","indices:admin/refresh*"]}]}`))

	// A former release left its registry; the role may only copy it.
	put("/cdc-current-1", []byte(`{"aliases":{"cdc-current":{}},"settings":{"index":{"number_of_shards":1,"number_of_replicas":0}}}`))
	const former = `{"schema":"shop","table":"orders","key":["id"],"columns":{"id":"long","total":"decimal"},"epochs":[{"number":1,"since":"0001-01-01T00:00:00Z","key":["id"],"types":["int(11)"],"binlog":"bin"}]}`
	put("/cdc-current/_doc/current-shop-orders?require_alias=true", []byte(former))

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
	require.Zero(t, s.Stats()[uuid].Delivered, "its role is not mapped: an outage, not the records' fault")
	put("/_plugins/_security/api/rolesmapping/current", map[string]any{"backend_roles": []string{s.role}})
	s.drained()

	require.Equal(t, map[string]string{"1": "now", "3": "third"}, rowsBehind(t, admin, "current-shop-orders"))
	parked := s.parked()
	require.Len(t, parked, 1)
	for key, text := range parked {
		require.True(t, strings.HasPrefix(key, "errors/current/"), key)
		require.Contains(t, text, "no record")
	}
	require.Zero(t, s.Stats()[uuid].Parked+s.Stats()[uuid].Lost)

	registry := s.objects(currentstate.RegistryPrefix)
	require.JSONEq(t, former, registry["registry/current/shop-orders.json"])
	require.Contains(t, registry["registry/current.json"], `"copied":1`)
	refused, _, err := admin.Call(t.Context(), http.MethodPut, "/cdc-current/_doc/late", []byte(`{}`))
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, refused, "its writes are blocked")

	swept, err := s.invoker.Invoke(t.Context(), s.name, []byte(`{"source":"aws.scheduler"}`))
	require.NoError(t, err)
	require.Empty(t, swept.FunctionError, string(swept.Payload))
}

// deploy replaces the function by the program's.
func (s *scene) deploy(bundle string, variables map[string]string) {
	s.t.Helper()
	arch := map[string]config.Architecture{"amd64": config.X8664, "arm64": config.ARM64}[runtime.GOARCH]
	path, err := lambdabuild.Build(s.t.Context(), "../../..", "currentstate", arch)
	require.NoError(s.t, err)
	zip, err := os.ReadFile(path)
	require.NoError(s.t, err)
	_, err = s.lambda.DeleteFunction(s.t.Context(), &lambda.DeleteFunctionInput{FunctionName: &s.name})
	require.NoError(s.t, err)
	runner, err := New(account.New(s.endpoint), s.proxy, Options{LogDir: s.t.TempDir(), Env: []string{"SSL_CERT_FILE=" + bundle}})
	require.NoError(s.t, err)
	s.t.Cleanup(func() { require.NoError(s.t, runner.Close()) })
	s.invoker = runner
	s.upload(zip)
	_, err = s.lambda.UpdateFunctionConfiguration(s.t.Context(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName: &s.name, Environment: &types.Environment{Variables: variables},
	})
	require.NoError(s.t, err)
}

// putTo writes records to the shard of a hash key.
func (s *scene) putTo(hash string, data ...string) {
	s.t.Helper()
	for _, one := range data {
		_, err := s.kinesis.PutRecord(s.t.Context(), &kinesis.PutRecordInput{StreamName: &s.name, PartitionKey: aws.String("k"), ExplicitHashKey: &hash, Data: []byte(one)})
		require.NoError(s.t, err)
	}
}

// loaded and changed are records of shop.orders; a change has a position in the binlog.
func loaded(id int, total, name string) string {
	return fmt.Sprintf(`{"data":{"id":%d,"total":%s,"name":%q},"metadata":{"timestamp":"2026-11-23T06:00:00.000000Z","record-type":"data","operation":"load",`+
		`"partition-key-type":"primary-key","schema-name":"shop","table-name":"orders"}}`, id, total, name)
}

func changed(operation string, id, place int, total, name string) string {
	return fmt.Sprintf(`{"data":{"id":%d,"total":%s,"name":%q},"metadata":{"timestamp":"2026-11-23T06:00:01.000000Z","record-type":"data","operation":%q,`+
		`"partition-key-type":"primary-key","schema-name":"shop","table-name":"orders","commit-timestamp":"2026-11-23T06:00:01.000000Z",`+
		`"transaction-id":%d,"transaction-record-id":1,"stream-position":"bin.000001:%d:"}}`, id, total, name, operation, 1<<32+place, place)
}

package main

import (
	"bytes"
	"cdcpipeline/internal/bucket/buckettest"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// world is a stack with two sources: the unnamed one, and orders. Both have the table shop.ledger.
type world struct {
	objects *buckettest.S3
	outputs map[string]any

	mu sync.Mutex
	// calls lists the requests to AWS ("ListShards {...}") and to the domain ("GET /path body").
	calls []string
	// shown maps each alias to its index.
	shown map[string]string
}

// ofSource returns the outputs of one source. No value contains a value of the other source.
func ofSource(prefix, arn, below string) map[string]any {
	return map[string]any{
		"tables": []string{"shop.ledger"}, "probeTables": "cdc_conformance.%", "taskArn": "arn:aws:dms:us-east-1:123456789012:task:" + arn, "streamName": prefix + "-stream", "searchDeliveryName": prefix + "-search", "lakeDeliveryName": prefix + "-lake",
		"historyIndex": prefix + "-history", "historyRetentionDays": 30, "currentFunctionName": prefix + "-function", "currentParkedPrefix": "errors" + below + "/current/", "currentFailedPrefix": "aws/lambda/" + prefix + "-mapping/", "currentRegistry": "current" + strings.Replace(below, "/source=", "-", 1),
		"lakePrefix": "raw" + below, "lakeErrorPrefix": "errors" + below, "sourceHost": prefix + ".local", "sourcePort": 3306, "sourceSecretArn": secretArn, "tablesJob": prefix + "-job",
	}
}

func twoSources(t *testing.T) *world {
	t.Helper()
	w := &world{objects: &buckettest.S3{}, shown: map[string]string{"current-shop-ledger": "current-shop-ledger-1", "current-orders-shop-ledger": "current-orders-shop-ledger-1"}}
	domain := httptest.NewTLSServer(http.HandlerFunc(w.searched))
	t.Cleanup(domain.Close)
	plain := http.DefaultTransport
	http.DefaultTransport = domain.Client().Transport // it trusts the domain's certificate
	t.Cleanup(func() { http.DefaultTransport = plain })
	for _, registry := range []string{"current", "current-orders"} {
		w.objects.Set("b", "registry/"+registry+".json", "{}")
		w.objects.Set("b", "registry/"+registry+"/shop-ledger.json", ledgerEntry)
	}
	w.outputs = ofSource("main", "ONE", "")
	own := ofSource("other", "TWO", "/source=orders")
	for name, value := range map[string]any{
		"region": "us-east-1", "accountId": "123456789012", "reach": "direct", "bastionInstanceId": "", "lakeBucket": "b", "catalogDatabase": "c", "athenaWorkgroup": "w",
		"searchUrl": domain.URL, "searchEndpoint": strings.TrimPrefix(domain.URL, "https://"), "searchMasterSecretArn": secretArn, "dashboardsUrl": domain.URL,
		"sources": map[string]any{"orders": own},
	} {
		w.outputs[name] = value
	}
	w.deployed(t)
	aws := httptest.NewServer(http.HandlerFunc(w.aws))
	t.Cleanup(aws.Close)
	awsAnswers(t, nil) // this sets credentials
	t.Setenv("AWS_ENDPOINT_URL", aws.URL)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	return w
}

func (w *world) deployed(t *testing.T) {
	t.Helper()
	printed, err := json.Marshal(w.outputs)
	require.NoError(t, err)
	stackOf(t, string(printed), region)
}

// withoutUnnamed removes the unnamed source, so that only orders is left.
func (w *world) withoutUnnamed(t *testing.T) {
	t.Helper()
	for name := range ofSource("", "", "") {
		delete(w.outputs, name)
	}
	w.deployed(t)
}

func (w *world) note(call string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, call)
}

// asked returns all calls since the last time, with those to S3.
func (w *world) asked() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := strings.Join(w.calls, "\n")
	w.calls = nil
	return all
}

func (w *world) aws(answer http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/b" || strings.HasPrefix(r.URL.Path, "/b/") {
		w.note(r.Method + " s3 " + r.URL.Path + " " + r.URL.Query().Get("prefix"))
		w.objects.ServeHTTP(answer, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	target := r.Header.Get("X-Amz-Target")
	action := target[strings.LastIndex(target, ".")+1:]
	if action == "" {
		action = path.Base(r.URL.Path)
	}
	w.note(action + " " + r.URL.Path + " " + string(body))
	switch {
	case strings.Contains(string(body), "GetCallerIdentity"):
		_, _ = io.WriteString(answer, caller)
	case action == "GetSecretValue":
		_, _ = io.WriteString(answer, secret)
	case action == "configuration" && strings.Contains(r.URL.Path, "other-function"):
		_, _ = io.WriteString(answer, `{"Environment":{"Variables":{"SEARCH_ENDPOINT":"https://vpc.local","PARKING_BUCKET":"b","SOURCE":"orders","REGISTRY":"current-orders"}}}`)
	case action == "configuration":
		_, _ = io.WriteString(answer, `{"Environment":{"Variables":{"SEARCH_ENDPOINT":"https://vpc.local","PARKING_BUCKET":"b"}}}`)
	case action == "DescribeReplicationTasks":
		arn := "ONE"
		if strings.Contains(string(body), ":TWO") {
			arn = "TWO"
		}
		_, _ = fmt.Fprintf(answer, `{"ReplicationTasks":[{"ReplicationTaskArn":"arn:aws:dms:us-east-1:123456789012:task:%s","Status":"stopped"}]}`, arn)
	case action == "GetJobRuns":
		_, _ = io.WriteString(answer, `{"JobRuns":[]}`)
	case action == "StartJobRun":
		_, _ = io.WriteString(answer, `{"JobRunId":"1"}`)
	case action == "GetJobRun":
		_, _ = io.WriteString(answer, `{"JobRun":{"Id":"1","JobRunState":"SUCCEEDED"}}`)
	default:
		answer.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
		answer.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(answer, `{"__type":"AccessDeniedException","message":"%s is not allowed"}`, action)
	}
}

// searched answers as the domain of both sources.
func (w *world) searched(answer http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		body, _ = gzip.NewReader(r.Body)
	}
	text, _ := io.ReadAll(body)
	w.note(r.Method + " " + r.URL.Path + " " + string(text))
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case parts[0] == "_alias" && w.shown[parts[1]] != "":
		_ = json.NewEncoder(answer).Encode(map[string]any{w.shown[parts[1]]: 1})
	case parts[0] == "_alias":
		answer.WriteHeader(http.StatusNotFound)
	case parts[0] == "_aliases":
		var in struct {
			Actions []map[string]struct{ Index, Alias string }
		}
		_ = json.Unmarshal(text, &in)
		for _, action := range in.Actions {
			if add, ok := action["add"]; ok {
				w.shown[add.Alias] = add.Index
			}
		}
		_, _ = io.WriteString(answer, "{}")
	case parts[0] == "_cluster":
		_, _ = io.WriteString(answer, `{"status":"green"}`)
	case parts[0] == "_cat":
		_, _ = io.WriteString(answer, `[]`)
	case parts[len(parts)-1] == "_search":
		_, _ = io.WriteString(answer, `{"hits":{"hits":[]}}`)
	default: // a number of documents, an index, or its fields
		_, _ = io.WriteString(answer, `{"count":3}`)
	}
}

// put adds objects to the lakes. The unnamed source gets one record of the table, orders gets three, and each gets one
// parked object.
func (w *world) put(t *testing.T) {
	t.Helper()
	line := func(id int) string {
		return fmt.Sprintf(`{"data":{"id":%d},"metadata":{"timestamp":"2026-11-23T12:00:00.000000Z","record-type":"data","operation":"load","schema-name":"shop","table-name":"ledger"}}`+"\n", id)
	}
	for _, below := range []string{"", "/source=orders"} {
		var zipped bytes.Buffer
		gz := gzip.NewWriter(&zipped)
		_, err := io.WriteString(gz, line(1))
		if below != "" {
			_, err = io.WriteString(gz, line(2)+line(3))
		}
		require.NoError(t, err)
		require.NoError(t, gz.Close())
		w.objects.Set("b", "raw"+below+"/schema=shop/table=ledger/dt=2026-11-23/hour=12/x.gz", zipped.String())
		w.objects.Set("b", "errors"+below+"/current/2026/x.jsonl", fmt.Sprintf(`{"reason":"unkeyed","record":%q}`+"\n", line(1)))
	}
}
